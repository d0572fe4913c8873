"""What people call: texts come out in a hand, the same again, and errors say what to do."""

import json

import numpy as np
import pytest

from multimodal.checkpoints import read_checkpoint
from multimodal.errors import UserError
from multimodal.handwriting.judging import Piece
from multimodal.handwriting.layout import Layout
from multimodal.handwriting.style import Style
from multimodal.handwriting.writer import Writer
from multimodal.strokes import Drawing, Paper

TEXT = "Dear Anna,\nthe train leaves at 9."


def same(drawings, others, tolerance=0.05):
    for drawing, other in zip(drawings, others, strict=True):
        for stroke, wanted in zip(drawing, other, strict=True):
            np.testing.assert_allclose(stroke, wanted, rtol=0, atol=tolerance)


def test_one_seed_writes_the_same_and_another_something_else(writer):
    page = writer.write(TEXT, style=2, seed=7)
    assert page == writer.write(TEXT, style=2, seed=7)
    assert page != writer.write(TEXT, style=2, seed=8)
    assert page != writer.write(TEXT, style=3, seed=7)
    assert writer.write(TEXT, seed=None) != writer.write(TEXT, seed=None)


def test_the_first_style_is_usual(writer):
    assert writer.write("ab", seed=1) == writer.write("ab", style=1, seed=1)
    assert writer.write("ab", style="2", seed=1) == writer.write("ab", style=2, seed=1)


def test_lines_stand_below_each_other(writer):
    high = Layout(line_height=20.0)
    one = writer.write("ab", layout=high, seed=1)
    two = writer.write("ab\n\nab", layout=high, seed=1)
    assert two.bounds[3] > one.bounds[3] + 20
    assert two.bounds[0] > -0.1  # curves go out a little beyond the corners that they replace


def test_letters_are_as_large_as_the_layout_says(writer):
    small = writer.write("ab", layout=Layout(line_height=10.0), seed=1)
    large = writer.write("ab", layout=Layout(line_height=30.0), seed=1)
    width = small.bounds[2] - small.bounds[0]
    assert large.bounds[2] - large.bounds[0] == pytest.approx(3 * width, rel=0.02)


def test_wrapped_text_keeps_its_width(writer):
    layout = Layout(width=60.0, align="right")
    page = writer.write("a text that is longer than a line " * 3, layout=layout, seed=2)
    assert page.bounds[2] == pytest.approx(60.0, abs=0.1)
    assert page.bounds[0] > -1e-6


def test_pages_are_filled_and_keep_their_margins(writer):
    paper = Paper(80, 60, margin=10, spacing=10)  # four lines
    pages = writer.write_pages("\n".join(["ab"] * 9), paper, seed=1)
    assert len(pages) == 3
    assert all(page.bounds[0] >= 10 - 1e-6 for page in pages)
    assert all(page.bounds[2] <= 70 + 1e-6 for page in pages)


def test_lines_of_many_styles_in_one_batch(writer):
    styles = [1, 2, 3, 1]
    lines = writer.write_lines(["ab cd"] * 4, style=styles, seed=3)
    assert len(lines) == 4
    assert all(line.bounds[0] == pytest.approx(0) for line in lines)
    assert lines[0] != lines[3]  # each has random numbers of its own
    with pytest.raises(UserError, match="2 styles for 3 texts"):
        writer.write_lines(["a"] * 3, style=[1, 2])


def test_neither_neighbours_nor_the_batch_change_a_line(writer, monkeypatch):
    texts = ["ab", "a longer one", "c", "and more"]
    together = writer.write_lines(texts, seed=4)
    same(writer.write_lines(texts[:2], seed=4), together[:2])
    monkeypatch.setattr("multimodal.handwriting.pieces.AT_ONCE", 2)
    same(writer.write_lines(texts, seed=4), together)


def test_what_cannot_be_written(writer):
    with pytest.raises(UserError, match="U\\+00E4"):
        writer.write("Kätzchen")
    for text in ("", " \n\n "):
        with pytest.raises(UserError, match="nothing to write"):
            writer.write(text)
    with pytest.raises(UserError, match="nothing to write"):
        writer.write_lines(["ab", " "])


@pytest.mark.parametrize("style", [0, 4, -1, "17"])
def test_styles_that_are_not_there(writer, style):
    with pytest.raises(UserError, match="from 1 to 3"):
        writer.write("ab", style=style)


def test_options_are_checked(writer):
    with pytest.raises(UserError, match="bias"):
        writer.write("ab", bias=-1)
    for name in ("attempts", "drafts"):
        with pytest.raises(UserError, match=name):
            writer.write("ab", **{name: 0})
    with pytest.raises(UserError, match="neatness: no such option"):
        writer.write("ab", neatness=3)


def test_a_higher_bias_is_neater(writer):
    def spread(bias):
        pieces = [Piece("abcd", writer.style(1))] * 20
        lines = writer.write_texts(pieces, bias=bias, seed=1, attempts=1)
        return np.std(np.concatenate([line.rows[1:, :2].ravel() for line in lines]))

    assert spread(2.0) < spread(0.0)


