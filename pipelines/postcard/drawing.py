"""A photo and a sentence → a card: what it says, what it shows, and where everything stands.

The order of the strokes is that of a person: the edge of the stamp, the drawings, the writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import multimodal
from multimodal.atomic import write_bytes
from multimodal.errors import UserError
from multimodal.images import ImageSource, name_of, open_image
from multimodal.sketching.mentions import mentioned
from multimodal.strokes import Drawing
from multimodal.strokes.paper import Paper
from multimodal.strokes.smoothing import smoothed
from multimodal.training import derived_seed
from pipelines.postcard.files import encode_card, require_ending
from pipelines.postcard.layout import (
    INSIDE,
    CardPlan,
    arrange,
    fit_writing,
    line_height,
    plan_card,
    stamp_edge,
    text_width,
)

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.sketching.prompts import PromptObject
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator

ENGLISH = "en"
INK = 0.45  # millimetres: a usual pen
SPACING = 0.6  # millimetres between points, so that a moving pen is as fast everywhere
CORNER = 110.0  # degrees, from which a turn of a figure's outline stays sharp
CURVE = 4.0  # units between points of a smoothed figure, of which the longer side has about 256
HANGING = 0.25  # of a line's height that a letter may hang below its line without another line


@dataclass(frozen=True)
class CardOptions:
    """How cards are made.

    Attributes:
        style: of the handwriting: a number of the gallery, or a file of a style; None for the
            writer's own.
        language: of the writing, such as "de"; the drawings follow the English sentence.
        size: of the card, such as "A6", which lies on its longer side, or "120x80" in millimetres.
        photo: whether the photo is on the card.
        animated: whether an SVG draws itself; None does so with the photo, and not without, which
            is for plotters.
        seed: of drawings and writing; every photo has its own by its name as well.
    """

    style: int | str | None = None
    language: str = ENGLISH
    size: str = "A6"
    photo: bool = True
    animated: bool | None = None
    seed: int = 0

    @property
    def moves(self) -> bool:
        """Whether an SVG draws itself."""
        return self.photo if self.animated is None else self.animated

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height of the card in millimetres.

        Raises:
            UserError: there is no such size.
        """
        paper = Paper.named(self.size, margin=0.0, spacing=1.0)
        if self.size[:1].isdigit():
            return paper.width, paper.height
        return max(paper.width, paper.height), min(paper.width, paper.height)


@dataclass(frozen=True)
class CardModels:
    """Which models make cards: shipped ones, folders or Hub ids; None for the one that ships.

    Attributes:
        captioner, translator, sketcher, generator: as their `load` takes them.
    """

    captioner: str | None = None
    translator: str | None = None
    sketcher: str | None = None
    generator: str | None = None


@dataclass(frozen=True, eq=False)
class Postcard:
    """One card.

    Attributes:
        source: the photo's name.
        caption: what the captioner said.
        text: what is written.
        objects: what is drawn.
        plan: where everything stands.
        edge: of the stamp; None where nothing is drawn.
        figures: what is drawn, in its place.
        writing: the sentence, in its place.
        photo: RGB; None for a card of strokes alone.
        animated: whether an SVG draws itself.
        omitted: what the caption names and the sketcher does not draw well.
    """

    source: str
    caption: str
    text: str
    objects: tuple[PromptObject, ...]
    plan: CardPlan
    edge: Drawing | None
    figures: tuple[Drawing, ...]
    writing: Drawing
    photo: Image.Image | None
    animated: bool
    omitted: tuple[PromptObject, ...] = ()

    @property
    def ink(self) -> Drawing:
        """All strokes as a person would draw them, in millimetres; points at equal distances."""
        parts = [*([self.edge] if self.edge else []), *self.figures, self.writing]
        return Drawing([stroke for part in parts for stroke in part]).resampled(SPACING)

    def save(self, path: Path) -> None:
        """Write the card; the ending says how, and only .gcode leaves the photo out.

        Raises:
            UserError: the ending is of no card, or the disk refuses.
        """
        require_ending(path)
        write_bytes(path, self.encoded(path.suffix.lower()))

    def encoded(self, ending: str) -> bytes:
        """The bytes of a file with one of `ENDINGS`."""
        return encode_card(self, ending)

    def paper(self, pixels_per_mm: float = 8.0) -> Paper:
        """What it is drawn on."""
        width, height = self.plan.width, self.plan.height
        return Paper(
            width, height, margin=0.0, spacing=1.0, pen_width=INK, pixels_per_mm=pixels_per_mm
        )


