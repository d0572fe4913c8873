"""Many photos → a folder of cards, and a table of what is on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Self

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.images import ImageError
from pipelines.journal import Journal, fingerprint, require_no_loss
from pipelines.output import clean, require_place
from pipelines.postcard.drawing import CardMaker
from pipelines.postcard.files import require_ending
from pipelines.tables import write_json_lines

TABLE = "cards.jsonl"


@dataclass(frozen=True)
class CardRow:
    """What a deck says of one photo; every photo has exactly one.

    Attributes:
        source: the photo.
        card: the file's name in the deck; None where there is an error.
        caption: what the captioner said.
        text: what is written.
        drawn: what is drawn, such as "two dogs".
        omitted: what the sentence names and the sketcher does not draw well.
        error: why there is no card.
    """

    source: str
    card: str | None = None
    caption: str | None = None
    text: str | None = None
    drawn: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    error: str | None = None

    def as_record(self) -> dict[str, Any]:
        """All of it, as JSON."""
        lists = {"drawn": list(self.drawn), "omitted": list(self.omitted)}
        return asdict(self) | {"source": clean(self.source)} | lists

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The row behind its JSON."""
        lists = {name: tuple(record.get(name, ())) for name in ("drawn", "omitted")}
        return cls(**record | lists)


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
    request = {
        "photos": [str(photo) for photo in photos],
        "ending": deck.ending,
        "options": asdict(maker.options),
        "models": asdict(maker.models),
        "captioner": fingerprint(maker.captioner.network.state_dict()),
        "generator": fingerprint(maker.generator.network.state_dict()),
        "translator": maker.translator and fingerprint(maker.translator.network.state_dict()),
    }
    places = dict(zip(photos, _names(photos, deck.ending), strict=True))
    with Journal(deck.journal, request, CardRow.as_record, CardRow.from_record) as journal:
        journal.begin(resume=deck.resume)
        done = list(journal)
        yield from (_there_again(row, maker, deck) for row in done)
        for photo in photos[len(done) :]:
            row = make_card(photo, maker, deck.folder / places[photo])
            journal.add([row])
            yield row
        with atomic_write(deck.table) as temporary:
            write_json_lines((row.as_record() for row in journal), temporary)
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
    drawn, omitted = (tuple(map(str, things)) for things in (card.objects, card.omitted))
    return CardRow(str(photo), path.name, card.caption, card.text, drawn, omitted)


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
