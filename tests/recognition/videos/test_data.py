import shutil
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from multimodal.errors import UserError
from multimodal.images import ImageError
from multimodal.recognition.videos.data import (
    LabelledVideos,
    TrainingVideos,
    VideoFile,
    encode_video,
    encode_videos,
    frame_indices,
    read_labelled_videos,
)
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.rendered import RenderedVideo
from multimodal.strokes import Drawing, Record
from multimodal.strokes.ndjson import encode_ndjson

LABELS = ["falls", "rises"]


@dataclass(frozen=True)
class Greys:
    """A video of these greys, at most."""

    levels: tuple[int, ...]

    def pictures(self, frames: int, size: int) -> list[Image.Image]:
        return [Image.new("RGB", (size, size), (grey,) * 3) for grey in self.levels[:frames]]


@pytest.fixture(scope="module")
def frame_encoder(copied) -> FrameEncoder:
    return FrameEncoder.from_captioner(copied, "fp32")


# ---- folders ----


def test_clips_are_split_by_their_names(data):
    parts = read_labelled_videos(data, None, 1)
    assert list(parts) == ["train", "dev", "test"]
    counts = {split: sum(map(len, part.values())) for split, part in parts.items()}
    assert sum(counts.values()) == 80
    assert counts["train"] > 50
    assert min(counts["dev"], counts["test"]) > 0
    assert all(list(part) == LABELS for part in parts.values())
    paths = {video.path for part in parts.values() for of_one in part.values() for video in of_one}
    assert len(paths) == 80
    assert sum(path.is_dir() for path in paths) == 20


def test_a_clips_split_does_not_depend_on_the_others(data, tmp_path):
    parts = read_labelled_videos(data, None, 1)
    (tmp_path / "rises").mkdir()
    some = [video.path for video in parts["test"]["rises"] if video.path.is_file()]
    for path in some:
        shutil.copy(path, tmp_path / "rises")
    again = read_labelled_videos(tmp_path, None, 1)
    assert [video.path.name for video in again["test"]["rises"]] == [path.name for path in some]


def test_splits_of_ones_own_are_kept(data, tmp_path):
    shutil.copytree(data / "rises", tmp_path / "train" / "rises")
    shutil.copytree(data / "falls", tmp_path / "valid" / "falls")
    (tmp_path / "train" / "rises" / ".hidden.gif").touch()
    (tmp_path / "train" / "rises" / "notes.txt").touch()
    parts = read_labelled_videos(tmp_path, None, 1)
    assert {split: {k: len(v) for k, v in part.items()} for split, part in parts.items()} == {
        "train": {"rises": 40},
        "dev": {"falls": 40},
        "test": {},
    }


def test_a_folder_of_drawings_becomes_films(tmp_path):
    line = Drawing([[(0, 0), (9, 9)]])
    records = [Record(line.scaled(n + 1), "line", key_id=str(n)) for n in range(30)]
    (tmp_path / "line.ndjson").write_bytes(encode_ndjson(records))
    parts = read_labelled_videos(tmp_path, None, 1)
    videos = [video for part in parts.values() for video in part["line"]]
    assert len(videos) == 30
    assert all(isinstance(video, RenderedVideo) for video in videos)


def test_a_folder_without_clips_is_refused(tmp_path):
    (tmp_path / "apple").mkdir()
    (tmp_path / "apple" / "photo.jpg").touch()
    with pytest.raises(UserError, match="neither a folder of videos a label nor"):
        read_labelled_videos(tmp_path, None, 1)


def test_labels_are_numbered_and_an_unknown_one_is_named():
    video = Greys((1,))
    labelled = LabelledVideos.of({"rises": [video] * 2, "falls": [video]}, LABELS)
    assert labelled.labels.tolist() == [1, 1, 0]
    assert len(LabelledVideos.of({"falls": [video], "new": []}, LABELS)) == 1
    with pytest.raises(UserError, match=r"^new: a label that the recognizer does not know"):
        LabelledVideos.of({"new": [video]}, LABELS)


# ---- what is seen ----


def test_a_short_clip_is_seen_slowly(frame_encoder):
    seen = encode_video(frame_encoder, Greys((20, 200)), 5)
    first, last = frame_encoder.encode(
        [frame_encoder.preprocess(p) for p in Greys((20, 200)).pictures(2, 64)]
    )
    assert seen.shape == (5, frame_encoder.features)
    for row, expected in zip(seen, (first, first, first, last, last), strict=True):
        torch.testing.assert_close(row, expected)


