"""The one class that people use: load a recognizer, then show it drawings.

recognizer = Recognizer.from_pretrained()  # the shipped model; or a folder, or a Hub id
recognizer.predict(drawing)               # Prediction(label="apple", probability=0.97, …)
recognizer.predict([drawing, another], top=3)
recognizer.predict_steps(drawing)         # one Prediction after every stroke

stream = recognizer.stream()                         # while somebody draws
stream.add([(0, 0), (40, 3), (41, 60)])  # Prediction(label="square", …)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.checkpoints import JSON
from multimodal.pretrained_model import PretrainedModel
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.calibration import UNCALIBRATED, calibrated, read_temperatures
from multimodal.recognition.drawings.base import RecognizerBase
from multimodal.recognition.drawings.data import (
    ROUNDING,
    count_pieces,
    inputs_at,
    mirror_images,
    pieces_of_drawings,
)
from multimodal.recognition.drawings.features import (
    PIECE_POINTS,
    CanvasState,
    PenPath,
    StrokeFeatures,
    extract_features,
    pictures,
)
from multimodal.recognition.drawings.model import RecognizerConfig, RecognizerNetwork
from multimodal.recognition.drawings.stroke_batch import StrokeBatch, starts_of
from multimodal.recognition.pooled_rnn import PooledState
from multimodal.recognition.prediction import Prediction
from multimodal.strokes import Drawing

_BATCH_SIZE = 128  # drawings
_STEPS_AT_A_TIME = 2**20  # of ink that pictures are drawn of


class Recognizer(RecognizerBase, PretrainedModel):
    """A drawing becomes a ranking of categories, after every stroke.

    Args:
        network: what was learnt; it is put into evaluation mode.
        categories: V names.
        temperatures: by how many strokes were seen; see `multimodal.recognition.calibration`.
        mirror: whether every prediction is the mean over the drawing and its mirror image.
    """

    TASK = "recognizer"
    PRECISION = "fp32"
    network: RecognizerNetwork

    def __init__(
        self,
        network: RecognizerNetwork,
        categories: Sequence[str],
        temperatures: Mapping[int, float] = UNCALIBRATED,
        *,
        mirror: bool = True,
    ) -> None:
        self.network = network.eval()
        self.categories = tuple(categories)
        self.temperatures = dict(temperatures)
        self.mirror = mirror

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        categories = [str(name) for name in config["categories"]]
        network = RecognizerNetwork(RecognizerConfig(**config["network"]), len(categories))
        temperatures = read_temperatures(config, "stroke")
        return cls(network, categories, temperatures, mirror=bool(config["mirror"]))

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "mirror": self.mirror,
            "temperatures": {str(least): value for least, value in self.temperatures.items()},
            "categories": list(self.categories),
        }

    def _predict_whole(self, drawings: Sequence[Drawing], top: int) -> list[Prediction]:
        ink = StrokeBatch.of(drawings)
        return self.ranked(self.logits(ink, np.cumsum(ink.counts) - 1), ink.counts, top)

    def _predict_steps(self, drawings: Sequence[Drawing], top: int) -> list[list[Prediction]]:
        ink = StrokeBatch.of(drawings)
        strokes = np.arange(len(ink.sizes))
        logits, seen = self.logits(ink, strokes), strokes_seen(ink, strokes)
        found = iter(self.ranked(logits, seen, top))
        return [[next(found) for _ in range(count)] for count in ink.counts]

    def stream(self, top: int = 5) -> DrawingStream:
        """Begin to recognize a drawing while somebody draws it.

        Args:
            top: how many categories of each ranking to give.
        """
        return DrawingStream(self, top)

    def probabilities(self, ink: StrokeBatch, strokes: Ints | None = None) -> Floats:
        """What is probable at some moments.

        Args:
            ink: drawings.
            strokes: (N,) numbers of strokes in `ink`, each the newest of its moment; every
                drawing's last unless given.

        Returns:
            (N, V), each row with the sum 1.
        """
        if strokes is None:
            strokes = np.cumsum(ink.counts) - 1
        return self.calibrated(self.logits(ink, strokes), strokes_seen(ink, strokes))

    def logits(self, ink: StrokeBatch, strokes: Ints) -> Tensor:
        """The same before the temperatures: (N, V) in fp32."""
        logits = torch.zeros(len(strokes), len(self.categories))
        drawing = ink.drawing_of_stroke[strokes]
        place = strokes - starts_of(ink.counts)[drawing]
        for batch in _of_similar_length(ink, np.unique(drawing)):
            which = np.flatnonzero(np.isin(drawing, batch))
            part = ink.subset(batch)
            begins = starts_of(part.counts)[np.searchsorted(batch, drawing[which])]
            answers, _ = self.forward_chunk(extract_features(part), begins + place[which])
            logits[torch.from_numpy(which)] = answers
        return logits

    @torch.inference_mode()
    def forward_chunk(
        self,
        features: StrokeFeatures,
        strokes: Ints,
        memory: PooledState | None = None,
        earlier: PenPath | None = None,
        rounding: int = ROUNDING,
    ) -> tuple[Tensor, PooledState]:
        """Read what is seen of drawings, and classify some moments.

        Args:
            features: of B drawings, or of one stroke that continues a single drawing.
            strokes: (N,) numbers of strokes in the features, each the newest of its moment.
            memory: what is remembered from before the features; None of empty canvases.
            earlier: the ink from before the features.
            rounding: the steps read are a multiple of it; 1 for a memory that is to go on.

        Returns:
            Logits (N, V) in fp32, and what is remembered after the features.
        """
        moments = inputs_at(features, strokes, rounding)
        if self.mirror:
            moments = moments.with_mirror_images()
        pieces, row, end = moments.cast_like(self.network.readout.weight)
        remembered, memory = self.network.encode(pieces, memory)
        states = remembered[row, end].unflatten(0, (-1, len(strokes)))  # (sides, N, 2 H)
        answers = [
            self._predict(states[:, part], features, strokes[part], earlier)
            for part in _parts(features, strokes)
        ]
        return torch.cat(answers), memory

    def _predict(
        self, states: Tensor, features: StrokeFeatures, strokes: Ints, earlier: PenPath | None
    ) -> Tensor:
        """States (sides, N, 2 H) and what stood there at N moments → logits (N, V)."""
        drawn = None
        if size := self.network.config.picture_size:
            drawn = torch.from_numpy(pictures(features, strokes, size, earlier)).to(states)
            drawn = torch.cat([drawn, mirror_images(drawn)]) if self.mirror else drawn
        logits = self.network.predict(states.flatten(0, 1), drawn).float().cpu()
        mean: Tensor = logits.unflatten(0, states.shape[:2]).mean(0)
        return mean

    def calibrated(self, logits: Tensor, seen: Ints) -> Floats:
        """Logits (N, V) after so many strokes (N,) → probabilities (N, V)."""
        return calibrated(logits, self.temperatures, seen)

    def ranked(self, logits: Tensor, seen: Ints, top: int) -> list[Prediction]:
        """Logits (N, V) after so many strokes (N,) → N predictions.

        Args:
            logits: (N, V).
            seen: (N,), how many strokes were seen.
            top: how many categories are ranked.
        """
        rows = zip(self.calibrated(logits, seen), seen.tolist(), strict=True)
        return [Prediction.ranked(self.categories, row, strokes, top) for row, strokes in rows]


class DrawingStream:
    """Watches one drawing grow; keeps what it remembers, so that a stroke costs only itself.

    Made by `Recognizer.stream`.
    """

    def __init__(self, recognizer: Recognizer, top: int) -> None:
        self._recognizer = recognizer
        self._top = top
        self._memory: PooledState | None = None
        self._before = CanvasState.nothing(1)
        self._trace = PenPath(np.zeros((0, 2)), np.zeros((0, 2)))
        self._strokes = 0

    def add(self, stroke: npt.ArrayLike) -> Prediction:
        """See one more stroke: points (n, 2), in the unit of those before.

        Raises:
            UserError: it is no stroke.
        """
        features = extract_features(StrokeBatch.of([Drawing([stroke])]), self._before)
        logits, self._memory = self._recognizer.forward_chunk(
            features, np.array([0]), self._memory, self._trace, rounding=1
        )
        self._before = features.after
        self._trace = self._trace.then(features.trace)
        self._strokes += 1
        return self._recognizer.ranked(logits, np.array([self._strokes]), self._top)[0]


def strokes_seen(ink: StrokeBatch, strokes: Ints) -> Ints:
    """How many strokes of its drawing had been drawn after each of some strokes (N,)."""
    return strokes - starts_of(ink.counts)[ink.drawing_of_stroke[strokes]] + 1


def _of_similar_length(ink: StrokeBatch, drawings: Ints) -> list[Ints]:
    """Some of the drawings in batches, each in ascending order."""
    if len(drawings) <= _BATCH_SIZE:
        return [drawings] if len(drawings) else []
    order = drawings[np.argsort(count_pieces(ink)[drawings], kind="stable")]
    batches = np.split(order, range(_BATCH_SIZE, len(order), _BATCH_SIZE))
    return [np.sort(batch) for batch in batches]


def _parts(features: StrokeFeatures, strokes: Ints) -> list[slice]:
    """Moments in parts whose pictures fit into memory, however many strokes a drawing has."""
    ends = np.cumsum(features.sizes)
    begins = np.repeat(starts_of(pieces_of_drawings(features)), features.counts)
    steps = np.cumsum((ends - begins)[strokes] * PIECE_POINTS)
    cuts = np.flatnonzero(np.diff(steps // _STEPS_AT_A_TIME)) + 1
    return [slice(a, b) for a, b in pairwise([0, *cuts.tolist(), len(strokes)])]
