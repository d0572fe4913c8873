"""A pad to draw on: mouse, touch, pen or keyboard → a `Drawing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.element import Element
from demo.limits import Limits
from demo.shared import shown_politely
from multimodal.errors import UserError
from multimodal.strokes import Drawing, from_points, to_points


@dataclass(frozen=True)
class Endings:
    """Strokes to show faintly behind an unfinished drawing, for somebody to choose from.

    Attributes:
        begun: the unfinished drawing; a pad that shows another by now leaves the endings aside.
        strokes: what each ending adds to it.
    """

    begun: Drawing
    strokes: tuple[Drawing, ...]


class StrokePad(Element):
    """A sheet of paper in the browser.

    Its value is [[[x, y, t, pressure], …], …]: a list of points for each stroke, in units of the
    pad, milliseconds and shares of the full pressure. As an input it gives a `Drawing`, as an
    output it takes one, or `Endings` of the one that it shows.

    Args:
        label: what screen readers call it.
        limits: how many strokes and points it takes.
        hint: what is written on it while it is empty.
        size: its width and height, in its own units; it is shown as wide as there is room.
        pen: the width of its lines, as a multiple of the usual one.
        **options: of `gr.HTML`.
    """

    def __init__(
        self,
        label: str = "Pad",
        *,
        limits: Limits | None = None,
        hint: str = "Draw here",
        size: tuple[int, int] = (600, 600),
        pen: float = 1.0,
        **options: Any,
    ) -> None:
        self.limits = limits or Limits()
        super().__init__(
            "pad",
            label,
            hint=hint,
            width=size[0],
            height=size[1],
            pen=pen,
            most_strokes=self.limits.strokes,
            most_points=self.limits.points,
            **options,
        )

    def preprocess(self, payload: Any) -> Drawing:
        """The drawing that a browser or a client sends.

        Raises:
            gr.Error: it is no drawing, or too large.
        """
        with shown_politely():
            return read_pad(payload, self.limits)

    def postprocess(self, value: Any) -> Any:
        """What the browser is sent: strokes, or endings."""
        if isinstance(value, Endings):
            endings = [to_points(ending) for ending in value.strokes]
            return {"of": value.begun.points, "endings": endings}
        return to_points(value) if isinstance(value, Drawing) else value

    def api_info(self) -> dict[str, Any]:
        """The value in the words of JSON schema."""
        point = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 4}
        return {
            "type": "array",
            "items": {"type": "array", "items": point},
            "description": "strokes, each a list of points [x, y] or [x, y, milliseconds, pressure]"
            "; x to the right, y down",
        }

    def example_payload(self) -> Any:
        """A drawing of two strokes."""
        return [[[120, 80], [480, 80], [300, 420], [120, 80]], [[300, 420], [300, 560]]]

    def example_value(self) -> Any:
        """The same."""
        return self.example_payload()


def read_pad(strokes: Any, limits: Limits) -> Drawing:
    """Strokes from anybody as a drawing; an empty canvas for none.

    Raises:
        UserError: it is no drawing, or larger than the limits allow.
    """
    if isinstance(strokes, Sequence) and not isinstance(strokes, str):
        points = sum(len(stroke) for stroke in strokes if isinstance(stroke, Sequence))
        if len(strokes) > limits.strokes or points > limits.points:
            raise UserError(
                f"The drawing has {len(strokes):,} strokes and {points:,} points. Please keep it to"
                f" {limits.strokes:,} strokes and {limits.points:,} points."
            )
    return from_points([] if strokes is None else strokes)
