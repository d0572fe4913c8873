import weakref

import pytest

from multimodal.errors import UserError
from multimodal.strokes import Drawing, read_drawings, read_ndjson, save_drawings

DRAWING = Drawing([[(0, 0), (90, 10)], [(40, 40), (40, 80), (60, 80)]], times=[[0, 1], [2, 3, 4]])
STARTS = {
    ".svg": b"<svg",
    ".PNG": b"\x89PNG",
    ".gif": b"GIF89a",
    ".ndjson": b'{"word"',
    ".npz": b"PK",
    ".json": b'{"drawings"',
    ".gcode": b"; ",
}


@pytest.mark.parametrize("ending", STARTS)
def test_the_ending_says_how(tmp_path, ending):
    path = tmp_path / f"ünï 🦆{ending}"
    assert save_drawings([DRAWING, DRAWING], str(path), titles=["a", "b"], columns=1) == path
    assert path.read_bytes().startswith(STARTS[ending])
    assert list(tmp_path.iterdir()) == [path]


def test_titles_are_the_words(tmp_path):
    path = save_drawings([DRAWING, DRAWING], tmp_path / "two.ndjson", titles=["cat", "dög"])
    assert [(r.word, r.drawing) for r in read_ndjson(path)] == [("cat", DRAWING), ("dög", DRAWING)]
    with pytest.raises(UserError, match="1 titles for 2 drawings"):
        save_drawings([DRAWING, DRAWING], path, titles=["cat"])


@pytest.mark.parametrize(
    ("drawings", "name", "options", "reason"),
    [
        ([DRAWING], "a.bmp", {}, r"choose one of .svg, .png"),
        ([DRAWING], "a", {}, "choose one of"),
        ([], "a.svg", {}, "no drawing"),
        ([DRAWING, Drawing(())], "a.svg", {}, "drawing 2 has no stroke"),
        ([DRAWING.scaled(1e5)], "a.npz", {}, "scale the drawing down"),
        ([DRAWING], "a.png", {"size": 1e5}, "too large"),
        ([DRAWING], "no/such/a.svg", {}, "cannot be written"),
        ([DRAWING], "folder.svg", {}, "cannot be written"),
        ([DRAWING], f"{'long' * 99}.svg", {}, "cannot be written"),
    ],
)
def test_what_cannot_be_saved(tmp_path, drawings, name, options, reason):
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UserError, match=reason) as caught:
        save_drawings(drawings, tmp_path / name, **options)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.svg"]


@pytest.mark.parametrize("ending", [".ndjson", ".json", ".npz"])
def test_drawings_are_let_go_when_they_are_saved(tmp_path, ending):
    alive = []

    def drawings():
        for number in range(20):
            drawing = DRAWING.moved(number, 0)
            alive.append(weakref.ref(drawing.strokes[0]))
            yield drawing
            del drawing
            assert sum(ref() is not None for ref in alive) <= 2

    path = save_drawings(drawings(), tmp_path / f"many{ending}")
    assert len(alive) == len(read_drawings(path)) == 20


def test_drawings_that_fail_leave_the_old_file(tmp_path):
    path = save_drawings([DRAWING], tmp_path / "a.ndjson")
    before = path.read_bytes()
    with pytest.raises(UserError, match="2 titles for 3 drawings"):
        save_drawings([DRAWING] * 3, path, titles=["a", "b"])

    def interrupted():
        yield DRAWING
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_drawings(interrupted(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = DRAWING.save(tmp_path / "a.npz")
    before = path.read_bytes()
    with pytest.raises(UserError):
        DRAWING.scaled(1e5).save(path)
    assert path.read_bytes() == before


def test_unknown_endings_are_not_read(tmp_path):
    with pytest.raises(UserError, match=r"a.txt: .*known are .ndjson, .bin, .npz, .json, .svg"):
        read_drawings(tmp_path / "a.txt")


def test_giant_coordinates_pass_through_every_picture(tmp_path):
    giant = Drawing([[(-1e9, -1e9), (1e9, 1e9)], [(1e9, -1e9)]])
    for ending in (".svg", ".png", ".gif", ".gcode", ".ndjson", ".json"):
        assert giant.save(tmp_path / f"giant{ending}").stat().st_size > 20
    assert read_drawings(tmp_path / "giant.ndjson")[0].drawing == giant
    assert read_drawings(tmp_path / "giant.svg")[0].drawing.points == 3
