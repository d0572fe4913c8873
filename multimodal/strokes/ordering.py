"""An order of strokes with little way between them.

Ends of strokes that are near each other are linked first, the nearest before all others, as long as
no circle closes (the greedy matching of Bentley, 1992); the chains that remain are visited from the
nearest to the nearest. Then runs of strokes are turned (2-opt: Croes, 1958) or moved elsewhere
(Or, 1976) wherever that saves way: between near neighbours, and twice between all.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import product

import numpy as np

from multimodal.strokes.drawing import Array

NEIGHBOURS, MOST_IN_CELL, LONGEST_MOVED = 8, 32, 3
"""Ends that are looked at from each, found in cells of at most so many; strokes moved as one."""

ROUNDS, LONGEST_RUN, MANY = 2, 500, 5000
"""How often all runs are tried for a turn, whatever is near (of more strokes than the last number,
once), and how long they may be."""

_LEAST = 1e-9


def shortest_order(ends: Array) -> tuple[list[int], list[bool]]:
    """The order of strokes for a pen that begins at the origin, and which of them are turned.

    Args:
        ends: start and end of each stroke (n, 2, 2).
    """
    points = [complex(x, y) for x, y in ends.reshape(-1, 2).tolist()]
    near = _neighbours(points)
    tour = _Tour(points, near, _visited(points, _chains(points, near)))
    tour.improve()
    tour = _Tour(points, near, _all_turned(ends, tour.enters))
    tour.improve()
    return [end // 2 for end in tour.enters], [end % 2 == 1 for end in tour.enters]


def _all_turned(ends: Array, enters: list[int]) -> list[int]:
    """Turn runs wherever that gains most, again and again."""
    enters = list(enters)
    path = ends.reshape(-1, 2)[np.array(enters)[:, None] ^ (0, 1)]
    for _ in range(ROUNDS if len(path) <= MANY else 1):
        gained = False
        for first in range(len(path)):
            before = path[first - 1, 1] if first else np.zeros(2)
            following = path[first + 1 : first + 1 + LONGEST_RUN, 0]
            gain = _gains(before, path[first : first + LONGEST_RUN], following)
            run = slice(first, first + int(gain.argmax()) + 1)
            if gain.max() > _LEAST:
                gained = True
                path[run] = path[run][::-1, ::-1].copy()
                enters[run] = [end ^ 1 for end in reversed(enters[run])]
        if not gained:
            break
    return enters


def _gains(before: Array, run: Array, following: Array) -> Array:
    """What is gained by turning the first one, two, … strokes of a run as one.

    Args:
        before: where the pen comes from, (2,).
        run: start and end of each stroke (n, 2, 2).
        following: where the stroke after each of them starts: (n, 2), or (n - 1, 2) at the end.
    """
    starts, stops = run[:, 0], run[:, 1]
    gains = _distance(before, starts[0]) - _distance(before, stops)
    gains[: len(following)] += _distance(stops[: len(following)], following)
    gains[: len(following)] -= _distance(starts[0], following)
    return gains


def _distance(a: Array, b: Array) -> Array:
    away = a - b
    distance: Array = np.hypot(away[..., 0], away[..., 1])
    return distance


def _neighbours(points: Sequence[complex]) -> list[list[int]]:
    """The nearest other ends of each end, by a grid of cells with about two ends each."""
    xs, ys = [p.real for p in points], [p.imag for p in points]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    size = max(math.sqrt(width * height * 2 / len(points)), max(width, height) * 1e-3, 1e-9)
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    places = [(int(p.real // size), int(p.imag // size)) for p in points]
    for end, place in enumerate(places):
        cells[place].append(end)
    around = {
        (column, row): [
            end
            for dx, dy in product((-1, 0, 1), repeat=2)
            for end in cells.get((column + dx, row + dy), [])[:MOST_IN_CELL]
        ]
        for column, row in cells
    }
    found: list[list[int]] = []
    for end, (point, place) in enumerate(zip(points, places, strict=True)):
        others = [other for other in around[place] if other // 2 != end // 2]
        others.sort(key=lambda other: abs(points[other] - point))
        found.append(others[:NEIGHBOURS])
    return found


def _chains(points: Sequence[complex], near: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strokes linked at near ends, as the ends at which each is entered."""
    links = sorted(
        (abs(points[a] - points[b]), a, b) for a, others in enumerate(near) for b in others if a < b
    )
    linked: dict[int, int] = {}
    root = list(range(len(points) // 2))
    for _, a, b in links:
        one, other = _root(root, a // 2), _root(root, b // 2)
        if a not in linked and b not in linked and one != other:
            linked[a], linked[b] = b, a
            root[one] = other
    chains: list[list[int]] = []
    seen: set[int] = set()
    for end in range(len(points)):
        if end in linked or end // 2 in seen:
            continue
        chain = [end]
        while (following := linked.get(chain[-1] ^ 1)) is not None:
            chain.append(following)
        seen.update(entry // 2 for entry in chain)
        chains.append(chain)
    return chains


def _root(root: list[int], stroke: int) -> int:
    while root[stroke] != stroke:
        root[stroke] = stroke = root[root[stroke]]
    return stroke


def _visited(points: Sequence[complex], chains: Sequence[list[int]]) -> list[int]:
    """All chains one after the other, each from whichever end is nearer."""
    tips = np.array([(points[chain[0]], points[chain[-1] ^ 1]) for chain in chains])
    place, tour = 0j, list[int]()
    for _ in chains:
        which, back = divmod(int(np.abs(tips - place).argmin()), 2)
        chain = chains[which]
        tour += [entry ^ 1 for entry in reversed(chain)] if back else chain
        place = complex(tips[which, 1 - back])
        tips[which] = np.inf
    return tour


class _Tour:
    """Strokes in an order, each entered at one of its ends.

    Args:
        points: of the ends; those of stroke n are 2n and 2n + 1.
        near: of each end, the ends to look at.
        enters: the ends at which strokes are entered, in the order of the strokes.
    """

    def __init__(
        self, points: Sequence[complex], near: Sequence[Sequence[int]], enters: list[int]
    ) -> None:
        self.points = points
        self.near = near
        self.enters = enters
        self.place = [0] * (len(points) // 2)
        self._number(0, len(enters))

    def improve(self) -> None:
        """Turn and move runs until nothing near saves way."""
        waiting = deque(end // 2 for end in self.enters)
        is_waiting = [True] * len(self.enters)
        left = 60 * len(self.enters)  # of tries; each saves way, so that they end in any case
        while waiting and left:
            left -= 1
            stroke = waiting.popleft()
            is_waiting[stroke] = False
            for changed in self._turned(stroke) or self._moved(stroke):
                if not is_waiting[changed]:
                    is_waiting[changed] = True
                    waiting.append(changed)

    def _gap(self, number: int) -> tuple[complex, complex] | None:
        """From where to where the pen goes before the stroke at a place; None behind the last."""
        if number >= len(self.enters):
            return None
        before = self.points[self.enters[number - 1] ^ 1] if number else 0j
        return before, self.points[self.enters[number]]

    def _way(self, a: complex, number: int) -> float:
        """How far it is from a point to the stroke at a place; nothing behind the last."""
        if number >= len(self.enters):
            return 0.0
        return abs(self.points[self.enters[number]] - a)

    def _number(self, first: int, last: int) -> None:
        for number in range(first, last):
            self.place[self.enters[number] // 2] = number

    def _turned(self, stroke: int) -> list[int]:
        """Turn the run that begins or ends with a stroke's neighbour; the strokes at its ends."""
        points, enters = self.points, self.enters
        at = self.place[stroke]
        leave = points[enters[at] ^ 1]  # a run right behind this stroke
        ahead = self._way(leave, at + 1)
        for end in self.near[enters[at] ^ 1]:
            gap = abs(points[end] - leave)
            if gap >= ahead:
                break
            other = self.place[end // 2]
            if other > at and end == enters[other] ^ 1:
                before = ahead + self._way(points[end], other + 1)
                after = gap + self._way(points[enters[at + 1]], other + 1)
                if before - after > _LEAST:
                    return self._turn(at + 1, other)
        enter = points[enters[at]]  # a run right before this stroke
        gap_before = self._gap(at)
        behind = abs(gap_before[1] - gap_before[0]) if gap_before else 0.0
        for end in self.near[enters[at]]:
            gap = abs(points[end] - enter)
            if gap >= behind:
                break
            other = self.place[end // 2]
            if other < at and end == enters[other]:
                start = points[enters[other - 1] ^ 1] if other else 0j
                before = behind + abs(points[end] - start)
                after = gap + abs(points[enters[at - 1] ^ 1] - start)
                if before - after > _LEAST:
                    return self._turn(other, at - 1)
        return self._turned_tail(at)

    def _turned_tail(self, at: int) -> list[int]:
        """Turn everything from a stroke to the last, behind which the pen is free."""
        start = self.points[self.enters[at - 1] ^ 1] if at else 0j
        saved = self._way(start, at) - abs(self.points[self.enters[-1] ^ 1] - start)
        return self._turn(at, len(self.enters) - 1) if saved > _LEAST else []

    def _turn(self, first: int, last: int) -> list[int]:
        enters = self.enters
        enters[first : last + 1] = [end ^ 1 for end in reversed(enters[first : last + 1])]
        self._number(first, last + 1)
        return self._around(first, last + 1)

    def _around(self, *places: int) -> list[int]:
        """The strokes beside gaps."""
        beside = {place for gap in places for place in (gap - 1, gap)}
        return [self.enters[place] // 2 for place in beside if 0 <= place < len(self.enters)]

    def _moved(self, stroke: int) -> list[int]:
        """Move a short run that begins or ends with a stroke to where it costs less."""
        at = self.place[stroke]
        for length in range(1, LONGEST_MOVED + 1):
            for first in {at, at - length + 1}:
                if first >= 0 and first + length <= len(self.enters):
                    changed = self._move_run(first, first + length)
                    if changed:
                        return changed
        return []

    def _move_run(self, first: int, last: int) -> list[int]:
        """Move the strokes from one place up to another, if that saves way."""
        points, enters = self.points, self.enters
        head, tail = enters[first], enters[last - 1] ^ 1
        before = points[enters[first - 1] ^ 1] if first else 0j
        saved = abs(points[head] - before) + self._way(points[tail], last)
        saved -= self._way(before, last)
        if saved <= _LEAST:
            return []
        for one, other in ((head, tail), (tail, head)):
            for end in self.near[one]:
                gap = abs(points[end] - points[one])
                if gap >= saved:
                    break
                place = self.place[end // 2]
                if first <= place < last:
                    continue
                behind = end != enters[place]  # the run comes behind that stroke, else before it
                target = place + 1 if behind else place
                if target in (first, last):
                    continue
                if behind:
                    cost = gap + self._way(points[other], target) - self._way(points[end], target)
                else:
                    start = points[enters[place - 1] ^ 1] if place else 0j
                    cost = gap + abs(points[other] - start) - abs(points[end] - start)
                if saved - cost > _LEAST:
                    return self._move(first, last, target, turned=behind != (one == head))
        return []

    def _move(self, first: int, last: int, target: int, *, turned: bool) -> list[int]:
        enters = self.enters
        run = enters[first:last]
        if turned:
            run = [end ^ 1 for end in reversed(run)]
        if target > last:
            enters[first:target] = enters[last:target] + run
            low, high, moved = first, target, target - len(run)
        else:
            enters[target:last] = run + enters[target:first]
            low, high, moved = target, last, target + len(run)
        self._number(low, high)
        return self._around(low, moved, high)
