"""A model of any task as an ONNX model and its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from multimodal.checkpoints import JSON, read_checkpoint
from multimodal.errors import UserError
from multimodal.exporting.graph import export_graph

if TYPE_CHECKING:
    import onnx

    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.language.language_model import LanguageModel
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator

Manifest: TypeAlias = dict[str, JSON]


class Input(NamedTuple):
    """An input of a graph.

    Attributes:
        example: what tracing sees.
        axes: those that may have any size, with their names.
        about: what it is, in one line.
        size: whether only its length counts, which callers give as a number.
    """

    example: Tensor
    axes: Mapping[int, str]
    about: str
    size: bool = False


class Exported(NamedTuple):
    """What becomes of a model.

    Attributes:
        model: the graph.
        manifest: all that a caller needs beside it.
    """

    model: onnx.ModelProto
    manifest: Manifest


def export_model(source: str | Path) -> Exported:
    """Make a graph and a manifest of a model.

    Args:
        source: a shipped model's name, a shipped model, a folder, a Hub id, or a magenta decoder.

    Raises:
        UserError: there is none, it is damaged, or no file can be made of its task.
    """
    task, folder = _task_of(source)
    if task not in EXPORTERS:
        raise UserError(f"{source}: no file can be made of a {task}; of {', '.join(EXPORTERS)}")
    exported = EXPORTERS[task](folder)
    exported.manifest["name"] = Path(str(source)).name
    exported.manifest["card"] = _card(folder)
    return exported


def _task_of(source: str | Path) -> tuple[str, str | Path]:
    """What a model is for, and where it lies."""
    from multimodal.language.shipped import find_language_model
    from multimodal.sketching.magenta import is_decoder_file

    if is_decoder_file(source):
        return "sketcher", source
    checkpoint = read_checkpoint(find_language_model(source))
    return str(checkpoint.config["task"]), checkpoint.folder


def _card(folder: str | Path) -> str:
    """The model card with its terms; empty where there is none."""
    card = Path(folder) / "README.md"
    return card.read_text(encoding="utf-8") if card.is_file() else ""


def _exported(
    task: str,
    graph: nn.Module,
    inputs: Mapping[str, Input],
    outputs: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> Exported:
    examples = {name: (given.example, given.axes) for name, given in inputs.items()}
    sizes = [name for name, given in inputs.items() if given.size]
    model = export_graph(graph, examples, list(outputs), sizes)
    told: dict[str, Any] = {
        "format": 2,
        "task": task,
        "precision": "fp32",
        "inputs": {name: given.about for name, given in inputs.items()},
        "outputs": dict(outputs),
        **manifest,
    }
    return Exported(model, told)


def _scalar(value: float, about: str) -> Input:
    return Input(torch.tensor(value), {}, about)


def _search(options: Any, manifest: Mapping[str, Any]) -> dict[str, Input]:
    """The inputs of a beam search."""
    usual = manifest["options"].get("max_length", "one and a half times S, and 8")
    beam = f"(), hypotheses kept; 1 is greedy; usually {options.beam_size}"
    return {
        "beam_size": Input(torch.zeros(4), {0: "beam"}, beam, size=True),
        "n_best": _scalar(1, "(), how many sentences have to be certain; up to beam_size"),
        "max_length": Input(
            torch.zeros(7), {0: "length"}, f"(), tokens at most; usually {usual}", size=True
        ),
        "length_penalty": _scalar(0.5, f"(), usually {options.length_penalty}"),
    }


def _found(unit: str) -> dict[str, str]:
    """The outputs of a beam search."""
    return {
        "tokens": f"(B, K, M), {unit} by their numbers, the end included, zeros behind",
        "log_probs": "(B, K, M), of every token, in nats",
        "lengths": "(B, K), tokens, the end included; 0 where there is no further sentence",
        "scores": "(B, K), what sentences are ranked by; the nearer to 0, the surer",
        "finished": "(B, K), whether the sentence has its end",
        "attention": "(B, K, M, S), where the network looked for every token",
    }


def export_captioner(source: str | Path) -> Exported:
    """A captioner's file; see `multimodal.exporting.captioner`."""
    from multimodal.captioning.captioner import Captioner

    return captioner_file(Captioner.load(source, precision="fp32"))


