"""The one class that people use: load a sketcher, then let it draw.

sketcher = Sketcher.from_pretrained()  # the shipped model; or a folder, or a Hub id
sketcher.draw("duck", 9, temperature=0.4, seed=7)    # nine drawings
sketcher.complete(half, n=6, category="duck")        # endings of an unfinished one, likeliest first
Sketcher.from_pretrained("dog.gen.json").draw("dog")  # magenta's published decoders, unchanged
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import Precision, torch_dtype
from multimodal.recurrent.cells import State
from multimodal.recurrent.incremental import IncrementalDecoder
from multimodal.sketching.base import SketcherBase
from multimodal.sketching.generation import (
    DrawingBatch,
    FreePoints,
    GuidedPoints,
    PointSource,
    RandomNumbers,
    first_points,
    normal_numbers,
    scaled,
)
from multimodal.sketching.incremental_decoder import CellDecoder, LSTMDecoder, LSTMWeights
from multimodal.sketching.knots import KnotDetector
from multimodal.sketching.likelihood import Score, condition_of, points_of, row_nats
from multimodal.sketching.magenta import is_decoder_file, read_decoder
from multimodal.sketching.model import SketchConfig, SketchNetwork, decoder_inputs
from multimodal.sketching.options import DrawingChanges, DrawingOptions
from multimodal.sketching.sequences import Rows, continued, drawing_of, rows_of
from multimodal.strokes import Drawing

BATCH_SIZE = 1000  # drawings in one batch; more gain nothing and take memory
FAITHFUL = 0.1  # the temperature of reconstructions, unless a call says otherwise
WELL_DRAWN = 0.5  # the share named right from which on a category counts as drawn well
CANDIDATES = 4  # drawn for each that `variations` gives back


class Sketcher(SketcherBase, PretrainedModel):
    """A category becomes drawings.

    Drawings that are handed in must be as large as those that the network learnt from, and those
    that come out are: about `frame` units on their larger side.

    Args:
        network: what was learnt, in fp32; it is put into evaluation mode.
        categories: what it draws, in the order of their numbers.
        scale: the unit of the network's offsets, in the units of drawings.
        limit: N_max, the most rows of a drawing that it learnt from.
        low_quality: those categories of which it saw few drawings.
        quality: category → the share of its drawings that a recognizer names right, where that was
            measured.
        precision: of the products by which points are drawn. All else is in fp32 (likelihoods in
            fp64), and so is drawing with a decoder that is no plain LSTM.

    Attributes:
        options: how points are drawn, unless a call says otherwise.
        quality: see above.
    """

    TASK = "sketcher"
    network: SketchNetwork

    def __init__(
        self,
        network: SketchNetwork,
        categories: Sequence[str],
        *,
        scale: float,
        limit: int,
        low_quality: Collection[str] = (),
        quality: Mapping[str, float] | None = None,
        precision: Precision = "auto",
    ) -> None:
        self.network = network.eval()
        self.categories = tuple(categories)
        self.scale = scale
        self.limit = limit
        self.quality = dict(quality or {})
        self._seldom_seen = frozenset(low_quality)
        self.options = DrawingOptions()
        self.precision = precision

    @classmethod
    def from_pretrained(
        cls, source: str | Path | None = None, *, precision: Precision | None = None
    ) -> Self:
        """Load a sketcher; see `PretrainedModel.from_pretrained`.

        Args:
            source: also one of magenta's decoders, a file `<category>.gen.json`.
            precision: see there.
        """
        if source is not None and is_decoder_file(source):
            return cls._from_magenta(Path(source), precision or cls.PRECISION)
        return super().from_pretrained(source, precision=precision)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        return cls(
            SketchNetwork(SketchConfig(**config["network"])),
            [str(name) for name in config["categories"]],
            scale=float(config["scale"]),
            limit=int(config["limit"]),
            low_quality=config["low_quality"],
            quality={name: float(share) for name, share in config.get("quality", {}).items()},
        )

    @classmethod
    def _from_magenta(cls, path: Path, precision: Precision) -> Self:
        decoder = read_decoder(path)
        network = SketchNetwork(decoder.config)
        network.load_state_dict(decoder.tensors)
        return cls(
            network, [decoder.name], scale=decoder.scale, limit=decoder.limit, precision=precision
        )

    @property
    def low_quality(self) -> frozenset[str]:
        """The categories that it draws less well: not often enough named right, or seldom seen."""
        if not self.quality:
            return self._seldom_seen
        return frozenset(n for n in self.categories if self.quality.get(n, 0.0) < WELL_DRAWN)

    def set_precision(self, precision: Precision) -> None:
        """See `PretrainedModel`; the network itself stays in fp32."""
        self.precision = precision

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "categories": self.categories,
            "low_quality": sorted(self._seldom_seen),
            "quality": self.quality,
            "scale": self.scale,
            "limit": self.limit,
        }

    @torch.inference_mode()
    def stream(
        self, category: str, **changes: Unpack[DrawingChanges]
    ) -> Iterator[npt.NDArray[np.float64]]:
        """Draw one drawing for somebody to watch: each stroke (n, 2) as soon as it is finished.

        The strokes are those of the first drawing of `draw` with the same seed.
        """
        options = self.options.changed(changes)
        batch = self._category_batch([self._label(category)], [0], options)
        whole, shown, going = Drawing([]), 0, True
        while going:
            going = batch.advance()
            (fresh,) = scaled([batch.finished(0)[shown:]], self.scale)
            if len(fresh) or (not going and not shown):
                strokes = len(whole)
                whole = continued(whole, fresh) if shown else drawing_of(fresh)
                yield from whole.strokes[strokes:]
                shown += len(fresh)

    @torch.inference_mode()
    def _endings(
        self, begun: Rows, n: int, label: int, room: int, options: DrawingOptions
    ) -> list[Rows]:
        points = points_of(self.network, [begun], self.scale)
        condition = condition_of(self.network, points, [len(begun)], [label])
        latent = condition[:, : self.network.config.latent_size]
        condition = self._beside_anything(condition, options, latent)
        state = self.network.prefill(
            condition, decoder_inputs(points.expand(len(condition), -1, -1))
        )
        decoder = self._incremental(condition, state).keep(
            torch.arange(len(condition)).repeat_interleave(n)
        )
        last = points[:, -1].repeat(n, 1)
        knots = (
            KnotDetector.begin(n, points[0, :, :2].cumsum(0))
            if options.num_candidates > 1
            else None
        )
        batch = self._batch(decoder, last, np.arange(n), room, knots, options)
        endings = scaled(batch.rows(), self.scale)
        return [endings[number] for number in self._ranked(begun, endings, label)]

    @torch.inference_mode()
    def variations(
        self,
        drawing: Drawing,
        n: int = 1,
        category: str | None = None,
        **changes: Unpack[DrawingChanges],
    ) -> list[Drawing]:
        """Draw more like a drawing, from latent vectors around its own.

        Several times as many are drawn, from z ~ N(μ, σ²) as the encoder has it (Ha and Eck 2018,
        equation 5); those whose own μ comes nearest to the drawing's are given.

        Args:
            drawing: what they are to be like.
            n: how many.
            category: what it shows; None for anything.
            **changes: fields of DrawingOptions for this call.

        Returns:
            Drawings, the nearest first; each begins where `drawing` does. One that came out without
            a stroke is among the last.

        Raises:
            UserError: the network has no latent vector, or as for `complete`.
        """
        self._require_latent()
        if n < 1:
            raise UserError(f"n: must be at least 1, not {n}")
        options, many = self.options.changed(changes), CANDIDATES * n
        rows, origin = rows_of(drawing), drawing.strokes[0][0]
        mean, log_variance = self._encoded([rows])
        noise = normal_numbers(options.seed, many, mean.shape[1])
        latents = mean + (log_variance / 2).exp() * noise
        condition = self.network.condition(torch.full((many,), self._label(category)), latents)
        found = self._drawn(condition, latents, np.arange(many), options)
        found = sorted(found, key=len, reverse=True)
        drawn = [rows for rows in found if len(rows)]
        away = (self._encoded(drawn)[0] - mean).norm(dim=1) if drawn else torch.zeros(0)
        nearest = [drawn[number] for number in away.argsort(stable=True).tolist()]
        return [drawing_of(rows, origin) for rows in [*nearest, *found[len(drawn) :]][:n]]

    def _encoded(self, sequences: Sequence[Rows]) -> tuple[Tensor, Tensor]:
        """μ and log σ² of drawings, (B, Z)."""
        points = points_of(self.network, sequences, self.scale)
        return self.network.encode(points, torch.tensor([*map(len, sequences)]))

    def _require_latent(self) -> None:
        if not self.network.config.latent_size:
            raise UserError("this sketcher has no latent vector, which reconstructing would need")

    def reconstruct(
        self, drawing: Drawing, category: str | None = None, **changes: Unpack[DrawingChanges]
    ) -> Drawing:
        """Draw what the network remembers of a drawing, from its latent vector.

        Args:
            drawing: what is read.
            category: what it shows; None for anything.
            **changes: fields of DrawingOptions for this call; the temperature is 0.1 unless given.

        Raises:
            UserError: the network has no latent vector, or as for `complete`.
        """
        return self.interpolate(drawing, drawing, 1, (category, category), **changes)[0]

    @torch.inference_mode()
    def interpolate(
        self,
        a: Drawing,
        b: Drawing,
        steps: int,
        categories: tuple[str | None, str | None] = (None, None),
        *,
        candidates: int = 1,
        **changes: Unpack[DrawingChanges],
    ) -> list[Drawing]:
        """Morph a drawing into another, by way of the latent vectors between theirs.

        Args:
            a: the first.
            b: the last; both ends come as the network remembers them.
            steps: how many drawings come back; 1 is the first alone.
            categories: what they show; None for anything.
            candidates: so many are drawn for each that comes back: the one whose own latent vector
                comes nearest to what was asked for.
            **changes: fields of DrawingOptions for this call; the temperature is 0.1 unless given.

        Returns:
            Drawings at equal angles between the two latent vectors (spherical interpolation, White
            2016), all drawn with the same random numbers; each begins where `a` does.

        Raises:
            UserError: the network has no latent vector, or as for `complete`.
        """
        self._require_latent()
        for name, number in (("steps", steps), ("candidates", candidates)):
            if number < 1:
                raise UserError(f"{name}: must be at least 1, not {number}")
        options = self.options.changed({"temperature": FAITHFUL, **changes})
        latents = self._encoded([rows_of(a), rows_of(b)])[0]
        labels = torch.tensor([self._label(name) for name in categories])
        ends = self.network.condition(labels, latents)
        share = torch.linspace(0, 1, steps)[:, None]
        condition = torch.lerp(ends[:1], ends[1:], share)
        condition[:, : latents.shape[1]] = wanted = between(latents[0], latents[1], share)
        every, latent = (each.repeat_interleave(candidates, 0) for each in (condition, wanted))
        found = self._drawn(every, latent, np.tile(np.arange(candidates), steps), options)
        origin = a.strokes[0][0]
        return [
            drawing_of(self._nearest(found[step * candidates :][:candidates], latent), origin)
            for step, latent in enumerate(wanted)
        ]

    def _nearest(self, sequences: Sequence[Rows], latent: Tensor) -> Rows:
        """The rows whose μ comes nearest to a latent vector (Z,); empty ones only if all are."""
        drawn = [rows for rows in sequences if len(rows)]
        if len(drawn) < 2:
            return [*drawn, *sequences][0]
        away = (self._encoded(drawn)[0] - latent).norm(dim=1)
        return drawn[int(away.argmin())]

    @torch.inference_mode()
    def score(self, drawing: Drawing, category: str | None = None) -> Score:
        """How likely a drawing is, point after point; of a category, or of anything.

        Raises:
            UserError: the drawing is empty, or there is no such category.
        """
        rows = rows_of(drawing)
        # Components may be a millionth wide: what fp32 rounds a mean by is then a part of a nat.
        nats = row_nats(self._exact, [rows], self.scale, [self._label(category)])
        offsets, pens = (float(of_rows.sum()) for of_rows in nats)
        return Score(offsets + pens, (offsets + pens) / len(rows), offsets, pens)

    def _draw_labelled(
        self, labels: Sequence[int], numbers: Sequence[int], options: DrawingOptions
    ) -> Iterator[Drawing]:
        for start in range(0, len(labels), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            batch = self._category_batch(labels[part], numbers[part], options)
            yield from map(drawing_of, scaled(batch.rows(), self.scale))

    @torch.inference_mode()
    def _category_batch(
        self, labels: Sequence[int], numbers: Sequence[int], options: DrawingOptions
    ) -> DrawingBatch:
        """Drawings from a category alone, each of its own number."""
        config, latent = self.network.config, None
        if config.latent_size and not config.latent_optional:
            rows = torch.tensor(numbers)
            latent = normal_numbers(options.seed, max(numbers) + 1, config.latent_size)[rows]
        condition = self.network.condition(torch.tensor(labels), latent)
        return self._conditioned(condition, latent, np.array(numbers), options)

    @torch.inference_mode()
    def _drawn(
        self,
        condition: Tensor,
        latent: Tensor,
        numbers: npt.NDArray[np.int64],
        options: DrawingOptions,
    ) -> list[Rows]:
        """Drawings from conditions (B, C), which hold latent vectors (B, Z)."""
        batch = self._conditioned(condition, latent, numbers, options)
        return scaled(batch.rows(), self.scale)

    def _conditioned(
        self,
        condition: Tensor,
        latent: Tensor | None,
        numbers: npt.NDArray[np.int64],
        options: DrawingOptions,
    ) -> DrawingBatch:
        count = len(condition)
        decoder = self._incremental(self._beside_anything(condition, options, latent))
        knots = KnotDetector.begin(count) if options.num_candidates > 1 else None
        limit = options.max_points or self.limit
        return self._batch(decoder, first_points(count), numbers, limit, knots, options)

    def _batch(
        self,
        decoder: IncrementalDecoder,
        last: Tensor,
        numbers: npt.NDArray[np.int64],
        limit: int,
        knots: KnotDetector | None,
        options: DrawingOptions,
    ) -> DrawingBatch:
        """B drawings by a decoder of B, or of 2 B where they are guided."""
        output, temperature = self.network.output, options.temperature
        source: PointSource = FreePoints(decoder, output, temperature)
        if len(decoder) > len(last):
            source = GuidedPoints(decoder, output, temperature, options.num_candidates)
        random = RandomNumbers(options.seed, numbers, source.numbers)
        return DrawingBatch(source, last, random, limit, knots)

    def _beside_anything(
        self, condition: Tensor, options: DrawingOptions, latent: Tensor | None
    ) -> Tensor:
        """Conditions (B, C), and those of anything (B, C) behind them where both can be told apart.

        Where the network needs a latent vector, drawings of anything have those given (B, Z).
        """
        config = self.network.config
        if options.num_candidates == 1 or not config.category_optional:
            return condition
        labels = torch.full((len(condition),), len(self.categories))
        anything = self.network.condition(labels, None if config.latent_optional else latent)
        return condition if condition.equal(anything) else torch.cat([condition, anything])

    def _incremental(self, condition: Tensor, state: State | None = None) -> IncrementalDecoder:
        state = self.network.start(condition) if state is None else state
        if self.network.config.cell == "lstm":
            return LSTMDecoder.start(self._weights, condition, state)
        return CellDecoder(self.network, condition, state)

    @cached_property
    def _weights(self) -> LSTMWeights:
        return LSTMWeights(self.network, torch_dtype(self.precision))

    @cached_property
    def _exact(self) -> SketchNetwork:
        """The network in fp64."""
        return copy.deepcopy(self.network).double()

    def _ranked(self, begun: Rows, endings: Sequence[Rows], label: int) -> list[int]:
        """The numbers of endings of one beginning, the best first; see `complete`."""
        whole = [np.concatenate([begun, ending]) for ending in endings]
        points = torch.tensor([len(ending) + 1 for ending in endings])  # the end is one more

        def nats_of(label: int) -> Tensor:
            offsets, pens = row_nats(self.network, whole, self.scale, [label] * len(whole))
            return (offsets + pens)[:, len(begun) :].sum(1) / points

        nats, anything = nats_of(label), len(self.categories)
        if label != anything and self.network.config.category_optional:
            nats = nats - nats_of(anything)
        return nats.argsort(stable=True).tolist()


def between(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation: vectors (Z,) and shares (N, 1) of the way → (N, Z)."""
    angle = torch.arccos((a @ b / (a.norm() * b.norm()).clamp(min=1e-12)).clamp(-1, 1))
    if angle.sin() < 1e-4:  # parallel, or opposite, where no way is shorter than the others
        return torch.lerp(a, b, share)
    return (((1 - share) * angle).sin() * a + (share * angle).sin() * b) / angle.sin()
