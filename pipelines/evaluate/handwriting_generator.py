"""A generator and held-out lines → figures: ``multimodal evaluate handwriting-generator``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.errors import UserError
from multimodal.terminal import counted

if TYPE_CHECKING:
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.strokes.handwritten import Handwritten

SENTENCES, STYLES = 200, 16
STYLE_LINES, HELD_OUT = 10, 10
"""Lines that a style is learnt from, and others of it that it is compared with."""

LEAST_TEXT = 8  # characters of a line for that

ROUNDS = 20
"""How often words are put into another order where too few new sentences came out."""

RANDOM = 500
MAX_POINTS = 1000  # points of a line that is predicted
SEED = 1


def evaluate_handwriting_generator(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    recognizer: str | Path | None = None,
    note: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Measure how well a writer predicts people's lines, and how well its own can be read.

    The judge reads lines of people whom neither it nor the writer learnt from, and the same texts
    as the writer writes them in its first styles, at its usual bias. None of the texts is in the
    training split. Where a split has fewer than 200 of them, the writer also writes some in another
    order of their words.

    Args:
        model: a folder, a Hub id, or None for the shipped handwriting generator.
        data: handwriting; see `multimodal.strokes.handwritten.read_handwriting`.
        split: train, dev or test.
        recognizer: the judge: a folder, a Hub id, or None for the shipped handwriting recognizer.
        note: is told, a line each, what is going on.

    Returns:
        `nats_per_point` and `nats_per_line` of the split's lines with the embedding of an unknown
        writer, and `lines`; `character_error_rate_generated`, `character_error_rate_real` and
        `ratio`; `sentences` that were generated, and `real_sentences`; `styles`, `bias`;
        `failed_ends`, how many of `random_sentences` did not come to their end, or passed over a
        character; `seconds`.

    Raises:
        UserError: the data or a model cannot be read, or the split has no line.
    """
    from multimodal.handwriting.dataset import handwriting_dataset
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.handwriting.likelihood import evaluate_likelihood
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.strokes.handwritten import read_handwriting
    from pipelines.evaluate.handwriting_recognizer import reading_errors

    begin = time.perf_counter()
    generator, judge = (
        HandwritingGenerator.from_pretrained(model),
        HandwritingRecognizer.from_pretrained(recognizer),
    )
    samples = read_handwriting(data, ["lines"], split)
    script = handwriting_dataset([("lines", sample) for sample in samples], MAX_POINTS)
    if not len(script):
        raise UserError(f"{data}: no line in its {split} split")
    nobody = generator.network.writer_embedding.weight[-1].detach().expand(len(script), -1)
    found = evaluate_likelihood(generator.network, script, nobody, generator.scale)
    note(f"{counted(found.lines, 'line')} predicted")
    known = {sample.text for sample in read_handwriting(data, ["lines"], "train")}
    chosen = new_sentences(samples, known, SENTENCES)
    theirs = [sample.text for sample in chosen]
    texts = [*theirs, *reordered(theirs, known, SENTENCES - len(theirs))]
    styles = [
        generator.styles[number % min(STYLES, len(generator.styles))]
        for number in range(len(texts))
    ]
    real = reading_errors(judge, [sample.drawing for sample in chosen], theirs)
    note(f"{counted(len(chosen), 'line')} of people read")
    drawings = generator.write_lines(texts, style=styles, seed=SEED)
    generated = reading_errors(judge, drawings, texts)
    return {
        "nats_per_point": found.nats_per_point,
        "nats_per_line": found.nats_per_line,
        "lines": found.lines,
        "character_error_rate_generated": generated.cer,
        "character_error_rate_real": real.cer,
        "ratio": generated.cer / real.cer if real.cer else None,
        "sentences": len(texts),
        "real_sentences": len(theirs),
        "styles": len(set(styles)),
        "bias": generator.options.bias,
        "failed_ends": failed_ends(generator, random_sentences(samples, RANDOM)),
        "random_sentences": RANDOM,
        "split": split,
        "seconds": time.perf_counter() - begin,
    }


