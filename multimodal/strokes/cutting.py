"""Strokes cut at the edges of regions: clip paths, viewports, pages.

A stroke is cut where it crosses an edge of the region; of each part, its middle says whether it
lies inside. So no polygon has to be made valid first, whatever its rings cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from multimodal.strokes.drawing import Array

Bools = npt.NDArray[np.bool_]

MAX_PAIRS = 2_000_000
"""Pairs of lines that are compared at once."""


@dataclass(frozen=True)
class Face:
    """An area within rings, which close themselves.

    Attributes:
        rings: arrays of points (n, 2).
        evenodd: whether areas alternate between outside and inside, else the rings wind.
        within: regions that cut the area further.
    """

    rings: tuple[Array, ...]
    evenodd: bool = False
    within: tuple[Region, ...] = ()

    @cached_property
    def edges(self) -> Array:
        """The lines (n, 2, 2) around the area, from one point to the next."""
        lines = [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in self.rings]
        return np.concatenate([np.zeros((0, 2, 2)), *lines])

    def holds(self, points: Array) -> Bools:
        """Which points (n, 2) lie inside."""
        winding = np.zeros(len(points), dtype=np.intp)
        for part, edges in _batches(points, self.edges):
            start, end = edges[:, 0], edges[:, 1]
            rise = end[:, 1] - start[:, 1]
            x, y = points[part, 0, None], points[part, 1, None]
            up = (start[:, 1] <= y) & (y < end[:, 1])
            down = (end[:, 1] <= y) & (y < start[:, 1])
            side = (end[:, 0] - start[:, 0]) * (y - start[:, 1]) - (x - start[:, 0]) * rise
            winding[part] += (up & (side < 0)).sum(1) - (down & (side > 0)).sum(1)
        inside: Bools = np.asarray(winding % 2 if self.evenodd else winding, dtype=np.bool_)
        for region in self.within:
            inside = inside & region.holds(points)
        return inside


@dataclass(frozen=True)
class Region:
    """Several areas as one: whatever lies in any of them.

    Attributes:
        faces: the areas; without any, nothing is inside.
        near: how far outside of an edge still counts as inside.
    """

    faces: tuple[Face, ...]
    near: float

    @cached_property
    def edges(self) -> Array:
        """All lines (n, 2, 2) at which something may be cut."""
        own = [face.edges for face in self.faces]
        further = [region.edges for face in self.faces for region in face.within]
        return np.concatenate([np.zeros((0, 2, 2)), *own, *further])

    @cached_property
    def box(self) -> tuple[Array, Array] | None:
        """Two corners of an upright rectangle; None where the region is something else."""
        if len(self.faces) != 1 or self.faces[0].within or len(self.faces[0].rings) != 1:
            return None
        (ring,) = self.faces[0].rings
        low, high = ring.min(0), ring.max(0)
        return (low, high) if covers_its_box(ring, self.near) else None

    def holds(self, points: Array) -> Bools:
        """Which points (n, 2) lie inside, or on an edge."""
        if self.box is not None:
            low, high = self.box
            within = (points >= low - self.near) & (points <= high + self.near)
            return np.asarray(within.all(1), dtype=np.bool_)
        inside: Bools = np.zeros(len(points), dtype=np.bool_)
        for face in self.faces:
            inside = inside | face.holds(points)
        outside = np.flatnonzero(~inside)
        inside[outside] = self._touches(points[outside])
        return inside

    def _touches(self, points: Array) -> Bools:
        """Which points lie on an edge of the area that nothing else cuts."""
        nearest = np.full(len(points), np.inf)
        for face in self.faces:
            if face.within:
                continue
            for part, edges in _batches(points, face.edges):
                away = _distances(points[part], edges).min(1)
                nearest[part] = np.minimum(nearest[part], away)
        touching: Bools = nearest <= self.near
        return touching


def rectangle(left: float, top: float, right: float, bottom: float) -> Face:
    """An upright rectangle.

    Args:
        left: x of the left edge.
        top: y of the upper edge.
        right: x of the right edge.
        bottom: y of the lower edge.
    """
    return Face((np.array([(left, top), (right, top), (right, bottom), (left, bottom)]),))


def covers_its_box(ring: Array, near: float) -> bool:
    """Whether a ring is the upright rectangle around it, and no other shape as large."""
    low, high = ring.min(0), ring.max(0)
    on_edge = (np.abs(ring - low) <= near) | (np.abs(ring - high) <= near)
    x, y = ring[:, 0], ring[:, 1]
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    width, height = (high - low).tolist()
    return bool(on_edge.any(1).all()) and area >= width * height - near * (width + height)


def cut(stroke: Array, regions: Iterable[Region]) -> list[Array]:
    """The parts of a stroke (n, 2) that lie in all regions, in its direction."""
    pieces = [stroke]
    for region in regions:
        pieces = [part for piece in pieces for part in _cut(piece, region)]
    return pieces


def _cut(stroke: Array, region: Region) -> list[Array]:
    if len(stroke) == 1:
        return [stroke] if region.holds(stroke)[0] else []
    if region.box is not None and region.holds(stroke).all():
        return [stroke]
    line, along = _crossings(stroke, region.edges)
    number = np.concatenate([np.arange(len(stroke)), line])
    along = np.concatenate([np.zeros(len(stroke)), along])
    order = np.lexsort((along, number))
    number, along = number[order], along[order]
    following = np.minimum(number + 1, len(stroke) - 1)
    points = stroke[number] + along[:, None] * (stroke[following] - stroke[number])
    inside = region.holds((points[:-1] + points[1:]) / 2)
    moves = (points[1:] != points[:-1]).any(1)
    return [_whole(points[a : b + 1]) for a, b in _runs(inside, moves)]


def _crossings(stroke: Array, edges: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """Where a stroke crosses edges: the numbers of its lines, and how far along each (0 to 1)."""
    begin, way = stroke[:-1], np.diff(stroke, axis=0)
    numbers, places = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for part, some in _batches(begin, edges):
        along = some[:, 1] - some[:, 0]
        gap = some[:, 0] - begin[part][:, None]
        step = way[part][:, None]
        cross = step[..., 0] * along[:, 1] - step[..., 1] * along[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (gap[..., 0] * along[:, 1] - gap[..., 1] * along[:, 0]) / cross
            u = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / cross
            hit = (t > 0) & (t < 1) & (u >= 0) & (u <= 1)
        lines, which = np.nonzero(hit)
        numbers.append(lines + part.start)
        places.append(t[lines, which])
    return np.concatenate(numbers), np.concatenate(places)


def _runs(inside: Bools, moves: Bools) -> list[tuple[int, int]]:
    """The first and last point of each run of lines inside; lines without length say nothing."""
    runs: list[tuple[int, int]] = []
    going = False
    for number, (yes, moving) in enumerate(zip(inside.tolist(), moves.tolist(), strict=True)):
        if not moving:
            if going:
                runs[-1] = runs[-1][0], number + 1
            continue
        if yes and going:
            runs[-1] = runs[-1][0], number + 1
        elif yes:
            runs.append((number, number + 1))
        going = yes
    return runs


def _whole(points: Array) -> Array:
    kept: Array = points[np.append(True, (points[1:] != points[:-1]).any(1))]
    return kept


def _batches(points: Array, edges: Array) -> Iterable[tuple[slice, Array]]:
    """Parts of the points with all edges, of a size that memory holds."""
    if not len(edges):
        return
    size = max(1, MAX_PAIRS // len(edges))
    for begin in range(0, len(points), size):
        yield slice(begin, begin + size), edges


def _distances(points: Array, edges: Array) -> Array:
    """How far each point (n, 2) lies from each edge (m, 2, 2): (n, m)."""
    along = edges[:, 1] - edges[:, 0]
    gap = points[:, None] - edges[:, 0]
    squared = (along * along).sum(1)
    part = (gap * along).sum(2) / np.where(squared > 0, squared, 1.0)
    away = gap - np.clip(part, 0, 1)[..., None] * along
    distances: Array = np.hypot(away[..., 0], away[..., 1])
    return distances


def box_of(strokes: Sequence[Array]) -> tuple[float, float, float, float]:
    """Left, top, width and height of all points; four zeros without any."""
    if not strokes:
        return 0.0, 0.0, 0.0, 0.0
    every = np.concatenate(strokes)
    left, top = every.min(0).tolist()
    width, height = np.ptp(every, axis=0).tolist()
    return left, top, width, height
