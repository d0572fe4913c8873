"""Postcards by models that have learnt nothing, and the command that makes them."""

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from multimodal.errors import UserError
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.model import HandwritingConfig, HandwritingNetwork
from multimodal.sketching.mentions import mentioned
from multimodal.sketching.model import SketchConfig, SketchNetwork
from multimodal.sketching.sketcher import Sketcher
from pipelines import cli
from pipelines.commands.postcard import _show
from pipelines.postcard import (
    CardMaker,
    CardModels,
    CardOptions,
    CardRow,
    Deck,
    as_sentence,
    make_deck,
)
from pipelines.postcard.layout import INSIDE, Box

CATEGORIES = ("dog", "beach", "square")


@pytest.fixture(scope="module")
def models(checkpoint, tmp_path_factory) -> CardModels:
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(3)
    config = SketchConfig(
        decoder_size=16, encoder_size=8, latent_size=4, categories=3, category_size=4, components=3
    )
    network = SketchNetwork(config)
    with torch.no_grad():
        network.readout.bias[2] = -20  # of all pen states, the end is unlikely
    Sketcher(network, CATEGORIES, scale=20.0, limit=20).save_pretrained(folder / "sketcher")
    writing = HandwritingConfig(
        num_writers=2,
        character_embedding_size=8,
        writer_embedding_size=4,
        window_size=12,
        hidden_size=12,
        components=3,
    )
    generator = HandwritingGenerator(
        HandwritingNetwork(writing), scale=10.0, gallery=(0, 1), paces=(12.0, 12.0)
    )
    generator.save_pretrained(folder / "writer")
    return CardModels(
        captioner=str(checkpoint),
        sketcher=str(folder / "sketcher"),
        generator=str(folder / "writer"),
    )


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch):
    """A generator that learnt nothing is never read right."""
    monkeypatch.setattr("multimodal.handwriting.options.HandwritingOptions.attempts", 1)


@pytest.fixture
def make(models):
    """Makes a card of a sentence."""

    def card(caption="Two dogs on a beach", picture=None, **options):
        maker = CardMaker(CardOptions(**options), models)
        return maker.compose(caption, as_sentence(caption), "photo.jpg", picture)

    return card


def ink_boxes(card) -> dict[str, Box]:
    parts = {"writing": card.writing}
    if card.edge:
        parts["edge"] = card.edge
    boxes = {}
    for name, drawing in parts.items():
        left, top, right, bottom = drawing.bounds
        boxes[name] = Box(left, top, right - left, bottom - top)
    if card.plan.photo:
        boxes["photo"] = card.plan.photo
    return boxes


# ---- a card ----


def test_what_the_sentence_names_is_drawn_as_often_as_it_says(make):
    card = make("two dogs and a dog on a beach")
    assert [str(things) for things in card.objects] == ["three dogs", "a beach"]
    assert len(card.figures) == 4


@pytest.mark.parametrize("size", ["A6", "A5", "100x150"])
@pytest.mark.parametrize("picture", [None, Image.new("RGB", (40, 30), "red")])
@pytest.mark.parametrize("caption", ["three dogs and a beach", "nothing that anybody draws"])
def test_nothing_overlaps(make, size, picture, caption):
    card = make(caption, picture, size=size)
    boxes = [*ink_boxes(card).values()]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
    page = Box(0, 0, card.plan.width, card.plan.height)
    assert page.holds(card.ink)
    assert card.plan.writing.holds(card.writing)
    if card.figures:
        inside = card.plan.stamp.inset(INSIDE)
        assert all(inside.holds(figure) for figure in card.figures)
        spans = [figure.bounds for figure in card.figures]
        for number, (left, top, right, bottom) in enumerate(spans):
            box = Box(left, top, right - left, bottom - top).inset(1e-6)
            for other in spans[:number]:
                a, b, c, d = other
                assert not box.overlaps(Box(a, b, c - a, d - b).inset(1e-6))


