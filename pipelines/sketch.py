"""A prompt, a beginning or two ends → drawings: the jobs behind ``multimodal sketch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from multimodal.sketching.prompts import Clause, Prompt, PromptObject, parse_prompt
from multimodal.sketching.scenes import draw_prompt
from multimodal.strokes import Drawing, read_drawings, save_drawings
from pipelines.sources import require_file

if TYPE_CHECKING:
    from multimodal.sketching.sketcher import Sketcher

READABLE = (".svg", ".ndjson", ".npz", ".json", ".bin")
WRITABLE = (".svg", ".png", ".gif", ".ndjson", ".npz", ".json", ".gcode")
BEGUN, LEAST_BEGUN, MOST_BEGUN = 0.7, 0.3, 1.2  # the size of a beginning, as part of a whole one's
FINENESS = 2 / 255  # Quick, Draw!'s epsilon of simplification, as part of its frame
CANDIDATES = 4  # drawn for each step of a morph
UNNAMED = "drawing"  # what a drawing is called that is in no file


@dataclass(frozen=True)
class Sketches:
    """What came of a job.

    Attributes:
        title: what they show, in few words.
        drawings: what was drawn; one that came out without a stroke is left out.
        notes: what should be said about them, a line each.
    """

    title: str
    drawings: tuple[Drawing, ...]
    notes: tuple[str, ...] = ()


def sketch(
    sketcher: Sketcher, text: str, count: int = 1, *, strict: bool = False, **options: Any
) -> Sketches:
    """Draw a prompt several times.

    Args:
        sketcher: who draws.
        text: the prompt; see `multimodal.sketching.prompts` for its language.
        count: how many drawings.
        strict: refuse a prompt with a word that means nothing, rather than leave that out.
        **options: of drawing, such as temperature and seed.

    Raises:
        UserError: the prompt cannot be drawn, or an option is out of range.
    """
    prompt = parse_prompt(text, sketcher.categories, strict=strict)
    drawings = draw_prompt(sketcher, prompt, count, **options)
    only = Prompt((Clause((PromptObject(prompt.objects[0].category),)),))
    title = prompt.objects[0].category if prompt == only else str(prompt)
    return _sketches(title, drawings, _notes(sketcher, prompt))


def complete(
    sketcher: Sketcher,
    begun: Path | Drawing,
    count: int = 1,
    category: str | None = None,
    **options: Any,
) -> Sketches:
    """Finish a drawing several times, the likeliest first.

    Args:
        sketcher: who draws.
        begun: a drawing, or a file with one.
        count: how many endings.
        category: what it will be, as a prompt of one thing; None where nobody says.
        **options: of drawing, such as temperature and seed.

    Raises:
        UserError: it is empty, the file holds no drawing or several, or the category cannot be
            drawn.
    """
    title, begun = _name(begun), _required(begun)
    named = category_of(category, sketcher) if category else None
    share = _longer_side(begun) / sketcher.frame
    factor = 1.0 if LEAST_BEGUN <= share <= MOST_BEGUN else BEGUN / share
    found = sketcher.complete(_as_learnt(begun, factor, sketcher), count, named, **options)
    endings = [Drawing(whole.strokes[len(begun) :]).scaled(1 / factor) for whole in found]
    return _sketches(
        f"{title} finished", [Drawing([*begun.strokes, *ending.strokes]) for ending in endings]
    )


def variations(
    sketcher: Sketcher,
    drawing: Drawing,
    count: int = 1,
    category: str | None = None,
    **options: Any,
) -> Sketches:
    """Draw more like a drawing, the most alike first.

    Args:
        sketcher: who draws; one with a latent.
        drawing: what they are to be like.
        count: how many.
        category: what it shows, as a prompt of one thing; None where nobody says.
        **options: of drawing, such as temperature and seed.

    Raises:
        UserError: it is empty, the category cannot be drawn, or the model has no latent.
    """
    named = category_of(category, sketcher) if category else None
    like = _in_frame(_required(drawing), sketcher)
    return _sketches(named or "more like it", sketcher.variations(like, count, named, **options))


def morph(
    sketcher: Sketcher,
    first: Path | Drawing | str,
    last: Path | Drawing | str,
    steps: int,
    shows: tuple[str | None, str | None] = (None, None),
    **options: Any,
) -> Sketches:
    """Turn one drawing into another.

    Args:
        sketcher: who draws; one with a latent.
        first: a drawing, a file with one, or a prompt of one thing.
        last: likewise.
        steps: how many drawings, both ends included; these stay as they are.
        shows: the categories of ends that are drawings, None where nobody says.
        **options: of drawing, such as temperature and seed; of prompted ends as well.

    Raises:
        UserError: an end is no single drawing, or the model has no latent.
    """
    ends = zip((first, last), shows, strict=True)
    (a, start), (b, finish) = (_end(end, shown, sketcher, **options) for end, shown in ends)
    between = sketcher.interpolate(a, b, steps, (start, finish), candidates=CANDIDATES, **options)
    drawings = [a, *between[1:-1], b]
    return _sketches(f"{_name(first)} to {_name(last)}", drawings)


def file_or_prompt(text: str) -> Path | str:
    """What somebody at the command line means by one end of a morph."""
    return Path(text) if Path(text).suffix.lower() in READABLE else text


def category_of(text: str, sketcher: Sketcher) -> str:
    """The category in a prompt of one thing.

    Raises:
        UserError: it is of several, or of none that the sketcher knows.
    """
    prompt = parse_prompt(text, sketcher.categories)
    if sum(things.count for things in prompt.objects) > 1:
        raise UserError(f"{text!r} is more than one thing; name one, or a file with one drawing")
    return prompt.objects[0].category


def read_one(path: Path) -> Drawing:
    """The drawing in a file.

    Raises:
        UserError: the file cannot be read, or holds several drawings.
    """
    require_file(path, "a file with one drawing")
    records = read_drawings(path)
    if len(records) > 1:
        raise UserError(f"{path}: holds {len(records)} drawings; give a file with one")
    return records[0].drawing


def list_categories(sketcher: Sketcher) -> Iterator[str]:
    """A line for every category: those that are drawn well, then the others, marked as rough."""
    yield from (name for name in sketcher.categories if name not in sketcher.low_quality)
    yield from (f"{name} (rough)" for name in sketcher.categories if name in sketcher.low_quality)


def save(sketches: Sketches, path: Path, *, columns: int | None = None, flip: bool = False) -> None:
    """Write drawings to a file; its ending says how.

    Args:
        sketches: what was drawn; in ndjson, the title is the word of each.
        path: the file; what is there is replaced.
        columns: drawings in a row, where the format shows them side by side.
        flip: whether a GIF shows one after the other.

    Raises:
        UserError: it cannot be written.
    """
    words = [sketches.title] * len(sketches.drawings)
    titles = words if path.suffix.lower() == ".ndjson" else None
    save_drawings(sketches.drawings, path, columns=columns, flip=flip, titles=titles)


def _name(drawing: Path | Drawing | str) -> str:
    """What to call a drawing, or a prompt."""
    if isinstance(drawing, Drawing):
        return UNNAMED
    return drawing if isinstance(drawing, str) else drawing.stem


def _required(drawing: Path | Drawing) -> Drawing:
    """A drawing with a stroke at least."""
    if isinstance(drawing, Path):
        return read_one(drawing)
    if not drawing:
        raise UserError("the drawing is empty; draw a stroke first")
    return drawing


def _end(
    end: Path | Drawing | str, shows: str | None, sketcher: Sketcher, **options: Any
) -> tuple[Drawing, str | None]:
    """One end of a morph, and its category where that is known."""
    if not isinstance(end, str):
        return _in_frame(_required(end), sketcher), shows
    category = category_of(end, sketcher)
    ((drawing,),) = sketcher.draw_many([(category, 1)], **options)
    return drawing, category


def _longer_side(drawing: Drawing) -> float:
    left, top, right, bottom = drawing.bounds
    return max(right - left, bottom - top) or 1.0


def _in_frame(drawing: Drawing, sketcher: Sketcher) -> Drawing:
    """As the sketcher would have learnt from it."""
    return _as_learnt(drawing, sketcher.frame / _longer_side(drawing), sketcher)


def _as_learnt(drawing: Drawing, factor: float, sketcher: Sketcher) -> Drawing:
    """As large and with as few points as the drawings that the sketcher learnt from."""
    return drawing.scaled(factor).simplified(FINENESS * sketcher.frame)


def _notes(sketcher: Sketcher, prompt: Prompt) -> Iterator[str]:
    yield from (f"left out: {line}" for line in prompt.left_out)
    if prompt.ignored:
        yield f"{', '.join(dict.fromkeys(prompt.ignored))}: not drawn, only what it is said of"
    rough = [
        things.category for things in prompt.objects if things.category in sketcher.low_quality
    ]
    if rough:
        yield f"{', '.join(dict.fromkeys(rough))}: not drawn well yet, so it may be rough"


def _sketches(title: str, drawings: Sequence[Drawing], notes: Iterable[str] = ()) -> Sketches:
    drawn = tuple(drawing for drawing in drawings if drawing)
    if not drawn:
        raise UserError("every drawing came out empty; try another seed or temperature")
    empty = len(drawings) - len(drawn)
    left_out = [f"left out, as they came out empty: {empty} of {len(drawings)}"] if empty else []
    return Sketches(title, drawn, (*notes, *left_out))
