"""The recipe: every text, finished and unfinished, with other words missing each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Self, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.errors import UserError, offered
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.calibration import UNCALIBRATED, fit_temperature, fit_temperatures
from multimodal.recognition.metrics import expected_calibration_error, ranks
from multimodal.recognition.texts.classifier import MAX_TOKENS, TextClassifier
from multimodal.recognition.texts.data import LabelledBatch, LabelledTexts, TrainingTexts
from multimodal.recognition.texts.model import TextNetwork, agreed
from multimodal.recognition.texts.opinions import BAD, GOOD, short_opinions
from multimodal.recognition.texts.recipe import TextClassifierRecipe
from multimodal.recognition.texts.tables import Columns, read_rows
from multimodal.recognition.texts.tokenizer import Tokenizer
from multimodal.training import Stage, Task, TrainingInput

PIECES = (1, 3, 6, 12, 24)
"""A fitted temperature holds from so many tokens on, up to the next."""

NAIVE_BAYES_WEIGHTS = (0.0, 0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
"""How much naive Bayes may weigh beside the encoders."""


class TextClassificationStage(Stage):
    """Answer after every token of every text.

    Args:
        recipe: the choices.
        texts: to learn from, batch by batch.
    """

    name = "classification"

    def __init__(self, recipe: TextClassifierRecipe, texts: TrainingTexts) -> None:
        self.recipe = recipe
        self.data = texts
        self.options = recipe.options(self.steps_per_epoch())

    def loss(self, model: nn.Module, batch: LabelledBatch) -> dict[str, Tensor]:
        """Cross-entropy in nats an answer, the mean over encoders; "accuracy" is their mean's.

        Every encoder learns by its own answers, so that they go on to differ.
        """
        tokens, labels, weights = batch
        logits = model(tokens).float()  # (R, B, T, V)
        losses = F.cross_entropy(
            logits.movedim(-1, 1),
            labels[None, :, None].expand(logits.shape[:3]),
            reduction="none",
            label_smoothing=self.recipe.label_smoothing,
        )
        whole = 1 + self.recipe.partial_loss_weight  # of a text of several tokens
        last = torch.arange(len(labels)), tokens.lengths - 1
        right = agreed(logits[:, *last].detach()).argmax(-1) == labels
        return {
            "loss": (losses.mean(0) * weights).sum() / len(labels) / whole,
            "accuracy": right.float().mean(),
            "weight": torch.tensor(float(len(labels))),
        }


class TextClassifierTask(Task):
    """A classifier that learns from labelled texts.

    Args:
        recipe: the choices.
        train: to learn from.
        dev: to choose and to calibrate by.

    Raises:
        UserError: there is nothing to tell apart, or a label that only dev has.
    """

    metric = "nats"  # smoother than accuracy, which few held-out texts tell roughly
    higher_is_better = False

    def __init__(
        self, recipe: TextClassifierRecipe, train: LabelledTexts, dev: LabelledTexts
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.labels = train.classes
        if len(self.labels) < 2:
            raise UserError(f"only one label, {self.labels[0]!r}: there is nothing to tell apart")
        unknown = set(recipe.names) - set(self.labels)
        if unknown:
            wrong = min(unknown)
            raise UserError(f"label_names: no label {wrong!r}; {offered(wrong, self.labels)}")
        learnt = with_opinions(train, recipe)
        self.tokenizer = Tokenizer.build(
            learnt.texts, recipe.tokens, recipe.buckets, recipe.min_count
        )
        texts, labels = self._readable(learnt)
        _, found_labels = self._readable(train)  # what is made by rule is not frequent
        lasting = len(found_labels)
        counted = lasting + recipe.short_opinions  # those of one epoch
        self._dev, self._dev_labels = self._readable(dev)
        self._shares = np.bincount(found_labels, minlength=len(self.labels)) / lasting
        self._naive_bayes_weight, self._temperatures = 0.0, UNCALIBRATED
        self.model = TextNetwork(
            recipe.network, len(self.tokenizer), recipe.buckets, len(self.labels)
        )
        self.model.naive_bayes.learn(
            self.tokenizer.encode(texts[:counted]), torch.from_numpy(labels[:counted])
        )
        self.stages = [
            TextClassificationStage(
                recipe,
                TrainingTexts(
                    texts,
                    labels,
                    self.tokenizer,
                    batch_size=recipe.batch_size,
                    partial_loss_weight=recipe.partial_loss_weight,
                    seed=recipe.seed,
                    turns=_turns(lasting, len(texts), recipe.short_opinions),
                ),
            )
        ]
        self.config = {
            "recipe": asdict(recipe),
            "texts": {"train": len(texts), "dev": len(self._dev)},
            "vocabulary": len(self.tokenizer),
            "labels": self.labels,
        }

    @classmethod
    def from_data(
        cls,
        recipe: TextClassifierRecipe,
        given: TrainingInput,
        *,
        text_column: str | None = None,
        label_column: str | None = None,
    ) -> Self:
        """Read what is learnt from.

        Args:
            recipe: the choices.
            given: its data are labelled texts; see `multimodal.recognition.texts.data`.
            text_column: the name or number of the column of texts, where names do not tell.
            label_column: likewise, of labels.

        Raises:
            UserError: the data cannot be read.
        """
        columns = Columns(text_column, label_column)
        parts = [LabelledTexts.read(given.data, split, columns) for split in ("train", "dev")]
        return cls(recipe, *parts)

    def pretrained(self, model: nn.Module) -> TextClassifier:
        """The classifier around a model as it is now."""
        return TextClassifier(
            cast(TextNetwork, model),
            self.tokenizer,
            self.labels,
            names=[self.recipe.names.get(label, label) for label in self.labels],
            naive_bayes_weight=self._naive_bayes_weight,
            class_priors=self._shares.round(4).tolist(),
            temperatures=self._temperatures,
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Label the held-out texts, finished and unfinished; fit the count's weight, temperatures.

        The weight is the one with which the labels of finished texts are most probable.
        """
        last = np.array([len(text) for text in self._dev])
        early = 1 + np.arange(len(last)) * 7 % last  # somewhere in each
        read, labels = np.concatenate([last, early]), np.tile(self._dev_labels, 2)
        encoders, evidence = self.pretrained(model).answers([*self._dev, *self._dev], read)
        self._naive_bayes_weight = _best_weight(
            encoders[: len(last)], evidence[: len(last)], torch.from_numpy(self._dev_labels)
        )
        logits = agreed(encoders[None], self._naive_bayes_weight * evidence)
        self._temperatures = fit_temperatures(
            logits, torch.from_numpy(labels), torch.from_numpy(read), PIECES
        )
        probabilities = self.pretrained(model).calibrated(logits, read)
        alone = encoders[: len(last)].argmax(-1).numpy() == self._dev_labels
        return self._figures(probabilities, labels) | {"accuracy_readers": float(alone.mean())}

    def _figures(self, probabilities: Floats, labels: Ints) -> dict[str, float]:
        """Of the probabilities (2 N, V) of finished texts, then of unfinished ones."""
        right, sure = ranks(probabilities, labels) == 0, probabilities.max(1)
        whole, part = slice(len(self._dev)), slice(len(self._dev), None)
        of_right = np.take_along_axis(probabilities, labels[:, None], 1)[whole]
        return {
            "accuracy": float(right[whole].mean()),
            "nats": float(-np.log(of_right).mean()),
            "ece": expected_calibration_error(sure[whole], right[whole]),
            "accuracy_unfinished": float(right[part].mean()),
            "ece_unfinished": expected_calibration_error(sure[part], right[part]),
        }

    def samples(self, model: nn.Module) -> Sequence[str]:
        """What each word of a few held-out texts did to the answer."""
        classifier = self.pretrained(model)
        some = np.linspace(0, len(self._dev) - 1, 5).astype(np.int64)
        return [self._told(classifier, number) for number in some]

    def _readable(self, texts: LabelledTexts) -> tuple[list[list[str]], Ints]:
        """Those texts that hold a word, in tokens, and the numbers of their labels."""
        cut = [self.tokenizer.tokenize(text)[:MAX_TOKENS] for text in texts.texts]
        readable = [number for number, tokens in enumerate(cut) if tokens]
        if not readable:
            raise UserError("the texts hold no word to go by")
        return [cut[number] for number in readable], texts.numbers(self.labels)[readable]

    def _told(self, classifier: TextClassifier, number: int) -> str:
        influences = classifier.influences(" ".join(self._dev[number]))
        said = " ".join(f"{each.token} {each.change:+.2f}" for each in influences)
        return f"{self.labels[self._dev_labels[number]]}: {said}"