def test_a_sentence_that_names_nothing_is_only_written(make):
    card = make("a square thing")  # a shape, which is never meant
    assert card.objects == card.figures == ()
    assert card.edge is None
    assert card.plan.stamp is None
    assert len(card.ink) == len(card.writing)


def test_ink_comes_in_the_order_of_a_hand(make):
    card = make("a dog")
    strokes = card.ink.strokes
    figures = sum(len(figure) for figure in card.figures)
    np.testing.assert_allclose(strokes[0][0], card.edge.strokes[0][0])
    np.testing.assert_allclose(strokes[1][0], card.figures[0].strokes[0][0])
    np.testing.assert_allclose(strokes[1 + figures][0], card.writing.strokes[0][0])
    assert len(strokes) == 1 + figures + len(card.writing)


def test_what_is_written_is_read_back(models):
    maker = CardMaker(CardOptions(), models)
    judge, asked, found = maker.generator.judge, [], []

    def listening(drawings, texts):
        asked.extend(texts)
        found.extend(judge(drawings, texts))
        return found[-len(texts) :]

    maker.generator.judge = listening
    maker.compose("a dog", "A dog.", "a.jpg")
    assert set(asked) == {"A dog."}
    assert all(errors > 0 for errors in found)  # it learnt nothing


def test_letters_that_the_writer_lacks_are_spelled(models):
    maker = CardMaker(CardOptions(), models)
    card = maker.compose("a dog", "Ein süßes Café.", "a.jpg")
    assert card.text == "Ein suesses Cafe."


def test_the_same_seed_and_name_give_the_same_card(make, models):
    assert make(seed=4).ink == make(seed=4).ink
    assert make(seed=4).ink != make(seed=5).ink
    other = CardMaker(CardOptions(seed=4), models).compose("a dog", "A dog.", "other.jpg")
    assert other.figures != make("a dog", seed=4).figures


def test_what_is_not_drawn_well_is_left_out(models):
    maker = CardMaker(CardOptions(), models)
    things = mentioned("two dogs on a beach", CATEGORIES)
    drawn, figures = maker._drawn(things, seed=1)
    assert [(each.category, each.count) for each in drawn] == [("dog", 2), ("beach", 1)]
    assert len(figures) == 3
    maker.sketcher.quality = {"dog": 0.9, "beach": 0.2}
    drawn, figures = maker._drawn(things, seed=1)
    assert [(each.category, each.count) for each in drawn] == [("dog", 2)]
    assert len(figures) == 2
    maker.sketcher.quality = {"dog": 0.1, "beach": 0.2}
    assert maker._drawn(things, seed=1) == ((), [])
    card = maker.compose("two dogs on a beach", "Two dogs on a beach.", "beach.jpg")
    assert (card.objects, tuple(map(str, card.omitted))) == ((), ("two dogs", "a beach"))
    assert maker._drawn((), seed=1) == ((), [])


def test_captions_become_sentences():
    assert as_sentence(" a dog  runs ") == "A dog runs."
    assert as_sentence("Really?") == "Really?"
    assert as_sentence("") == ""


# ---- files ----


def moved(card, tmp_path, ending) -> Path:
    path = tmp_path / f"card{ending}"
    card.save(path)
    return path


def test_an_svg_holds_the_photo_and_draws_in_order(make, tmp_path):
    picture = Image.new("RGB", (40, 30), "red")
    svg = moved(make(picture=picture), tmp_path, ".svg").read_text()
    assert 'width="148mm" height="105mm"' in svg
    assert svg.count("<image ") == 1
    delays = [float(delay) for delay in re.findall(r"animation-delay: ([\d.]+)s", svg)]
    assert len(delays) > 3
    assert all(before <= after for before, after in pairwise(delays))


