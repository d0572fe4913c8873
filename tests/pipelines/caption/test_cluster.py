"""The Ray engine, on a Ray of two cores on this machine."""

import json
from pathlib import Path

import pytest

from pipelines.caption.run import Files, caption

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    ray = pytest.importorskip("ray")
    init = ray.init
    monkeypatch.setattr(ray, "init", lambda *a, **k: init(*a, **k, num_cpus=2))


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_rows_come_in_order_with_errors_and_the_run_resumes(checkpoint, many, tmp_path):
    inputs = [str(many), "gone.jpg"]
    options = {"batch_size": 3, "beam_size": 1, "engine": "ray"}
    whole, broken = Files(tmp_path / "whole.jsonl"), Files(tmp_path / "broken.jsonl")
    rows = list(caption(inputs, checkpoint, whole, **options))
    here = list(caption(inputs, checkpoint, Files(), batch_size=3, beam_size=1))
    assert [row.source for row in rows] == [row.source for row in here]
    assert [row.error for row in rows] == [row.error for row in here]
    assert [row.text for row in rows] == [row.text for row in here]
    assert [row.score for row in rows] == pytest.approx([row.score for row in here], rel=0.02)
    some = caption(inputs, checkpoint, broken, **options)
    first = [next(some) for _ in range(4)]
    some.close()
    resumed = Files(broken.output, resume=True)
    assert [row.source for row in caption(inputs, checkpoint, resumed, **options)][:4] == [
        row.source for row in first
    ]
    assert broken.output.read_bytes() == whole.output.read_bytes()
    assert len(whole.output.read_text().splitlines()) == 25
    assert {Path(p).name for p in map(str, tmp_path.iterdir())} == {"whole.jsonl", "broken.jsonl"}
    assert json.loads(whole.output.read_text().splitlines()[-1])["path"] == "gone.jpg"
