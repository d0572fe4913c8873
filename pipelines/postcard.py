"""A photo becomes a sentence, the sentence drawings and handwriting: ``multimodal postcard``.

    maker = CardMaker(CardOptions(style=5, language="de"))
    maker.make("photo.jpg").save(Path("card.svg"))

Every model has a part in it: the captioner says what there is, the translator says it in another
language, the sketcher draws what the sentence names and it draws well, and the writer writes the
sentence. The order of the strokes is that of a person: the edge
of the stamp, the drawings, the writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from io import BytesIO
from itertools import chain, count
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image, ImageChops, ImageSequence

import multimodal
from multimodal.errors import UserError
from multimodal.images import ImageError, ImageSource, name_of, open_image
from multimodal.sketching.mentions import mentioned
from multimodal.strokes import Drawing, Sheet
from multimodal.strokes.curves import smoothed
from multimodal.strokes.gcode import encode_gcode
from multimodal.strokes.paper import Paper
from multimodal.strokes.plotter import plot_order
from multimodal.strokes.raster import encode_gif, encode_png
from multimodal.strokes.svg_writing import encode_svg, svg_image
from multimodal.training import derived_seed
from pipelines.cards import (
    INSIDE,
    Box,
    CardPlan,
    arrange,
    fit_writing,
    line_height,
    plan_card,
    stamp_edge,
    text_width,
)
from pipelines.journal import Journal, fingerprint, require_no_loss
from pipelines.output import clean, require_place, written_aside
from pipelines.tables import write_json_lines

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.sketching.prompts import Things
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator

ENGLISH = "en"
ENDINGS = (".svg", ".png", ".gif", ".gcode")
INK = 0.45  # millimetres: a usual pen
SPACING = 0.6  # millimetres between points, so that a moving pen is as fast everywhere
SECONDS = 9.0  # until a moving card is finished
FINENESS = {".png": 12.0, ".gif": 5.0}  # pixels a millimetre
PHOTO_FINENESS = 10.0  # pixels a millimetre, of a photo in an SVG
CURVE = 4.0  # units between points of a smoothed figure, of which the longer side has about 256
HANGING = 0.25  # of a line's height that a letter may hang below its line without another line
TABLE = "cards.jsonl"


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
        things: what is drawn.
        plan: where everything stands.
        edge: of the stamp; None where nothing is drawn.
        figures: what is drawn, in its place.
        writing: the sentence, in its place.
        photo: RGB; None for a card of strokes alone.
        animated: whether an SVG draws itself.
    """

    source: str
    caption: str
    text: str
    things: tuple[Things, ...]
    plan: CardPlan
    edge: Drawing | None
    figures: tuple[Drawing, ...]
    writing: Drawing
    photo: Image.Image | None
    animated: bool

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
        data = self.encoded(path.suffix.lower())
        with written_aside(path) as aside:
            aside.write_bytes(data)

    def encoded(self, ending: str) -> bytes:
        """The bytes of a file with one of `ENDINGS`."""
        return _ENCODERS[ending](self)

    def paper(self, fineness: float = 8.0) -> Paper:
        """What it is drawn on."""
        width, height = self.plan.width, self.plan.height
        return Paper(width, height, margin=0.0, spacing=1.0, ink=INK, fineness=fineness)


