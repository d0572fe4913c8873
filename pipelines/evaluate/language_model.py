"""A language model and held-out text → figures: ``multimodal evaluate language-model``."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UserError
from pipelines.evaluate.baselines import baseline_figures

CONTEXT = 500  # characters of real text that every window of `evaluate_form` continues


def evaluate_language_model(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    adapt: bool = False,
    baselines: bool = False,
) -> dict[str, Any]:
    """Tell how well a language model predicts a split of a text, in full precision.

    A text without splits of its own is parted as it was for the language model's training.

    Args:
        model: a shipped model, a folder, a Hub id, or None for the shipped language model.
        data: see `multimodal.language.data.read_splits`.
        split: "train", "dev", "test", or "whole" for all of it.
        adapt: whether the weights follow the text while they read it (dynamic evaluation).
        baselines: whether to measure n-grams, gzip and xz on the same split as well, all of which
            have seen the training split.

    Returns:
        `nats_per_character`, `bits_per_character`, `perplexity` (of a token: a character, unless
        the language model reads bytes or words), `characters`, `seconds` of scoring, `split`,
        `adapt`, and the baselines' bits per character by name.
    """
    from multimodal.language.data import (
        encode_passages,
        joined,
        read_splits,
        split_of,
        token_before,
    )
    from multimodal.language.language_model import LanguageModel
    from multimodal.language.scoring import (
        TextScores,
        adapting_log_probabilities,
        log_probabilities,
        streams_for,
    )

    language_model = LanguageModel.from_pretrained(model, precision="fp32")
    splits = read_splits(data, language_model.split_fractions)
    passages = split_of(splits, split)
    ids = encode_passages(passages, language_model.vocabulary)
    begin = time.perf_counter()
    before = token_before(language_model.vocabulary)
    if adapt:
        log_probs = adapting_log_probabilities(language_model.network, ids, before)
    else:
        log_probs = log_probabilities(language_model.network, ids, before, streams_for(len(ids)))
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
    """Compare the form of what a language model writes with the form of real text.

    Windows of real text are taken all over the split; the language model reads what stands before
    each of them and writes as much as the window holds.

    Args:
        model: a shipped model, a folder, a Hub id, or None for the shipped language model.
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
    from multimodal.language.data import joined, read_splits, split_of
    from multimodal.language.form import FORMS
    from multimodal.language.language_model import LanguageModel

    if form not in FORMS:
        raise UserError(f"form {form!r}: choose one of {', '.join(FORMS)}")
    language_model = LanguageModel.from_pretrained(model)
    text = joined(split_of(read_splits(data, language_model.split_fractions), split))
    if len(text) < CONTEXT + length:
        raise UserError(f"{data}, {split}: shorter than {CONTEXT + length} characters")
    places = np.linspace(CONTEXT, len(text) - length, samples).astype(int).tolist()
    real = [text[place : place + length] for place in places]
    contexts = [text[place - CONTEXT : place] for place in places]
    # Of a model of words or bytes, so many tokens are not so many characters.
    written = [
        text[:length] for text in language_model.generate_batch(contexts, length=length, **options)
    ]
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