def test_strokes_alone_are_still_and_in_a_plotters_order(make, tmp_path):
    card = make(photo=False)
    svg = moved(card, tmp_path, ".svg").read_text()
    assert "<image" not in svg
    assert "animation" not in svg
    assert svg.count("<path") == len(card.ink)
    assert "animation" in moved(make(photo=False, animated=True), tmp_path, ".svg").read_text()


def test_a_png_has_photo_and_ink(make, tmp_path):
    picture = Image.new("RGB", (40, 30), (200, 30, 30))
    card = make(picture=picture, size="80x60")
    with Image.open(moved(card, tmp_path, ".png")) as shown:
        assert shown.size == (80 * 12, 60 * 12)
        box = card.plan.photo
        middle = (int((box.left + box.width / 2) * 12), int((box.top + box.height / 2) * 12))
        assert shown.convert("RGB").getpixel(middle) == (200, 30, 30)
        x, y = card.writing.strokes[0][0] * 12
        assert sum(shown.convert("RGB").getpixel((int(x), int(y)))) < 300


def test_a_gif_ends_with_the_finished_card(make, tmp_path):
    picture = Image.new("RGB", (40, 30), (200, 30, 30))
    card = make(picture=picture, size="80x60")
    with Image.open(moved(card, tmp_path, ".gif")) as moving:
        frames = moving.n_frames
        assert frames > 10
        first = np.asarray(moving.convert("L")).astype(int)
        moving.seek(frames - 1)
        last = np.asarray(moving.convert("L")).astype(int)
    assert (last < 128).sum() > (first < 128).sum()
    rows = slice(int(card.plan.writing.top * 5), None)
    assert (first[rows] < 128).sum() == 0  # the writing comes last
    assert (last[rows] < 128).sum() > 0


def test_gcode_stays_on_the_card(make, tmp_path):
    program = moved(make(), tmp_path, ".gcode").read_text()
    points = re.findall(r"X(-?[\d.]+) Y(-?[\d.]+)", program)
    assert len(points) > 20
    assert all(0 <= float(x) <= 148 and 0 <= float(y) <= 105 for x, y in points)


# ---- decks ----


