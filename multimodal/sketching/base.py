"""A prompt → drawings, and an unfinished drawing → endings: all of it that needs no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from multimodal.errors import UserError, offered
from multimodal.sketching.options import DrawingChanges, DrawingOptions
from multimodal.sketching.prompts import parse_prompt
from multimodal.sketching.scenes import draw_prompt
from multimodal.sketching.sequences import Rows, continued, rows_of
from multimodal.strokes import Drawing

SCALES_IN_FRAME = 8.2  # the larger side of Quick, Draw!'s frame, in standard deviations of offsets


class SketcherBase(ABC):
    """A category becomes drawings.

    Attributes:
        categories: what it draws, in the order of their numbers.
        scale: the unit of the network's offsets, in the units of drawings.
        limit: N_max, the most rows of a drawing that the network learnt from.
        options: how points are drawn, unless a call says otherwise.
    """

    categories: tuple[str, ...]
    scale: float
    limit: int
    options: DrawingOptions

    @abstractmethod
    def _draw_labelled(
        self, labels: Sequence[int], numbers: Sequence[int], options: DrawingOptions
    ) -> Iterable[Drawing]:
        """Draw categories by their numbers; each drawing by a number of its own for its seed."""

    @abstractmethod
    def _endings(
        self, begun: Rows, n: int, label: int, room: int, options: DrawingOptions
    ) -> Iterable[Rows]:
        """The rows of n endings of a drawing, at most `room` each, the best first."""

    @property
    def frame(self) -> float:
        """How large drawings are, on their larger side."""
        return SCALES_IN_FRAME * self.scale

    def draw(self, prompt: str, count: int = 1, **changes: Unpack[DrawingChanges]) -> list[Drawing]:
        """Draw a prompt, such as "three ducks under an umbrella".

        Args:
            prompt: what to draw, in the language of `prompts`; a category is the simplest one.
            count: how many drawings, each of the whole prompt.
            **changes: fields of DrawingOptions for this call.

        Returns:
            The drawings; one of a single thing begins at the origin. The n-th depends on the seed
            and n, and not on how many others are drawn.

        Raises:
            UserError: the prompt cannot be drawn, or an option is unknown or out of range.
        """
        return draw_prompt(self, parse_prompt(prompt, self.categories), count, **changes)

    def draw_many(
        self, wanted: Sequence[tuple[str, int]], **changes: Unpack[DrawingChanges]
    ) -> list[list[Drawing]]:
        """Draw so many of each category, all at once; see `draw`.

        A category that is asked for twice goes on counting, so that no two drawings are the same.
        """
        options = self._changed(changes)
        drawn: Counter[int] = Counter()
        labels: list[int] = []
        numbers: list[int] = []
        for category, count in wanted:
            if count < 1:
                raise UserError(f"{category}: at least one must be drawn, not {count}")
            label = self._label(category)
            labels += [label] * count
            numbers += range(drawn[label], drawn[label] + count)
            drawn[label] += count
        found = iter(self._draw_labelled(labels, numbers, options))
        return [[next(found) for _ in range(count)] for _, count in wanted]

    def complete(
        self,
        drawing: Drawing,
        n: int = 1,
        category: str | None = None,
        **changes: Unpack[DrawingChanges],
    ) -> list[Drawing]:
        """Finish an unfinished drawing in several ways.

        Args:
            drawing: its strokes stay exactly as they are; the pen is taken as lifted after the
                last.
            n: how many ways.
            category: what it is to become; None for what it looks like.
            **changes: fields of DrawingOptions for this call.

        Returns:
            Whole drawings, first the ending that most clearly belongs to the category; where that
            is not given, the likeliest, by nats per point.

        Raises:
            UserError: the drawing is empty or has no room left, or as for `draw`.
        """
        options = self._changed(changes)
        begun = rows_of(drawing)
        room = self.limit - len(begun)
        if room < 1:
            raise UserError(f"a drawing of {len(begun)} points and more cannot be gone on with")
        if n < 1:
            raise UserError(f"n: must be at least 1, not {n}")
        label, most = self._label(category), min(options.max_points or room, room)
        return [continued(drawing, rows) for rows in self._endings(begun, n, label, most, options)]

    def _changed(self, changes: Mapping[str, Any]) -> DrawingOptions:
        return self.options.changed(changes)

    def _label(self, category: str | None) -> int:
        if category in self.categories:
            return self.categories.index(category)
        if category is None:
            return len(self.categories)
        raise UserError(f"no category {category!r}; {offered(category, self.categories)}")
