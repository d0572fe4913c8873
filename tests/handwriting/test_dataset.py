"""Pieces to learn from: what is left out, and what is set right."""

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.handwriting.dataset import (
    CHARACTER_SIZE,
    LEAP,
    handwriting_dataset,
    levelled,
    scale_of,
    usable,
)
from multimodal.strokes.handwritten import Handwritten


def sample(rows, text="ab", writer=3):
    return Handwritten(text, writer, np.array(rows, dtype=np.int16))


PLAIN = [(0, 0, 0), (10, 5, 0), (10, -5, 1)]


def test_pieces_are_as_they_were_written():
    script = handwriting_dataset([("words", sample(PLAIN)), ("words", sample(PLAIN, "Q", 7))], 100)
    assert len(script) == 2
    assert script.rows[0].tolist() == [list(row) for row in PLAIN]
    assert script.texts == [[66, 67, 96], [50, 96]]
    assert script.writers.tolist() == [3, 7]
    assert script.kinds.tolist() == ["words", "words"]
    assert script.lengths.tolist() == [3, 3]


def test_single_characters_are_enlarged():
    script = handwriting_dataset([("characters", sample(PLAIN, "a"))], 100)
    assert script.rows[0][1].tolist() == pytest.approx([10 * CHARACTER_SIZE, 5 * CHARACTER_SIZE, 0])


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (PLAIN[:1], "a"),
        ([(0, 0, 0), (LEAP + 1, 0, 1)], "ab"),
        ([(0, 0, 0), (-LEAP - 1, 0, 1)], "ab"),
        (PLAIN * 40, "ab"),
        (PLAIN * 20, "a" * 91),
    ],
)
def test_what_breaks_the_rules_is_left_out(rows, text):
    assert not usable(np.array(rows, dtype=np.float32), text, 100)
    assert not len(handwriting_dataset([("lines", sample(rows, text))], 100))


def test_a_line_that_climbs_is_laid_level():
    x = np.full(20, 12.0)
    wave = np.where(np.arange(20) % 2, 10.0, -10.0)
    rows = np.column_stack([x, wave - 0.1 * x, np.zeros(20)]).astype(np.float32)
    level = levelled(rows)
    y, at = level[:, 1].cumsum(), level[:, 0].cumsum()
    assert np.polyfit(at, y, 1)[0] == pytest.approx(0, abs=1e-6)
    assert (level[:, 0] == rows[:, 0]).all()
    steep = rows.copy()
    steep[:, 1] -= 12
    assert (levelled(steep) == steep).all()  # that is no line that climbs a little
    dot = np.zeros((2, 3), dtype=np.float32)
    assert (levelled(dot) == dot).all()


def test_scale_is_one_standard_deviation_of_all_offsets():
    script = handwriting_dataset([("words", sample([(0, 0, 0), (4, -4, 0), (-4, 4, 1)]))], 100)
    assert scale_of(script) == pytest.approx(np.std([0, 0, 4, -4, -4, 4]))
    with pytest.raises(UserError, match="no handwriting"):
        scale_of(handwriting_dataset([], 100))


def test_some_are_taken_evenly():
    script = handwriting_dataset(
        [("words", sample(PLAIN, "ab", writer)) for writer in range(10)], 100
    )
    assert script.subsample(3).writers.tolist() == [0, 4, 9]
    assert script.subsample(30).writers.tolist() == list(range(10))
