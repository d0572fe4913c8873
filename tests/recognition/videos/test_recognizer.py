import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.videos import recognizer as module
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.recognizer import VideoRecognizer
from multimodal.videos import read_video

_HELP = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
field, captioner, save_gif = _HELP["field"], _HELP["captioner"], _HELP["save_gif"]


def same(one, two) -> bool:
    labels = [label for label, _ in one.ranking] == [label for label, _ in two.ranking]
    shares = [[share for _, share in prediction.ranking] for prediction in (one, two)]
    return labels and np.allclose(*shares, atol=1e-5)


# ---- predictions ----


def test_a_ranking_of_all_labels_after_every_frame(recognizer):
    predictions = recognizer.predict_steps(field("rises", 0))
    assert [prediction.seen for prediction in predictions] == list(range(1, 9))
    for prediction in predictions:
        labels, shares = zip(*prediction.ranking, strict=True)
        assert sorted(labels) == ["falls", "rests", "rises"]
        assert list(shares) == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1)
        assert (prediction.label, prediction.probability) == prediction.ranking[0]
    assert len(recognizer.predict(field("rises", 0), top=2).ranking) == 2


def test_a_clip_is_named_by_its_last_guess(recognizer):
    assert same(
        recognizer.predict(field("falls", 0)), recognizer.predict_steps(field("falls", 0))[-1]
    )


def test_a_guess_does_not_know_what_follows(recognizer):
    video = field("rises", 1)
    whole, begun = recognizer.predict_steps(video), recognizer.predict_steps(video[:3])
    assert all(same(one, two) for one, two in zip(whole, begun, strict=False))
    assert not same(whole[-1], begun[-1])


def test_the_order_of_frames_matters(recognizer):
    video = field("rises", 1)
    assert not same(recognizer.predict(video), recognizer.predict([*video[-2::-1], video[-1]]))


def test_watching_gives_the_same_guesses_one_by_one(recognizer):
    video = field("rises", 2)
    stream = recognizer.stream()
    live = [stream.add(picture) for picture in video]
    whole = recognizer.predict_steps(video)
    assert [prediction.seen for prediction in live] == [prediction.seen for prediction in whole]
    assert all(same(one, two) for one, two in zip(live, whole, strict=True))


def test_a_file_is_seen_as_its_frames_are(recognizer, tmp_path):
    path = save_gif(field("rises", 3), tmp_path / "video.gif")
    frames = [picture for _, picture in read_video(path, 99)]
    pairs = zip(recognizer.predict_steps(path), recognizer.predict_steps(frames), strict=True)
    assert all(same(one, two) for one, two in pairs)


def test_of_a_long_clip_some_frames_are_seen(recognizer, monkeypatch):
    monkeypatch.setattr(module, "MOST_SEEN", 3)
    assert [prediction.seen for prediction in recognizer.predict_steps(field("rises", 0, 9))] == [
        1,
        5,
        9,
    ]


def test_temperatures_belong_to_the_number_of_frames_seen(recognizer):
    logits = torch.tensor([[[0.0, 1.0, 2.0]] * 4])
    found = recognizer.calibrated(logits)[0]
    for row, temperature in zip(found, (1.5, 1.5, 0.5, 0.5), strict=True):
        np.testing.assert_allclose(row, (logits[0, 0].double() / temperature).softmax(0))
    np.testing.assert_allclose(recognizer.calibrated(logits[:, :1], before=2)[0, 0], found[2])


def test_logits_of_many_clips_are_those_of_each(recognizer, monkeypatch):
    random = np.random.default_rng(0)
    seen = random.random((5, 7, recognizer.frame_encoder.features)).astype(np.float16)
    each = torch.cat([recognizer.logits(seen[n : n + 1]) for n in range(5)])
    monkeypatch.setattr(module, "_BATCH_SIZE", 2)
    torch.testing.assert_close(recognizer.logits(seen), each)


def test_what_cannot_be_guessed_is_one_line(recognizer):
    with pytest.raises(UserError, match=r"^a video without frames$"):
        recognizer.predict([])
    with pytest.raises(UserError, match=r"^top: must be at least 1, not 0$"):
        recognizer.predict(field("rises", 0), top=0)


# ---- checkpoints ----


def test_what_is_saved_guesses_the_same(recognizer, checkpoint):
    loaded = VideoRecognizer.from_pretrained(checkpoint, precision="fp32")
    assert loaded.labels == recognizer.labels
    assert loaded.temperatures == recognizer.temperatures
    one, two = (r.predict(field("falls", 5)) for r in (recognizer, loaded))
    assert one.label == two.label
    assert one.probability == pytest.approx(two.probability, abs=2e-3)  # saved in 16 bits


def test_another_encoder_is_refused(recognizer, checkpoint, copied, tmp_path):
    config = json.loads((checkpoint / "config.json").read_text())
    assert config["encoder"] == {
        "captioner": str(copied),
        "digest": recognizer.frame_encoder.digest,
    }
    config["encoder"]["captioner"] = str(captioner(tmp_path / "other", seed=1))
    (checkpoint / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"has another one by now .*: train the recognizer again$"):
        VideoRecognizer.from_pretrained(checkpoint)


def test_the_digest_is_the_weights_and_not_their_precision(copied, tmp_path):
    digests = {
        FrameEncoder.from_captioner(copied, precision).digest for precision in ("fp32", "bf16")
    }
    assert len(digests) == 1
    assert (
        FrameEncoder.from_captioner(captioner(tmp_path / "same", seed=0), "fp32").digest in digests
    )
    assert (
        FrameEncoder.from_captioner(captioner(tmp_path / "other", seed=1), "fp32").digest
        not in digests
    )


@pytest.mark.parametrize(
    "change",
    [
        {"labels": None},
        {"encoder": {}},
        {"encoder": "here"},
        {"temperatures": {"2": 1.0}},
        {"network": {"wings": 2}},
    ],
)
def test_a_damaged_configuration_is_one_line(checkpoint, change):
    path = checkpoint / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=r"config\.json: ") as caught:
        VideoRecognizer.from_pretrained(checkpoint)
    assert len(str(caught.value).splitlines()) == 1


def test_a_captioner_without_an_encoder_is_one_line(tmp_path):
    from multimodal.checkpoints import save_checkpoint

    folder = save_checkpoint(tmp_path / "odd", {"task": "captioner"}, {"a": torch.ones(1)})
    with pytest.raises(UserError, match=r"config\.json: incomplete: it describes no encoder"):
        FrameEncoder.from_captioner(folder)
