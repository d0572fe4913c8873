"""Strokes that touch, drawn without lifting the pen between them.

Ends of strokes are the nodes of a graph, strokes its edges. As few movements as can be draw all of
a connected part: one for every two nodes with an odd number of strokes, or a single one (Euler,
1736; the trails are found by Hierholzer's way, 1873, with edges that join odd nodes and are then
taken out).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import numpy as np

from multimodal.strokes.drawing import Array, Drawing

_Step = tuple[int, int]
"""An edge, and 1 where it is drawn backwards; edges beyond the strokes are movements of no pen."""


def merged(drawing: Drawing, near: float) -> Drawing:
    """Join strokes at their ends, whatever their order and direction.

    What is drawn stays the same; times and pressures are dropped, for they would be wrong.

    Args:
        drawing: any.
        near: how far apart ends may lie that count as one; the pen goes straight from one to the
            other.
    """
    strokes = drawing.strokes
    ends = np.array([stroke[[0, -1]] for stroke in strokes]).reshape(-1, 2)
    nodes = _nodes(ends, near)
    edges = [(nodes[2 * number], nodes[2 * number + 1]) for number in range(len(strokes))]
    return Drawing([_drawn(trail, strokes) for trail in _trails(edges)])


def _nodes(ends: Array, near: float) -> list[int]:
    """The number of the node of each end (n,): ends within reach of each other share it."""
    if near <= 0:
        known: dict[tuple[float, float], int] = {}
        return [known.setdefault((x, y), len(known)) for x, y in ends.tolist()]
    cells: dict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
    numbers: list[int] = []
    count = 0
    for x, y in ends.tolist():
        column, row = math.floor(x / near), math.floor(y / near)
        beside = (
            entry
            for dx, dy in product((-1, 0, 1), repeat=2)
            for entry in cells.get((column + dx, row + dy), ())
        )
        gaps = [(math.hypot(x - a, y - b), number) for a, b, number in beside]
        gap, number = min(gaps, default=(math.inf, 0))
        if gap > near:
            number, count = count, count + 1
            cells[column, row].append((x, y, number))
        numbers.append(number)
    return numbers


def _trails(edges: Sequence[tuple[int, int]]) -> list[list[_Step]]:
    """Walks that take every edge once, as few as can be."""
    links: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # node → edge, way, other end
    for number, (a, b) in enumerate(edges):
        links[a].append((number, 0, b))
        links[b].append((number, 1, a))
    pairs = _odd_pairs(links)
    for number, (a, b) in enumerate(pairs, len(edges)):
        links[a].append((number, 0, b))
        links[b].append((number, 1, a))
    used = [False] * (len(edges) + len(pairs))
    trails: list[list[_Step]] = []
    for node in [*links]:
        circuit = _circuit(node, links, used)
        if circuit:
            trails += _split(circuit, len(edges))
    return trails


def _odd_pairs(links: dict[int, list[tuple[int, int, int]]]) -> list[tuple[int, int]]:
    """The nodes of odd degree two by two, each pair in one connected part."""
    pairs: list[tuple[int, int]] = []
    seen: set[int] = set()
    for start in links:
        if start in seen:
            continue
        seen.add(start)
        part = [start]
        for node in part:
            fresh = {other for _, _, other in links[node]} - seen
            seen |= fresh
            part += sorted(fresh)
        odd = [node for node in part if len(links[node]) % 2]
        pairs += zip(odd[1::2], odd[2::2], strict=False)
        pairs += [(odd[0], odd[-1])] if odd else []
    return pairs


def _circuit(
    start: int, links: dict[int, list[tuple[int, int, int]]], used: list[bool]
) -> list[_Step]:
    """A closed walk over all edges that are connected with a node and not yet used."""
    way: list[tuple[int, _Step | None]] = [(start, None)]
    circuit: list[_Step] = []
    while way:
        node, step = way[-1]
        while links[node] and used[links[node][-1][0]]:
            links[node].pop()
        if links[node]:
            edge, back, other = links[node].pop()
            used[edge] = True
            way.append((other, (edge, back)))
        else:
            way.pop()
            if step is not None:
                circuit.append(step)
    return circuit[::-1]


def _split(circuit: list[_Step], strokes: int) -> list[list[_Step]]:
    """A closed walk as walks without the edges that no pen draws."""
    cuts = [at for at, (edge, _) in enumerate(circuit) if edge >= strokes]
    if not cuts:
        return [circuit]
    turned = circuit[cuts[0] + 1 :] + circuit[: cuts[0] + 1]
    trails: list[list[_Step]] = [[]]
    for step in turned:
        if step[0] >= strokes:
            trails.append([])
        else:
            trails[-1].append(step)
    return [trail for trail in trails if trail]


def _drawn(trail: list[_Step], strokes: Sequence[Array]) -> Array:
    if len(trail) == 1:
        ((only, back),) = trail
        return strokes[only][::-1] if back else strokes[only]
    points = np.concatenate([strokes[edge][:: -1 if back else 1] for edge, back in trail])
    whole: Array = points[np.append(True, (points[1:] != points[:-1]).any(1))]
    return whole
