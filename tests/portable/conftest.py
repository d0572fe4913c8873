"""Models that have learnt nothing, one of each task, and the files that are made of them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from multimodal.portable import load_portable
from multimodal.tasks import imported, task_of
from pipelines.export import write_file

WORDS = ("a", "in", "red", "blue", "dog", "cat", "tree", "runs", "sits", "on", "the", "big")
STRENGTH = 3.0  # weights are made so much larger, or everything would be as likely


def strong(network: torch.nn.Module, seed: int = 0, strength: float = STRENGTH) -> torch.nn.Module:
    random = np.random.default_rng(seed)  # torch's differ between AVX2 and AVX-512
    with torch.no_grad():
        for weight in network.parameters():
            drawn = torch.from_numpy(random.standard_normal(weight.shape))
            weight.copy_(drawn * strength / max(weight.shape[-1], 4) ** 0.5)
    return network


def seeing(encoder: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Weights nearly as He et al. 2015 draw them: torch's own see the same in all photos."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for weight in encoder.parameters():
            if weight.ndim > 1:
                drawn = torch.from_numpy(random.standard_normal(weight.shape))
                weight.copy_(drawn * (1.7 / weight[0].numel()) ** 0.5)
    return encoder


def make_language_model():
    from multimodal.language.data import SplitFractions
    from multimodal.language.language_model import LanguageModel
    from multimodal.language.model import LanguageConfig, LanguageNetwork
    from multimodal.vocabulary import CharacterVocabulary

    vocabulary = CharacterVocabulary("\n abcdefgh.\ufffd")
    config = LanguageConfig(layers=2, embedding_size=6, hidden_size=8)
    return LanguageModel(
        strong(LanguageNetwork(config, len(vocabulary))), vocabulary, SplitFractions(0.1, 0.1)
    )


def make_sketcher(*, position: bool = False):
    from multimodal.sketching.model import SketchConfig, SketchNetwork
    from multimodal.sketching.sketcher import Sketcher

    sizes = {"decoder_size": 16, "encoder_size": 8, "latent_size": 4, "category_size": 4}
    config = SketchConfig(categories=3, components=3, position=position, **sizes)
    network = SketchNetwork(config)
    # What is told of the pen's place grows with the drawing; strong weights would make it chaotic.
    strong(network, strength=1.0 if position else STRENGTH)
    categories = ["cat", "duck", "fish"]
    return Sketcher(
        network, categories, scale=20.0, limit=24, low_quality=["fish"], precision="fp32"
    )


def make_knotting_sketcher():
    """One whose pen often all but stands still."""
    sketcher = make_sketcher()
    sketcher.limit = 80
    bias = sketcher.network.readout.bias
    with torch.no_grad():
        sketcher.network.readout.weight *= 0.01
        bias.zero_()
        bias[:3] = torch.tensor([2.0, 0.5, -2.0])  # down, lifted, end
        bias[3:6] = torch.tensor([2.0, 0.0, 0.0])  # the first of three components
        bias[6:12] = torch.tensor([0.0, 3.0, -3.0] * 2)  # means of dx and dy
        bias[12:18] = torch.tensor([-5.0, 0.0, 0.0] * 2)  # logarithms of standard deviations
    return sketcher


def make_handwriting_generator():
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.handwriting.model import END_OF_LINE, HandwritingConfig, HandwritingNetwork
    from multimodal.handwriting.options import HandwritingOptions

    torch.manual_seed(0)
    sizes = {
        "character_embedding_size": 6,
        "writer_embedding_size": 4,
        "window_size": 16,
        "hidden_size": 12,
    }
    network = HandwritingNetwork(HandwritingConfig(num_writers=3, windows=2, components=3, **sizes))
    with torch.no_grad():
        network.readout.weight *= 4
        network.readout.bias[END_OF_LINE] = 6.0
        network.lower.window.projection.bias[4:] = float(np.log(0.5))
    writer = HandwritingGenerator(
        network, scale=15.0, gallery=[2, 0], paces=[40.0, 50.0], precision="fp32"
    )
    writer.options = HandwritingOptions(attempts=1)
    return writer


def make_recognizer():
    from multimodal.recognition.drawings.model import RecognizerConfig, RecognizerNetwork
    from multimodal.recognition.drawings.recognizer import Recognizer

    sizes = {"embedding_size": 8, "hidden_size": 8, "picture_size": 8, "picture_features": 8}
    categories = [f"kind {number}" for number in range(7)]
    network = strong(RecognizerNetwork(RecognizerConfig(**sizes), len(categories)))
    return Recognizer(network, categories, {1: 0.8, 2: 1.3})


def make_handwriting_recognizer():
    from multimodal.recognition.handwriting.model import (
        HandwritingRecognizerConfig,
        HandwritingRecognizerNetwork,
    )
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer

    network = strong(
        HandwritingRecognizerNetwork(
            HandwritingRecognizerConfig(channels=6, hidden_size=8, layers=2), 5
        )
    )
    return HandwritingRecognizer(network, "ab cd")


def make_translator():
    from multimodal.recurrent.generation import GenerationOptions
    from multimodal.subwords import SubwordVocabulary
    from multimodal.translation.languages import Language
    from multimodal.translation.model import TranslationNetwork, TranslatorConfig
    from multimodal.translation.translator import Translator

    texts = ["the dog runs", "der Hund läuft", "a cat sleeps", "eine Katze schläft"] * 3
    vocabulary = SubwordVocabulary.build(texts, 300, ("<pad>", "<end>", "<de>", "<en>"))
    sizes = {"embedding_size": 12, "encoder_size": 8, "decoder_size": 12, "attention_size": 8}
    network = strong(
        TranslationNetwork(TranslatorConfig(encoder_layers=2, **sizes), len(vocabulary))
    )
    languages = {
        "en": Language(
            frozenset(["the", "dog", "runs", "a", "cat", "sleeps"]), frozenset(range(260, 285))
        ),
        "de": Language(frozenset(["der", "hund", "läuft", "eine"]), frozenset(range(275, 300))),
    }
    options = GenerationOptions(beam_size=4, length_penalty=0.9)
    return Translator(network, vocabulary, languages, options, 40, channel_weight=0.5)


def make_captioner(*, costs: bool = False):
    from multimodal.captioning.captioner import Captioner, CaptionOptions
    from multimodal.captioning.model import CaptionNetwork, DecoderConfig
    from multimodal.captioning.vocabulary import CaptionVocabulary, RepetitionCosts
    from multimodal.encoders import Encoder, EncoderConfig

    vocabulary = CaptionVocabulary(WORDS, "spelling" if costs else "coco-caption")
    encoder = seeing(Encoder(EncoderConfig("shufflenet_v2_x0_5", 1000, 64, padding="torch")), 0)
    sizes = {"embedding_size": 8, "hidden_size": 12, "attention_size": 8, "detected_words": 6}
    network = CaptionNetwork(encoder, DecoderConfig(**sizes), vocabulary.words)
    strong(network.decoder, seed=4)
    options = CaptionOptions(
        beam_size=3,
        max_length=9,
        length_penalty=0.6,
        no_repeat_ngram=2,
        detected_weight=0.3,
        naming=False,
    )
    repetition = None
    if costs:
        again = {word: 0.4 * number for number, word in enumerate(WORDS[:8])}
        repetition = RepetitionCosts(again, {"a": 3.0, "dog": 0.5}, 1.5, 2.5)
    return Captioner(network, vocabulary, options, repetition)


def make_list_captioner():
    """One that reads a list of words of its detector and its classifier, and is calibrated."""
    from multimodal.captioning.captioner import Captioner, CaptionOptions
    from multimodal.captioning.model import CaptionNetwork, DecoderConfig
    from multimodal.captioning.vocabulary import CaptionVocabulary
    from multimodal.encoders import Encoder, EncoderConfig

    vocabulary = CaptionVocabulary((*WORDS, "lion", "lions", "umbrella", "bus"), "spelling")
    encoder = seeing(Encoder(EncoderConfig("efficientnet_lite0", 1000, 64, padding="torch")), 0)
    sizes = {"embedding_size": 8, "hidden_size": 12, "attention_size": 8, "detected_words": 6}
    config = DecoderConfig(word_list_size=15, in_domain_rank=2, **sizes)
    network = CaptionNetwork(encoder, config, vocabulary.words)
    strong(network.decoder)
    evidence = network.word_evidence
    evidence.in_domain_score.bounds.copy_(
        torch.tensor([0.0, 400.0])
    )  # some photos are half in-domain
    options = CaptionOptions(beam_size=3, max_length=9, detected_weight=0.6, naming=False)
    return Captioner(network, vocabulary, options)


def exporter(name: str):
    return imported(task_of(name.replace("_", "-")).exporter)


MAKERS = {
    "language-model": (make_language_model, exporter("language_model")),
    "sketcher": (make_sketcher, exporter("sketcher")),
    "handwriting-generator": (make_handwriting_generator, exporter("handwriting_generator")),
    "recognizer": (make_recognizer, exporter("recognizer")),
    "handwriting-recognizer": (make_handwriting_recognizer, exporter("handwriting_recognizer")),
    "translator": (make_translator, exporter("translator")),
    "captioner": (make_captioner, exporter("captioner")),
    "captioner with a list": (make_list_captioner, exporter("captioner")),
    "captioner with costs": (partial(make_captioner, costs=True), exporter("captioner")),
    "sketcher with position": (partial(make_sketcher, position=True), exporter("sketcher")),
    "sketcher that knots": (make_knotting_sketcher, exporter("sketcher")),
}


class Pairs:
    """A model of every task, in torch and as a file; made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Any] = {}

    def model(self, task: str) -> Any:
        if task not in self._made:
            self._made[task] = MAKERS[task][0]()
        return self._made[task]

    def path(self, task: str) -> Path:
        path = self.folder / f"{task}.onnx"
        if not path.exists():
            exported = MAKERS[task][1](self.model(task))
            exported.manifest["card"] = "terms"
            write_file(exported, path)
        return path

    def __call__(self, task: str) -> tuple[Any, Any]:
        return self.model(task), load_portable(self.path(task), task.split()[0])


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Any, Any]]:
    return Pairs(tmp_path_factory.mktemp("files"))
