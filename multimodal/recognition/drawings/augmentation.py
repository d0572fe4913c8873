"""Every drawing as somebody else might have drawn it."""

from __future__ import annotations

import numpy as np

from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.drawings.stroke_batch import StrokeBatch, ranges, starts_of

# Of strokes.
_DROPPED, _SWAPPED, _REVERSED, _SPLIT = 0.06, 0.06, 0.1, 0.05
_STROKE_SHIFT, _STROKE_STRETCH, _STROKE_TURN = 0.025, 0.08, 0.06
# Of whole drawings; lengths are shares of a drawing's larger side, angles are radians.
_TURN, _SHEAR, _STRETCH = 0.15, 0.15, 0.18
_WARP, _WAVES = 0.02, 3.0
_JITTER = 0.004


def augment(ink: StrokeBatch, random: np.random.Generator) -> StrokeBatch:
    """Change drawings at random: how strokes follow each other, and where every point is.

    Strokes are left out, swapped with their neighbours, drawn from the other end or interrupted;
    each is shifted, turned and stretched a little; and the whole is mirrored, turned, sheared,
    stretched and warped by slow waves.
    """
    return _moved(_reversed(_interrupted(_reordered(ink, random), random), random), random)


def _reordered(ink: StrokeBatch, random: np.random.Generator) -> StrokeBatch:
    """Leave strokes out, but never a drawing's longest, and swap some with the next one."""
    drawing, strokes = ink.drawing_of_stroke, len(ink.sizes)
    low, high = ink.boxes()
    extent = np.hypot(*(high - low).T)
    largest = np.lexsort((extent, drawing))[np.cumsum(ink.counts) - 1]
    kept = random.random(strokes) >= _DROPPED
    kept[largest] = True
    place = np.arange(strokes) + 1.5 * (random.random(strokes) < _SWAPPED)
    order = np.lexsort((place, drawing))
    order = order[kept[order]]
    return ink.rearranged(order, np.bincount(drawing[order], minlength=len(ink)))


def _interrupted(ink: StrokeBatch, random: np.random.Generator) -> StrokeBatch:
    """Lift the pen in the middle of some strokes, and go on from the same point."""
    splits = (random.random(len(ink.sizes)) < _SPLIT) & (ink.sizes >= 3)
    inside = 1 + (random.random(len(ink.sizes)) * (ink.sizes - 2)).astype(np.int64)
    twice = (starts_of(ink.sizes) + inside)[splits]
    repeats = np.ones(len(ink.points), dtype=np.int64)
    repeats[twice] = 2
    sizes = np.repeat(ink.sizes, 1 + splits)
    first = np.flatnonzero(splits) + np.arange(splits.sum())
    sizes[first], sizes[first + 1] = inside[splits] + 1, (ink.sizes - inside)[splits]
    counts = np.bincount(ink.drawing_of_stroke, 1 + splits, len(ink)).astype(np.int64)
    return StrokeBatch(np.repeat(ink.points, repeats, 0), sizes, counts)


def _reversed(ink: StrokeBatch, random: np.random.Generator) -> StrokeBatch:
    """Draw some strokes from their other end."""
    other_way = (random.random(len(ink.sizes)) < _REVERSED)[ink.stroke_of_point]
    forth = ranges(np.zeros_like(ink.sizes), ink.sizes)
    starts, sizes = (np.repeat(each, ink.sizes) for each in (starts_of(ink.sizes), ink.sizes))
    return StrokeBatch(
        ink.points[starts + np.where(other_way, sizes - 1 - forth, forth)], ink.sizes, ink.counts
    )


def _moved(ink: StrokeBatch, random: np.random.Generator) -> StrokeBatch:
    low, high = ink.boxes()
    firsts = starts_of(ink.counts)
    low, high = np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts)
    side = np.maximum((high - low).max(1), 1e-9)
    drawing = ink.drawing_of_stroke[ink.stroke_of_point]
    points = (ink.points - ((low + high) / 2)[drawing]) / side[drawing, None]
    points = _strokes_moved(points, ink, random)
    points = points + _waves(points, drawing, len(ink), random)
    points = points + _JITTER * random.standard_normal(points.shape)
    matrices = _matrices(random, len(ink), _TURN, _SHEAR, _STRETCH)
    matrices[:, 0] *= random.choice((-1.0, 1.0), (len(ink), 1))
    return StrokeBatch(_times(matrices[drawing], points), ink.sizes, ink.counts)


def _strokes_moved(points: Floats, ink: StrokeBatch, random: np.random.Generator) -> Floats:
    """Shift, turn and stretch each stroke on its own."""
    stroke, strokes = ink.stroke_of_point, len(ink.sizes)
    centre = np.add.reduceat(points, starts_of(ink.sizes)) / ink.sizes[:, None]
    matrices = _matrices(random, strokes, _STROKE_TURN, 0.0, _STROKE_STRETCH)
    shift = _STROKE_SHIFT * random.standard_normal((strokes, 2))
    return _times(matrices[stroke], points - centre[stroke]) + (centre + shift)[stroke]


def _waves(points: Floats, drawing: Ints, drawings: int, random: np.random.Generator) -> Floats:
    """A slow wave in each of the two directions, along a direction of its own (P, 2)."""
    along = _WAVES * random.standard_normal((drawings, 2, 2))
    phase = random.uniform(0, 2 * np.pi, (drawings, 2))
    height = _WARP * random.standard_normal((drawings, 2)) * 2
    return height[drawing] * np.sin(_times(along[drawing], points) + phase[drawing])


def _matrices(
    random: np.random.Generator, count: int, turn: float, shear: float, stretch: float
) -> Floats:
    """Random linear maps near the identity (count, 2, 2); the arguments are standard deviations."""
    angle, slant = turn * random.standard_normal(count), shear * random.standard_normal(count)
    wide, high = np.exp(stretch * random.standard_normal((2, count)))
    cos, sin = np.cos(angle), np.sin(angle)
    rows = [[wide * cos, wide * (slant * cos - sin)], [high * sin, high * (slant * sin + cos)]]
    return np.moveaxis(np.array(rows), 2, 0)


def _times(matrices: Floats, points: Floats) -> Floats:
    product: Floats = np.einsum("pij,pj->pi", matrices, points)
    return product
