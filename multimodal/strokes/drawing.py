"""A drawing as data: strokes of points in the plane.

    drawing = Drawing([[(0, 0), (90, 10)], [(40, 40), (40, 80), (60, 80)]])
    drawing.fitted(256, 256, margin=12).simplified(2).save("mine.svg")

x grows to the right and y downwards, as on screens. A drawing never changes: every method returns
another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, Unpack

import numpy as np
import numpy.typing as npt

from multimodal.errors import UserError
from multimodal.terminal import counted

if TYPE_CHECKING:
    from multimodal.strokes.sheet import SheetOptions

Array: TypeAlias = npt.NDArray[np.float64]

FARTHEST = 1e9
"""Coordinates beyond it are refused: no drawing needs them, and nothing computed here overflows."""

LATEST = 9e18
"""Times beyond it are refused: milliseconds or nanoseconds since 1970 are not."""

MOST_POINTS = 10_000_000
"""More points than this are refused where a small input could ask for them."""


class Drawing:
    """Strokes of points, each with an optional time and pressure; immutable, equal by value.

    Args:
        strokes: one (n, 2) array-like a stroke, n at least 1: x to the right, y down, any unit.
        times: None, or one (n,) array-like a stroke, any unit and origin.
        pressures: None, or one (n,) array-like a stroke.

    Attributes:
        strokes: tuple of read-only float64 arrays (n, 2); none at all is an empty canvas.
        times: None, or a tuple of read-only float64 arrays (n,).
        pressures: None, or a tuple of read-only float64 arrays (n,).

    Raises:
        UserError: something is no number, not finite, or of a shape that cannot be.
    """

    __slots__ = ("_hash", "pressures", "strokes", "times")

    strokes: tuple[Array, ...]
    times: tuple[Array, ...] | None
    pressures: tuple[Array, ...] | None

    def __init__(
        self,
        strokes: Iterable[npt.ArrayLike],
        times: Iterable[npt.ArrayLike] | None = None,
        pressures: Iterable[npt.ArrayLike] | None = None,
    ) -> None:
        points = _points([*_each(strokes)])
        self._set("strokes", points)
        self._set("times", _beside(points, times, "times", LATEST))
        self._set("pressures", _beside(points, pressures, "pressures"))

    @property
    def points(self) -> int:
        """How many points all strokes have together."""
        return sum(map(len, self.strokes))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all points; four zeros for an empty canvas."""
        if not self.strokes:
            return 0.0, 0.0, 0.0, 0.0
        every = np.concatenate(self.strokes)
        (left, top), (right, bottom) = every.min(0).tolist(), every.max(0).tolist()
        return left, top, right, bottom

    def scaled(self, factor: float) -> Drawing:
        """Multiply every coordinate, about the origin."""
        return self._placed(lambda stroke: stroke * factor)

    def moved(self, dx: float, dy: float) -> Drawing:
        """Shift every point."""
        return self._placed(lambda stroke: stroke + np.array((dx, dy)))

    def fitted(self, width: float, height: float, margin: float = 0) -> Drawing:
        """Scale alike both ways and centre, as large as a frame with its margin allows.

        A drawing that is one point is centred and keeps its scale.

        Args:
            width: of the frame.
            height: of the frame.
            margin: on each side.

        Raises:
            UserError: the margin leaves no room.
        """
        room = np.array((width, height), dtype=np.float64) - 2 * margin
        if not (room > 0).all():
            raise UserError(f"a margin of {margin} leaves no room in a frame of {width} x {height}")
        left, top, right, bottom = self.bounds
        extent = np.array((right - left, bottom - top))
        seen = extent > 1e-9 * max(
            1.0, abs(left), abs(top)
        )  # beyond what rounding makes of a point
        factor = float((room[seen] / extent[seen]).min()) if seen.any() else 1.0
        middle = np.array((left + right, top + bottom)) / 2
        centre = np.array((width, height)) / 2
        return self._placed(lambda stroke: (stroke - middle) * factor + centre)

    def first(self, points: int) -> Drawing:
        """The beginning of the drawing, as it looked after so many points."""
        counts: list[int] = []
        for stroke in self.strokes:
            counts.append(min(len(stroke), points - sum(counts)))
            if sum(counts) >= points:
                break
        return self._picked([slice(0, count) for count in counts if count > 0])

    def simplified(self, epsilon: float) -> Drawing:
        """Leave out points, so that no stroke moves by more than `epsilon`.

        Ramer (1972), Douglas and Peucker (1973), with distances to the segment rather than to its
        line, so that the bound also holds where a stroke turns back. Quick, Draw!'s simplified form
        took epsilon 2 in a frame of 255.
        """
        return self._picked(_corners(self.strokes, epsilon))

    def resampled(self, spacing: float) -> Drawing:
        """Put points at equal distances along every stroke; its two ends stay where they are.

        Times and pressures are interpolated linearly.

        Args:
            spacing: the distance between neighbours, measured along the stroke; every stroke takes
                the nearest that divides its length.

        Raises:
            UserError: the spacing is not positive, or so small that the points would be too many.
        """
        if not spacing > 0:
            raise UserError(f"a spacing of {spacing} between points is impossible: choose more")
        ways = [_lengths(stroke) for stroke in self.strokes]
        counts = [max(1, round(min(way[-1] / spacing, MOST_POINTS))) for way in ways]
        if sum(counts) > MOST_POINTS:
            raise UserError(f"a spacing of {spacing} makes too many points of a drawing this large")
        stops = [
            np.linspace(0, way[-1], count + 1) if way[-1] else way[:1]
            for way, count in zip(ways, counts, strict=True)
        ]
        return Drawing(
            [
                np.column_stack([np.interp(at, way, axis) for axis in stroke.T])
                for at, way, stroke in zip(stops, ways, self.strokes, strict=True)
            ],
            _interpolated(stops, ways, self.times),
            _interpolated(stops, ways, self.pressures),
        )

    def save(self, path: str | Path, **options: Unpack[SheetOptions]) -> Path:
        """Write the drawing; the ending of the path says how (see `save_drawings`).

        Raises:
            UserError: an ending that is not known, or the disk refuses.
        """
        from multimodal.strokes.saving import save_drawings

        return save_drawings([self], path, **options)

    def __len__(self) -> int:
        return len(self.strokes)

    def __iter__(self) -> Iterator[Array]:
        return iter(self.strokes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drawing):
            return NotImplemented
        return self is other or (hash(self) == hash(other) and self._value() == other._value())

    def __hash__(self) -> int:
        if not hasattr(self, "_hash"):
            self._set("_hash", hash(self._value()))
        known: int = self._hash  # type: ignore[attr-defined]
        return known

    def __repr__(self) -> str:
        return f"<Drawing: {counted(len(self), 'stroke')}, {counted(self.points, 'point')}>"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a drawing never changes: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a drawing never changes: {name} cannot be deleted")

    def __reduce__(self) -> tuple[object, ...]:
        return Drawing, (self.strokes, self.times, self.pressures)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _value(self) -> tuple[object, ...]:
        columns = (self.strokes, self.times, self.pressures)
        return tuple(
            None if column is None else tuple(array.tobytes() for array in column)
            for column in columns
        )

    def _placed(self, move: Callable[[Array], Array]) -> Drawing:
        return Drawing([move(stroke) for stroke in self.strokes], self.times, self.pressures)

    def _picked(self, kept: Sequence[slice | npt.NDArray[np.intp]]) -> Drawing:
        """The first strokes, of each the points that were kept."""

        def pick(column: Sequence[Array]) -> list[Array]:
            return [array[which] for array, which in zip(column, kept, strict=False)]

        return Drawing(
            pick(self.strokes),
            None if self.times is None else pick(self.times),
            None if self.pressures is None else pick(self.pressures),
        )