def test_frames_are_seen_as_mean_and_maximum_of_their_cells(frame_encoder):
    pictures = Greys((20, 200)).pictures(2, 64)
    cells = frame_encoder._encoder(frame_encoder._encoder.prepare(pictures))
    seen = frame_encoder.encode([frame_encoder.preprocess(picture) for picture in pictures])
    torch.testing.assert_close(seen, torch.cat([cells.mean(1), cells.max(1).values], 1))


def test_clips_are_seen_once(frame_encoder, tmp_path):
    path = tmp_path / "seen.npy"
    some = [Greys((20, 200)), Greys((200, 20))]
    seen = encode_videos(frame_encoder, some, 2, path)
    expected = torch.stack([encode_video(frame_encoder, video, 2) for video in some]).half().numpy()
    np.testing.assert_allclose(seen, expected, rtol=2e-3)
    np.testing.assert_array_equal(encode_videos(frame_encoder, [None, None], 2, path), seen)


def test_a_clip_that_cannot_be_read_is_named(frame_encoder, tmp_path):
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    with pytest.raises(ImageError, match=r"broken\.gif"):
        encode_videos(frame_encoder, [VideoFile(tmp_path / "broken.gif")], 2, tmp_path / "seen.npy")
    assert not (tmp_path / "seen.npy").exists()


# ---- batches ----


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 20))
def test_a_pace_never_goes_back_and_ends_with_the_end(seed, frames, steps):
    shown = frame_indices(np.random.default_rng(seed), 4, frames, steps)
    assert shown.shape == (4, steps)
    assert (np.diff(shown, axis=1) >= 0).all()
    assert shown.min() >= 0
    assert (shown[:, -1] == frames - 1).all()


def batches(*place: int, frames: int = 4) -> list:
    """Of 20 videos whose features say which video and which frame they are."""
    videos, times = np.meshgrid(np.arange(20), np.arange(frames), indexing="ij")
    seen = np.stack([videos, times], -1).astype(np.float16)
    return list(TrainingVideos(seen, np.arange(20), 8, 0.5, seed=3).batches(*place))


def test_every_clip_comes_once_in_its_own_order_of_frames():
    shown = batches(0, 0, 0, 1)
    assert sorted(torch.cat([b.labels for b in shown]).tolist()) == list(range(20))
    for seen, labels, weights in shown:
        assert (seen[..., 0] == labels[:, None]).all()
        assert (seen[..., 1].diff(dim=1) >= 0).all()
        assert weights.shape == seen.shape[:2]
        assert (weights[:, -1] == 1).all()
        assert torch.equal(weights[:, :-1], 0.5 * (seen[:, :-1, 1] + 1) / 4)


def test_paces_differ_from_batch_to_batch_up_to_half_as_fast():
    steps = {b.seen.shape[1] for epoch in range(30) for b in batches(epoch, 0, 0, 1)}
    assert steps == set(range(1, 9))


def test_some_clips_begin_late():
    begins = frame_indices(np.random.default_rng(0), 1000, 8, 64)[:, 0]
    assert 0.15 < (begins > 1).mean() < 0.25  # a quarter begins anywhere from 0 to 7


def test_a_clip_of_one_frame_can_be_learnt_from():
    assert {b.seen.shape[1] for b in batches(0, 0, 0, 1, frames=1)} <= {1, 2}


def test_batches_are_a_function_of_their_place():
    whole, rest = batches(1, 0, 0, 1), batches(1, 1, 0, 1)
    for one, two in zip(whole[1:], rest, strict=True):
        assert torch.equal(one.seen, two.seen)
    assert batches(2, 0, 0, 1)[0].labels.tolist() != whole[0].labels.tolist()


def test_processes_share_a_batch_at_the_same_pace():
    whole = batches(0, 0, 0, 1)
    for batch, *parts in zip(whole, batches(0, 0, 0, 2), batches(0, 0, 1, 2), strict=True):
        assert {part.seen.shape[1] for part in parts} == {batch.seen.shape[1]}
        assert set(batch.labels.tolist()) <= {n for part in parts for n in part.labels.tolist()}
