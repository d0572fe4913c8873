"""The recipe: every drawing, finished and unfinished, as somebody else might have drawn it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
    LabelledInputs,
    LabelledStrokes,
    TrainingDrawings,
    frequent_categories,
)
from multimodal.recognition.drawings.model import RecognizerNetwork
from multimodal.recognition.drawings.recipe import RecognizerRecipe
from multimodal.recognition.drawings.recognizer import Recognizer, strokes_seen
from multimodal.recognition.drawings.stroke_batch import starts_of
from multimodal.recognition.metrics import (
    expected_calibration_error,
    ranks,
    restricted,
    top_accuracy,
)
from multimodal.splits import SPLITS
from multimodal.strokes import Drawing, read_quickdraw
from multimodal.training import Stage, Task, TrainingInput


class DrawingStage(Stage):
    """Classify drawings when they are finished, and at one moment before."""

    name = "classification"

    def __init__(self, recipe: RecognizerRecipe, drawings: LabelledStrokes) -> None:
        self.recipe = recipe
        self.data = TrainingDrawings(
            drawings,
            recipe.batch_size,
            recipe.picture_size,
            recipe.partial_loss_weight,
            recipe.seed,
        )
        self.options = recipe.options(self.steps_per_epoch())

    def loss(self, model: nn.Module, batch: LabelledInputs) -> dict[str, Tensor]:
        """Cross-entropy in nats a prediction; "accuracy" is that at finished drawings."""
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
        dev: category → drawings to choose and to calibrate by.
        frequent_categories: the categories among which the best recognizer is chosen.
        extra: category → further drawings to learn from, of the same categories.

    Raises:
        UserError: there is nothing to learn from or to choose by, or the recognizer that the
            recipe starts from is another.
    """

    metric = "top1_frequent"

    def __init__(
        self,
        recipe: RecognizerRecipe,
        train: Mapping[str, Sequence[Drawing]],
        dev: Mapping[str, Sequence[Drawing]],
        frequent_categories: Sequence[str],
        extra: Mapping[str, Sequence[Drawing]] | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.categories = sorted(train)
        most = slice(recipe.extra_per_category or None)
        further = {name: drawings[most] for name, drawings in (extra or {}).items()}
        drawings = {name: [*found, *further.get(name, ())] for name, found in train.items()}
        learnt = LabelledStrokes.of(drawings, self.categories)
        self.dev = LabelledStrokes.of(dev, self.categories)
        self._frequent = np.array([self.categories.index(name) for name in frequent_categories])
        if not len(learnt) or not np.isin(self.dev.labels, self._frequent).any():
            raise UserError("too few drawings: there are none to learn from or none to choose by")
        self._temperatures = UNCALIBRATED
        self.model = RecognizerNetwork(recipe.network, len(self.categories))
        if recipe.init_from:
            _take_over(self.model, self.categories, recipe.init_from)
        self.stages = [DrawingStage(recipe, learnt)]
        self.config = {
            "recipe": asdict(recipe),
            "drawings": {"train": len(learnt), "dev": len(self.dev)},
            "categories": self.categories,
        }

    @classmethod
    def from_data(cls, recipe: RecognizerRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: drawings; see `multimodal.strokes.read_quickdraw`."""
        parts = {split: read_quickdraw(given.data, split) for split in SPLITS}
        known = frequent_categories(list(parts.values()), recipe.min_examples)
        extra = read_quickdraw(recipe.extra_data, "train") if recipe.extra_data else {}
        return cls(recipe, parts["train"], parts["dev"], known, extra)

    def pretrained(self, model: nn.Module) -> Recognizer:
        """The recognizer around a model as it is now."""
        network = cast(RecognizerNetwork, model)
        mirror = self.recipe.mirror == "yes"
        return Recognizer(network, self.categories, self._temperatures, mirror=mirror)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Classify the held-out drawings, finished and unfinished, and fit the temperatures."""
        recognizer = self.pretrained(model)
        ink, labels = self.dev.ink, self.dev.labels
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
        probabilities = self.pretrained(model).calibrated(logits, seen)
        return self._figures(probabilities, both)

    def _figures(self, probabilities: Floats, labels: Ints) -> dict[str, float]:
        finished = slice(len(self.dev))
        ours = np.isin(self.dev.labels, self._frequent)
        among = restricted(probabilities[finished][ours], self._frequent)
        of_ours = self.dev.labels[ours]
        right = ranks(probabilities, labels) == 0
        sure = probabilities.max(1)
        return {
            self.metric: top_accuracy(among, of_ours, 1),
            "top1": float(right[finished].mean()),
            "top5": top_accuracy(probabilities[finished], labels[finished], 5),
            "ece": expected_calibration_error(sure[finished], right[finished]),
            "ece_unfinished": expected_calibration_error(
                sure[len(self.dev) :], right[len(self.dev) :]
            ),
        }

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Predictions after every stroke of a few held-out drawings."""
        recognizer = self.pretrained(model)
        some = np.linspace(0, len(self.dev) - 1, 5).astype(np.int64)
        return [self._told(recognizer, number) for number in some]

    def _told(self, recognizer: Recognizer, number: int) -> str:
        ink = self.dev.ink.subset([number])
        rows = recognizer.probabilities(ink, np.arange(len(ink.sizes)))
        said = [f"{self.categories[row.argmax()]} {row.max():.2f}" for row in rows]
        return f"{self.categories[self.dev.labels[number]]}: {', '.join(said)}"


def _take_over(network: RecognizerNetwork, categories: Sequence[str], source: str) -> None:
    """Put the weights of another recognizer into a network."""
    start = Recognizer.from_pretrained(source)
    if start.categories != tuple(categories):
        raise UserError(f"init_from: {source} knows other categories than the data")
    try:
        network.load_state_dict(start.network.state_dict())
    except RuntimeError as error:
        raise UserError(f"init_from: {source} is a network of other sizes") from error