def _each(strokes: Iterable[npt.ArrayLike]) -> Iterable[npt.ArrayLike]:
    if isinstance(strokes, str | bytes) or not isinstance(strokes, Iterable):
        raise UserError(f"a list with one entry a stroke expected, not {type(strokes).__name__}")
    return strokes


def _points(strokes: list[npt.ArrayLike]) -> tuple[Array, ...]:
    """Strokes as read-only arrays; those of a drawing of ours in one go."""
    ours = [stroke for stroke in strokes if _is_ours(stroke)]
    if ours and len(ours) == len(strokes):
        every: Array = np.concatenate(ours)
        every += 0.0  # as in `_frozen`
        if (np.abs(every) <= FARTHEST).all():
            every.flags.writeable = False
            ends = np.cumsum([len(stroke) for stroke in ours]).tolist()
            return tuple(every[begin:end] for begin, end in pairwise([0, *ends]))
    points = tuple(_frozen(stroke, "stroke", number) for number, stroke in enumerate(strokes, 1))
    for number, stroke in enumerate(points, 1):
        if stroke.ndim != 2 or stroke.shape[1] != 2 or not len(stroke):
            raise UserError(
                f"stroke {number} has the shape {stroke.shape}: points of x and y expected"
            )
    return points


def _is_ours(stroke: npt.ArrayLike) -> TypeGuard[Array]:
    return (
        isinstance(stroke, np.ndarray)
        and stroke.dtype == np.float64
        and stroke.ndim == 2
        and stroke.shape[1] == 2
        and len(stroke) > 0
    )


