"""Writing by hand from the command line: every format, pages, styles, and what goes wrong."""

import json
import runpy
import weakref
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from multimodal.errors import UserError
from multimodal.handwriting.options import HandwritingOptions
from multimodal.strokes import Drawing, Paper, read_drawings, save_drawings
from pipelines import handwrite as jobs
from pipelines.cli import commands

_FIXTURES = runpy.run_path(str(Path(__file__).parents[1] / "handwriting" / "conftest.py"))
make_generator = _FIXTURES["make_generator"]
generator = _FIXTURES["generator"]


@pytest.fixture
def model(generator, tmp_path, monkeypatch):
    changed = HandwritingOptions.changed  # every attempt would fail
    monkeypatch.setattr(
        HandwritingOptions, "changed", lambda own, new: changed(own, {"attempts": 1, **new})
    )
    monkeypatch.chdir(tmp_path)
    return generator.save_pretrained(tmp_path / "model")


def run(*arguments):
    return CliRunner().invoke(commands.app, [str(argument) for argument in arguments])


def handwrite(model, *arguments):
    return run("handwrite", *arguments, "--model", model)


@pytest.mark.parametrize("ending", jobs.WRITABLE)
def test_every_format(model, tmp_path, ending):
    place = tmp_path / f"fox{ending}"
    result = handwrite(model, "fox 12!", "--style", 2, "--bias", 0.5, "--seed", 1, "-o", place)
    assert result.exit_code == 0, result.output
    assert "seed 1" in result.output
    assert place.stat().st_size > 100
    again = tmp_path / f"again{ending}"
    handwrite(model, "fox 12!", "--style", 2, "--bias", 0.5, "--seed", 1, "-o", again)
    assert again.read_bytes() == place.read_bytes()


def test_ndjson_says_what_it_is(model, tmp_path):
    handwrite(model, "ab\ncd", "-o", "it.ndjson")
    (record,) = read_drawings(tmp_path / "it.ndjson")
    assert record.word == "ab cd"


def test_a_file_on_numbered_pages(model, tmp_path):
    (tmp_path / "letter.txt").write_text("ab cd\n" * 6, encoding="utf-8")
    result = handwrite(
        *(model, "--file", "letter.txt", "--page", "60x50", "--margin", 10, "-o", "letter.png"),
        *("--ruled", "--pen-width", 0.6),
    )
    assert result.exit_code == 0, result.output
    pages = sorted(path.name for path in tmp_path.glob("letter*.png"))
    assert pages == ["letter-1.png", "letter-2.png"]
    picture = Image.open(tmp_path / "letter-1.png")
    assert picture.size == (480, 400)
    assert 200 in {colour for _, colour in picture.getcolors()}


def book(tmp_path, pages=12):
    (tmp_path / "book.txt").write_text("ab\n" * pages, encoding="utf-8")
    return "--file", "book.txt", "--page", "40x16", "--margin", 3, "--seed", 5, "--drafts", 1


@pytest.mark.parametrize("ending", jobs.WRITABLE)
def test_many_pages_in_every_format(model, tmp_path, ending, monkeypatch):
    monkeypatch.setattr("multimodal.handwriting.layout.CHARACTERS_AT_ONCE", 4)
    result = handwrite(model, *book(tmp_path), "-o", f"book{ending}")
    assert result.exit_code == 0, result.output
    assert "seed 5" in result.output
    files = {path.name for path in tmp_path.glob("book*")} - {"book.txt"}
    if ending in (".ndjson", ".json", ".npz"):
        assert files == {f"book{ending}"}
        records = read_drawings(tmp_path / f"book{ending}")
        assert len(records) == 12
        assert {record.word for record in records} <= {"ab", ""}
    else:
        assert files == {f"book-{number}{ending}" for number in range(1, 13)}
        assert f"book-1{ending} … book-12{ending}: written" in result.output


@pytest.mark.parametrize("ending", [".svg", ".png", ".gif", ".gcode"])
def test_a_page_is_there_before_the_next_is_taken(tmp_path, ending):
    alive = []

    def pages():
        for number in range(1, 8):
            page = LINE.moved(0, number)
            alive.append(weakref.ref(page.strokes[0]))
            yield page
            del page
            assert (tmp_path / f"p-{number}{ending}").stat().st_size > 100
            assert sum(ref() is not None for ref in alive) <= 2

    written = jobs.Handwriting(pages(), Paper(300, 60), ["ab"] * 7)
    assert len(list(jobs.save(written, tmp_path / f"p{ending}"))) == len(alive) == 7


@pytest.mark.parametrize(
    ("ending", "kept"), [(".svg", {"book-1.svg", "book-2.svg"}), (".json", set())]
)
def test_interrupted_pages_stay_and_nothing_is_half_written(
    model, tmp_path, monkeypatch, ending, kept
):
    taken = []

    def smooth(page):
        taken.append(page)
        if len(taken) == 3:
            raise KeyboardInterrupt
        return page

    monkeypatch.setattr("multimodal.handwriting.pages.smooth", smooth)
    result = handwrite(model, *book(tmp_path), "-o", f"book{ending}")
    assert result.exit_code == 130
    assert f"interrupted: {len(kept)} of 12 pages are done, seed 5" in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"book.txt", "model", *kept}


def test_no_numbered_page_is_overwritten_unasked(model, tmp_path):
    (tmp_path / "book-7.svg").write_text("mine")
    asked = (model, *book(tmp_path), "-o", "book.svg")
    result = handwrite(*asked)
    assert isinstance(result.exception, UserError)
    assert "book-7.svg: is there already" in str(result.exception)
    assert not (tmp_path / "book-1.svg").exists()
    assert handwrite(*asked, "--overwrite").exit_code == 0
    assert (tmp_path / "book-7.svg").read_text() != "mine"


