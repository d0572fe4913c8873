"""Path data by its grammar (SVG 2, chapter 9), and curves as lines.

    outline = parse_path("M 010 020 L 030 040")
    outline.flattened(Identity, tolerance=0.1)     # [(array of points, whether it is closed)]

Every segment is kept as a cubic Bézier curve, a line with its curve marked as straight, so that all
of a path become lines in a few array operations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from fontTools.misc.transform import Transform

from multimodal.errors import UserError
from multimodal.strokes.drawing import FARTHEST, Array

MOST_LINES = 2000
"""In place of one curve."""

Point: TypeAlias = tuple[float, float]
_Curve: TypeAlias = tuple[float, float, float, float, float, float, bool]  # …, whether straight

NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][-+]?\d++)?+"  # never tried in another way
_SEGMENTS = re.compile(r"\s*([MmLlHhVvCcSsQqTtAaZz])([^A-DF-Za-df-z]*)")
_TOKEN = re.compile(rf"{NUMBER}|[^\s,]")
_NUMBER, _FLAG = rf"\s*,?\s*({NUMBER})", r"\s*,?\s*([01])"
_ARC = re.compile(_NUMBER * 3 + _FLAG * 2 + _NUMBER * 2)
_LOST_COMMA = re.compile(r",\s*,|[A-DF-Za-df-z]\s*,")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}


@dataclass
class Subpath:
    """One movement of the pen.

    Attributes:
        start: where it begins.
        curves: what follows, each (x1, y1, x2, y2, x, y, whether it is a straight line).
        closed: whether it was closed by the command Z.
    """

    start: Point
    curves: list[_Curve] = field(default_factory=list)
    closed: bool = False


@dataclass
class Outline:
    """What path data draws.

    Attributes:
        subpaths: those with at least one segment.
        fault: why it ends early, empty where all was understood.
    """

    subpaths: list[Subpath]
    fault: str = ""

    @property
    def ends(self) -> Array:
        """Where its segments begin and end (n, 2)."""
        pairs = [
            point
            for path in self.subpaths
            for point in (path.start, *(curve[4:6] for curve in path.curves))
        ]
        return np.array(pairs, dtype=np.float64).reshape(-1, 2)

    @property
    def extent(self) -> float:
        """The larger side of the box around the ends of its segments."""
        return float(np.ptp(self.ends, axis=0).max()) if self.subpaths else 0.0

    def flattened(self, matrix: Transform, tolerance: float) -> list[Array]:
        """One array of points (n, 2) for every subpath; no point repeats the one before it.

        Args:
            matrix: from the path's coordinates to the page's.
            tolerance: how far a line may stray from its curve, in the page's units.

        Raises:
            UserError: a point lies too far away.
        """
        if not self.subpaths:
            return []
        starts = np.array([path.start for path in self.subpaths])
        counts = [len(path.curves) for path in self.subpaths]
        every = np.array([curve for path in self.subpaths for curve in path.curves])
        linear, shift = np.array(matrix[:4]).reshape(2, 2), np.array(matrix[4:])
        with np.errstate(invalid="ignore", over="ignore"):  # such points are refused below
            controls = every[:, :6].reshape(-1, 3, 2) @ linear + shift
            first = starts @ linear + shift
        if not max(np.abs(controls).max(), np.abs(first).max()) <= FARTHEST:  # nor NaN
            raise UserError(f"a coordinate is not finite, or beyond {FARTHEST:g}")
        ends = np.cumsum(counts)
        points, lines = _lines(controls, first, ends, every[:, 6] != 0, tolerance)
        cuts = np.concatenate([[0], lines.cumsum()])[np.concatenate([[0], ends])].tolist()
        return [
            _moving(np.concatenate([start[None], points[a:b]]))
            for start, (a, b) in zip(first, pairwise(cuts), strict=True)
        ]


def parse_path(data: str) -> Outline:
    """Read path data up to its first error (SVG 2, 9.5.4)."""
    builder = _Builder()
    fault = ""
    lost = _LOST_COMMA.search(data) if "," in data else None
    if lost is not None:
        fault = f"a comma too many after {data[: lost.start()][-20:]!r}"
        data = data[: lost.end() - 1]
    end = 0
    try:
        while match := _SEGMENTS.match(data, end):
            builder.segment(match[1], match[2])
            end = match.end()
        if data[end:].strip():
            raise ValueError(f"{data[end:].strip()[:20]!r}")
    except (ValueError, ArithmeticError) as error:
        fault = str(error)
    paths = [path for path in builder.subpaths if path.curves]
    return Outline(paths, fault and f"path data cannot be understood: {fault}")


class _Builder:
    """Follows the commands of a path."""

    def __init__(self) -> None:
        self.subpaths: list[Subpath] = []
        self.at: Point = (0.0, 0.0)
        self.cubic: Point | None = None  # the last control point, for S
        self.quadratic: Point | None = None  # for T

    def segment(self, letter: str, text: str) -> None:
        """Draw what one letter and the numbers behind it say."""
        command = letter.upper()
        if not self.subpaths and command != "M":
            raise ValueError(f"it begins with {letter!r}, not with M")
        if command == "Z":
            self._close(text)
        elif command == "A":
            self._arcs(letter, text)
        else:
            self._numbers(letter, command, text)

    def _numbers(self, letter: str, command: str, text: str) -> None:
        tokens = _TOKEN.findall(text)
        need = _ARGUMENTS[command]
        if len(tokens) < need:
            raise ValueError(f"{letter}{text[:20].rstrip()!s} has {len(tokens)} numbers of {need}")
        draw: Callable[..., None] = getattr(self, f"_{command.lower()}")
        relative = letter != command
        for begin in range(0, len(tokens), need):
            values = [_float(token, letter) for token in tokens[begin : begin + need]]
            if len(values) < need:
                raise ValueError(f"a number without its pair: {values[-1]:g}")
            if relative:
                values = self._absolute(command, values)
            draw(*values)
            if command == "M":
                draw = self._l

    def _absolute(self, command: str, values: list[float]) -> list[float]:
        x, y = self.at
        if command == "H":
            return [values[0] + x]
        if command == "V":
            return [values[0] + y]
        return [value + (y if odd % 2 else x) for odd, value in enumerate(values)]

    def _m(self, x: float, y: float) -> None:
        self.subpaths.append(Subpath((x, y)))
        self._arrive(x, y)

    def _l(self, x: float, y: float) -> None:
        self._path().append((x, y, x, y, x, y, True))
        self._arrive(x, y)

    def _h(self, x: float) -> None:
        self._l(x, self.at[1])

    def _v(self, y: float) -> None:
        self._l(self.at[0], y)

    def _c(self, x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> None:
        self._path().append((x1, y1, x2, y2, x, y, False))
        self._arrive(x, y)
        self.cubic = x2, y2

    def _s(self, x2: float, y2: float, x: float, y: float) -> None:
        self._c(*self._mirrored(self.cubic), x2, y2, x, y)

    def _q(self, x1: float, y1: float, x: float, y: float) -> None:
        x0, y0 = self.at  # a cubic curve of the same shape
        a, b = x0 + (x1 - x0) * 2 / 3, y0 + (y1 - y0) * 2 / 3
        self._c(a, b, x + (x1 - x) * 2 / 3, y + (y1 - y) * 2 / 3, x, y)
        self.cubic, self.quadratic = None, (x1, y1)

    def _t(self, x: float, y: float) -> None:
        self._q(*self._mirrored(self.quadratic), x, y)

    def _arcs(self, letter: str, text: str) -> None:
        end = 0
        while match := _ARC.match(text, end):
            rx, ry, turn, large, sweep, x, y = map(float, match.groups())
            if letter == "a":
                x, y = x + self.at[0], y + self.at[1]
            for curve in _arc(self.at, (rx, ry), turn, bool(large), bool(sweep), (x, y)):
                self._path().append(curve)
            self._arrive(x, y)
            end = match.end()
        if not end or text[end:].strip(" \t\r\n\f,"):
            raise ValueError(f"{letter}{text[end:].strip()[:30]} is no arc")

    def _close(self, text: str) -> None:
        path = self.subpaths[-1]
        if path.closed:  # a second Z closes what the first began
            path = Subpath(self.at)
            self.subpaths.append(path)
        path.curves.append((*path.start, *path.start, *path.start, True))
        path.closed = True
        self._arrive(*path.start)
        if text.strip():
            raise ValueError(f"a number behind Z: {text.strip()[:20]}")

    def _path(self) -> list[_Curve]:
        if self.subpaths[-1].closed:
            self.subpaths.append(Subpath(self.at))
        return self.subpaths[-1].curves

    def _arrive(self, x: float, y: float) -> None:
        self.at = x, y
        self.cubic = self.quadratic = None

    def _mirrored(self, control: Point | None) -> Point:
        x, y = self.at
        return (x, y) if control is None else (2 * x - control[0], 2 * y - control[1])


def _float(token: str, letter: str) -> float:
    try:
        return float(token)
    except ValueError:
        raise ValueError(f"{token!r} behind {letter}") from None


def _arc(
    start: Point, radii: Point, turn: float, large: bool, sweep: bool, end: Point
) -> Iterator[_Curve]:
    """An elliptical arc as cubic curves of at most a quarter (SVG 2, B.2)."""
    rx, ry = abs(radii[0]), abs(radii[1])
    if start == end:
        return
    if rx == 0 or ry == 0:
        yield (*end, *end, *end, True)
        return
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = (cos * dx + sin * dy) / rx, (cos * dy - sin * dx) / ry  # on the unit circle
    squared = x * x + y * y
    if squared > 1:  # too small to reach: as large as needed
        rx, ry = rx * math.sqrt(squared), ry * math.sqrt(squared)
        x, y, squared = x / math.sqrt(squared), y / math.sqrt(squared), 1.0
    away = math.sqrt(max(0.0, 1 / squared - 1)) * (-1 if large == sweep else 1)
    cx, cy = away * y, -away * x
    first = math.atan2(y - cy, x - cx)
    swept = math.atan2(-y - cy, -x - cx) - first
    if sweep and swept <= 0:
        swept += 2 * math.pi
    elif not sweep and swept >= 0:
        swept -= 2 * math.pi
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    unit = Transform(cos * rx, sin * rx, -sin * ry, cos * ry, *middle).translate(cx, cy)
    pieces = max(1, math.ceil(abs(swept) / (math.pi / 2) - 1e-9))
    step = swept / pieces
    handle = 4 / 3 * math.tan(step / 4)
    for piece in range(pieces):
        a, b = first + piece * step, first + (piece + 1) * step
        one = math.cos(a) - handle * math.sin(a), math.sin(a) + handle * math.cos(a)
        two = math.cos(b) + handle * math.sin(b), math.sin(b) - handle * math.cos(b)
        last = end if piece == pieces - 1 else unit.transformPoint((math.cos(b), math.sin(b)))
        yield (*unit.transformPoint(one), *unit.transformPoint(two), *last, False)


def _lines(
    controls: Array, first: Array, ends: Array, straight: Array, tolerance: float
) -> tuple[Array, Array]:
    """Curves (n, 3, 2), all paths one after the other, as lines.

    Returns:
        All points but the first of each path, and how many lines stand for each curve (n,).
    """
    if straight.all():
        return controls[:, 2], np.ones(len(controls), dtype=np.intp)
    before = np.concatenate([first[:1], controls[:-1, 2]])
    before[ends[:-1]] = first[1:]
    points = np.concatenate([before[:, None], controls], axis=1)  # (n, 4, 2)
    second = points[:, :-2] - 2 * points[:, 1:-1] + points[:, 2:]
    bend = np.hypot(second[..., 0], second[..., 1]).max(1)
    # Wang (1984): so many lines stray by at most the tolerance.
    lines = np.ceil(np.sqrt(0.75 * bend / tolerance)).clip(1, MOST_LINES).astype(np.intp)
    lines[straight] = 1
    whose = np.repeat(np.arange(len(lines)), lines)
    within = np.arange(1, len(whose) + 1) - np.repeat(lines.cumsum() - lines, lines)
    t = (within / lines[whose])[:, None]
    s = 1 - t
    p = points[whose]
    curve = s * s * s * p[:, 0] + 3 * s * t * (s * p[:, 1] + t * p[:, 2]) + t * t * t * p[:, 3]
    return curve, lines


def _moving(points: Array) -> Array:
    """Points without those that repeat the one before."""
    moves = (points[1:] != points[:-1]).any(1)
    return points if moves.all() else points[np.concatenate([[True], moves])]
