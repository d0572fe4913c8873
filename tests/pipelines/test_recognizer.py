import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from multimodal.errors import UserError
from multimodal.recognition.drawings.data import ROUNDING, count_pieces
from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.strokes import Drawing, Record, read_quickdraw
from multimodal.strokes.ndjson import encode_ndjson
from pipelines import cli
from pipelines.benchmark.products import Products
from pipelines.benchmark.recognizer import benchmark_recognizer
from pipelines.commands import SOME_FAILED
from pipelines.evaluate.judge import compare, diversity, judge_sketcher
from pipelines.evaluate.recognizer import evaluate_recognizer

_FIXTURES = runpy.run_path(
    str(Path(__file__).parents[1] / "recognition" / "drawings" / "conftest.py")
)
checkpoint = _FIXTURES["checkpoint"]
config = _FIXTURES["config"]
drawings = _FIXTURES["drawings"]
recognizer = _FIXTURES["recognizer"]
NAMES = ("cross", "house", "wheel")


@pytest.fixture
def data(drawings, tmp_path) -> Path:
    """A folder as Quick, Draw! has it."""
    folder = tmp_path / "drawings"
    folder.mkdir()
    for name, of_one in drawings.items():
        records = [Record(d, name, key_id=f"{name}-{n}") for n, d in enumerate(of_one)]
        (folder / f"{name}.ndjson").write_bytes(encode_ndjson(records))
    return folder


class Copyist:
    """A sketcher that knows one drawing of each category, and takes its orders down."""

    categories = (*NAMES, "unicorn")

    def __init__(self, drawings: dict[str, list[Drawing]]) -> None:
        self._drawings = drawings
        self.orders: list[dict] = []

    def draw(self, category: str, count: int, **options: object) -> list[Drawing]:
        self.orders.append(options)
        return [self._drawings[category][0]] * count


# ---- recognize ----


def test_one_line_for_every_drawing(run, recognizer, checkpoint, drawings, tmp_path):
    single = drawings["house"][0].save(tmp_path / "one.svg")
    several = tmp_path / "two.ndjson"
    several.write_bytes(encode_ndjson(map(Record, drawings["cross"][:2])))
    code, out, _ = run("recognize", single, several, "--model", checkpoint, "--n-best", 2)
    assert code == 0
    names, told = zip(*(line.split("\t") for line in out.splitlines()), strict=True)
    assert names == (str(single), f"{several}:1", f"{several}:2")
    prediction = Recognizer.from_pretrained(checkpoint).predict(drawings["cross"][1], top=2)
    (best, first), (second, share) = prediction.ranking
    assert told[2] == f"{best} {first:.0%}, {second} {share:.0%}"


def test_one_line_after_every_stroke(run, checkpoint, drawings, tmp_path):
    path = tmp_path / "house.ndjson"
    path.write_bytes(encode_ndjson([Record(drawings["house"][0])]))
    _, out, _ = run("recognize", path, "--model", checkpoint, "--every-stroke")
    lines = [line.split("\t") for line in out.splitlines()]
    assert [(name, step) for name, step, _ in lines] == [(str(path), str(n)) for n in (1, 2, 3)]


def test_a_file_without_drawings_is_one_line(run, checkpoint, tmp_path):
    path = tmp_path / "photo.jpg"
    path.touch()
    code, _, complaint = run("recognize", path, "--model", checkpoint)
    assert code == SOME_FAILED
    assert complaint.startswith(f"multimodal: {path}: is a picture, not a drawing")
    assert complaint.endswith(f"for photos there is: multimodal caption {path}\n")
    assert len(complaint.splitlines()) == 1


