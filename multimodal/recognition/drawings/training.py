"""The recipe: every drawing, finished and unfinished, as somebody else might have drawn it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.processor import torch_dtype
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.calibration import UNCALIBRATED, fit_temperatures
from multimodal.recognition.drawings.data import (
    LabelledInk,
    LabelledMoments,
    TrainingDrawings,
    frequent_categories,
)
from multimodal.recognition.drawings.ink import starts_of
from multimodal.recognition.drawings.model import RecognizerNetwork
from multimodal.recognition.drawings.recipe import RecognizerRecipe
from multimodal.recognition.drawings.recognizer import Recognizer, strokes_seen
from multimodal.recognition.metrics import (
    expected_calibration_error,
    ranks,
    restricted,
    top_accuracy,
)
from multimodal.splits import SPLITS
from multimodal.strokes import Drawing, read_quickdraw
from multimodal.training import Stage, Task


class DrawingStage(Stage):
    """Guess at drawings when they are finished, and at one moment before."""

    name = "classification"

    def __init__(self, recipe: RecognizerRecipe, drawings: LabelledInk) -> None:
        self.recipe = recipe
        self.drawings = TrainingDrawings(
            drawings, recipe.batch_size, recipe.picture_size, recipe.early_weight, recipe.seed
        )
        self.options = recipe.options(self.steps_per_epoch())

    def steps_per_epoch(self) -> int:
        """One for every batch of drawings of similar length."""
        return self.drawings.steps_per_epoch()

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[LabelledMoments]:
        """See `TrainingDrawings`."""
        return self.drawings.batches(epoch, start, rank, world)

    def loss(self, model: nn.Module, batch: LabelledMoments) -> dict[str, Tensor]:
        """Cross-entropy in nats a guess; "accuracy" is that at finished drawings."""
        moments, pictures, labels, weights = batch
        logits = model(*moments, pictures).float()
        losses = F.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.recipe.label_smoothing
        )
        weight, finished = weights.sum(), len(moments.pieces)
        right = (logits.argmax(-1) == labels)[:finished]
        return {
            "loss": (losses * weights).sum() / weight,
            "accuracy": right.float().mean(),
            "weight": weight,
        }


class RecognizerTask(Task):
    """A recognizer that learns from labelled drawings.

    Args:
        recipe: the choices.
        train: category → drawings to learn from.
        valid: category → drawings to choose and to calibrate by.
        frequent_categories: the categories among which the best recognizer is chosen.
        teacher: category → further drawings to learn from, of the same categories.

    Raises:
        UserError: there is nothing to learn from or to choose by, or the recognizer that the
            recipe starts from is another.
    """

    metric = "top1_frequent"

    def __init__(
        self,
        recipe: RecognizerRecipe,
        train: Mapping[str, Sequence[Drawing]],
        valid: Mapping[str, Sequence[Drawing]],
        frequent_categories: Sequence[str],
        teacher: Mapping[str, Sequence[Drawing]] | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.categories = sorted(train)
        taught = slice(recipe.taught_per_category or None)
        further = {name: drawings[taught] for name, drawings in (teacher or {}).items()}
        drawings = {name: [*found, *further.get(name, ())] for name, found in train.items()}
        learnt = LabelledInk.of(drawings, self.categories)
        self.valid = LabelledInk.of(valid, self.categories)
        self._frequent = np.array([self.categories.index(name) for name in frequent_categories])
        if not len(learnt) or not np.isin(self.valid.labels, self._frequent).any():
            raise UserError("too few drawings: there are none to learn from or none to choose by")
        self._temperatures = UNCALIBRATED
        self.model = RecognizerNetwork(recipe.network, len(self.categories))
        if recipe.start:
            _take_over(self.model, self.categories, recipe.start)
        self.stages = [DrawingStage(recipe, learnt)]
        self.config = {
            "recipe": asdict(recipe),
            "drawings": {"train": len(learnt), "dev": len(self.valid)},
            "categories": self.categories,
        }

    @classmethod
    def from_data(
        cls,
        recipe: RecognizerRecipe,
        data: str | Path,
        out: Path,
        note: Callable[[str], object],
    ) -> Self:
        """Read what is learnt from; the arguments are those of ``multimodal train``.

        Args:
            recipe: the choices.
            data: a folder of ``<category>.ndjson``; see `multimodal.strokes.read_quickdraw`.
            out: the run's folder.
            note: is told, a line each, what the training leaves out.

        Raises:
            UserError: the data cannot be read.
        """
        del out, note
        parts = {split: read_quickdraw(data, split) for split in SPLITS}
        known = frequent_categories(list(parts.values()), recipe.min_examples)
        teacher = read_quickdraw(recipe.teacher, "train") if recipe.teacher else {}
        return cls(recipe, parts["train"], parts["dev"], known, teacher)

    def recognizer(self, model: nn.Module) -> Recognizer:
        """The recognizer around a model as it is now."""
        network = cast(RecognizerNetwork, model)
        mirror = self.recipe.mirror == "yes"
        return Recognizer(network, self.categories, self._temperatures, mirror=mirror)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Guess at the held-out drawings, finished and unfinished, and fit the temperatures."""
        recognizer = self.recognizer(model)
        ink, labels = self.valid.ink, self.valid.labels
        last = np.cumsum(ink.counts) - 1
        early = starts_of(ink.counts) + np.arange(len(ink)) % ink.counts
        strokes = np.concatenate([last, early])
        seen = strokes_seen(ink, strokes)
        dtype = torch_dtype(self.recipe.precision)
        with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
            logits = recognizer.logits(ink, strokes)
        both = np.concatenate([labels, labels])
        self._temperatures = fit_temperatures(
            logits, torch.from_numpy(both), torch.from_numpy(seen)
        )
        probabilities = self.recognizer(model).calibrated(logits, seen)
        return self._figures(probabilities, both)

    def _figures(self, probabilities: Floats, labels: Ints) -> dict[str, float]:
        finished = slice(len(self.valid))
        ours = np.isin(self.valid.labels, self._frequent)
        among = restricted(probabilities[finished][ours], self._frequent)
        of_ours = self.valid.labels[ours]
        right = ranks(probabilities, labels) == 0
        sure = probabilities.max(1)
        return {
            self.metric: top_accuracy(among, of_ours, 1),
            "top1": float(right[finished].mean()),
            "top5": top_accuracy(probabilities[finished], labels[finished], 5),
            "ece": expected_calibration_error(sure[finished], right[finished]),
            "ece_unfinished": expected_calibration_error(
                sure[len(self.valid) :], right[len(self.valid) :]
            ),
        }

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Guesses after every stroke of a few held-out drawings."""
        recognizer = self.recognizer(model)
        some = np.linspace(0, len(self.valid) - 1, 5).astype(np.int64)
        return [self._told(recognizer, number) for number in some]

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a recognizer."""
        self.recognizer(model).save_pretrained(folder)

    def _told(self, recognizer: Recognizer, number: int) -> str:
        ink = self.valid.ink.take([number])
        rows = recognizer.probabilities(ink, np.arange(len(ink.sizes)))
        said = [f"{self.categories[row.argmax()]} {row.max():.2f}" for row in rows]
        return f"{self.categories[self.valid.labels[number]]}: {', '.join(said)}"


def _take_over(network: RecognizerNetwork, categories: Sequence[str], source: str) -> None:
    """Put the weights of another recognizer into a network."""
    start = Recognizer.from_pretrained(source)
    if start.categories != tuple(categories):
        raise UserError(f"start: {source} knows other categories than the data")
    try:
        network.load_state_dict(start.network.state_dict())
    except RuntimeError as error:
        raise UserError(f"start: {source} is a network of other sizes") from error
