"""From drawings to a sketcher, its figures and its speed, as the command line goes about it."""

import json

import pytest
from typer.testing import CliRunner

from multimodal.errors import UserError
from multimodal.sketching.sketcher import Sketcher
from multimodal.strokes import Drawing, save_drawings
from pipelines.benchmark.sketcher import COUNTS, benchmark_sketcher
from pipelines.cli import commands
from pipelines.evaluate.sketcher import evaluate_sketcher

SMALL = {
    "decoder_size": 16,
    "encoder_size": 8,
    "latent_size": 4,
    "category_size": 4,
    "components": 2,
    "limit": 20,
    "epochs": 1,
    "batch_size": 20,
}
SETTINGS = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawings")
    for name, height in (("ant", 20), ("bee", 90)):
        drawings = [
            Drawing([[(0, 0), (50 + n, 0), (50, height)], [(10, 20), (40, 20 + n)]])
            for n in range(60)
        ]
        save_drawings(drawings, folder / f"{name}.ndjson")
    return folder


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "sketcher"
    arguments = ["train", "sketcher", "--data", str(data), "--output", str(out), *SETTINGS]
    result = CliRunner().invoke(commands.app, arguments)
    assert result.exit_code == 0, result.output
    return out / "best"


def test_training_leaves_a_sketcher_that_draws(model):
    sketcher = Sketcher.from_pretrained(model)
    assert sketcher.categories == ("ant", "bee")
    assert sketcher.draw("bee", 2, seed=1)
    assert list((model.parent / "samples").glob("*.png"))


def test_scores_of_every_category(model, data, tmp_path):
    arguments = ["evaluate", "sketcher", "--data", str(data), "--model", str(model)]
    place = tmp_path / "scores.json"
    result = CliRunner().invoke(commands.app, [*arguments, "--json", str(place)])
    assert result.exit_code == 0, result.output
    scores = json.loads(place.read_text())
    assert scores["n_max"] == 20
    assert list(scores["categories"]) == ["ant", "bee"]
    parts = list(scores["categories"].values())
    for name in ("reconstruction_loss", "reconstruction_loss_masked", "kl", "seconds"):
        values = [part[name] for part in parts]
        total = sum(values) if name == "seconds" else None
        weighted = sum(p[name] * p["drawings"] for p in parts) / scores["drawings"]
        assert scores[name] == pytest.approx(weighted if total is None else total)
        assert min(values) > 0
    assert scores["drawings"] == sum(part["drawings"] for part in parts) > 0
    assert scores["reconstruction_loss_masked"] < scores["reconstruction_loss"]
    assert set(scores["without_latent"]) == {
        "reconstruction_loss",
        "reconstruction_loss_masked",
        "nats_per_point",
        "drawings",
    }


def test_nats_per_point_are_those_of_the_drawings_scores(model, data):
    from multimodal.strokes import read_quickdraw

    sketcher = Sketcher.from_pretrained(model, precision="fp32")
    drawings = read_quickdraw(data, "test")
    scored = [(sketcher.score(d, name), d) for name, found in drawings.items() for d in found]
    wanted = sum(s.nats for s, _ in scored) / sum(d.points - 1 for _, d in scored)
    found = evaluate_sketcher(model, data)["without_latent"]["nats_per_point"]
    assert found == pytest.approx(wanted, rel=1e-4)


def test_drawings_that_cannot_be_measured_are_noted(model, data, tmp_path):
    save_drawings([Drawing([[(n, n % 3) for n in range(60)]])], tmp_path / "long.ndjson")
    long = (tmp_path / "long.ndjson").read_bytes()
    (tmp_path / "long.ndjson").unlink()
    for name in ("ant", "wasp"):
        (tmp_path / f"{name}.ndjson").write_bytes((data / "ant.ndjson").read_bytes() + long)
    notes: list[str] = []
    for split in ("train", "dev", "test"):
        scores = evaluate_sketcher(model, tmp_path, split, notes.append)
        assert list(scores["categories"]) == ["ant"]
    assert "1 categories that this sketcher does not draw are left out: wasp" in notes
    assert "ant: 1 drawing of more than 20 rows left out" in notes
    (tmp_path / "ant.ndjson").unlink()
    with pytest.raises(UserError, match="no drawing in the test split"):
        evaluate_sketcher(model, tmp_path)


def test_magenta_s_decoders_are_measured_at_the_data_s_own_scale(shared, tmp_path):
    name = "bicycle.ndjson"
    (tmp_path / name).symlink_to(shared / "data" / "quickdraw" / name)
    decoder = shared / "data" / "magenta" / "bicycle.gen.json"
    scores = evaluate_sketcher(decoder, tmp_path)
    assert list(scores["categories"]) == ["bicycle"]
    assert scores["kl"] == 0
    assert "without_latent" not in scores
    assert 0.5 < scores["nats_per_point"] < 3


def test_the_benchmark_is_one_table(model):
    lines = list(benchmark_sketcher(model, "bee"))
    assert lines[0].startswith("bee, lstm of 16 units")
    start = next(n for n, line in enumerate(lines) if line.startswith("at once"))
    table = [line.split() for line in lines[start + 1 : start + 1 + len(COUNTS)]]
    assert [int(row[0]) for row in table] == list(COUNTS)
    assert all(float(figure) > 0 for row in table for figure in row[1:5])
    assert "first stroke" in lines[-2]
    assert "of fused LSTMs alone" in lines[-1]


def test_settings_that_cannot_be_are_one_line(data, tmp_path):
    arguments = ["train", "sketcher", "--data", str(data), "--output", str(tmp_path / "run")]
    result = CliRunner().invoke(commands.app, [*arguments, "--set", "cell=gru"])
    assert isinstance(result.exception, UserError)
    assert "choose one of lstm, layer_norm_lstm, hyper_lstm" in str(result.exception)
