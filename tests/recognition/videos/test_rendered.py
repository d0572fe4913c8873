import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.recognition.videos.rendered import (
    RenderedVideo,
    colours,
    progress,
    videos_of_quickdraw,
)
from multimodal.strokes import Drawing, Record
from multimodal.strokes.ndjson import encode_ndjson

HOUSE = Drawing([[(0, 60), (0, 120), (100, 120), (100, 60)], [(0, 60), (50, 0), (100, 60)]])
seeds = st.integers(0, 2**32 - 1)


def pixels(video: RenderedVideo, frames: int = 8, size: int = 64) -> np.ndarray:
    """(T, size, size, 3)."""
    return np.stack([np.asarray(p, dtype=int) for p in video.pictures(frames, size)])


def paper_of(video: RenderedVideo) -> np.ndarray:
    return pixels(video)[0, 0, 0]


@given(seeds, st.integers(1, 40))
def test_progress_never_falls_and_ends_with_the_whole(seed, frames):
    shares = progress(np.random.default_rng(seed), frames)
    assert shares.shape == (frames,)
    assert shares[0] >= 0
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == 1


def test_hands_pause_and_hurry():
    steps = np.diff([progress(np.random.default_rng(seed), 10) for seed in range(200)], axis=1)
    assert 0.1 < (steps == 0).mean() < 0.2
    assert np.median(steps) < steps.max() / 3


@given(seeds)
def test_ink_and_paper_are_told_apart(seed):
    ink, paper = colours(np.random.default_rng(seed))
    assert abs(sum(ink) - sum(paper)) >= 3 * 90


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_ink_stays_where_it_was_put_and_within_the_sheet(seed):
    video = RenderedVideo(HOUSE, seed)
    shown, paper = pixels(video), paper_of(video)
    inked = np.abs(shown - paper).sum(-1)  # (T, size, size)
    assert (np.diff(inked, axis=0) >= 0).all()
    assert inked[-1].any()
    assert not inked[:, [0, -1]].any()
    assert not inked[:, :, [0, -1]].any()


def test_the_drawing_is_whole_in_the_last_frame():
    for seed in range(10):
        video = RenderedVideo(HOUSE, seed)
        inked = np.abs(pixels(video)[-1] - paper_of(video)).sum(-1) > 150
        rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height / width == pytest.approx(1.2, abs=0.15)  # the house's own proportions
        assert height > 0.55 * 64


def test_a_film_is_the_same_each_time_and_no_two_are_alike():
    one, again, other = (pixels(RenderedVideo(HOUSE, seed)) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_films_differ_in_colour_size_and_place():
    papers = {tuple(paper_of(RenderedVideo(HOUSE, seed))) for seed in range(30)}
    assert (255, 255, 255) in papers
    assert len(papers) > 10
    assert any(sum(paper) < 380 for paper in papers)  # chalk on a board
    tops = set()
    for seed in range(30):
        video = RenderedVideo(HOUSE, seed)
        inked = np.abs(pixels(video)[-1] - paper_of(video)).sum(-1) > 150
        tops.add(int(np.flatnonzero(inked.any(1))[0]))
    assert len(tops) > 5


@pytest.fixture
def drawings(tmp_path):
    for name, count in (("house", 60), ("rare", 5)):
        records = [Record(HOUSE.scaled(n + 1), name, key_id=f"{name}{n}") for n in range(count)]
        (tmp_path / f"{name}.ndjson").write_bytes(encode_ndjson(records))
    return tmp_path


def test_well_covered_categories_are_filmed(drawings):
    parts = videos_of_quickdraw(drawings, 20, 50)
    assert {split: list(part) for split, part in parts.items()} == {
        split: ["house"] for split in ("train", "dev", "test")
    }
    assert len(parts["train"]["house"]) == 20
    assert len(parts["dev"]["house"]) == 2
    every = videos_of_quickdraw(drawings, None, 50)
    assert sum(len(part["house"]) for part in every.values()) == 60
    assert len(parts["test"]["house"]) == len(every["test"]["house"]) > 2


def test_every_film_has_a_seed_of_its_own(drawings):
    parts = videos_of_quickdraw(drawings, None, 1)
    videos = [video for part in parts.values() for of_one in part.values() for video in of_one]
    assert len({video.seed for video in videos}) == len(videos) == 65
    again = videos_of_quickdraw(drawings, None, 1)
    assert [video.seed for video in again["test"]["house"]] == [
        video.seed for video in parts["test"]["house"]
    ]