@pytest.fixture
def folder(photos, tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, photo in enumerate(photos[:3]):
        (folder / f"{number}.jpg").write_bytes(photo.read_bytes())
    (folder / "1.png").write_bytes(b"broken")
    return folder


def test_a_deck_has_a_card_and_a_row_for_each_photo(models, folder, tmp_path):
    deck = Deck(tmp_path / "cards")
    rows = list(make_deck(sorted(folder.iterdir()), CardMaker(CardOptions(), models), deck))
    assert [row.card for row in rows] == ["0.svg", "1.svg", None, "2.svg"]
    assert rows[2].error
    table = [json.loads(line) for line in deck.table.read_text().splitlines()]
    assert [record["source"] for record in table] == [row.source for row in rows]
    assert sorted(path.name for path in deck.folder.iterdir()) == [
        *("0.svg", "1.svg", "2.svg", "cards.jsonl")
    ]


def test_an_interrupted_deck_goes_on(models, folder, tmp_path):
    photos = sorted(folder.iterdir())
    whole = Deck(tmp_path / "whole")
    list(make_deck(photos, CardMaker(CardOptions(), models), whole))
    deck = Deck(tmp_path / "cards")
    stopped = make_deck(photos, CardMaker(CardOptions(), models), deck)
    next(stopped), next(stopped)
    stopped.close()
    assert not deck.table.exists()
    (deck.folder / "0.svg").unlink()
    again = Deck(tmp_path / "cards", resume=True)
    rows = list(make_deck(photos, CardMaker(CardOptions(), models), again))
    assert len(rows) == 4
    for path in whole.folder.iterdir():
        assert (deck.folder / path.name).read_bytes() == path.read_bytes()
    assert Deck(tmp_path / "cards", resume=True).finished


def test_a_deck_does_not_go_on_with_other_options(models, folder, tmp_path):
    photos = sorted(folder.iterdir())
    stopped = make_deck(photos, CardMaker(CardOptions(), models), Deck(tmp_path / "cards"))
    next(stopped)
    stopped.close()
    other = CardMaker(CardOptions(seed=9), models)
    with pytest.raises(UserError, match="was begun with options"):
        list(make_deck(photos, other, Deck(tmp_path / "cards", resume=True)))
    with pytest.raises(UserError, match="an interrupted run left this"):
        list(make_deck(photos, other, Deck(tmp_path / "cards")))


# ---- the command ----


@pytest.fixture
def run(monkeypatch, capsys, models):
    """Runs the command with models that have learnt nothing; its code and what it printed."""
    named = {
        "captioner": models.captioner,
        "sketcher": models.sketcher,
        "handwriting-generator": models.generator,
    }
    with_models = [word for name, folder in named.items() for word in (f"--{name}", folder)]

    def leave(*arguments: object) -> tuple[int, str, str]:
        words = ["multimodal", "postcard", *map(str, arguments), *with_models]
        monkeypatch.setattr(sys, "argv", words)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0, *capsys.readouterr()

    return leave


def test_a_card_of_a_photo(run, photos, tmp_path):
    card = tmp_path / "card.svg"
    code, out, _ = run(photos[0], "-o", card, "--style", 2, "--no-photo")
    assert code == 0
    assert out.startswith(f"{card}: ")
    assert "<image" not in card.read_text()


def test_a_card_of_nothing_says_so(capsys, tmp_path):
    _show(CardRow("a.jpg", "a.svg", "something unfamiliar", "Something unfamiliar."), tmp_path)
    told = capsys.readouterr().err
    assert told == "a.jpg: nothing in it is recognised, and the card says so\n"


def test_a_folder_makes_a_deck(run, folder, tmp_path):
    code, _, err = run(folder, "-o", tmp_path / "deck", "--format", "gcode")
    assert code == 3
    assert "3 made, 1 failed" in err
    code, _, err = run(folder, "-o", tmp_path / "deck", "--format", "gcode", "--resume")
    assert code == 0
    assert "is there and complete" in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["{photo}", "-o", "{out}/card.doc"], "not the ending of a card"),
        (["{photo}", "-o", "{out}/gone/card.svg"], "its folder does not exist"),
        (["{photo}", "{photo}", "-o", "{out}/card.svg"], "for several photos, name a folder"),
        (["{out}/gone.jpg", "-o", "{out}/card.svg"], "no such file"),
        (["{broken}", "-o", "{out}/card.svg"], "broken.jpg"),
        (["{photo}", "-o", "{out}/card.svg", "--size", "A0x"], "no paper"),
        (["{photo}", "-o", "{out}/card.svg", "--size", "9x9"], "sides from 40"),
        (["{photo}", "-o", "{out}/card.svg", "--style", "77"], "style"),
        (["{photo}", "-o", "{out}/card.svg", "--language", "tlh"], "translator"),
        (["{photo}", "-o", "{out}/card.svg", "--resume"], "only a deck"),
        (["{photo}", "-o", "{broken}"], "not the ending"),
    ],
)
def test_what_cannot_be_is_one_line(run, photos, tmp_path, arguments, reason):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    places = {"photo": photos[0], "out": tmp_path, "broken": broken}
    code, _, err = run(*(argument.format(**places) for argument in arguments))
    assert code == cli.USER_ERROR
    (line,) = err.splitlines()
    assert reason in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jpg"]


def test_a_card_that_is_there_is_kept(run, photos, tmp_path):
    card = tmp_path / "card.svg"
    card.write_text("mine")
    code, _, err = run(photos[0], "-o", card)
    assert code == cli.USER_ERROR
    assert "is there already" in err
    assert card.read_text() == "mine"
    assert run(photos[0], "-o", card, "--overwrite")[0] == 0
    assert card.read_text() != "mine"
