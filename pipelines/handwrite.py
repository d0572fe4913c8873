"""A text → a file in somebody's handwriting: the jobs behind ``multimodal handwrite``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import Levenshtein

from multimodal.errors import UserError
from multimodal.handwriting.layout import Layout, stacked
from multimodal.portable import is_portable
from multimodal.strokes import Drawing, Paper, Plotter, Sheet, save_drawings
from multimodal.strokes.paper import BASELINE
from pipelines.models import open_model
from pipelines.numerals import numeral, width_of
from pipelines.output import require_free
from pipelines.sources import require_file

if TYPE_CHECKING:
    from multimodal.handwriting.candidates import Judge
    from multimodal.handwriting.pages import PageWriter, StyleLike
    from multimodal.handwriting.style import Style
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer

WRITABLE = (".svg", ".png", ".gif", ".gcode", ".ndjson", ".json", ".npz")
PANGRAM = "The quick brown fox jumps over the lazy dog."
EDGE = 5.0  # millimetres around a text that is on no paper of a size
NUMBERED = 2.5  # millimetres that the numbers of styles are high
LONGEST_TEXT = 100_000  # characters


@dataclass(frozen=True)
class Handwriting:
    """What came of a job.

    Attributes:
        pages: in millimetres; those of a paper of a size are written as they are taken, once.
        paper: what they are on.
        texts: what each page says.
    """

    pages: Iterable[Drawing]
    paper: Paper
    texts: Sequence[str]


def open_handwriting_generator(model: str | Path | None, *, judged: bool = False) -> PageWriter:
    """Load a generator: a folder, a Hub id, an exported file, or None for the shipped one.

    Args:
        model: which.
        judged: whether the shipped handwriting recognizer reads back what it writes; not what a
            file writes, for the recognizer needs torch.

    Raises:
        UserError: there is none, or it is damaged.
    """
    generator: PageWriter = open_model("handwriting-generator", model)
    if judged and not is_portable(model):
        generator.judge = read_back(open_model("handwriting-recognizer", None))
    return generator


def read_back(recognizer: HandwritingRecognizer) -> Judge:
    """A judge of handwriting: how far what is read is from what was to be written, in letters.

    Args:
        recognizer: who reads; it has learnt nothing from the writer.
    """

    def errors(drawings: Sequence[Drawing], texts: Sequence[str]) -> list[int]:
        readings = recognizer.read(list(drawings), one_line=True)
        return [
            Levenshtein.distance(reading.text, text)
            for reading, text in zip(readings, texts, strict=True)
        ]

    return errors


def read_text(path: Path) -> str:
    """The text in a file.

    Raises:
        UserError: it cannot be read, or is no text in UTF-8.
    """
    require_file(path, "a text file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise UserError(f"{path}: not text in UTF-8") from None


def handwrite(
    generator: PageWriter,
    text: str,
    *,
    style: StyleLike | None = None,
    paper: Paper | None = None,
    layout: Layout | None = None,
    **options: Any,
) -> Handwriting:
    """Write a text on as many pages as it takes, or on one that is as large as the text.

    Args:
        generator: who writes.
        text: of any number of lines.
        style: in which style.
        paper: of a size; None for one that is cut to the text, of the layout's line height.
        layout: see `multimodal.handwriting.layout.Layout`.
        **options: of writing, such as bias and seed.

    Raises:
        UserError: the text cannot be written, or an option is out of range.
    """
    if len(text) > LONGEST_TEXT:
        raise UserError(f"{len(text)} characters: write at most {LONGEST_TEXT} at once")
    if paper is not None:
        texts = generator.split_pages(text, paper, style=style, layout=layout)
        pages = generator.write_pages(text, paper, style=style, layout=layout, **options)
        return Handwriting(pages, paper, texts)
    layout = layout or Layout()
    page = generator.write(text, style=style, layout=layout, **options)
    return _cut_to(page, text, layout.line_height, layout.width)


def text_width(width: float | None) -> float | None:
    """The width of the text on paper that is so wide, in millimetres.

    Raises:
        UserError: nothing is left between the edges.
    """
    if width is None:
        return None
    if width <= 2 * EDGE:
        raise UserError(f"--width {width:g}: must be more than {2 * EDGE:g} mm, its two edges")
    return width - 2 * EDGE


def style_sheet(generator: PageWriter, text: str = PANGRAM, **options: Any) -> Handwriting:
    """Write one text in every style of the gallery, one line each, behind the style's number.

    Args:
        generator: whose gallery.
        text: a single line.
        **options: of writing, such as bias and seed.
    """
    from multimodal.handwriting.pages import smooth

    if "\n" in text.strip():
        raise UserError("a sheet of styles shows a single line of text")
    layout = Layout()
    written = generator.write_lines(
        [text] * len(generator.styles), style=generator.styles, **options
    )
    indent = width_of(max(generator.styles), NUMBERED) + EDGE
    lines = [
        Drawing([*numeral(style, NUMBERED), *drawing.scaled(layout.unit).moved(indent, 0)])
        for style, drawing in zip(generator.styles, written, strict=True)
    ]
    return _cut_to(smooth(stacked(lines, layout)), text, layout.line_height)


def save(
    written: Handwriting,
    path: Path,
    *,
    animated: bool = False,
    ruled: bool | None = None,
    plotter: bool = False,
    overwrite: bool = True,
) -> Iterator[Path]:
    """Write pages to files: to the path, or to numbered ones where there are several pages.

    Each page is in its file before the next one is taken; what is written stays, whatever comes.

    Args:
        written: pages.
        path: its ending says how; ".ndjson", ".json" and ".npz" hold all pages in one file.
        animated: an SVG draws itself.
        ruled: whether lines to write on are shown; as the paper says unless given.
        plotter: an SVG holds ink alone, in an order with little way between its strokes.
        overwrite: whether files that are there are replaced.

    Yields:
        Each file, when it is there.

    Raises:
        UserError: it cannot be written.
    """
    paper = written.paper if ruled is None else replace(written.paper, ruled=ruled)
    if path.suffix.lower() in (".ndjson", ".json", ".npz"):
        yield save_drawings(
            written.pages, path, titles=[" ".join(text.split()) for text in written.texts]
        )
        return
    paths = page_paths(path, len(written.texts))
    for place in paths:
        require_free(place, overwrite=overwrite)
    seconds = Sheet.seconds if path.suffix.lower() != ".gif" else 6.0
    machine = Plotter() if plotter else None
    for page, place in zip(written.pages, paths, strict=True):
        yield save_drawings(
            [page], place, paper=paper, animated=animated, seconds=seconds, plotter=machine
        )


def page_paths(path: Path, pages: int) -> list[Path]:
    """Where pages go: letter.svg; or letter-1.svg, letter-2.svg and so on."""
    if pages == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, pages + 1)]


def read_samples(paths: Sequence[Path], texts: Path | None) -> list[tuple[Drawing, str]]:
    """Lines of somebody's handwriting and what they say.

    Args:
        paths: files of drawings, each drawing one line.
        texts: a file with one line of text for each drawing, in their order; None where the files
            say themselves what their drawings are (the word of a drawing in ndjson, a label in
            InkML).

    Raises:
        UserError: a file cannot be read, or a drawing's text is not known.
    """
    drawings = [found for path in paths for found in _read(path)]
    if texts is not None:
        lines = [line.strip() for line in read_text(texts).splitlines() if line.strip()]
        if len(lines) != len(drawings):
            raise UserError(
                f"{texts}: {len(lines)} lines of text for {len(drawings)} drawings: one for each"
            )
        return [(drawing, line) for (drawing, _), line in zip(drawings, lines, strict=True)]
    for number, (_, text) in enumerate(drawings, 1):
        if not text.strip():
            raise UserError(
                f"sample {number} does not say what it is: give --texts, a line for each sample"
            )
    return drawings


def learn_style(
    generator: PageWriter, samples: Sequence[tuple[Drawing, str]], name: str, place: Path
) -> Style:
    """Learn a style and save it as a small file.

    Args:
        generator: whose network.
        samples: lines, and what each says.
        name: of the style.
        place: its file.

    Raises:
        UserError: a sample cannot be used, the file cannot be written, or the writer is an exported
            file, which cannot learn.
    """
    from multimodal.handwriting.generator import HandwritingGenerator

    if not isinstance(generator, HandwritingGenerator):
        raise UserError("learn-style: an exported file cannot learn; name the model itself")
    style = generator.learn_style(samples, name=name)
    style.save(place)
    return style


def _read(path: Path) -> Iterator[tuple[Drawing, str]]:
    from multimodal.strokes import read_drawings

    require_file(path, "a file of one writer's lines")
    for record in read_drawings(path):
        yield record.drawing, record.word


def _cut_to(
    page: Drawing, text: str, line_height: float, width: float | None = None
) -> Handwriting:
    """A page on paper that is as large as what is on it, or as wide as its lines may be.

    Args:
        page: in millimetres; a text of a given width stands in it between equal edges.
        text: what it says.
        line_height: from one baseline to the next, in millimetres.
        width: of the text, without the edges; as wide as it came out unless given.
    """
    left, top, right, bottom = page.bounds
    above, before = max(0.0, -top), max(0.0, -left)
    last = round(bottom / line_height - BASELINE)  # line, by the baseline nearest to its lowest ink
    height = above + max(bottom, (last + 1) * line_height)
    margin = EDGE + above  # on all sides, between which paper has room for a line
    paper = Paper(
        max((width or before + right) + 2 * EDGE, 2 * margin + 1),
        max(height + 2 * EDGE, 2 * margin + line_height),
        margin=margin,
        spacing=line_height,
    )
    return Handwriting((page.moved(EDGE + before, EDGE + above),), paper, (text,))