def _frozen(values: npt.ArrayLike, name: str, number: int, most: float = FARTHEST) -> Array:
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError, RecursionError):
        raise UserError(f"{name} {number} is ragged: its points differ in length") from None
    if array.dtype.kind not in "iuf" and array.size:
        raise UserError(f"{name} {number} holds something else than numbers")
    frozen: Array = np.array(array, dtype=np.float64)
    frozen += 0.0  # one zero: −0 would differ in its bytes
    if not (np.abs(frozen) <= most).all():
        raise UserError(f"{name} {number} holds a value that is not finite, or beyond {most:g}")
    frozen.flags.writeable = False
    return frozen


def _beside(
    strokes: tuple[Array, ...],
    columns: Iterable[npt.ArrayLike] | None,
    name: str,
    most: float = FARTHEST,
) -> tuple[Array, ...] | None:
    if columns is None:
        return None
    frozen = tuple(
        _frozen(column, name, number, most) for number, column in enumerate(_each(columns), 1)
    )
    if [column.shape for column in frozen] != [(len(stroke),) for stroke in strokes]:
        raise UserError(f"the {name} do not match the strokes: one for every point expected")
    return frozen


def _corners(strokes: Sequence[Array], epsilon: float) -> list[npt.NDArray[np.intp]]:
    """Which points of every stroke stay; the spans of all strokes are halved side by side."""
    if not strokes:
        return []
    points = np.concatenate(strokes)
    ends = np.cumsum([len(stroke) for stroke in strokes])
    starts = ends - [len(stroke) for stroke in strokes]
    kept = np.zeros(len(points), dtype=bool)
    kept[starts] = kept[ends - 1] = True
    first, last = starts, ends - 1
    while (wide := last - first > 1).any():
        first, last = first[wide], last[wide]
        inside = last - first - 1
        begins = inside.cumsum() - inside
        span = np.repeat(np.arange(len(inside)), inside)
        away = _distances(
            points[np.arange(len(span)) + (first + 1 - begins)[span]],
            points[first][span],
            points[last][span],
        )
        most = np.maximum.reduceat(away, begins)
        (hits,) = np.nonzero(away == most[span])
        spans, which = np.unique(span[hits], return_index=True)
        farthest = first[spans] + 1 + hits[which] - begins[spans]
        bent = most > epsilon
        corners = farthest[bent]
        kept[corners] = True
        first, last = (
            np.concatenate([first[bent], corners]),
            np.concatenate([corners, last[bent]]),
        )
    return [np.flatnonzero(kept[a:b]) for a, b in zip(starts, ends, strict=True)]


def _distances(points: Array, starts: Array, ends: Array) -> Array:
    """How far points (n, 2) are from the segment of each: from `starts` to `ends` (n, 2)."""
    along = ends - starts
    from_start = points - starts
    squared = (along * along).sum(1)
    part = (from_start * along).sum(1) / np.where(squared, squared, 1.0)
    away = from_start - np.clip(part, 0, 1)[:, None] * along
    distances: Array = np.hypot(away[:, 0], away[:, 1])
    return distances


def _lengths(stroke: Array) -> Array:
    """How long the stroke is up to each of its points (n,)."""
    steps = np.diff(stroke, axis=0)
    return np.concatenate([[0.0], np.hypot(steps[:, 0], steps[:, 1]).cumsum()])


def _interpolated(
    stops: list[Array], ways: list[Array], columns: tuple[Array, ...] | None
) -> list[Array] | None:
    if columns is None:
        return None
    return [np.interp(*three) for three in zip(stops, ways, columns, strict=True)]