def captioner_file(captioner: Captioner) -> Exported:
    """The file of a captioner in fp32."""
    from multimodal.exporting.captioner import CaptionGraph

    options = captioner.search_options({"n_best": 1, "keep_attention": True})
    encoder = captioner.network.encoder
    manifest = {
        "vocabulary": list(captioner.vocabulary.words),
        "options": {
            "beam_size": options.beam_size,
            "n_best": 1,
            "max_length": options.max_length,
            "length_penalty": options.length_penalty,
        },
        "detected_weight": options.detected_weight,
        "size": encoder.config.size,
        "fit": encoder.config.fit,
        "grid": list(encoder.grid) if captioner.network.decoder.config.attention else None,
        "tokenizer": captioner.vocabulary.tokenizer,
        "cannot": ["naming", "must_mention", "repetition_weight", "sample"],
    }
    photos = torch.zeros(2, 250, 300, 3, dtype=torch.uint8)
    axes = {0: "photos", 1: "height", 2: "width"}
    about = "(B, height, width, 3), RGB from 0 to 255, upright; squashed to what the network sees"
    inputs = {"photos": Input(photos, axes, about), **_search(options, manifest)}
    graph = CaptionGraph(captioner, options)
    return _exported("captioner", graph, inputs, _found("words"), manifest)


def export_translator(source: str | Path) -> Exported:
    """A translator's file; see `multimodal.exporting.translator`."""
    from multimodal.translation.translator import Translator

    return translator_file(Translator.load(source, precision="fp32"))


def translator_file(translator: Translator) -> Exported:
    """The file of a translator in fp32."""
    from multimodal.exporting.translator import TranslationGraph

    options = translator.options
    manifest = {
        "vocabulary": translator.vocabulary.to_json(),
        "languages": {
            code: " ".join(sorted(language.words))
            for code, language in translator.languages.items()
        },
        "max_length": translator.max_length,
        "options": {
            "beam_size": options.beam_size,
            "n_best": 1,
            "length_penalty": options.length_penalty,
            "channel_weight": translator.channel_weight,
        },
        "cannot": ["sample", "names that are hardly known", "perplexity and unusual"],
    }
    one = {0: "sentences"}
    codes = ", ".join(f"{n} {code}" for n, code in enumerate(translator.languages))
    tokens = torch.full((2, 5), 1)
    inputs = {
        "sentences": Input(tokens, {**one, 1: "subwords"}, "(B, S), each with its end (1), padded"),
        "sizes": Input(torch.tensor([5, 3]), one, "(B,), subwords, the end included"),
        "to": Input(torch.tensor([0, 1]), one, f"(B,), the language to write: {codes}"),
        "source": Input(torch.tensor([1, 0]), one, "(B,), the sentence's language; -1 for unknown"),
        **_search(options, manifest),
        "channel_weight": _scalar(
            0.5, f"(), what it counts to be read back; usually {translator.channel_weight}"
        ),
    }
    graph = TranslationGraph(translator)
    return _exported("translator", graph, inputs, _found("subwords"), manifest)


def export_language_model(source: str | Path) -> Exported:
    """A language model's file; see `multimodal.exporting.language_model`."""
    from multimodal.language.language_model import LanguageModel

    return language_model_file(LanguageModel.load(source, precision="fp32"))


def language_model_file(language_model: LanguageModel) -> Exported:
    """The file of a language model in fp32."""
    from multimodal.exporting.language_model import LanguageModelGraph
    from multimodal.language.data import token_before

    vocabulary = language_model.vocabulary
    one = {0: "texts"}
    size = len(vocabulary)
    inputs = {
        "primes": Input(
            torch.zeros(2, 3, dtype=torch.int64),
            {**one, 1: "prime"},
            f"(B, P), what each begins with, behind the token {token_before(vocabulary)}; padded",
        ),
        "lengths": Input(torch.tensor([3, 2]), one, "(B,), tokens of each, at least one"),
        "uniforms": Input(
            torch.rand(2, 4, dtype=torch.float64), {**one, 1: "steps"}, "(B, T), from 0 to below 1"
        ),
        "temperature": _scalar(1.0, "(), above 0; usually 1"),
        "top_k": _scalar(size, f"(), draw from the k most probable; {size} for all"),
        "top_p": _scalar(1.0, "(), draw from the most probable that reach p; 1 for all"),
    }
    outputs = {
        "tokens": "(B, T), what is written, without the prime",
        "log_probs": "(B, T), of every token, in nats",
    }
    graph = LanguageModelGraph(language_model.network, vocabulary.reserved)
    manifest = {
        "vocabulary": vocabulary.to_json(),
        "before": token_before(vocabulary),
        "cannot": ["stream", "score", "trace"],
    }
    return _exported("language-model", graph, inputs, outputs, manifest)


