"""Paths and texts, against all paths written out."""

from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.recognition.handwriting.decoding import best_path, best_texts, log_probabilities


def frames_of(rows) -> np.ndarray:
    return np.log(np.array(rows, np.float32))


def text_of(path, alphabet) -> str:
    return "".join(alphabet[symbol - 1] for symbol, _ in groupby(path) if symbol)


def all_texts(frames, alphabet) -> dict[str, float]:
    """The probability of every text, by summing over all paths."""
    found: dict[str, float] = {}
    for path in product(range(frames.shape[1]), repeat=len(frames)):
        text = text_of(path, alphabet)
        chance = float(np.exp(sum(frames[t, symbol] for t, symbol in enumerate(path))))
        found[text] = found.get(text, 0.0) + chance
    return found


@st.composite
def random_frames(draw):
    seed, steps = draw(st.integers(0, 2**31)), draw(st.integers(1, 5))
    logits = np.random.default_rng(seed).normal(size=(steps, 3))
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


def test_repeats_are_one_and_blanks_are_none():
    sure = np.full((7, 3), -9, np.float32)
    for frame, symbol in enumerate((0, 1, 1, 0, 1, 2, 2)):
        sure[frame, symbol] = 0
    assert best_path(sure, "ab") == "aab"
    assert best_path(sure[:1], "ab") == ""
    assert best_path(sure[:0], "ab") == ""


def test_the_best_text_need_not_be_that_of_the_best_path():
    """Graves' classic: each frame prefers the blank, yet "a" has the larger sum."""
    frames = frames_of([[0.6, 0.4], [0.6, 0.4]])
    assert best_path(frames, "a") == ""  # 0.36
    assert best_texts(frames, "a", 4) == ["a", ""]  # 0.4·0.4 + 2·0.4·0.6 = 0.64
    chances = log_probabilities([frames, frames], ["a", ""], "a")
    assert np.exp(chances) == pytest.approx([0.64, 0.36])


@given(random_frames())
@settings(deadline=None)
def test_a_wide_beam_ranks_all_texts_as_all_paths_do(frames):
    expected = all_texts(frames, "ab")
    found = best_texts(frames, "ab", width=1000)
    assert set(found) == set(expected)
    ranked = [expected[text] for text in found]
    assert ranked == pytest.approx(sorted(ranked, reverse=True), rel=1e-4)
    chances = log_probabilities([frames] * len(found), found, "ab")
    assert np.exp(chances) == pytest.approx(ranked, rel=1e-3)


@given(random_frames(), st.integers(1, 3))
def test_a_narrow_beam_gives_no_more_than_its_width(frames, width):
    found = best_texts(frames, "ab", width)
    assert 1 <= len(found) <= width
    assert len(set(found)) == len(found)


def test_lines_of_unequal_length_do_not_disturb_each_other():
    short, long = frames_of([[0.3, 0.7]]), frames_of([[0.6, 0.4]] * 3)
    together = log_probabilities([short, long], ["a", "a"], "a")
    alone = [log_probabilities([each], ["a"], "a")[0] for each in (short, long)]
    assert together == pytest.approx(alone)
    assert log_probabilities([], [], "a") == []
