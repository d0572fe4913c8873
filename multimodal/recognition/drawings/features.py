"""What the network sees of drawings: every new stroke in pieces, and the picture that stands there.

Nobody knows how large a drawing will become while it grows. So every stroke is seen in the frame
that its drawing fills by then: the smallest square around all strokes up to this one. The frame
says all that it forgets: how much it has grown, and how far its centre has moved. What is seen
depends neither on the unit, nor on the place, nor on how densely the points were sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.drawings.stroke_batch import StrokeBatch, ranges, starts_of

PIECE_POINTS = 8
"""A piece is so many steps of equal length along a stroke."""

PIECE_LENGTH = 0.5
"""The longest piece, where the frame reaches from -1 to 1."""

MOST_PIECES = 32
"""A longer stroke, a scribble, is seen in longer pieces."""

PIECE_FEATURES = 4 * PIECE_POINTS + 11

CHANNELS = 4
"""Of a picture: ink, its direction (two), its age."""

MARGIN = 2.0
"""Pixels of a picture around its frame."""

MIRRORED_PIECE = (*[-1, 1] * (2 * PIECE_POINTS), 1, 1, 1, 1, -1, 1, 1, 1, -1, 1, 1)
"""The sign that a mirror gives to each feature of a piece."""

MIRRORED_CHANNELS = (1, 1, -1, 1)
"""The same for the channels of a picture, which it turns round besides."""

_FAINTEST = 0.1  # pixels of ink that a step leaves at least, so that a dot is seen
_LARGEST_GROWTH = 4.0  # of the frame, in nats

Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CanvasState:
    """What there was before the strokes that are looked at, for each of B drawings.

    Attributes:
        low, high: (B, 2) the corners of the box around it; +inf and -inf where there was nothing.
        last: (B, 2) where the pen was lifted.
    """

    low: Floats
    high: Floats
    last: Floats

    @classmethod
    def nothing(cls, drawings: int) -> CanvasState:
        """An empty canvas for each of so many drawings."""
        shape = (drawings, 2)
        return cls(np.full(shape, np.inf), np.full(shape, -np.inf), np.zeros(shape))


@dataclass(frozen=True)
class PenPath:
    """Ink as short straight steps, in each drawing's own unit: what pictures are made of.

    Attributes:
        middle: (M, 2) of each step.
        way: (M, 2) from its beginning to its end.
    """

    middle: Floats
    way: Floats

    def then(self, other: PenPath) -> PenPath:
        """This trace and another one after it."""
        return PenPath(
            np.concatenate([self.middle, other.middle]), np.concatenate([self.way, other.way])
        )


@dataclass(frozen=True)
class StrokeFeatures:
    """K strokes of B drawings as they are seen.

    Attributes:
        pieces: (N, PIECE_FEATURES) of all strokes, one after the other.
        sizes: (K,) how many pieces each stroke has.
        counts: (B,) how many strokes each drawing has.
        trace: the steps of all strokes, PIECE_POINTS for each piece.
        centre: (K, 2) of each stroke's frame.
        half: (K,) half the side of each stroke's frame.
        after: what there is after these strokes.
    """

    pieces: Features
    sizes: Ints
    counts: Ints
    trace: PenPath
    centre: Floats
    half: Floats
    after: CanvasState


def extract_features(ink: StrokeBatch, before: CanvasState | None = None) -> StrokeFeatures:
    """See strokes in the frames of their drawings.

    Args:
        ink: B drawings, or what was added to B drawings.
        before: what there was already; nothing unless given.
    """
    before = before or CanvasState.nothing(len(ink))
    # A stroke's frame is the square around all ink up to its end: nothing later is known.
    low, high, after = _growing_boxes(ink, before)
    former_low, former_high = _previous(ink, low, before.low), _previous(ink, high, before.high)
    centre, half = _frame(low, high)
    stroke = ink.stroke_of_point
    points = (ink.points - centre[stroke]) / half[stroke, None]
    samples, sizes, lengths = _resample(points, ink.sizes)
    # What the frame hides is told beside the points: growth, extent, jump of the pen, length.
    context = np.column_stack(
        [
            _growth(centre, half, former_low, former_high),
            (high - low) / (2 * half[:, None]),
            _jumps(ink, before) / half[:, None] * np.isfinite(former_low),
            lengths / sizes / PIECE_LENGTH,
        ]
    )
    own = np.repeat(np.arange(len(sizes)), sizes)
    # A stroke has one point more than steps: steps run from all but the last to all but the first.
    beginning = samples[ranges(starts_of(sizes * PIECE_POINTS + 1), sizes * PIECE_POINTS)]
    end = samples[ranges(starts_of(sizes * PIECE_POINTS + 1) + 1, sizes * PIECE_POINTS)]
    steps = (end - beginning) * (PIECE_POINTS / PIECE_LENGTH)
    number = ranges(np.zeros_like(sizes), sizes)
    edges = np.column_stack([number == 0, number == sizes[own] - 1])
    shape = (len(own), 2 * PIECE_POINTS)
    pieces = np.column_stack([end.reshape(shape), steps.reshape(shape), edges, context[own]])
    of_step = np.repeat(own, PIECE_POINTS)
    scale = half[of_step, None]
    trace = PenPath((beginning + end) / 2 * scale + centre[of_step], (end - beginning) * scale)
    return StrokeFeatures(pieces.astype(np.float32), sizes, ink.counts, trace, centre, half, after)


def pictures(
    view: StrokeFeatures, strokes: Ints, size: int, earlier: PenPath | None = None
) -> Features:
    """Draw what stands there after some of a view's strokes.

    Directions are means of (cos 2θ, sin 2θ) of the ink in a pixel, as in directional feature maps
    for online characters (Bai and Huo 2005), since a line has no sign; age runs from 0 for the
    first ink of a drawing to 1 for the newest.

    Args:
        view: what was seen.
        strokes: (N,) numbers of strokes in the view, each the newest of its picture.
        size: pixels of a side.
        earlier: ink that a view of a single drawing continues.

    Returns:
        (N, CHANNELS, size, size).
    """
    steps = view.sizes * PIECE_POINTS
    first = starts_of(view.counts)[np.repeat(np.arange(len(view.counts)), view.counts)[strokes]]
    begin, end = starts_of(steps)[first], (np.cumsum(steps))[strokes]
    trace = view.trace
    if earlier is not None:
        trace, end = earlier.then(trace), end + len(earlier.way)
    which = ranges(begin, end - begin)
    picture = np.repeat(np.arange(len(strokes)), end - begin)
    zoom = (size / 2 - MARGIN) / view.half[strokes]
    middle = (trace.middle[which] - view.centre[strokes][picture]) * zoom[picture, None]
    way = trace.way[which] * zoom[picture, None]
    length = np.hypot(*way.T)
    ink = np.maximum(length, _FAINTEST)
    # Age: the share of its picture's ink that is drawn by the end of each step.
    travelled = np.cumsum(ink)
    done = travelled - (travelled - ink)[starts_of(end - begin)][picture]
    age = done / done[np.cumsum(end - begin) - 1][picture]
    # (cos 2θ, sin 2θ) = (x² - y², 2 x y) / |way|², weighted by ink
    squared = np.maximum(length**2, 1e-12)
    double = np.column_stack([way[:, 0] ** 2 - way[:, 1] ** 2, 2 * way[:, 0] * way[:, 1]])
    values = ink[:, None] * np.column_stack([np.ones_like(ink), double / squared[:, None], age])
    return _splat(middle + (size - 1) / 2, values, picture, len(strokes), size)


def _splat(at: Floats, values: Floats, picture: Ints, pictures: int, size: int) -> Features:
    """Spread values (M, C) at places (M, 2) over the four nearest pixels of their pictures."""
    # Bilinear: each of the four pixels gets the area of the opposite corner's rectangle.
    corner = np.floor(at).astype(np.int64)
    part = at - corner
    places, shares = [], []
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        places.append((picture * size + corner[:, 1] + down) * size + corner[:, 0] + right)
        x, y = np.abs((1 - right, 1 - down) - part).T
        shares.append(x * y)
    place, share = np.concatenate(places), np.concatenate(shares)
    maps = [
        np.bincount(place, share * np.tile(value, 4), minlength=pictures * size * size)
        for value in values.T
    ]
    # Channels are means over a pixel's ink once there is more than a full pixel of it, else sums.
    drawn = np.stack([m.reshape(pictures, size, size) for m in maps], 1)
    return (drawn / np.maximum(drawn[:, :1], 1.0)).astype(np.float32)


def _growing_boxes(ink: StrokeBatch, before: CanvasState) -> tuple[Floats, Floats, CanvasState]:
    """The box (low, high) around each drawing up to each of its strokes, and what is there then."""
    low, high = ink.boxes()
    most = int(ink.counts.max(initial=0)) + 1
    place = (ink.drawing_of_stroke, ranges(np.ones_like(ink.counts), ink.counts))
    lows, highs = np.full((len(ink), most, 2), np.inf), np.full((len(ink), most, 2), -np.inf)
    lows[:, 0], highs[:, 0] = before.low, before.high
    lows[place], highs[place] = low, high
    lows, highs = np.minimum.accumulate(lows, 1), np.maximum.accumulate(highs, 1)
    last = before.last.copy()
    ends = ink.points[np.cumsum(ink.sizes) - 1] if len(ink.sizes) else ink.points
    drawn = ink.counts > 0
    last[drawn] = ends[np.cumsum(ink.counts)[drawn] - 1]
    return lows[place], highs[place], CanvasState(lows[:, -1], highs[:, -1], last)


def _previous(ink: StrokeBatch, values: Floats, before: Floats) -> Floats:
    """Of each stroke (K, 2) what the stroke before it had; `before` (B, 2) for the first ones."""
    shifted = np.roll(values, 1, 0)
    drawn = ink.counts > 0
    shifted[starts_of(ink.counts)[drawn]] = before[drawn]
    return shifted


def _frame(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Centre (K, 2) and half the side (K,) of the square around a box; a point's is 1."""
    half = (high - low).max(1, initial=0) / 2
    return (low + high) / 2, np.where(half > 0, half, 1.0)