def export_sketcher(source: str | Path) -> Exported:
    """A sketcher's file; see `multimodal.exporting.sketcher`."""
    from multimodal.sketching.sketcher import Sketcher

    return sketcher_file(Sketcher.load(source, precision="fp32"))


def sketcher_file(sketcher: Sketcher) -> Exported:
    """The file of a sketcher in fp32."""
    from multimodal.exporting.sketcher import SketchGraph

    config = sketcher.network.config
    if config.cell != "lstm":
        raise UserError(f"cell {config.cell}: files are made of sketchers with the cell lstm")
    one = {0: "drawings"}
    many = len(sketcher.categories)
    inputs = {
        "categories": Input(
            torch.zeros(2, dtype=torch.int64), one, f"(B,), by their numbers; {many} for anything"
        ),
        "begun": Input(
            torch.zeros(2, 3, 3),
            {**one, 1: "begun"},
            "(B, P, 3), what is drawn: dx, dy, pen lifted after; P at least 1",
        ),
        "lengths": Input(torch.tensor([3, 0]), one, "(B,), rows of it that count; 0 for none"),
        "uniforms": Input(
            torch.rand(2, 4, 4, dtype=torch.float64),
            {**one, 1: "points"},
            f"(B, T, 4), from 0 to below 1; T usually {sketcher.limit}",
        ),
        "temperature": _scalar(0.4, "(), above 0; usually 0.4"),
    }
    latent = 0 if config.latent_optional else config.latent_size
    if latent:
        about = "(B, Z), from the normal distribution"
        inputs["latents"] = Input(torch.zeros(2, latent), one, about)
    outputs = {
        "rows": "(B, T, 3), what is drawn: dx, dy, pen lifted after",
        "counts": "(B,), how many of these rows count",
        "nats_per_point": "(B,), the surprise of what is drawn; the lower, the likelier",
    }
    manifest = {
        "categories": list(sketcher.categories),
        "rough": sorted(sketcher.rough),
        "scale": sketcher.scale,
        "limit": sketcher.limit,
        "latent_size": latent,
        "cannot": [
            "drafts: points are taken as they come, and knots are let be",
            "rank endings by how clearly they belong to the category; by nats_per_point",
            *("stream", "vary", "interpolate", "reconstruct", "score"),
        ],
    }
    graph = SketchGraph(sketcher.network, sketcher.scale)
    return _exported("sketcher", graph, inputs, outputs, manifest)


def export_handwriting_generator(source: str | Path) -> Exported:
    """A handwriting generator's file; see `multimodal.exporting.handwriting_generator`."""
    from multimodal.handwriting.generator import HandwritingGenerator

    return handwriting_generator_file(HandwritingGenerator.load(source, precision="fp32"))


def handwriting_generator_file(generator: HandwritingGenerator) -> Exported:
    """The file of a handwriting generator in fp32."""
    from multimodal.exporting.handwriting_generator import HandwritingGraph

    one = {0: "lines"}
    text = "(B, U), characters: their ASCII number - 31; 96 ends a text, 0 pads"
    size = generator.network.config.writer_embedding_size
    texts = torch.tensor([[40, 41, 96], [40, 96, 0]])
    inputs = {
        "texts": Input(texts, {**one, 1: "characters"}, text),
        "others": Input(
            texts.flip(0).contiguous(),  # the exporter takes one tensor that comes twice for one
            {**one, 1: "characters"},
            "(B, U), texts to compare lines with",
        ),
        "lengths": Input(torch.tensor([3, 2]), one, "(B,), the end included"),
        "styles": Input(
            torch.tensor([1, 0]),
            one,
            f"(B,), from 1 to {len(generator.gallery)}; 0 for `embeddings`",
        ),
        "embeddings": Input(torch.zeros(2, size), one, f"(B, {size}), styles that were learnt"),
        "uniforms": Input(
            torch.rand(2, 4, 4, dtype=torch.float64),
            {**one, 1: "points"},
            "(B, T, 4), from 0 to below 1; T = 60 + 24 times the largest length",
        ),
        "bias": _scalar(
            1.0, f"(), from 0, as people write, to 3, neat; usually {generator.options.bias}"
        ),
    }
    outputs = {
        "rows": "(B, T + 1, 3), dx, dy, pen lifted after; the first row is the first point",
        "looks": "(B, T + 1), the character of each point",
        "counts": "(B,), how many rows count",
        "ended": "(B,), whether the line came to its end",
        "nats": "(B, T + 1), the surprise of each point",
        "other_nats": "(B, T + 1), the same if the text were the other one",
    }
    embeddings = generator.network.writer_embedding.weight[list(generator.gallery)].detach()
    manifest = {
        "scale": generator.scale,
        "paces": list(generator.paces),
        "bias": generator.options.bias,
        "gallery": embeddings.tolist(),
        "cannot": ["learn_style", "a style with a primer", "judge"],
    }
    graph = HandwritingGraph(generator.network, generator.gallery)
    return _exported("handwriting-generator", graph, inputs, outputs, manifest)