@dataclass(frozen=True)
class CardRow:
    """What a deck says of one photo; every photo has exactly one.

    Attributes:
        source: the photo.
        card: the file's name in the deck; None where there is an error.
        caption: what the captioner said.
        text: what is written.
        drawn: what is drawn, such as "two dogs".
        error: why there is no card.
    """

    source: str
    card: str | None = None
    caption: str | None = None
    text: str | None = None
    drawn: tuple[str, ...] = ()
    error: str | None = None

    def as_record(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return asdict(self) | {"source": clean(self.source), "drawn": list(self.drawn)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The row behind its JSON."""
        return cls(**record | {"drawn": tuple(record["drawn"])})


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
        """Writes."""
        from multimodal.handwriting.generator import SHIPPED, HandwritingGenerator

        return HandwritingGenerator.load(self.models.generator or SHIPPED)

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
        from multimodal.handwriting.alphabet import spelled

        seed = derived_seed(self.options.seed, name)
        written = spelled(text)
        if not written.strip():
            raise UserError(f"{name}: {text!r}: holds nothing that can be written")
        things, figures = self._drawn(mentioned(caption, self.sketcher.categories), seed)
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
            things=things,
            plan=plan,
            edge=stamp_edge(plan.stamp) if plan.stamp else None,
            figures=tuple(arrange(figures, plan.stamp.inset(INSIDE)) if plan.stamp else ()),
            writing=fit_writing(writing, plan.writing, centred=not figures),
            photo=picture,
            animated=self.options.moves,
        )

    def _drawn(
        self, things: Sequence[Things], seed: int
    ) -> tuple[tuple[Things, ...], list[Drawing]]:
        """Figures of natural sizes, and what they are.

        Left out is what the sketcher does not draw well, and what came out empty.
        """
        from multimodal.sketching.prompts import Clause, Prompt
        from multimodal.sketching.scenes import place_figures

        fine = [each for each in things if each.category not in self.sketcher.rough]
        many = self.sketcher.draw_many([(each.category, each.count) for each in fine], seed=seed)
        kept = [
            (each, drawings) for each, drawings in zip(fine, many, strict=True) if all(drawings)
        ]
        if not kept:
            return (), []
        prompt = Prompt((Clause(tuple(each for each, _ in kept)),))
        drawings = [drawing for _, drawn in kept for drawing in drawn]
        curves = [smoothed(figure, CURVE) for figure in place_figures(prompt, drawings)]
        return prompt.things, curves

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


# ---- a deck ----


@dataclass(frozen=True)
class Deck:
    """Where a deck's cards go, and what is done with those that are there.

    Attributes:
        folder: one card for each photo, and `TABLE`.
        ending: of the cards.
        resume: go on with what an interrupted run has done.
        overwrite: replace what is there.
    """

    folder: Path
    ending: str = ".svg"
    resume: bool = False
    overwrite: bool = False

    @property
    def table(self) -> Path:
        """What is on which card."""
        return self.folder / TABLE

    @property
    def journal(self) -> Path:
        """Where the rows are kept meanwhile."""
        return Journal.path_beside(self.table)

    @property
    def finished(self) -> bool:
        """Whether an earlier run has left nothing to resume."""
        go_on = self.resume and not self.overwrite and not self.journal.exists()
        return go_on and self.table.exists()

    def require(self) -> None:
        """See to it that the cards can be written and nothing is lost, before the work begins.

        Raises:
            UserError: they cannot be, or something is there already.
        """
        require_ending(Path(f"card{self.ending}"))
        if self.folder.is_file():
            raise UserError(f"{self.folder}: is a file; name a folder for several photos")
        require_place(self.folder / "card" if self.folder.is_dir() else self.folder)
        if not self.finished:
            there = [self.table] if self.table.exists() else []
            require_no_loss(there, self.journal, resume=self.resume, overwrite=self.overwrite)


def require_ending(path: Path) -> None:
    """See to it that a card can be written with the ending of a path.

    Raises:
        UserError: it is none of `ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: not the ending of a card; choose one of {', '.join(ENDINGS)}")


def make_deck(photos: Sequence[Path], maker: CardMaker, deck: Deck) -> Iterator[CardRow]:
    """Make a card for each photo; every row is given when its card is safe on the disk.

    Args:
        photos: in the order of the rows.
        maker: who makes them.
        deck: where they go.

    Raises:
        UserError: the folder cannot be written, or an interrupted run had other photos or options.
    """
    deck.require()
    maker.prepare()
    deck.folder.mkdir(exist_ok=True)
    asked = {
        "photos": [str(photo) for photo in photos],
        "ending": deck.ending,
        "options": asdict(maker.options),
        "models": asdict(maker.models),
        "captioner": fingerprint(maker.captioner.network.state_dict()),
        "generator": fingerprint(maker.generator.network.state_dict()),
        "translator": maker.translator and fingerprint(maker.translator.network.state_dict()),
    }
    places = dict(zip(photos, _names(photos, deck.ending), strict=True))
    with Journal(deck.journal, asked, CardRow.as_record, CardRow.from_record) as journal:
        journal.begin(resume=deck.resume)
        done = list(journal)
        yield from (_there_again(row, maker, deck) for row in done)
        for photo in photos[len(done) :]:
            row = make_card(photo, maker, deck.folder / places[photo])
            journal.add([row])
            yield row
        with written_aside(deck.table) as aside:
            write_json_lines((row.as_record() for row in journal), aside)
        journal.remove()


def make_card(photo: Path, maker: CardMaker, path: Path) -> CardRow:
    """Make one card and write it; a photo that cannot be opened gives a row that says so.

    Args:
        photo: the file.
        maker: who makes it.
        path: where to; see `Postcard.save`.

    Raises:
        UserError: the disk refuses, or a model cannot be had.
    """
    try:
        card = maker.make(photo)
    except ImageError as error:
        return CardRow(str(photo), error=error.reason)
    card.save(path)
    drawn = tuple(str(each) for each in card.things)
    return CardRow(str(photo), path.name, card.caption, card.text, drawn)


def _there_again(row: CardRow, maker: CardMaker, deck: Deck) -> CardRow:
    """A row of an interrupted run; a card that has gone meanwhile is made anew."""
    if row.card is not None and not (deck.folder / row.card).exists():
        make_card(Path(row.source), maker, deck.folder / row.card)
    return row


def _names(photos: Sequence[Path], ending: str) -> list[str]:
    """A file name for each card, after its photo; none twice, in any case of letters."""
    taken: set[str] = set()
    names = []
    for photo in photos:
        stems = chain([photo.stem], (f"{photo.stem}-{number}" for number in count(2)))
        stem = next(stem for stem in stems if stem.lower() not in taken)
        taken.add(stem.lower())
        names.append(f"{stem}{ending}")
    return names


# ---- files ----


def _svg(card: Postcard) -> bytes:
    """The photo, and one path a stroke over it; still strokes alone are in a plotter's order."""
    ink = card.ink.simplified(0.02)
    if card.photo is None and not card.animated:
        ink = plot_order(ink)
    sheet = Sheet(paper=card.paper(), animated=card.animated, seconds=SECONDS)
    svg = encode_svg([ink], sheet).decode()
    if card.photo is None or card.plan.photo is None:
        return svg.encode()
    head, _, rest = svg.partition("\n")
    return f"{head}\n{_embedded(card.photo, card.plan.photo)}\n{rest}".encode()


def _embedded(photo: Image.Image, box: Box) -> str:
    size = (round(box.width * PHOTO_FINENESS), round(box.height * PHOTO_FINENESS))
    file = BytesIO()
    small = photo.copy()
    small.thumbnail(size)  # never larger than it was
    small.save(file, "JPEG", quality=90)
    place = (
        f'x="{box.left:.3f}" y="{box.top:.3f}" width="{box.width:.3f}" height="{box.height:.3f}"'
    )
    return svg_image(f'{place} preserveAspectRatio="none"', "image/jpeg", file.getvalue())


def _png(card: Postcard) -> bytes:
    fineness = FINENESS[".png"]
    ink = Image.open(BytesIO(encode_png([card.ink], Sheet(paper=card.paper(fineness)))))
    file = BytesIO()
    _over_photo(ink, card, fineness).save(file, "PNG", optimize=True)
    return file.getvalue()


def _gif(card: Postcard) -> bytes:
    fineness = FINENESS[".gif"]
    sheet = Sheet(paper=card.paper(fineness), seconds=SECONDS)
    data = encode_gif([card.ink], sheet)
    if card.photo is None:
        return data
    with Image.open(BytesIO(data)) as moving:
        shown = [(frame.convert("L"), frame.info["duration"]) for frame in _frames(moving)]
    frames = [_over_photo(ink, card, fineness) for ink, _ in shown]
    palette = frames[-1].quantize(255)
    coloured = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    file = BytesIO()
    coloured[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=coloured[1:],
        duration=[duration for _, duration in shown],
        loop=0,
    )
    return file.getvalue()


def _frames(moving: Image.Image) -> Iterator[Image.Image]:
    return (frame.copy() for frame in ImageSequence.Iterator(moving))


def _over_photo(ink: Image.Image, card: Postcard, fineness: float) -> Image.Image:
    """Ink (L) on a card with its photo, RGB."""
    if card.photo is None or card.plan.photo is None:
        return ink.convert("L")
    box = card.plan.photo
    paper = Image.new("RGB", ink.size, "white")
    corner = (round(box.left * fineness), round(box.top * fineness))
    size = (round(box.width * fineness), round(box.height * fineness))
    paper.paste(card.photo.resize(size, Image.Resampling.LANCZOS), corner)
    return ImageChops.multiply(paper, ink.convert("RGB"))


def _gcode(card: Postcard) -> bytes:
    return encode_gcode([card.ink.simplified(0.02)], Sheet(paper=card.paper()))


_ENCODERS: dict[str, Callable[[Postcard], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".gif": _gif,
    ".gcode": _gcode,
}