def with_opinions(train: LabelledTexts, recipe: TextClassifierRecipe) -> LabelledTexts:
    """Texts, and behind them the short opinions that a recipe asks for, those of all epochs.

    Raises:
        UserError: no two labels are shown as positive and negative.
    """
    if not recipe.short_opinions:
        return train
    label_of = {recipe.names.get(label, label): label for label in train.classes}
    if not {GOOD, BAD} <= set(label_of):
        known = ", ".join(label_of)
        raise UserError(f"short_opinions: labels must be shown as {GOOD} and {BAD}, not {known}")
    rows = read_rows(recipe.held_out, Columns()) if recipe.held_out else ()
    held_out = [row.text or "" for row in rows]
    made = short_opinions(recipe.short_opinions * recipe.epochs, recipe.seed, held_out)
    return LabelledTexts(
        (*train.texts, *(opinion.text for opinion in made)),
        (*train.labels, *(label_of[opinion.mood] for opinion in made)),
    )


def _turns(lasting: int, count: int, share: int) -> list[Ints]:
    """Numbers for each epoch: the first ones every time, and the next so many of the others."""
    if not share:
        return []
    return [np.r_[:lasting, first : first + share] for first in range(lasting, count, share)]


def _best_weight(encoders: Tensor, evidence: Tensor, labels: Tensor) -> float:
    """How much evidence beside encoders (N, V) makes labels (N,) most probable."""
    logits = [agreed(encoders[None], weight * evidence) for weight in NAIVE_BAYES_WEIGHTS]
    losses = [F.cross_entropy(each / fit_temperature(each, labels), labels) for each in logits]
    return NAIVE_BAYES_WEIGHTS[int(torch.stack(losses).argmin())]
