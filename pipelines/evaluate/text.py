"""An author and held-out text → figures: the jobs behind ``multimodal evaluate language-model``."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UserError
from pipelines.evaluate.baselines import baseline_figures

CONTEXT = 500  # characters of real text that every window of `evaluate_form` continues


def evaluate_text(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    adapt: bool = False,
    baselines: bool = False,
) -> dict[str, Any]:
    """Tell how well an author foretells a split of a text, in full precision.

    A text without splits of its own is parted as it was for the author's training.

    Args:
        model: a voice, a folder, a Hub id, or None for the shipped author.
        data: see `multimodal.language.data.read_splits`.
        split: "train", "dev", "test", or "whole" for all of it.
        adapt: whether the weights follow the text while they read it (dynamic evaluation).
        baselines: whether to measure n-grams, gzip and xz on the same split as well, all of which
            have seen the training split.

    Returns:
        `nats_per_character`, `bits_per_character`, `perplexity` (of a token: a character, unless
        the author reads bytes or words), `characters`, `seconds` of scoring, `split`, `adapt`, and
        the baselines' bits per character by name.
    """
    from multimodal.language.author import SHIPPED, Author
    from multimodal.language.data import (
        encode_passages,
        joined,
        read_splits,
        split_of,
        token_before,
    )
    from multimodal.language.scoring import (
        TextScores,
        adapting_log_probabilities,
        log_probabilities,
        streams_for,
    )

    author = Author.load(model or SHIPPED, precision="fp32")
    splits = read_splits(data, author.shares)
    passages = split_of(splits, split)
    ids = encode_passages(passages, author.vocabulary)
    begin = time.perf_counter()
    before = token_before(author.vocabulary)
    if adapt:
        log_probs = adapting_log_probabilities(author.network, ids, before)
    else:
        log_probs = log_probabilities(author.network, ids, before, streams_for(len(ids)))
    seconds = time.perf_counter() - begin
    text = joined(passages)
    scores = TextScores.of(-float(log_probs.double().sum()), len(ids), len(text))
    figures = {**asdict(scores), "seconds": seconds, "split": split, "adapt": adapt}
    if baselines:
        train = joined(split_of(splits, "train"))
        figures["baselines_bits_per_character"] = baseline_figures(train, text)
    return figures


def evaluate_form(
    model: str | Path | None,
    data: str | Path,
    split: str,
    form: str,
    *,
    samples: int = 200,
    length: int = 2000,
    **options: Any,
) -> dict[str, Any]:
    """Compare the form of what an author writes with the form of real text.

    Windows of real text are taken all over the split; the author reads what stands before each of
    them and writes as much as the window holds.

    Args:
        model: a voice, a folder, a Hub id, or None for the shipped author.
        data: see `multimodal.language.data.read_splits`.
        split: which part of it.
        form: a name out of `multimodal.language.form.FORMS`.
        samples: how many windows.
        length: of a window, in characters.
        **options: of writing, such as temperature and seed.

    Returns:
        For every measure its value of the `samples`, of the real `text`, and their `ratio`; the
        number of windows, their length and the options.

    Raises:
        UserError: no such form, or the split is too short.
    """
    from multimodal.language.author import SHIPPED, Author
    from multimodal.language.data import joined, read_splits, split_of
    from multimodal.language.form import FORMS

    if form not in FORMS:
        raise UserError(f"form {form!r}: choose one of {', '.join(FORMS)}")
    author = Author.load(model or SHIPPED)
    text = joined(split_of(read_splits(data, author.shares), split))
    if len(text) < CONTEXT + length:
        raise UserError(f"{data}, {split}: shorter than {CONTEXT + length} characters")
    places = np.linspace(CONTEXT, len(text) - length, samples).astype(int).tolist()
    real = [text[place : place + length] for place in places]
    contexts = [text[place - CONTEXT : place] for place in places]
    # Of a model of words or bytes, so many tokens are not so many characters.
    written = [text[:length] for text in author.write_all(contexts, length=length, **options)]
    measured, expected = FORMS[form](written), FORMS[form](real)
    return {
        **{
            name: {
                "samples": measured[name],
                "text": expected[name],
                "ratio": measured[name] / expected[name] if expected[name] else None,
            }
            for name in measured
        },
        "windows": samples,
        "length": length,
        **options,
    }
