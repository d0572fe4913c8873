"""What people call: texts come out in a style, the same again, and errors say what to do."""

import json
import weakref

import numpy as np
import pytest

from multimodal.checkpoints import read_checkpoint
from multimodal.errors import UserError
from multimodal.handwriting.candidates import TextChunk
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.layout import Layout
from multimodal.handwriting.style import Style
from multimodal.strokes import Drawing, Paper

TEXT = "Dear Anna,\nthe train leaves at 9."


def same(drawings, others, tolerance=0.05):
    for drawing, other in zip(drawings, others, strict=True):
        for stroke, wanted in zip(drawing, other, strict=True):
            np.testing.assert_allclose(stroke, wanted, rtol=0, atol=tolerance)


def test_one_seed_writes_the_same_and_another_something_else(generator):
    page = generator.write(TEXT, style=2, seed=7)
    assert page == generator.write(TEXT, style=2, seed=7)
    assert page != generator.write(TEXT, style=2, seed=8)
    assert page != generator.write(TEXT, style=3, seed=7)
    assert generator.write(TEXT, seed=None) != generator.write(TEXT, seed=None)


def test_the_first_style_is_usual(generator):
    assert generator.write("ab", seed=1) == generator.write("ab", style=1, seed=1)
    assert generator.write("ab", style="2", seed=1) == generator.write("ab", style=2, seed=1)


def test_lines_stand_below_each_other(generator):
    high = Layout(line_height=20.0)
    one = generator.write("ab", layout=high, seed=1)
    two = generator.write("ab\n\nab", layout=high, seed=1)
    assert two.bounds[3] > one.bounds[3] + 20
    assert two.bounds[0] > -0.1  # curves go out a little beyond the corners that they replace


def test_letters_are_as_large_as_the_layout_says(generator):
    small = generator.write("ab", layout=Layout(line_height=10.0), seed=1)
    large = generator.write("ab", layout=Layout(line_height=30.0), seed=1)
    width = small.bounds[2] - small.bounds[0]
    assert large.bounds[2] - large.bounds[0] == pytest.approx(3 * width, rel=0.02)


def test_wrapped_text_keeps_its_width(generator):
    layout = Layout(width=60.0, align="right")
    page = generator.write("a text that is longer than a line " * 3, layout=layout, seed=2)
    assert page.bounds[2] == pytest.approx(60.0, abs=0.1)
    assert page.bounds[0] > -1e-6


def test_pages_are_filled_and_keep_their_margins(generator):
    paper = Paper(80, 60, margin=10, spacing=10)  # four lines
    pages = list(generator.write_pages("\n".join(["ab"] * 9), paper, seed=1))
    assert len(pages) == 3
    assert all(page.bounds[0] >= 10 - 1e-6 for page in pages)
    assert all(page.bounds[2] <= 70 + 1e-6 for page in pages)


def test_a_book_is_written_page_by_page(generator, monkeypatch):
    paper = Paper(40, 16, margin=3, spacing=10)  # one line
    words = [f"w{number}" for number in range(12)]
    together = list(generator.write_pages("\n".join(words), paper, seed=1))
    monkeypatch.setattr("multimodal.handwriting.layout.CHARACTERS_AT_ONCE", 8)
    assert generator.split_pages("\n".join(words), paper) == words
    written = []
    write_texts = generator.write_texts
    monkeypatch.setattr(
        generator, "write_texts", lambda *a, **b: written.append(a) or write_texts(*a, **b)
    )
    pages = generator.write_pages("\n".join(words), paper, seed=1)
    assert not written
    alive = []
    for number, page in enumerate(pages, 1):
        alive.append(weakref.ref(page.strokes[0]))
        assert len(written) <= number // 2 + 1  # no more than was taken
        assert sum(ref() is not None for ref in alive) <= 2
    assert number == len(words)
    monkeypatch.undo()
    again = list(generator.write_pages("\n".join(words), paper, seed=1))
    assert again == together