def test_a_plotter_gets_ink_alone(model, tmp_path):
    asked = (model, "ab cd", "--page", "A6", "--ruled", "--seed", 1)
    handwrite(*asked, "-o", "letter.svg")
    result = handwrite(*asked, "-o", "plotter.svg", "--plotter")
    assert result.exit_code == 0, result.output
    assert "<image" in (tmp_path / "letter.svg").read_text()
    text = (tmp_path / "plotter.svg").read_text()
    assert "<image" not in text
    assert 'width="105mm"' in text


def test_the_page_is_as_large_as_the_text(model, tmp_path):
    handwrite(model, "ab", "-o", "one.svg", "--seed", 3)
    handwrite(model, "ab\nab\nab", "-o", "three.svg", "--seed", 3)

    def height(name):
        return float((tmp_path / name).read_text().split('height="')[1].split("mm")[0])

    assert height("three.svg") >= height("one.svg") + 19


@pytest.mark.parametrize(("lowest", "height"), [(6.0, 20), (7.0, 20), (9.5, 20), (17.4, 30)])
def test_what_hangs_below_a_baseline_is_no_line_of_its_own(lowest, height):
    written = jobs._cut_to(Drawing([[(0, 2), (30, lowest)]]), "a text", 10.0)
    assert written.paper.height == height  # lines of 10 mm, and 5 mm at either edge


def test_a_sheet_of_every_style(model, tmp_path):
    result = handwrite(model, "--styles", "-o", "styles.svg")
    assert result.exit_code == 0, result.output
    (record,) = read_drawings(tmp_path / "styles.svg")
    assert len(record.drawing) > 3
    result = handwrite(model, "two\nlines", "--styles", "-o", "more.svg")
    assert isinstance(result.exception, UserError)


def test_without_an_output_it_is_named_after_the_text(model, tmp_path):
    assert handwrite(model, "ab cd!").exit_code == 0
    assert handwrite(model, "ab cd!").exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["ab-cd-2.svg", "ab-cd.svg"]


def test_a_backslash_and_an_n_are_told_from_a_new_line(model, tmp_path):
    told = handwrite(model, r"ab\ncd", "-o", "a.svg")
    assert told.exit_code == 0
    assert "a backslash and n are two letters here" in told.output
    assert "backslash" not in handwrite(model, "ab\ncd", "-o", "b.svg").output


def test_spelled(model, tmp_path):
    assert handwrite(model, "Grüße", "--spelled", "-o", "g.svg").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--file or --styles"),
        (["ab", "--file", "x.txt"], "not both"),
        (["--file", "x.txt"], r"x\.txt: no such file"),
        (["Grüße"], "U\\+00FC"),
        (["ab", "--style", "99"], "style 99"),
        (["ab", "--style", "none.json"], r"none\.json: no such style"),
        (["ab", "--page", "B9"], "no paper 'B9'"),
        (["ab", "--bias", "-1"], "bias"),
        (["ab", "--pen-width", "0"], "pen_width"),
        (["ab", "-o", "x.doc"], r"x\.doc: cannot be written"),
        (["ab", "-o", "none/x.svg"], "folder does not exist"),
        (["x" * 100_001], "at most 100000"),
    ],
)
def test_what_goes_wrong_is_one_line(model, arguments, named):
    result = handwrite(model, *arguments)
    assert isinstance(result.exception, UserError), result.output
    assert "\n" not in str(result.exception)
    with pytest.raises(UserError, match=named):
        raise result.exception


def test_nothing_is_overwritten_unasked(model, tmp_path):
    (tmp_path / "x.svg").write_text("mine")
    assert isinstance(handwrite(model, "ab", "-o", "x.svg").exception, UserError)
    assert (tmp_path / "x.svg").read_text() == "mine"
    assert handwrite(model, "ab", "-o", "x.svg", "--overwrite").exit_code == 0


LINE = Drawing([[(6 * n, 20 * (n % 2)) for n in range(40)]])


def test_a_hand_is_learnt_and_written_in(model, tmp_path, monkeypatch):
    monkeypatch.setattr("multimodal.handwriting.styles.STEPS", 2)
    save_drawings([LINE, LINE], tmp_path / "mine.ndjson", titles=["minimum one", "minimum two"])
    result = run("learn-style", "mine.ndjson", "-o", "mine.json", "--model", model)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "mine.json").read_text())["name"] == "mine"
    assert handwrite(model, "ab", "--style", "mine", "-o", "x.svg").exit_code == 0
    again = run("learn-style", "mine.ndjson", "-o", "mine.json", "--model", model)
    assert isinstance(again.exception, UserError)


def test_texts_of_samples_come_from_a_file(tmp_path):
    save_drawings([LINE], tmp_path / "a.svg")
    save_drawings([LINE], tmp_path / "b.svg")
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    (tmp_path / "texts.txt").write_text("one\n\ntwo\n", encoding="utf-8")
    samples = jobs.read_samples(paths, tmp_path / "texts.txt")
    assert [text for _, text in samples] == ["one", "two"]
    with pytest.raises(UserError, match="2 lines of text for 1 drawings"):
        jobs.read_samples(paths[:1], tmp_path / "texts.txt")
    with pytest.raises(UserError, match="sample 1 does not say what it is"):
        jobs.read_samples(paths, None)
    (tmp_path / "latin.txt").write_bytes(b"f\xfcr")
    with pytest.raises(UserError, match="UTF-8"):
        jobs.read_samples(paths, tmp_path / "latin.txt")
