"""A text classifier and held-out texts → figures: ``multimodal evaluate text-classifier``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np


def evaluate_text_classifier(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    *,
    text_column: str | None = None,
    label_column: str | None = None,
) -> dict[str, Any]:
    """Compare a classifier's answers with the labels of a split.

    Args:
        model: a folder, a Hub id, or None for the shipped classifier.
        data: as for the training.
        split: train, dev or test.
        text_column: the name or number of the column of texts, where names do not tell.
        label_column: likewise, of labels.

    Returns:
        `accuracy`; `ece` (`metrics.ECE_BINS` bins); `confidence`, the mean probability of the
        answers; `per_class`, the share of each label's texts that were answered right;
        `accuracy_after_fraction` and `ece_after_fraction` after shares of the words; and `split`,
        `sentences`, `unreadable` (without a word, left out), `seconds` and
        `sentences_per_second`, for the whole texts alone.

    Raises:
        UserError: the data cannot be read, or has a label that the classifier does not know.
    """
    from multimodal.recognition.metrics import FRACTIONS, Answers, accuracy_by_category
    from multimodal.recognition.texts.classifier import MAX_TOKENS, TextClassifier
    from multimodal.recognition.texts.data import LabelledTexts
    from multimodal.recognition.texts.tables import Columns

    classifier = TextClassifier.from_pretrained(model)
    found = LabelledTexts.read(data, split, Columns(text_column, label_column))
    known = dict(zip(classifier.names, classifier.labels, strict=True))
    labels = found.renamed(known).numbers(classifier.labels)
    begin = time.perf_counter()
    cut = [classifier.tokenizer.tokenize(text)[:MAX_TOKENS] for text in found.texts]
    readable = [number for number, tokens in enumerate(cut) if tokens]
    texts, labels = [cut[number] for number in readable], labels[readable]
    whole = Answers(classifier.probabilities(texts), labels)
    seconds = time.perf_counter() - begin
    lengths = np.array([len(text) for text in texts])
    after = {}
    for share in FRACTIONS:
        read = np.maximum(1, np.rint(share * lengths).astype(np.int64))
        logits = classifier.logits(texts, read)
        after[str(share)] = Answers(classifier.calibrated(logits, read), labels)
    return {
        "accuracy": whole.top(1),
        "ece": whole.ece,
        "confidence": whole.confidence,
        "per_class": accuracy_by_category(whole.probabilities, labels, classifier.names),
        "accuracy_after_fraction": {share: answers.top(1) for share, answers in after.items()},
        "ece_after_fraction": {share: answers.ece for share, answers in after.items()},
        "split": split,
        "sentences": len(texts),
        "unreadable": len(found) - len(texts),
        "seconds": seconds,
        "sentences_per_second": len(texts) / seconds,
    }