def test_batches_of_one_text_differ_and_are_repeatable(generator, monkeypatch):
    monkeypatch.setattr("multimodal.handwriting.layout.CHARACTERS_AT_ONCE", 2)
    paper = Paper(40, 16, margin=3, spacing=10)  # one line
    pages = list(generator.write_pages("ab\nab\nab", paper, seed=1))
    assert pages == list(generator.write_pages("ab\nab\nab", paper, seed=1))
    assert pages[0] != pages[1] != pages[2]
    with pytest.raises(UserError, match="bias"):
        generator.write_pages("ab", paper, bias=-1)  # before any page is taken


def test_lines_of_many_styles_in_one_batch(generator):
    styles = [1, 2, 3, 1]
    lines = generator.write_lines(["ab cd"] * 4, style=styles, seed=3)
    assert len(lines) == 4
    assert all(line.bounds[0] == pytest.approx(0) for line in lines)
    assert lines[0] != lines[3]  # each has random numbers of its own
    with pytest.raises(UserError, match="2 styles for 3 texts"):
        generator.write_lines(["a"] * 3, style=[1, 2])


def test_neither_neighbours_nor_the_batch_change_a_line(generator, monkeypatch):
    texts = ["ab", "a longer one", "c", "and more"]
    together = generator.write_lines(texts, seed=4)
    same(generator.write_lines(texts[:2], seed=4), together[:2])
    monkeypatch.setattr("multimodal.handwriting.chunks.BATCH_SIZE", 2)
    same(generator.write_lines(texts, seed=4), together)


def test_what_cannot_be_written(generator):
    with pytest.raises(UserError, match="U\\+00E4"):
        generator.write("Kätzchen")
    for text in ("", " \n\n "):
        with pytest.raises(UserError, match="nothing to write"):
            generator.write(text)
    with pytest.raises(UserError, match="nothing to write"):
        generator.write_lines(["ab", " "])


@pytest.mark.parametrize("style", [0, 4, -1, "17"])
def test_styles_that_are_not_there(generator, style):
    with pytest.raises(UserError, match="from 1 to 3"):
        generator.write("ab", style=style)


def test_options_are_checked(generator):
    with pytest.raises(UserError, match="bias"):
        generator.write("ab", bias=-1)
    for name in ("attempts", "num_candidates"):
        with pytest.raises(UserError, match=name):
            generator.write("ab", **{name: 0})
    with pytest.raises(UserError, match="neatness: no such option"):
        generator.write("ab", neatness=3)


def test_a_higher_bias_is_neater(generator):
    def spread(bias):
        pieces = [TextChunk("abcd", generator.style(1))] * 20
        lines = generator.write_texts(pieces, bias=bias, seed=1, attempts=1)
        return np.std(np.concatenate([line.rows[1:, :2].ravel() for line in lines]))

    assert spread(2.0) < spread(0.0)


def test_every_character_is_one_that_can_be_written(generator):
    assert len(generator.characters) == 95
    assert generator.write(generator.characters, seed=1)
    assert generator.styles == (1, 2, 3)


def test_saved_and_loaded_it_writes_the_same(generator, tmp_path):
    generator.options = generator.options.changed({"bias": 0.7})
    generator.save_pretrained(tmp_path / "mine", card="# mine")
    again = HandwritingGenerator.from_pretrained(tmp_path / "mine", precision="fp32")
    assert again.options.bias == 0.7
    assert again.styles == generator.styles
    how = {"seed": 1, "num_candidates": 1}  # of several another might be the best
    same([again.write("ab", **how)], [generator.write("ab", **how)], 0.2)  # 16 bit
    assert read_checkpoint(tmp_path / "mine").config["scale"] == 15.0