def test_every_character_is_one_that_can_be_written(writer):
    assert len(writer.characters) == 95
    assert writer.write(writer.characters, seed=1)
    assert writer.styles == (1, 2, 3)


def test_saved_and_loaded_it_writes_the_same(writer, tmp_path):
    writer.options = writer.options.changed({"bias": 0.7})
    writer.save(tmp_path / "mine", card="# mine")
    again = Writer.load(tmp_path / "mine", precision="fp32")
    assert again.options.bias == 0.7
    assert again.styles == writer.styles
    how = {"seed": 1, "drafts": 1}  # of several another might be the best
    same([again.write("ab", **how)], [writer.write("ab", **how)], 0.2)  # 16 bit
    assert read_checkpoint(tmp_path / "mine").config["scale"] == 15.0


@pytest.mark.parametrize(
    ("key", "value"),
    [("gallery", [0, 9]), ("paces", [1.0]), ("gallery", []), ("scale", "x"), ("network", {})],
)
def test_a_configuration_that_cannot_be_is_named(writer, tmp_path, key, value):
    folder = writer.save(tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(UserError, match=r"config\.json"):
        Writer.load(folder)


def samples(count=4):
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        x = np.arange(60) * 6.0
        y = 20 * np.sin(x / 9) + random.normal(0, 1, 60)
        lines.append((Drawing([np.column_stack([x, y]) * 3]), f"minimum {number}"))
    return lines


def test_a_style_is_learnt_saved_and_used(writer, tmp_path):
    before = {name: tensor.clone() for name, tensor in writer.network.state_dict().items()}
    style = writer.learn_style(samples(), name="anna", steps=3)
    assert all(
        (writer.network.state_dict()[name] == tensor).all() for name, tensor in before.items()
    )
    assert style.primer is not None
    assert style.primer.text.startswith("minimum")
    style.save(tmp_path / "anna.json")
    assert Style.load(tmp_path / "anna.json") == style
    page = writer.write("ab cd", style=style, seed=1)
    assert page == writer.write("ab cd", style=tmp_path / "anna.json", seed=1)
    assert page == writer.write("ab cd", style=str(tmp_path / "anna"), seed=1)
    assert page != writer.write("ab cd", style=1, seed=1)


def test_learning_foretells_the_samples_better(writer):
    from multimodal.handwriting.likelihood import surprise
    from multimodal.handwriting.styles import learn_hand, samples_as_script

    script = samples_as_script(samples())
    seen = []
    hand = learn_hand(writer.network, script, 15.0, 20, lambda _, nats: seen.append(nats))
    assert seen[-1] < seen[0]
    told = hand.expand(len(script), -1)
    found = surprise(writer.network, script, told, 15.0)
    assert found.nats_per_point < seen[0]
    assert found.lines == 4
    assert found.nats_per_line == pytest.approx(
        found.nats_per_point * script.lengths.sum() / len(script)
    )
    assert all(weight.requires_grad for weight in writer.network.parameters())


def test_lines_with_and_without_a_primer_share_a_batch(writer):
    style = writer.learn_style(samples(), steps=0)
    alone = writer.write_lines(["ab cd"], style=style, seed=2)
    mixed = writer.write_lines(["ab cd", "ef"], style=[style, 2], seed=2)
    same(alone, mixed[:1])
    assert mixed[0].bounds[0] == pytest.approx(0)


def test_samples_that_cannot_be_used(writer):
    good = samples(1)
    with pytest.raises(UserError, match="no sample"):
        writer.learn_style([])
    with pytest.raises(UserError, match="U\\+00FC"):
        writer.learn_style([(good[0][0], "für")])
    with pytest.raises(UserError, match="sample 2: 2 points"):
        writer.learn_style([good[0], (Drawing([[(0, 0), (1, 1)]]), "a long text")])
    leap = Drawing([good[0][0].strokes[0], good[0][0].strokes[0] - (9000, 0)])
    with pytest.raises(UserError, match="sample 1: not a single line"):
        writer.learn_style([(leap, "minimum")])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "nothing", '{"kind": "handwriting style", "format": 9}'],
)
def test_files_that_are_no_styles(writer, tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"x\.json: not a style"):
        writer.write("ab", style=path)


def test_style_files_are_checked(writer, tmp_path):
    good = {"name": "a", "hand": [0.0] * 4, "pace": 40.0, "primer": None}
    entry = {"format": 1, "kind": "handwriting style", **good}
    path = tmp_path / "a.json"
    faulty = [
        {"pace": -1},
        {"hand": [float("nan")] * 4},
        {"primer": {"text": "ü", "rows": [[0, 0, 1]]}},
        {"primer": {"text": "a", "rows": []}},
    ]
    for fault in faulty:
        path.write_text(json.dumps({**entry, **fault}))
        with pytest.raises(UserError, match="not a style"):
            Style.load(path)
    path.write_text(json.dumps({**entry, "hand": [0.0] * 5}))
    with pytest.raises(UserError, match="learnt for another writer"):
        writer.write("ab", style=path)
    with pytest.raises(UserError, match="no such style"):
        writer.write("ab", style=tmp_path / "b")
