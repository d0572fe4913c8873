"""Texts of any length as lines and pages, whoever writes the pieces that they are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, Unpack

from multimodal.errors import UserError
from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.candidates import Judge, TextChunk
from multimodal.handwriting.layout import (
    Layout,
    batches_of,
    characters_in,
    chunks_of,
    on_page,
    paged,
    set_lines,
    stacked,
    wrapped,
)
from multimodal.handwriting.options import HandwritingChanges, HandwritingOptions
from multimodal.handwriting.placing import PlacedLine, joined, placed, usual_gap
from multimodal.handwriting.style import Style
from multimodal.handwriting.written import WrittenLine
from multimodal.seeds import derived_seed
from multimodal.strokes import Drawing
from multimodal.strokes.paper import Paper
from multimodal.strokes.smoothing import smoothed

FINENESS = 0.3  # millimetres between the points of a page
CORNER = 110.0  # degrees: a pen's sharper turns are loops as a rule, no corners
EPSILON = 0.01  # millimetres that strokes of a page may stray where points are left out

StyleLike: TypeAlias = int | str | Path | Style
"""A number of the gallery, a file that `Style.save` wrote (".json" may be left out), or a style."""


class PageWriter(ABC):
    """A text becomes handwriting: the layout that both kinds of generators share.

    Attributes:
        scale: the network's unit, in the units of the data.
        paces: how far each style of the gallery moves, in the data's units a character.
        options: how lines are written, unless a call says otherwise.
        judge: who reads every few words back, so that those that are misread are written anew;
            nobody unless set.
    """

    scale: float
    paces: tuple[float, ...]
    options: HandwritingOptions
    judge: Judge | None = None

    @property
    @abstractmethod
    def writer_embedding_size(self) -> int:
        """The size of a writer's embedding."""

    @abstractmethod
    def writer_embedding_of(self, number: int) -> tuple[float, ...]:
        """The embedding of a style of the gallery."""

    @abstractmethod
    def write_texts(
        self, pieces: Sequence[TextChunk], **options: Unpack[HandwritingChanges]
    ) -> list[WrittenLine]:
        """Write pieces of a line each, in one batch, as the network's own rows.

        Args:
            pieces: what to write, and in which style.
            **options: see `HandwritingOptions`.
        """

    @property
    def styles(self) -> tuple[int, ...]:
        """The styles of the gallery: numbers from 1."""
        return tuple(range(1, len(self.paces) + 1))

    @property
    def characters(self) -> str:
        """Every character that can be written."""
        return CHARACTERS

    def write(
        self,
        text: str,
        *,
        style: StyleLike | None = None,
        layout: Layout | None = None,
        **options: Unpack[HandwritingChanges],
    ) -> Drawing:
        r"""Write a text of any number of lines, all in one batch.

        Args:
            text: "\n" ends a line.
            style: in which style; the first of the gallery unless given.
            layout: how lines stand under each other; as they are, 10 mm high, unless given.
            **options: see `HandwritingOptions`: bias, seed, attempts.

        Returns:
            The text in millimetres, its top left at (0, 0).

        Raises:
            UserError: nothing to write, a character that cannot be written, no such style, or an
                option out of range.
        """
        layout, chosen = layout or Layout(), self.style(style)
        _require_text(text)
        lines = wrapped(text, characters_in(layout, chosen.pace))
        return smooth(stacked(self._set(lines, chosen, layout, options), layout))

    def write_pages(
        self,
        text: str,
        paper: Paper,
        *,
        style: StyleLike | None = None,
        layout: Layout | None = None,
        **options: Unpack[HandwritingChanges],
    ) -> Iterator[Drawing]:
        r"""Write a text on as many pages as it takes, a few thousand characters in one batch.

        Args:
            text: "\n" ends a line; lines that are longer than the paper is wide wrap.
            paper: in millimetres, as the pages are.
            style: in which style; the first of the gallery unless given.
            layout: its alignment and the size of its letters count; all else the paper says.
            **options: see `HandwritingOptions`: bias, seed, attempts.

        Returns:
            The pages, one for each text of `split_pages`. They are written as they are taken, so
            that a book needs no more memory than some of its pages.

        Raises:
            UserError: as `write`; before the first page is written.
        """
        pages = self.split_pages(text, paper, style=style, layout=layout)
        chosen = self.options.changed(options)
        return self._pages(pages, paper, self.style(style), _on(paper, layout), chosen)

    def split_pages(
        self,
        text: str,
        paper: Paper,
        *,
        style: StyleLike | None = None,
        layout: Layout | None = None,
    ) -> list[str]:
        """The text of each page that `write_pages` writes, its lines as they wrap.

        Args:
            text: as there.
            paper: as there; a page whose lines are blank is left out.
            style: as there; some write wider than others.
            layout: as there.

        Raises:
            UserError: nothing to write, a character that cannot be written, or no such style.
        """
        _require_text(text)
        characters = characters_in(_on(paper, layout), self.style(style).pace)
        return paged(wrapped(text, characters), paper)

    def write_lines(
        self,
        texts: Sequence[str],
        *,
        style: StyleLike | Sequence[StyleLike] | None = None,
        **options: Unpack[HandwritingChanges],
    ) -> list[Drawing]:
        """Write texts, each as one line, all in one batch.

        Args:
            texts: one line each.
            style: in which style, or one for each text.
            **options: see `HandwritingOptions`: bias, seed, attempts.

        Returns:
            A drawing for each, in the units of the data (an "x" is about 40 high), as the network
            placed its points: the baseline is y = 0, the leftmost point x = 0.

        Raises:
            UserError: as `write`; or styles that are not one for each text.
        """
        chosen = self._styles(style, len(texts))
        for text in texts:
            _require_text(text)
        lines = self._placed([chunks_of(text) for text in texts], chosen, options)
        return [joined(line, usual_gap(line)) for line in lines]

    def style(self, style: StyleLike | None = None) -> Style:
        """A style by its number, or its file.

        Raises:
            UserError: there is none, or it was learnt for a writer of another kind.
        """
        if style is None:
            return self._of_gallery(1)
        if isinstance(style, int):
            return self._of_gallery(style)
        if isinstance(style, str) and style.isdecimal():
            return self._of_gallery(int(style))
        found = style if isinstance(style, Style) else Style.load(_style_file(Path(style)))
        if len(found.embedding) != self.writer_embedding_size:
            raise UserError(f"style {found.name!r}: learnt for another writer; learn it anew")
        return found

    def _of_gallery(self, number: int) -> Style:
        if number not in self.styles:
            raise UserError(
                f"style {number}: choose one from 1 to {len(self.paces)}, or a style's file"
            )
        return Style(str(number), self.writer_embedding_of(number), self.paces[number - 1])

    def _styles(self, style: StyleLike | Sequence[StyleLike] | None, count: int) -> list[Style]:
        if style is None or isinstance(style, int | str | Path | Style):
            return [self.style(style)] * count
        if len(style) != count:
            raise UserError(f"{len(style)} styles for {count} texts: one for each expected")
        known = {one: self.style(one) for one in dict.fromkeys(style)}
        return [known[one] for one in style]

    def _pages(
        self,
        pages: Sequence[str],
        paper: Paper,
        style: Style,
        layout: Layout,
        options: HandwritingOptions,
    ) -> Iterator[Drawing]:
        for number, batch in enumerate(batches_of(pages)):
            seed = derived_seed(options.seed, "pages", number) if number else options.seed
            texts = [page.split("\n") for page in batch]
            lines = iter(
                self._set(
                    [line for page in texts for line in page],
                    style,
                    layout,
                    {**asdict(options), "seed": seed},
                )
            )
            for page in texts:
                yield smooth(on_page(islice(lines, len(page)), paper))

    def _set(
        self, lines: Sequence[str], style: Style, layout: Layout, options: Mapping[str, Any]
    ) -> list[Drawing]:
        """Lines in millimetres, each about its baseline."""
        pieces = [chunks_of(line) for line in lines]
        return set_lines(self._placed(pieces, [style] * len(lines), options), layout)

    def _placed(
        self,
        lines: Sequence[Sequence[str]],
        styles: Sequence[Style],
        options: Mapping[str, Any],
    ) -> list[list[PlacedLine]]:
        """The pieces of every line, where they stand; a line that is misread is written anew."""
        chosen = self.options.changed(options)
        best: dict[int, tuple[int, list[PlacedLine]]] = {}
        left = list(range(len(lines)))
        rounds = 1 if self.judge is None else max(1, chosen.max_candidates // chosen.num_candidates)
        for attempt in range(rounds):
            seed = chosen.seed if not attempt else derived_seed(chosen.seed, "line", attempt)
            now = {**options, "seed": seed}
            found = self._placed_once([lines[n] for n in left], [styles[n] for n in left], now)
            errors = self._misread(found, [" ".join(lines[n]) for n in left])
            for number, line, wrong in zip(left, found, errors, strict=True):
                if number not in best or wrong < best[number][0]:
                    best[number] = (wrong, line)
            left = [number for number in left if best[number][0]]
            if not left:
                break
        return [best[number][1] for number in range(len(lines))]

    def _placed_once(
        self,
        lines: Sequence[Sequence[str]],
        styles: Sequence[Style],
        options: Mapping[str, Any],
    ) -> list[list[PlacedLine]]:
        pieces = [
            TextChunk(text, style)
            for line, style in zip(lines, styles, strict=True)
            for text in line
        ]
        written = self.write_texts(pieces, **options)
        found = (
            placed(line, piece.text, self.scale)
            for line, piece in zip(written, pieces, strict=True)
        )
        return [list(islice(found, len(line))) for line in lines]

    def _misread(self, lines: Sequence[Sequence[PlacedLine]], texts: Sequence[str]) -> list[int]:
        """How many errors the judge finds in each line; none without a judge, or in one piece."""
        errors = [0] * len(lines)
        if self.judge is not None:
            several = [number for number, line in enumerate(lines) if len(line) > 1]
            drawings = [joined(lines[number], usual_gap(lines[number])) for number in several]
            found = self.judge(drawings, [texts[number] for number in several]) if several else ()
            for number, wrong in zip(several, found, strict=True):
                errors[number] = wrong
        return errors


def smooth(page: Drawing) -> Drawing:
    """A page in millimetres with curves in place of the network's corners."""
    return smoothed(page, spacing=FINENESS, corner=CORNER).simplified(EPSILON)


def _require_text(text: str) -> None:
    encode(" ".join(text.split()))
    if not text.strip():
        raise UserError("nothing to write: the text is empty")


def _on(paper: Paper, layout: Layout | None) -> Layout:
    given = layout or Layout()
    return Layout.on(paper, given.align, given.size)


def _style_file(path: Path) -> Path:
    named = path.with_name(f"{path.name}.json")
    return named if not path.exists() and named.exists() else path