@pytest.mark.parametrize(
    ("key", "value"),
    [("gallery", [0, 9]), ("paces", [1.0]), ("gallery", []), ("scale", "x"), ("network", {})],
)
def test_a_configuration_that_cannot_be_is_named(generator, tmp_path, key, value):
    folder = generator.save_pretrained(tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(UserError, match=r"config\.json"):
        HandwritingGenerator.from_pretrained(folder)


def samples(count=4):
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        x = np.arange(60) * 6.0
        y = 20 * np.sin(x / 9) + random.normal(0, 1, 60)
        lines.append((Drawing([np.column_stack([x, y]) * 3]), f"minimum {number}"))
    return lines


def test_a_style_is_learnt_saved_and_used(generator, tmp_path):
    before = {name: tensor.clone() for name, tensor in generator.network.state_dict().items()}
    style = generator.learn_style(samples(), name="anna", steps=3)
    assert all(
        (generator.network.state_dict()[name] == tensor).all() for name, tensor in before.items()
    )
    assert style.primer is not None
    assert style.primer.text.startswith("minimum")
    style.save(tmp_path / "anna.json")
    assert Style.load(tmp_path / "anna.json") == style
    page = generator.write("ab cd", style=style, seed=1)
    assert page == generator.write("ab cd", style=tmp_path / "anna.json", seed=1)
    assert page == generator.write("ab cd", style=str(tmp_path / "anna"), seed=1)
    assert page != generator.write("ab cd", style=1, seed=1)


def test_learning_foretells_the_samples_better(generator):
    from multimodal.handwriting.likelihood import evaluate_likelihood
    from multimodal.handwriting.styles import fit_writer_embedding, samples_as_script

    script = samples_as_script(samples())
    seen = []
    embedding = fit_writer_embedding(
        generator.network, script, 15.0, 20, lambda _, nats: seen.append(nats)
    )
    assert seen[-1] < seen[0]
    told = embedding.expand(len(script), -1)
    found = evaluate_likelihood(generator.network, script, told, 15.0)
    assert found.nats_per_point < seen[0]
    assert found.lines == 4
    assert found.nats_per_line == pytest.approx(
        found.nats_per_point * script.lengths.sum() / len(script)
    )
    assert all(weight.requires_grad for weight in generator.network.parameters())


def test_lines_with_and_without_a_primer_share_a_batch(generator):
    style = generator.learn_style(samples(), steps=0)
    alone = generator.write_lines(["ab cd"], style=style, seed=2)
    mixed = generator.write_lines(["ab cd", "ef"], style=[style, 2], seed=2)
    same(alone, mixed[:1])
    assert mixed[0].bounds[0] == pytest.approx(0)


def test_samples_that_cannot_be_used(generator):
    good = samples(1)
    with pytest.raises(UserError, match="no sample"):
        generator.learn_style([])
    with pytest.raises(UserError, match="U\\+00FC"):
        generator.learn_style([(good[0][0], "für")])
    with pytest.raises(UserError, match="sample 2: 2 points"):
        generator.learn_style([good[0], (Drawing([[(0, 0), (1, 1)]]), "a long text")])
    leap = Drawing([good[0][0].strokes[0], good[0][0].strokes[0] - (9000, 0)])
    with pytest.raises(UserError, match="sample 1: not a single line"):
        generator.learn_style([(leap, "minimum")])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "nothing", '{"kind": "handwriting style", "format": 9}'],
)
def test_files_that_are_no_styles(generator, tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"x\.json: not a style"):
        generator.write("ab", style=path)


@pytest.mark.parametrize(("number", "key"), [(1, "hand"), (2, "embedding")])
def test_style_files_are_checked(generator, tmp_path, number, key):
    good = {"name": "a", key: [0.0] * 4, "pace": 40.0, "primer": None}
    entry = {"format": number, "kind": "handwriting style", **good}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(entry))
    assert Style.load(path) == Style("a", (0.0,) * 4, 40.0)
    faulty = [
        {"pace": -1},
        {key: [float("nan")] * 4},
        {"primer": {"text": "ü", "rows": [[0, 0, 1]]}},
        {"primer": {"text": "a", "rows": []}},
    ]
    for fault in faulty:
        path.write_text(json.dumps({**entry, **fault}))
        with pytest.raises(UserError, match="not a style"):
            Style.load(path)
    path.write_text(json.dumps({**entry, key: [0.0] * 5}))
    with pytest.raises(UserError, match="learnt for another writer"):
        generator.write("ab", style=path)
    with pytest.raises(UserError, match="no such style"):
        generator.write("ab", style=tmp_path / "b")