def _growth(centre: Floats, half: Floats, low: Floats, high: Floats) -> Floats:
    """How each frame differs from the one before it (K, 4): is it the first, growth, shift."""
    there = np.isfinite(low[:, 0])
    low, high = (np.where(there[:, None], corner, centre) for corner in (low, high))
    share = np.where(there, (high - low).max(1, initial=0) / 2 / half, 1.0)
    grown = -np.log(np.maximum(share, np.exp(-_LARGEST_GROWTH)))
    return np.column_stack([~there, grown, (centre - (low + high) / 2) / half[:, None]])


def _jumps(ink: StrokeBatch, before: CanvasState) -> Floats:
    """The way of the lifted pen to each stroke (K, 2)."""
    if not len(ink.sizes):
        return np.zeros((0, 2))
    begins, ends = starts_of(ink.sizes), np.cumsum(ink.sizes) - 1
    return ink.points[begins] - _previous(ink, ink.points[ends], before.last)


def _resample(points: Floats, sizes: Ints) -> tuple[Floats, Ints, Floats]:
    """Put points at equal distances along strokes, PIECE_POINTS steps to a piece.

    Returns:
        The points of all strokes, one more than steps for each; the pieces (K,) of each stroke;
        and its length (K,).
    """
    if not len(sizes):
        return points, sizes, np.zeros(0)
    starts = starts_of(sizes)
    steps = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    steps[starts] = 0
    lengths = np.add.reduceat(steps, starts)
    pieces = np.ceil(lengths / PIECE_LENGTH - 1e-9).clip(1, MOST_PIECES).astype(np.int64)
    steps[starts] = 1  # a gap, so that places along all strokes only ever grow
    along = np.cumsum(steps)
    stops = pieces * PIECE_POINTS + 1
    share = ranges(np.zeros_like(stops), stops) / np.repeat(stops - 1, stops)
    wanted = np.repeat(along[starts], stops) + share * np.repeat(lengths, stops)
    return np.column_stack([np.interp(wanted, along, axis) for axis in points.T]), pieces, lengths
