import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.recognition.metrics import expected_calibration_error
from multimodal.recognition.videos.data import LabelledVideos, encode_video, read_labelled_videos
from multimodal.recognition.videos.recognizer import VideoRecognizer
from multimodal.strokes import Drawing, Record
from multimodal.strokes.ndjson import encode_ndjson
from pipelines import cli
from pipelines.commands import SOME_FAILED
from pipelines.evaluate.video_recognizer import FRAMES, evaluate_video_recognizer

_RECOGNITION = Path(__file__).parents[1] / "recognition"
_FIXTURES = runpy.run_path(str(_RECOGNITION / "videos" / "conftest.py"))
copied, data = _FIXTURES["copied"], _FIXTURES["data"]
checkpoint, recognizer = _FIXTURES["checkpoint"], _FIXTURES["recognizer"]
field, save_gif = _FIXTURES["field"], _FIXTURES["save_gif"]


# ---- recognize ----


def test_one_line_for_every_clip(run, checkpoint, data, tmp_path):
    video = save_gif(field("rises", 0), tmp_path / "video.gif")
    frames = data / "falls" / "clip0"
    code, out, _ = run("recognize", video, frames, "--model", checkpoint, "--n-best", 2)
    assert code == 0
    names, told = zip(*(line.split("\t") for line in out.splitlines()), strict=True)
    assert names == (str(video), str(frames))
    (best, first), (second, share) = (
        VideoRecognizer.from_pretrained(checkpoint).predict(frames, top=2).ranking
    )
    assert told[1] == f"{best} {first:.0%}, {second} {share:.0%}"


def test_one_line_after_every_frame(run, checkpoint, tmp_path):
    video = save_gif(field("rises", 0, frames=5), tmp_path / "video.gif")
    _, out, _ = run("recognize", video, "--model", checkpoint, "--every-frame")
    lines = [line.split("\t") for line in out.splitlines()]
    assert [(name, number) for name, number, _ in lines] == [
        (str(video), str(n)) for n in range(1, 6)
    ]


def test_a_broken_clip_is_one_line(run, checkpoint, tmp_path):
    video = tmp_path / "video.mp4"
    video.write_bytes(b"no video " * 100)
    code, _, complaint = run("recognize", video, "--model", checkpoint)
    assert code == SOME_FAILED
    assert complaint.startswith(f"multimodal: {video}: is no video in a known format")
    assert len(complaint.splitlines()) == 1


def test_a_drawing_does_not_go_to_the_clip_recognizer(run, checkpoint, tmp_path):
    drawing = Drawing([[(0, 0), (9, 9)]]).save(tmp_path / "line.svg")
    code, _, complaint = run("recognize", drawing, "--model", checkpoint)
    assert code == cli.USER_ERROR
    assert "a checkpoint for 'video-recognizer', not for 'recognizer'" in complaint


# ---- train ----


SMALL = ["frames=3", "embedding_size=8", "hidden_size=8", "epochs=1", "precision=fp32"]


def settings(copied: Path) -> list[str]:
    return [word for s in (*SMALL, f"encoder={copied}") for word in ("--set", s)]


def test_a_recognizer_is_trained_from_clips_and_from_drawings(run, copied, data, tmp_path):
    drawn = tmp_path / "drawings"
    drawn.mkdir()
    for name, bend in (("line", 0), ("hook", 9)):
        strokes = [Drawing([[(0, 0), (9, n), (9 + bend, 30)]]) for n in range(30)]
        records = [Record(d, name, key_id=f"{name}{n}") for n, d in enumerate(strokes)]
        (drawn / f"{name}.ndjson").write_bytes(encode_ndjson(records))
    for folder, labels in ((data, ("falls", "rises")), (drawn, ("hook", "line"))):
        out = tmp_path / f"run-{labels[0]}"
        arguments = ("--data", folder, "--output", out, *settings(copied))
        code, said, _ = run("train", "video-recognizer", *arguments)
        assert code == 0
        assert f"{out / 'best'}: the best video recognizer" in said
        assert VideoRecognizer.from_pretrained(out / "best").labels == labels
        assert not (out / "cache").exists()


# ---- evaluate ----


@pytest.fixture
def all_in_test(data, tmp_path) -> Path:
    """Six videos of two labels, all of them in the test split."""
    for label in ("falls", "rises"):
        (tmp_path / "some" / "test" / label).mkdir(parents=True)
        for number in range(3):
            save_gif(field(label, number), tmp_path / "some" / "test" / label / f"{number}.gif")
    (tmp_path / "some" / "train").mkdir()
    return tmp_path / "some"


def test_the_figures_are_those_of_the_guesses(checkpoint, all_in_test):
    scores = evaluate_video_recognizer(checkpoint, all_in_test)
    recognizer = VideoRecognizer.from_pretrained(checkpoint)
    parts = read_labelled_videos(all_in_test, None, 1)["test"]
    videos = LabelledVideos.of(parts, recognizer.labels)
    assert videos.labels.tolist() == [0] * 3 + [2] * 3  # of falls, rests, rises
    seen = np.stack(
        [encode_video(recognizer.frame_encoder, video, FRAMES).numpy() for video in videos.videos]
    )
    found = recognizer.calibrated(recognizer.logits(seen))
    for place, share in zip((1, 3, 5, 7), ("0.25", "0.5", "0.75", "1.0"), strict=True):
        right = found[:, place].argmax(1) == videos.labels
        sure = found[:, place].max(1)
        assert scores["accuracy_after_fraction"][share] == right.mean()
        assert scores["confidence_after_fraction"][share] == pytest.approx(sure.mean())
        error = expected_calibration_error(sure, right)
        assert scores["ece_after_fraction"][share] == pytest.approx(error)
    assert scores["top1"] == scores["accuracy_after_fraction"]["1.0"]
    assert scores["ece"] == scores["ece_after_fraction"]["1.0"]
    assert scores["top5"] == 1.0
    assert scores["per_label"].keys() == {"falls", "rises"}
    assert (scores["videos"], scores["labels"], scores["frames"]) == (6, 2, FRAMES)


def test_the_figures_are_written_as_json(run, checkpoint, all_in_test, tmp_path):
    path = tmp_path / "scores.json"
    arguments = ("--data", all_in_test, "--model", checkpoint, "--json", path)
    code, out, _ = run("evaluate", "video-recognizer", *arguments)
    assert code == 0
    assert json.loads(path.read_text()) == json.loads(out)


def test_what_cannot_be_measured_is_one_line(checkpoint, all_in_test):
    with pytest.raises(UserError, match=r"^no split 'all': choose one of train, dev, test$"):
        evaluate_video_recognizer(checkpoint, all_in_test, "all")
    with pytest.raises(UserError, match=r"no video in its dev split$"):
        evaluate_video_recognizer(checkpoint, all_in_test, "dev")
    (all_in_test / "test" / "rises").rename(all_in_test / "test" / "flickers")
    with pytest.raises(UserError, match=r"^flickers: a label that the recognizer does not know"):
        evaluate_video_recognizer(checkpoint, all_in_test)