class CardMaker:
    """Makes cards; loads every model once, when it is needed.

    Args:
        options: how cards are made.
        models: by whom.

    Raises:
        UserError: the size cannot be.
    """

    def __init__(self, options: CardOptions, models: CardModels | None = None) -> None:
        self.options = options
        self.models = models or CardModels()
        self._sides = options.sides
        text_width(*self._sides)  # which refuses odd sizes

    @cached_property
    def captioner(self) -> Captioner:
        """Says what there is."""
        return multimodal.load_captioner(self.models.captioner)

    @cached_property
    def sketcher(self) -> Sketcher:
        """Draws it."""
        return multimodal.load_sketcher(self.models.sketcher)

    @cached_property
    def generator(self) -> HandwritingGenerator:
        """Writes; words that the shipped recognizer misreads are written anew."""
        from multimodal.handwriting.generator import HandwritingGenerator
        from pipelines.handwrite import read_back

        generator = HandwritingGenerator.from_pretrained(self.models.generator)
        generator.judge = read_back(multimodal.load_handwriting_recognizer())
        return generator

    @cached_property
    def translator(self) -> Translator | None:
        """Says it in another language; None for English."""
        language = self.options.language
        if language == ENGLISH:
            return None
        translator = multimodal.load_translator(self.models.translator)
        if language not in translator.languages:
            known = ", ".join(translator.languages)
            raise UserError(f"--language {language}: the translator knows {known}")
        return translator

    def translate(self, caption: str) -> str:
        """A caption in the language of the writing."""
        if self.translator is None:
            return caption
        found = self.translator.translate(caption, to=self.options.language, source=ENGLISH)
        return found.text

    def prepare(self) -> None:
        """Load what every card needs, so that what is missing is said before any work.

        Raises:
            UserError: a model cannot be had, the translator does not know the language, or there is
                no such style.
        """
        _ = self.translator, self.captioner
        self.generator.style(self.options.style)

    def make(self, photo: ImageSource) -> Postcard:
        """Make the card of a photo; the same each time for the same seed and name.

        Raises:
            ImageError: the photo cannot be opened.
            UserError: nothing can be said of it.
        """
        picture = open_image(photo)
        name = Path(name_of(photo)).name
        caption = self.captioner.caption(picture).text
        text = as_sentence(self.translate(caption))
        return self.compose(caption, text, name, picture if self.options.photo else None)

    def compose(
        self, caption: str, text: str, name: str, picture: Image.Image | None = None
    ) -> Postcard:
        """Make a card of a sentence.

        Args:
            caption: in English; what it names is drawn.
            text: what is written; characters that the writer lacks are spelled with others.
            name: of the photo; cards of other names have other drawings.
            picture: the photo, RGB.
        """
        from multimodal.handwriting.alphabet import transliterate

        seed = derived_seed(self.options.seed, name)
        written = transliterate(text)
        if not written.strip():
            raise UserError(f"{name}: {text!r}: holds nothing that can be written")
        named = mentioned(caption, self.sketcher.categories)
        things, figures = self._drawn(named, seed)
        alone = picture is None and not figures
        line = line_height(*self._sides, len(written), alone=alone)
        writing = self._written(written, line, seed, centred=not figures)
        plan = plan_card(
            *self._sides,
            photo=None if picture is None else picture.width / picture.height,
            drawn=bool(figures),
            writing=line * max(1, ceil(writing.bounds[3] / line - HANGING)),
        )
        return Postcard(
            source=name,
            caption=caption,
            text=written,
            objects=things,
            plan=plan,
            edge=stamp_edge(plan.stamp) if plan.stamp else None,
            figures=tuple(arrange(figures, plan.stamp.inset(INSIDE)) if plan.stamp else ()),
            writing=fit_writing(writing, plan.writing, centred=not figures),
            photo=picture,
            animated=self.options.moves,
            omitted=tuple(each for each in named if each not in things),
        )

    def _drawn(
        self, things: Sequence[PromptObject], seed: int
    ) -> tuple[tuple[PromptObject, ...], list[Drawing]]:
        """Figures of natural sizes, and what they are.

        Left out is what the sketcher does not draw well, and what came out empty.
        """
        from multimodal.sketching.prompts import Clause, Prompt
        from multimodal.sketching.scenes import place_figures

        fine = [each for each in things if each.category not in self.sketcher.low_quality]
        many = self.sketcher.draw_many([(each.category, each.count) for each in fine], seed=seed)
        kept = [
            (each, drawings) for each, drawings in zip(fine, many, strict=True) if all(drawings)
        ]
        if not kept:
            return (), []
        prompt = Prompt((Clause(tuple(each for each, _ in kept)),))
        drawings = [drawing for _, drawn in kept for drawing in drawn]
        curves = [
            smoothed(figure, spacing=CURVE, corner=CORNER)
            for figure in place_figures(prompt, drawings)
        ]
        return prompt.objects, curves

    def _written(self, text: str, line: float, seed: int, *, centred: bool) -> Drawing:
        from multimodal.handwriting.layout import Align, Layout

        align: Align = "center" if centred else "left"
        layout = Layout(line_height=line, width=text_width(*self._sides), align=align)
        return self.generator.write(text, style=self.options.style, seed=seed, layout=layout)


def as_sentence(text: str) -> str:
    """A caption as a sentence that is written: a capital first, a full stop last."""
    text = " ".join(text.split())
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
