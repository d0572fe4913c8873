"""Batches: every piece in its place, whatever is changed, and rare characters more often."""

import numpy as np
import pytest

from multimodal.handwriting.batches import (
    COARSE,
    STEPS,
    HandwritingBatches,
    batch_of,
    inputs_of,
    rarity,
    rounded,
)
from multimodal.handwriting.dataset import HandwritingDataset
from multimodal.handwriting.model import DOWN, END_OF_LINE, LIFTED
from multimodal.handwriting.recipe import HandwritingGeneratorRecipe

ROWS = np.array([(0, 0, 0), (10, 4, 0), (6, -8, 1), (20, 2, 1)], dtype=np.float32)


def script_with(texts, kinds, lengths=None):
    lengths = lengths or [4] * len(texts)
    rows = [np.resize(ROWS, (length, 3)) for length in lengths]
    return HandwritingDataset(rows, texts, np.arange(len(texts)) % 4, np.array(kinds))


def test_a_batch_by_hand():
    batch = batch_of([ROWS, ROWS[:2]], [[5, 6, 96], [7, 96]], [3, 1], scale=2.0)
    assert batch.points.shape == (2, 16, 4)
    assert batch.points[0, :4].tolist() == [
        [0, 0, 0, 0],
        [5, 2, 0, 2],
        [3, -4, 1, -2],
        [10, 1, 1, -1],
    ]
    assert batch.offsets[0, :3].tolist() == [[5, 2], [3, -4], [10, 1]]
    assert batch.pens[0, :5].tolist() == [DOWN, LIFTED, LIFTED, END_OF_LINE, END_OF_LINE]
    assert batch.pens[1, :2].tolist() == [DOWN, END_OF_LINE]
    assert batch.lengths.tolist() == [4, 2]
    assert batch.counted.sum(1).tolist() == [4, 2]
    assert batch.texts.tolist() == [[5, 6, 96], [7, 96, 0]]
    assert batch.writers.tolist() == [3, 1]


def test_heights_begin_at_the_first_point():
    moved = ROWS.copy()
    moved[0, 1] = 50
    assert inputs_of(moved, 2.0)[:, 3].tolist() == [0, 2, -2, -1]


def test_lengths_are_rounded_up_to_few():
    assert rounded(1) == STEPS[0]
    assert rounded(STEPS[3]) == STEPS[3]
    assert rounded(STEPS[-1] + 1) == COARSE * -(-(STEPS[-1] + 1) // COARSE)


def test_rare_characters_count_more():
    texts = [[5, 96]] * 16 + [[6, 96]] * 16 + [[7, 96]] + [[8, 96]] * 4
    script = script_with(texts, ["lines"] * len(texts))
    counts = rarity(script, most=3.0)  # the median character stands in 16 lines
    assert counts[0] == 1
    assert counts[32] == 3
    assert counts[33] == pytest.approx(2)


@pytest.fixture
def batches():
    texts = [[5 + n % 7, 96] for n in range(60)]
    kinds = ["lines"] * 30 + ["words"] * 20 + ["characters"] * 10
    script = script_with(texts, kinds, [8 + n % 40 for n in range(60)])
    recipe = HandwritingGeneratorRecipe(words=8, characters=4, batch_points=200, writer_dropout=0.5)
    return HandwritingBatches(script, {0: 0, 1: 1, 2: 2, 3: 3}, recipe, 10.0)


def test_an_epoch_has_every_line_and_some_of_the_rest(batches):
    drawn = np.concatenate(batches._cut(0))
    assert set(range(30)) <= set(drawn.tolist())
    assert len(drawn) >= 42
    assert len(drawn[drawn >= 50]) == 4
    assert sum(len(batch.lengths) for batch in batches.batches(0, 0, 0, 1)) == len(drawn)


def test_batches_are_the_same_again_and_go_on_in_mid_epoch(batches):
    whole = list(batches.batches(1, 0, 0, 1))
    assert len(whole) == batches.steps_per_epoch()
    rest = list(batches.batches(1, 2, 0, 1))
    assert len(rest) == batches.steps_per_epoch() - 2
    assert all((a.points == b.points).all() for a, b in zip(whole[2:], rest, strict=True))
    other = next(iter(batches.batches(2, 0, 0, 1)))
    assert whole[0].points.shape != other.points.shape or (whole[0].points != other.points).any()


def test_processes_share_a_batch(batches):
    whole = list(batches.batches(0, 0, 0, 1))
    parts = [list(batches.batches(0, 0, rank, 2)) for rank in range(2)]
    for batch, *shared in zip(whole, *parts, strict=True):
        assert sum(len(part.lengths) for part in shared) == len(batch.lengths)


def test_hands_are_told_or_nobodys(batches):
    writers = np.concatenate([batch.writers.numpy() for batch in batches.batches(0, 0, 0, 1)])
    assert set(writers.tolist()) == {0, 1, 2, 3, 4}
    assert 0.2 < (writers == 4).mean() < 0.8