def evaluate_styles(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    note: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Measure whether a few lines of somebody never seen make the generator imitate it.

    For each writer of the split with enough lines: a style is learnt from some, and texts of other
    lines are written in it. Two things are asked of all writers. By their strokes alone
    (`multimodal.handwriting.style_features`): among those other lines of every writer, are its own
    writer's the nearest to what was written? And by the network: of all the styles, does its own
    predict a writer's other lines best?

    Returns:
        For each way of telling a style (`embedding`, `primer`, `both`): `own_nearest`, the share of
        writers that come out on place 1, and `mean_place`; for `embedding` also
        `own_foretells_best`, and `nats_per_point` with its own style, with others' (mean) and as
        an unknown writer's. `real` has the places of lines that the writers wrote themselves;
        `writers`, and `chance` (of place 1).

    Raises:
        UserError: the data or the model cannot be read, or too few writers have enough lines.
    """
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.handwriting.style_features import features, ranks
    from multimodal.handwriting.styles import STEPS
    from multimodal.strokes.handwritten import read_handwriting

    generator = HandwritingGenerator.from_pretrained(model)
    writers = _by_writer(read_handwriting(data, ["lines"], split))
    if len(writers) < 2:
        raise UserError(f"{data}: fewer than two writers of its {split} split have enough lines")
    told, held = zip(*writers, strict=True)

    def describe(lines: Sequence[Sequence[Handwritten]]) -> np.ndarray[Any, Any]:
        return np.stack(
            [features([one.drawing for one in some], [one.text for one in some]) for some in lines]
        )

    theirs = describe(held)
    scores: dict[str, Any] = {
        "writers": len(writers),
        "chance": 1 / len(writers),
        "real": _places(ranks(describe(told), theirs)),
    }
    ways = {"primer": (0, True), "embedding": (STEPS, False), "both": (STEPS, True)}
    for way, (steps, primed) in ways.items():
        styles = [
            generator.learn_style(
                [(one.drawing, one.text) for one in some], steps=steps, primed=primed
            )
            for some in told
        ]
        note(f"{way}: {counted(len(styles), 'style')} learnt")
        texts = [one.text for some in held for one in some]
        each = [style for style, some in zip(styles, held, strict=True) for _ in some]
        drawings = iter(generator.write_lines(texts, style=each, seed=SEED))
        mine = [
            features([next(drawings) for _ in some], [one.text for one in some]) for some in held
        ]
        scores[way] = _places(ranks(np.stack(mine), theirs))
        if way == "embedding":
            scores[way] |= _predicting(generator, [style.embedding for style in styles], held)
    return scores


def new_sentences(samples: Sequence[Handwritten], known: set[str], most: int) -> list[Handwritten]:
    """Lines whose text is not known and differs from each other's, evenly from all.

    Args:
        samples: handwriting.
        known: texts of the training split.
        most: how many.
    """
    fresh = {sample.text: sample for sample in samples if sample.text not in known}
    lines = list(fresh.values())
    chosen = np.linspace(0, len(lines) - 1, min(most, len(lines))).round().astype(int)
    return [lines[number] for number in chosen]


def reordered(texts: Sequence[str], known: set[str], count: int) -> list[str]:
    """Texts, evenly from all, with their words in another order: `count`, or as many as differ.

    Args:
        texts: to take words from.
        known: texts that must not come out.
        count: how many.
    """
    random = np.random.default_rng(SEED)
    found: dict[str, None] = {}
    for _ in range(ROUNDS):
        missing = max(count - len(found), 0)
        for number in np.linspace(0, len(texts) - 1, missing).round().astype(int):
            text = " ".join(random.permutation(texts[number].split()))
            if text not in known and text not in texts:
                found[text] = None
    return list(found)


def random_sentences(samples: Sequence[Handwritten], count: int) -> list[str]:
    """Sentences of 2 to 10 words that follow each other by chance, the same each time."""
    random = np.random.default_rng(SEED)
    words = sorted({word for sample in samples for word in sample.text.split()})
    return [" ".join(random.choice(words, random.integers(2, 11))) for _ in range(count)]


def failed_ends(generator: HandwritingGenerator, texts: Sequence[str]) -> int:
    """How many texts have a piece that failed in all attempts, written in all styles in turn."""
    from multimodal.handwriting.candidates import TextChunk, count_faults
    from multimodal.handwriting.layout import chunks_of

    numbers, pieces = [], list[TextChunk]()
    for number, text in enumerate(texts):
        style = generator.style(generator.styles[number % len(generator.styles)])
        for part in chunks_of(text):
            numbers.append(number)
            pieces.append(TextChunk(part, style))
    lines = generator.write_texts(pieces, seed=SEED)
    found = (
        count_faults(line, piece, generator.scale)
        for line, piece in zip(lines, pieces, strict=True)
    )
    return len({number for number, count in zip(numbers, found, strict=True) if count})


def _by_writer(
    samples: Sequence[Handwritten],
) -> list[tuple[list[Handwritten], list[Handwritten]]]:
    """For each writer with enough lines, some of them and others."""
    of_writer: dict[int, list[Handwritten]] = {}
    for sample in samples:
        if len(sample.text) >= LEAST_TEXT and len(sample.offsets) <= MAX_POINTS:
            of_writer.setdefault(sample.writer, []).append(sample)
    return [
        (lines[:STYLE_LINES], lines[STYLE_LINES : STYLE_LINES + HELD_OUT])
        for lines in of_writer.values()
        if len(lines) >= STYLE_LINES + HELD_OUT
    ]


def _places(places: np.ndarray[Any, Any]) -> dict[str, float]:
    return {"own_nearest": float((places == 1).mean()), "mean_place": float(places.mean())}


def _predicting(
    generator: HandwritingGenerator,
    styles: Sequence[tuple[float, ...]],
    held: Sequence[Sequence[Handwritten]],
) -> dict[str, Any]:
    """How well each style's embedding predicts each writer's other lines."""
    import torch

    from multimodal.handwriting.dataset import handwriting_dataset
    from multimodal.handwriting.likelihood import evaluate_likelihood

    embeddings = [*torch.tensor(styles), generator.network.writer_embedding.weight[-1].detach()]
    nats = np.zeros((len(held), len(embeddings)))
    for number, some in enumerate(held):
        script = handwriting_dataset([("lines", one) for one in some], MAX_POINTS)
        for other, embedding in enumerate(embeddings):
            told = embedding.expand(len(script), -1)
            nats[number, other] = evaluate_likelihood(
                generator.network, script, told, generator.scale
            ).nats_per_point
    each = nats[:, :-1]
    own = np.diag(each)
    others = (each.sum(1) - own) / (len(held) - 1)
    return {
        "own_foretells_best": float((each.argmin(1) == np.arange(len(held))).mean()),
        "nats_per_point": {
            "own": float(own.mean()),
            "others": float(others.mean()),
            "nobody": float(nats[:, -1].mean()),
        },
    }