def test_a_file_without_drawings_does_not_stop_the_others(run, checkpoint, drawings, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.touch()
    house = drawings["house"][0].save(tmp_path / "house.svg")
    code, out, told = run("recognize", photo, house, "--model", checkpoint)
    assert code == 3
    assert [line.split("\t")[0] for line in out.splitlines()] == [str(house)]
    assert told.startswith(f"multimodal: {photo}: ")
    assert len(told.splitlines()) == 1


def test_the_help_names_every_kind_of_file(run):
    from multimodal.strokes.reading import READABLE

    _, text, _ = run("recognize", "--help")
    assert all(ending in text for ending in READABLE)


# ---- train ----


def test_a_recognizer_is_trained_from_a_folder(run, data, tmp_path):
    small = "embedding_size=8 hidden_size=8 layers=1 picture_size=0 epochs=1 batch_size=50"
    settings = [word for setting in small.split() for word in ("--set", setting)]
    code, out, _ = run(
        "train", "recognizer", "--data", data, "--output", tmp_path / "run", *settings
    )
    assert code == 0
    assert f"{tmp_path / 'run' / 'best'}: the best recognizer" in out
    assert Recognizer.from_pretrained(tmp_path / "run" / "best").categories == NAMES


# ---- evaluate ----


def test_the_figures_are_those_of_the_guesses(checkpoint, data):
    scores = evaluate_recognizer(checkpoint, data, "train", least=41)
    recognizer = Recognizer.from_pretrained(checkpoint)
    parts = read_quickdraw(data, "train")
    predictions = {name: recognizer.predict(of_one) for name, of_one in parts.items()}
    right = {n: [g.label == n for g in of_one] for n, of_one in predictions.items()}
    every = [answer for of_one in right.values() for answer in of_one]
    assert scores["drawings"] == len(every) == sum(map(len, parts.values()))
    for key in ("top1", "top1_all", "top1_among_all"):  # no category is covered so well: all count
        assert scores[key] == pytest.approx(np.mean(every))
    assert scores["top5"] == 1
    assert scores["per_category"] == {n: pytest.approx(np.mean(a)) for n, a in right.items()}
    sure = [g.probability for of_one in predictions.values() for g in of_one]
    assert scores["confidence_after_fraction"]["1.0"] == pytest.approx(np.mean(sure))
    assert scores["accuracy_after_fraction"]["1.0"] == scores["top1"]
    assert list(scores["accuracy_after_fraction"]) == ["0.25", "0.5", "0.75", "1.0"]
    assert scores["ece_after_fraction"]["1.0"] == scores["ece"]
    assert scores["frequent_categories"] == 3
    assert scores["drawings_per_second"] == pytest.approx(len(every) / scores["seconds"])


def test_a_share_of_the_points_may_cut_a_stroke_short(checkpoint, data):
    scores = evaluate_recognizer(checkpoint, data, "test", least=41)
    recognizer = Recognizer.from_pretrained(checkpoint)
    half = [
        (recognizer.predict(drawing.first(-(-drawing.points // 2))).label, name)
        for name, of_one in read_quickdraw(data, "test").items()
        for drawing in of_one
    ]
    expected = np.mean([prediction == name for prediction, name in half])
    assert scores["accuracy_after_fraction"]["0.5"] == pytest.approx(expected)


def test_well_covered_categories_are_ranked_among_themselves(checkpoint, data):
    path = data / "wheel.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:20]))
    scores = evaluate_recognizer(checkpoint, data, "train", least=40)
    recognizer = Recognizer.from_pretrained(checkpoint)
    right = []
    for name in NAMES[:2]:
        for prediction in recognizer.predict(read_quickdraw(data, "train")[name]):
            shares = dict(prediction.ranking)
            right.append(max(NAMES[:2], key=shares.__getitem__) == name)
    assert scores["frequent_categories"] == 2
    assert scores["top1"] == pytest.approx(np.mean(right))
    assert scores["top1"] >= scores["top1_among_all"]


def test_scores_and_plot_are_written(run, checkpoint, data, tmp_path):
    figures, plot = tmp_path / "scores.json", tmp_path / "curve.png"
    where = ("--data", data, "--model", checkpoint, "--json", figures, "--plot", plot)
    code, out, _ = run("evaluate", "recognizer", "--split", "valid", *where)
    assert code == 0
    assert json.loads(out) == json.loads(figures.read_text())
    with Image.open(plot) as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(100_000)) > 10


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--split", "all"], "no split 'all'"),
        (["--plot", "curve.pdf"], "curve.pdf: a plot is written as .png"),
        (["--json", "nowhere/scores.json"], "its folder does not exist"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_are_one_line(run, checkpoint, data, options, line):
    where = ["--data", data, "--model", checkpoint]
    code, _, complaint = run("evaluate", "recognizer", *where, *options)
    assert code == cli.USER_ERROR
    assert line in complaint
    assert len(complaint.splitlines()) == 1


# ---- judge ----


def test_the_diversity_of_two_lines_that_cross_is_a_quarter():
    """From a point of one at x, it is |x| to the other; the mean of |x| from -½ to ½ is ¼."""
    one, two = Drawing([[(0, 3), (40, 3)]]), Drawing([[(7, 0), (7, 9), (7, 11)]])
    assert diversity([one, two]) == pytest.approx(0.25, abs=0.01)
    assert diversity([one, one, one]) == 0
    assert diversity([one, one, two]) == pytest.approx(diversity([one, two]) * 2 / 3)


def test_diversity_forgets_size_place_and_the_order_of_strokes(drawings):
    house = drawings["house"][0]
    other = Drawing(house.scaled(3).moved(9, 9).strokes[::-1])
    assert diversity([house, other]) < 0.02 < diversity([house, drawings["wheel"][0]])


@pytest.mark.parametrize("few", [[], [Drawing([[(0, 0), (1, 1)]])]])
def test_fewer_than_two_drawings_have_no_diversity(few):
    assert diversity(few) is None


def test_drawings_are_compared_by_the_share_that_is_named_right(recognizer, drawings):
    made, real = drawings["house"][:6], drawings["wheel"][:4]
    found = compare("house", [*made, Drawing([]), Drawing([])], real, recognizer)
    named = [prediction.label for prediction in recognizer.predict([*made, *real])]
    assert found["generated"] == named[:6].count("house") / 8  # an empty one is never right
    assert found["real"] == named[6:].count("house") / 4
    assert (found["generated_drawings"], found["real_drawings"]) == (8, 4)
    assert found["generated_diversity"] == diversity(made)
    assert found["real_diversity"] == diversity(real)


def test_a_copyist_is_named_right_but_is_not_diverse(recognizer, drawings):
    sketcher = Copyist(drawings)
    real = {**drawings, "cross": []}  # nobody drew it: not judged
    judged = judge_sketcher(sketcher, recognizer, real, per_category=5, seed=7)
    assert list(judged["per_category"]) == ["house", "wheel"]
    assert sketcher.orders == [{"seed": 7}] * 2
    for name, figures in judged["per_category"].items():
        right = recognizer.predict(drawings[name][0]).label == name
        assert figures["generated"] == right
        assert figures["generated_diversity"] == 0 < figures["real_diversity"]
        assert figures["generated_drawings"] == figures["real_drawings"] == 5
    shares = [figures["real"] for figures in judged["per_category"].values()]
    assert judged["real"] == np.mean(shares)
    assert judged["ratio"] == pytest.approx(judged["generated"] / judged["real"])
    assert judged["diversity_ratio"] == 0
    judge_sketcher(sketcher, recognizer, real, per_category=1, temperature=0.3)
    assert sketcher.orders[-1] == {"seed": 0, "temperature": 0.3}


def test_nothing_in_common_cannot_be_judged(recognizer, drawings):
    with pytest.raises(UserError, match="share no category"):
        judge_sketcher(Copyist(drawings), recognizer, {"unicorn": drawings["house"]})


# ---- benchmark ----


@pytest.mark.parametrize("mirror", [True, False])
def test_the_benchmark_tells_what_it_timed(recognizer, drawings, tmp_path, mirror):
    recognizer.mirror = mirror
    folder = recognizer.save_pretrained(tmp_path / "timed")
    path = tmp_path / "houses.ndjson"
    path.write_bytes(encode_ndjson(map(Record, drawings["house"])))
    lines = list(benchmark_recognizer(folder, 4, [path]))
    assert lines[0].startswith(f"4 drawings, 12 strokes, {'each with' if mirror else 'without'}")
    assert re.search(r"a live prediction: \d+\.\d\d ms a stroke", lines[2])
    rows = [line.split() for line in lines[5:8]]
    assert [int(row[0]) for row in rows] == [1, 16, 256]
    assert all(float(figure) > 0 for row in rows for figure in row[1:])


def test_the_bare_products_are_those_of_the_network(recognizer, drawings):
    """Two linear layers of the embedding, two recurrent layers, five convolutions and a linear
    layer of the eye, and the readout; a recurrent layer has one product for all inputs and one a
    step."""
    shown = drawings["house"][:2]
    products = Products(recognizer.network, lambda: recognizer.predict(shown))
    steps = -(-int(count_pieces(StrokeBatch.of(shown)).max()) // ROUNDING) * ROUNDING
    assert len(products._products) == 2 + 2 * (1 + steps) + 5 + 1 + 1
    with torch.inference_mode():
        shapes = [tuple(product().shape) for product in products._products]
    sides, strokes = 2, 2
    assert shapes[0] == (sides * len(shown), steps, 12)
    assert shapes[-1] == (sides * strokes, 3)


def test_scribbles_are_timed_where_there_are_no_drawings(checkpoint):
    assert next(benchmark_recognizer(checkpoint, 3)).startswith("3 drawings, 15 strokes")


def test_a_folder_of_photos_or_drawings_is_no_clip(tmp_path):
    from PIL import Image

    from pipelines.faults import Faults
    from pipelines.recognize import recognize_videos

    photos, drawings = tmp_path / "photos", tmp_path / "drawings"
    for folder in (photos, drawings):
        folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (20, 10 * number)).save(photos / f"{number}.png")
    (drawings / "duck.svg").write_text("<svg/>")
    told: list[str] = []
    assert list(recognize_videos(None, [photos, drawings], Faults(told.append))) == []
    assert "of different sizes; for photos there is: multimodal cap" in told[0]
    assert re.search(r"name its drawings: multimodal recognize .*\*\.svg", told[1])