def export_recognizer(source: str | Path) -> Exported:
    """A recognizer's file; see `multimodal.exporting.recognizer`."""
    from multimodal.recognition.drawings.recognizer import Recognizer

    return recognizer_file(Recognizer.load(source))


def recognizer_file(recognizer: Recognizer) -> Exported:
    """The file of a recognizer in fp32."""
    from multimodal.exporting.recognizer import GuessGraph
    from multimodal.recognition.drawings.views import CHANNELS, PIECE_FEATURES

    side = recognizer.network.config.picture_size
    moment = {0: "moments"}
    shape = (3, CHANNELS, side or 1, side or 1)
    inputs = {
        "pieces": Input(
            torch.zeros(2, 5, PIECE_FEATURES),
            {0: "drawings", 1: "pieces"},
            f"(B, T, {PIECE_FEATURES}), strokes as recognition/drawings/views.py sees them",
        ),
        "lengths": Input(torch.tensor([5, 3]), {0: "drawings"}, "(B,), pieces of each drawing"),
        "row": Input(torch.tensor([0, 1, 1]), moment, "(N,), the drawing of each moment"),
        "end": Input(torch.tensor([4, 0, 2]), moment, "(N,), its last piece by then"),
        "strokes": Input(torch.tensor([2, 1, 2]), moment, "(N,), strokes that were drawn by then"),
        "pictures": Input(torch.zeros(shape), moment, f"{('N', *shape[1:])}, what stood there"),
    }
    outputs = {"probabilities": "(N, V), of the categories"}
    manifest = {
        "categories": list(recognizer.categories),
        "picture_size": side,
        "cannot": ["watch"],
    }
    return _exported("recognizer", GuessGraph(recognizer), inputs, outputs, manifest)


def export_handwriting_recognizer(source: str | Path) -> Exported:
    """A handwriting recognizer's file; see `multimodal.exporting.handwriting_recognizer`."""
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer

    return handwriting_recognizer_file(HandwritingRecognizer.load(source, precision="fp32"))


def handwriting_recognizer_file(recognizer: HandwritingRecognizer) -> Exported:
    """The file of a handwriting recognizer in fp32."""
    from multimodal.exporting.handwriting_recognizer import HandwritingRecognizerGraph

    one = {0: "lines"}
    inputs = {
        "tracks": Input(
            torch.zeros(2, 16, 4),
            {**one, 1: "points"},
            "(B, T, 4), the pen's way as multimodal/recognition/handwriting/tracks.py sees it; T a"
            " multiple of 4",
        ),
        "lengths": Input(torch.tensor([16, 9]), one, "(B,), points of each, at least one"),
    }
    outputs = {
        "log_probs": "(B, T / 4, 1 + V), of the blank (0) and of every character",
        "frames": "(B,), how many of these frames count",
        "path": "(B, T / 4), the most probable of each frame",
    }
    manifest = {"alphabet": recognizer.alphabet, "cannot": ["watch"]}
    return _exported(
        "handwriting-recognizer",
        HandwritingRecognizerGraph(recognizer.network),
        inputs,
        outputs,
        manifest,
    )


EXPORTERS: Mapping[str, Callable[[str | Path], Exported]] = {
    "captioner": export_captioner,
    "sketcher": export_sketcher,
    "recognizer": export_recognizer,
    "handwriting-generator": export_handwriting_generator,
    "handwriting-recognizer": export_handwriting_recognizer,
    "language-model": export_language_model,
    "translator": export_translator,
}
