"""Drawing point after point: many drawings at once, each from random numbers of its own.

Of every point several candidates are sampled, of which the one is taken that most clearly belongs
to what was asked for: by its contrast, log p(point | what was asked for) - log p(point | anything),
both by the same network. It is drawn from among them with a probability in proportion to
exp(GUIDANCE · contrast), which is classifier-free guidance (Ho and Salimans 2022) by importance
sampling. The contrast does not see every knot, so those are watched for apart: a stroke that
becomes one is taken back and drawn anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from multimodal.recurrent.incremental import IncrementalDecoder
from multimodal.recurrent.mixture import UNIFORMS, MixtureOutput, choose
from multimodal.seeds import uniforms
from multimodal.sketching.knots import KnotDetector
from multimodal.sketching.model import stroke5
from multimodal.sketching.pen_states import DOWN, END, LIFTED
from multimodal.sketching.sequences import Rows

GUIDANCE = 4.0
"""How much the contrast counts where a draft of a point is chosen."""

ATTEMPTS = 4  # a stroke that becomes a knot so often is left out, and the drawing ends before it
LONGEST_STEP = 32.0  # four frames; a network that is told where it is could else run away
_CROWDED = 7 / 8  # the share of a batch that must still be drawing for the others to stay in it
_AHEAD = 16  # steps whose random numbers are made at once


class PointSource(Protocol):
    """Draws the next point of each of B drawings.

    Attributes:
        numbers: how many random numbers a point takes.
    """

    numbers: int

    def next(self, last: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """The last points (B, 5), numbers in [0, 1) (B, N) → offsets (B, 2), pen states (B,)."""

    def keep(self, rows: Tensor) -> PointSource:
        """The same for some of the drawings: rows (B',)."""

    def put(self, rows: Tensor, other: Any) -> None:
        """Let the drawings of some rows (B',) stand where they do in another of equal size."""


class FreePoints:
    """Points as the network draws them."""

    numbers = UNIFORMS

    def __init__(
        self, decoder: IncrementalDecoder, output: MixtureOutput, temperature: float
    ) -> None:
        self._decoder = decoder
        self._output = output
        self._temperature = temperature

    def next(self, last: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """See `PointSource`."""
        return self._output.sample(self._decoder.move(last), numbers, self._temperature)

    def keep(self, rows: Tensor) -> FreePoints:
        """See `PointSource`."""
        return FreePoints(self._decoder.keep(rows), self._output, self._temperature)

    def put(self, rows: Tensor, other: FreePoints) -> None:
        """See `PointSource`."""
        self._decoder.put(rows, other._decoder)


class GuidedPoints:
    """Of every point, the draft that most clearly belongs to what was asked for.

    Args:
        decoder: B drawings of what was asked for, then the same B drawings of anything.
        output: how the decoder's vectors are read.
        temperature: of the candidates; see `MixtureOutput.sample`.
        num_candidates: K, how many there are of a point.
    """

    def __init__(
        self,
        decoder: IncrementalDecoder,
        output: MixtureOutput,
        temperature: float,
        num_candidates: int,
    ) -> None:
        self._decoder = decoder
        self._output = output
        self._temperature = temperature
        self._num_candidates = num_candidates
        self.numbers = UNIFORMS * num_candidates + 1

    def next(self, last: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """See `PointSource`."""
        asked, anything = self._decoder.move(last.repeat(2, 1))[:, None].chunk(2)  # (B, 1, 3 + 6 K)
        uniform = numbers[:, :-1].unflatten(1, (self._num_candidates, UNIFORMS))
        offsets, pens = self._output.sample(asked, uniform, self._temperature)  # (B, K, …)
        contrast = self._log_likelihood(asked, offsets, pens)
        contrast -= self._log_likelihood(anything, offsets, pens)
        rows, taken = torch.arange(len(last)), choose(GUIDANCE * contrast, numbers[:, -1])
        return offsets[rows, taken], pens[rows, taken]

    def keep(self, rows: Tensor) -> GuidedPoints:
        """See `PointSource`."""
        decoder = self._decoder.keep(self._both(rows))
        return GuidedPoints(decoder, self._output, self._temperature, self._num_candidates)

    def put(self, rows: Tensor, other: GuidedPoints) -> None:
        """See `PointSource`."""
        self._decoder.put(self._both(rows), other._decoder)

    def _both(self, rows: Tensor) -> Tensor:
        return torch.cat([rows, rows + len(self._decoder) // 2])

    def _log_likelihood(self, vectors: Tensor, offsets: Tensor, pens: Tensor) -> Tensor:
        offset = self._output.offset_log_likelihood(vectors, offsets)
        return self._output.pen_log_likelihood(vectors, pens) + offset.masked_fill(pens == END, 0)


class RandomNumbers:
    """Numbers in [0, 1) for B drawings; each depends on the seed, its drawing and its place alone.

    Args:
        seed: of all.
        drawings: (B,) the number of each drawing.
        width: how many a step takes.
    """

    def __init__(self, seed: int, drawings: npt.NDArray[np.int64], width: int) -> None:
        self._seed = seed
        self._drawings = drawings
        self._width = width
        self._begin = -1
        self._made = torch.zeros(0)

    def at(self, step: int) -> Tensor:
        """Those of a step: (B, width)."""
        begin = step - step % _AHEAD
        if begin != self._begin:
            length, start = _AHEAD * self._width, begin * self._width
            made = uniforms([self._seed], self._drawings, length, start)[0]
            self._made = torch.from_numpy(made).view(-1, _AHEAD, self._width)
            self._begin = begin
        return self._made[:, step - begin]

    def keep(self, rows: Tensor) -> RandomNumbers:
        """The same for some of the drawings: rows (B',)."""
        kept = RandomNumbers(self._seed, self._drawings[rows.numpy()], self._width)
        kept._begin, kept._made = self._begin, self._made[rows]
        return kept


def normal_numbers(seed: int, drawings: int, size: int) -> Tensor:
    """(drawings, size) from N(0, 1); each row depends on the seed and its own number alone.

    Args:
        seed: of all.
        drawings: how many rows.
        size: numbers of each.
    """
    # The complement's stream, for the numbers of the seed itself are the points'.
    numbers = torch.from_numpy(uniforms([~seed], drawings, size)[0])
    normal: Tensor = torch.special.ndtri(numbers.clamp(min=2.0**-33))
    return normal.float()


def first_points(drawings: int) -> Tensor:
    """What stands before the first point: the pen on the paper at the origin, (B, 5)."""
    return stroke5(torch.zeros(drawings, 2), torch.full((drawings,), DOWN))


class DrawingBatch:
    """B drawings in the making, all a point further at every step.

    Args:
        source: draws the points.
        last: (B, 5) the last points.
        numbers: what the source draws with.
        limit: no drawing takes more steps.
        knots: finds the knots, which are drawn anew; None lets them be.
    """

    def __init__(
        self,
        source: PointSource,
        last: Tensor,
        numbers: RandomNumbers,
        limit: int,
        knots: KnotDetector | None = None,
    ) -> None:
        every = torch.arange(len(last))
        self._source, self._last, self._numbers, self._knots = source, last, numbers, knots
        self._saved = (source.keep(every), last.clone(), knots.keep(every)) if knots else None
        self._rows, self._going = every, torch.ones(len(last), dtype=torch.bool)
        self._tries = torch.zeros(len(last), dtype=torch.long)
        self._points = np.zeros((limit, len(last), 3), dtype=np.float32)
        self._count = np.zeros(len(last), dtype=np.int64)
        self._finished = np.zeros(len(last), dtype=np.int64)
        self._step = 0

    @torch.inference_mode()
    def advance(self) -> bool:
        """Draw one point more of each that is not finished; gives whether any is left."""
        offsets, pens = self._source.next(self._last, self._numbers.at(self._step))
        offsets = offsets.clamp(-LONGEST_STEP, LONGEST_STEP)
        self._step += 1
        knotted = self._going & self._knots.add(offsets) if self._knots else None
        self._last = stroke5(offsets, pens)
        drawn = self._going if knotted is None else self._going & ~knotted
        self._write(drawn, offsets, pens)
        self._going = drawn & (pens != END)
        if knotted is not None:
            self._save(self._going & (pens == LIFTED))
            self._take_back(knotted)
        if self._step == len(self._points):
            self._going[:] = False
            self._finished = self._count.copy()
        return self._compact()

    def finished(self, drawing: int) -> Rows:
        """The finished strokes of a drawing, scaled: rows (N, 3)."""
        return self._points[: self._finished[drawing], drawing]

    def rows(self) -> list[Rows]:
        """All drawings as they are, scaled: rows (N, 3), 0 of one that ended at once."""
        while self._going.any():
            self.advance()
        return [self._points[:count, row] for row, count in enumerate(self._count)]

    def _write(self, drawn: Tensor, offsets: Tensor, pens: Tensor) -> None:
        """Put down the points (B', …) of those that have drawn one; an end is none."""
        placed = (drawn & (pens != END)).nonzero()[:, 0]
        rows = self._rows[placed].numpy()
        self._points[self._count[rows], rows, :2] = offsets[placed].numpy()
        self._points[self._count[rows], rows, 2] = pens[placed].numpy()
        self._count[rows] += 1
        whole = self._rows[(drawn & (pens != DOWN)).nonzero()[:, 0]].numpy()
        self._finished[whole] = self._count[whole]

    def _save(self, lifted: Tensor) -> None:
        """Remember where drawings stand whose pen was lifted now."""
        rows = lifted.nonzero()[:, 0]
        if self._saved is None or self._knots is None or not len(rows):
            return
        source, last, knots = self._saved
        source.put(rows, self._source)
        knots.put(rows, self._knots)
        last[rows] = self._last[rows]
        self._tries[rows] = 0

    def _take_back(self, knotted: Tensor) -> None:
        """Go back to where the strokes of some drawings began; after some attempts, end there."""
        rows = knotted.nonzero()[:, 0]
        if self._saved is None or self._knots is None or not len(rows):
            return
        source, last, knots = self._saved
        self._source.put(rows, source)
        self._knots.put(rows, knots)
        self._last[rows] = last[rows]
        places = self._rows[rows].numpy()
        self._count[places] = self._finished[places]
        self._tries[rows] += 1
        self._going[rows] = self._tries[rows] < ATTEMPTS

    def _compact(self) -> bool:
        left = int(self._going.sum())
        if left and left <= _CROWDED * len(self._rows):
            kept = self._going.nonzero()[:, 0]
            self._source, self._numbers = self._source.keep(kept), self._numbers.keep(kept)
            if self._saved and self._knots:
                source, last, knots = self._saved
                self._saved = (source.keep(kept), last[kept], knots.keep(kept))
                self._knots = self._knots.keep(kept)
            self._rows, self._last = self._rows[kept], self._last[kept]
            self._going, self._tries = self._going[kept], self._tries[kept]
        return left > 0


def scaled(rows: Sequence[Rows], scale: float) -> list[Rows]:
    """Rows in the units of drawings."""
    return [each * np.array([scale, scale, 1], dtype=np.float32) for each in rows]
