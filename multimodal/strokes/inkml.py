"""InkML (W3C 2011): strokes of digital ink, as note-taking programs and data sets write them.

    <ink xmlns="http://www.w3.org/2003/InkML">
      <annotation type="truth">Dear Anna</annotation>
      <trace>12 30, 14 33, 17 40</trace>
    </ink>

A file is one drawing: all its traces in their order, those in `definitions` left out. Each trace
has the channels of its own context. X and Y are drawn, T and F are times and pressures; others are
skipped, and so are traces of a pen in the air. A trace that continues another is one stroke with
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multimodal.errors import UserError
from multimodal.strokes.drawing import Array, Drawing
from multimodal.strokes.inkml_trace import parse_trace
from multimodal.strokes.ndjson import Record
from multimodal.strokes.xml_tree import Element, Language, read_xml

INKML = Language("InkML", "ink", "http://www.w3.org/2003/InkML", texts=("trace", "annotation"))
TRUTHS = ("truth", "label", "transcription")
"""Types of annotations that say what was written."""

MOST_REFERENCES = 20
"""From one context to another: more of them go round in a circle."""

_METRES = {
    "m": 1.0, "cm": 1e-2, "mm": 1e-3, "in": 0.0254, "pt": 0.0254 / 72, "pc": 0.0254 / 6,
    "himetric": 1e-5,
}  # fmt: skip


@dataclass(frozen=True)
class _Channel:
    """One value of a point.

    Attributes:
        name: X, Y, T, F and others.
        sign: -1 where it counts to the left or upwards.
        unit: of length, as far as it is said.
    """

    name: str
    sign: int = 1
    unit: str = ""


@dataclass(frozen=True)
class _Format:
    """The channels of a trace, and how many more may follow."""

    channels: tuple[_Channel, ...]
    intermittent: int = 0

    def index(self, name: str) -> int | None:
        names = [channel.name for channel in self.channels]
        return names.index(name) if name in names else None


_PLAIN = _Format((_Channel("X"), _Channel("Y")))  # where a file does not say which


@dataclass(frozen=True)
class _Trace:
    """A trace and what is known of it."""

    element: Element
    format: _Format
    brush: str


@dataclass
class _Stroke:
    """Columns of one stroke: x and y (n, 2), times and pressures (n,) as far as they are known."""

    points: Array
    extras: dict[str, Array | None]
    trace: _Trace


def read_inkml(path: Path) -> Record:
    """Read a file; what was written, where it says so, is the record's `word`.

    Raises:
        UserError: no InkML, no trace in it, a reference to nothing, or a trace that is not of the
            grammar; the line is named.
    """
    root = read_xml(path, INKML)
    strokes = _Reader(path, root).read()
    if not strokes:
        raise UserError(f"{path}: holds no trace")
    truths = [
        each.text.strip()
        for each in root.children
        if each.tag == "annotation" and each.attributes.get("type", "").lower() in TRUTHS
    ]
    extras = [_column(strokes, name) for name in ("T", "F")]
    try:
        drawing = Drawing([stroke.points for stroke in strokes], *extras)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return Record(drawing, next(iter(truths), ""))


def _column(strokes: Sequence[_Stroke], name: str) -> list[Array] | None:
    """Times or pressures, where every stroke has them."""
    columns = [stroke.extras[name] for stroke in strokes]
    known = [column for column in columns if column is not None]
    return known if len(known) == len(columns) else None


class _Reader:
    """Finds the traces of a file, and the format of each."""

    def __init__(self, path: Path, root: Element) -> None:
        self.path = path
        self.root = root
        self.named: dict[str, Element] = {}
        for element in root.walk():
            for key in ("id", "xml:id"):
                if key in element.attributes:
                    self.named.setdefault(element.attributes[key], element)
        self.unit = ""
        first = next((each for each in root.walk() if each.tag == "traceFormat"), None)
        self.usual = _PLAIN if first is None else self._format_of(first)

    def read(self) -> list[_Stroke]:
        strokes: list[_Stroke] = []
        known: dict[str, _Stroke] = {}
        for trace in self._traces(self.root, self.usual, ""):
            stroke = self._stroke(trace)
            prior = self._prior(trace.element, known, strokes)
            if prior is not None:
                _append(prior, stroke)
                stroke = prior
            elif strokes and _goes_on(strokes[-1], stroke):
                _append(strokes[-1], stroke)
                stroke = strokes[-1]
            elif len(stroke.points):
                strokes.append(stroke)
            own = trace.element.attributes
            known[own.get("xml:id", own.get("id", ""))] = stroke
        return strokes

    def _traces(self, parent: Element, usual: _Format, brush: str) -> Iterator[_Trace]:
        """The traces below an element; contexts between them hold for those that follow."""
        for element in parent.children:
            own = element.attributes
            if element.tag == "context":
                usual, brush = self._context(element, usual), own.get("brushRef", brush)
            elif element.tag == "traceFormat":
                usual = self._format_of(element)
            elif element.tag in ("trace", "traceGroup"):
                inner = usual
                for context in self._referred(element, "contextRef"):
                    inner = self._context(context, self.usual)
                pen = own.get("brushRef", brush)
                if element.tag == "traceGroup":
                    yield from self._traces(element, inner, pen)
                elif own.get("type", "penDown") != "penUp" and element.text.strip():
                    yield _Trace(element, inner, pen)

    def _context(self, element: Element, usual: _Format, depth: int = 0) -> _Format:
        """The format in a context: its own, that of its source, or that of another context."""
        if depth > MOST_REFERENCES:
            raise self._error(element, "contexts that refer to each other in a circle")
        sources = [element, *(each for each in element.children if each.tag == "inkSource")]
        sources += self._referred(element, "inkSourceRef")
        formats = [each for source in sources for each in source.children]
        formats += self._referred(element, "traceFormatRef")
        for found in formats:
            if found.tag == "traceFormat":
                return self._format_of(found)
        for context in self._referred(element, "contextRef"):
            return self._context(context, usual, depth + 1)
        return usual

    def _referred(self, element: Element, attribute: str) -> list[Element]:
        """What an attribute names, if it is there."""
        reference = element.attributes.get(attribute)
        found = None if reference is None else self._named(reference, element)
        return [] if found is None else [found]

    def _named(self, reference: str, element: Element) -> Element | None:
        """What a reference names; None for the standard's own defaults."""
        name = reference.strip().rpartition("#")[2]
        if name in self.named:
            return self.named[name]
        if name in ("", "DefaultContext", "DefaultTraceFormat", "DefaultInkSource"):
            return None
        raise self._error(element, f"{reference[:40]!r} names nothing in this file")

    def _format_of(self, element: Element) -> _Format:
        channels = [child for child in element.children if child.tag == "channel"]
        later = [
            each
            for child in element.children
            if child.tag == "intermittentChannels"
            for each in child.children
            if each.tag == "channel"
        ]
        found = tuple(
            _Channel(
                channel.attributes.get("name", ""),
                -1 if channel.attributes.get("orientation", "").strip() == "-ve" else 1,
                channel.attributes.get("units", "").strip().lower(),
            )
            for channel in channels
        )
        return _Format(found or _PLAIN.channels, len(later))

    def _stroke(self, trace: _Trace) -> _Stroke:
        form, element = trace.format, trace.element
        places = [form.index("X"), form.index("Y")]
        if None in places:
            raise UserError(f"{self.path}: its traces have no X and Y")
        try:
            values = parse_trace(element.text, len(form.channels), form.intermittent)
        except UserError as error:
            raise self._error(element, str(error)) from None
        values = values * [channel.sign for channel in form.channels]
        x, y = (place for place in places if place is not None)
        points = values[:, [x, y]] * [self._scale(form.channels[place]) for place in (x, y)]
        seen = ~np.isnan(points).any(1)
        extras = {name: _known(values[seen], form.index(name)) for name in ("T", "F")}
        return _Stroke(points[seen], extras, trace)

    def _scale(self, channel: _Channel) -> float:
        """Brings a length into the unit of the first one that the file has."""
        if channel.unit not in _METRES:
            return 1.0
        self.unit = self.unit or channel.unit
        return 1.0 if channel.unit == self.unit else _METRES[channel.unit] / _METRES[self.unit]

    def _prior(
        self, element: Element, known: dict[str, _Stroke], strokes: Sequence[_Stroke]
    ) -> _Stroke | None:
        """The stroke that a trace continues."""
        own = element.attributes
        if own.get("continuation") not in ("middle", "end"):
            return None
        if "priorRef" not in own:
            return strokes[-1] if strokes else None
        name = own["priorRef"].strip().rpartition("#")[2]
        if name not in known and name not in self.named:
            raise self._error(element, f"priorRef={own['priorRef'][:40]!r} names no trace")
        return known.get(name)

    def _error(self, element: Element, message: str) -> UserError:
        return UserError(f"{self.path}:{element.line}: {message}")


def _known(values: Array, index: int | None) -> Array | None:
    """A column without gaps: what is not known lies between its neighbours; None without any."""
    if index is None:
        return None
    column = values[:, index]
    gaps = np.isnan(column)
    if gaps.all():
        return None
    places = np.arange(len(column))
    return np.interp(places, places[~gaps], column[~gaps])


def _goes_on(stroke: _Stroke, more: _Stroke) -> bool:
    """Whether a trace begins where the last one ended, with the same pen."""
    if stroke.trace.brush != more.trace.brush or len(stroke.points) < 2 or not len(more.points):
        return False
    return bool((stroke.points[-1] == more.points[0]).all())


def _append(stroke: _Stroke, more: _Stroke) -> None:
    """Continue a stroke; a point at which both meet is there once."""
    skip = int(
        len(stroke.points) > 0
        and len(more.points) > 0
        and bool((stroke.points[-1] == more.points[0]).all())
    )
    stroke.points = np.concatenate([stroke.points, more.points[skip:]])
    for name, column in stroke.extras.items():
        added = more.extras[name]
        both = None if column is None or added is None else [column, added[skip:]]
        stroke.extras[name] = None if both is None else np.concatenate(both)
