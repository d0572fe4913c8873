"""What a step learns from: every drawing, changed a little, the same after an interruption."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from multimodal.sketching.batches import SketchBatches, drop_points, jitter_scale, jitter_shear
from multimodal.sketching.pen_states import END
from multimodal.sketching.recipe import SketcherRecipe
from multimodal.sketching.sequences import LabelledSequences

PLAIN = SketcherRecipe(
    batch_size=16, scale_jitter=0.0, point_dropout=0.0, category_dropout=0.0, limit=50
)


@pytest.fixture
def sequences(drawings) -> LabelledSequences:
    return LabelledSequences(drawings, ["square", "zigzag"], longest=50)


def sizes_seen(batches) -> list[float]:
    return [float(batch.offsets[row, 0].abs().sum()) for batch in batches for row in range(16)]


def test_every_drawing_comes_and_all_batches_are_of_one_size(sequences):
    batches = SketchBatches(sequences, PLAIN, scale=1.0)
    epoch = list(batches.batches(0, 0, 0, 1))
    assert len(epoch) == batches.steps_per_epoch() == 7
    assert {len(batch.lengths) for batch in epoch} == {16}
    wanted = {round(float(np.abs(rows[0, :2]).sum()), 3) for rows in sequences.rows}
    assert {round(size, 3) for size in sizes_seen(epoch)} == wanted


def test_rows_end_twice_and_their_number_is_rounded(sequences):
    for batch in SketchBatches(sequences, PLAIN, scale=1.0).batches(0, 0, 0, 1):
        assert batch.pens.shape[1] % 8 == 0
        assert (batch.pens[:, -2:] == END).all()
        assert ((batch.pens != END).sum(1) == batch.lengths).all()


def test_no_row_is_beyond_the_limit(sequences):
    longest = int(sequences.lengths.max())
    batches = SketchBatches(sequences, replace(PLAIN, limit=longest), scale=1.0)
    assert max(batch.pens.shape[1] for batch in batches.batches(0, 0, 0, 1)) == longest


def test_an_epoch_goes_on_where_it_was_interrupted(sequences):
    batches = SketchBatches(sequences, SketcherRecipe(batch_size=16, limit=50), scale=1.0)
    whole, rest = list(batches.batches(1, 0, 0, 1)), list(batches.batches(1, 3, 0, 1))
    for batch, again in zip(whole[3:], rest, strict=True):
        assert torch.equal(batch.offsets, again.offsets)
        assert torch.equal(batch.categories, again.categories)
    assert sizes_seen(batches.batches(2, 0, 0, 1)) != sizes_seen(whole)


def test_processes_share_a_batch(sequences):
    batches = SketchBatches(sequences, PLAIN, scale=1.0)
    whole = next(batches.batches(0, 0, 0, 1))
    first, second = (next(batches.batches(0, 0, rank, 2)) for rank in range(2))
    assert torch.equal(torch.stack([first.offsets, second.offsets], 1).flatten(0, 1), whole.offsets)


def test_a_category_may_be_seen_less(sequences):
    batches = SketchBatches(sequences, replace(PLAIN, drawings_per_category=8), scale=1.0)
    epoch = list(batches.batches(0, 0, 0, 1))
    assert len(epoch) == 1
    assert epoch[0].categories.sum() == 8
    assert not torch.equal(
        epoch[0].offsets.sum((1, 2)).sort()[0],
        next(batches.batches(1, 0, 0, 1)).offsets.sum((1, 2)).sort()[0],
    )


def test_categories_are_withheld_at_times(sequences):
    batches = SketchBatches(sequences, replace(PLAIN, category_dropout=0.5), scale=1.0)
    labels = torch.cat([batch.categories for batch in batches.batches(0, 0, 0, 1)])
    assert 0.3 < float((labels == 2).double().mean()) < 0.7


def test_latents_and_the_annealed_weight(sequences):
    recipe = replace(PLAIN, latent_dropout=0.25, kl_weight=0.5, kl_start=0.1, kl_decay=0.5)
    batches = SketchBatches(sequences, recipe, scale=1.0)
    epoch = list(batches.batches(0, 0, 0, 1))
    assert {batch.latents for batch in epoch} == {12}
    assert epoch[0].kl_weight == pytest.approx(0.05)
    assert epoch[1].kl_weight == pytest.approx(0.5 * (1 - 0.9 * 0.5))
    later = next(batches.batches(1, 0, 0, 1))
    assert later.kl_weight == pytest.approx(0.5 * (1 - 0.9 * 0.5**7))


def test_thinning_keeps_the_ends_of_strokes_in_place(sequences):
    random = np.random.default_rng(0)
    for rows in sequences.rows:
        fewer = drop_points(rows, 0.9, random)
        assert fewer[:, 2].sum() == rows[:, 2].sum()
        ends, kept_ends = rows[:, 2] > 0, fewer[:, 2] > 0
        np.testing.assert_allclose(
            fewer[:, :2].cumsum(0)[kept_ends], rows[:, :2].cumsum(0)[ends], atol=1e-3
        )
        assert len(fewer) < len(rows)
    np.testing.assert_allclose(drop_points(rows, 0.0, random), rows, atol=1e-5)


def test_stretching_is_the_same_for_a_whole_drawing(sequences):
    rows = sequences.rows[0]
    wider = jitter_scale(rows, 0.1, np.random.default_rng(0))
    factors = wider[:, :2].sum(0) / rows[:, :2].sum(0)
    np.testing.assert_allclose(wider[:, :2], rows[:, :2] * factors, rtol=1e-4, atol=1e-4)
    assert ((factors >= 0.9) & (factors <= 1.1)).all()
    assert factors[0] != factors[1]
    np.testing.assert_array_equal(wider[:, 2], rows[:, 2])


def test_people_s_drawings_and_the_teacher_s_have_quotas_of_their_own(drawings):
    extra = {"square": drawings["square"][:25]}
    sequences = LabelledSequences(drawings, ["square", "zigzag"], 20, extra)
    assert sequences.counts.tolist() == [85, 40]
    assert sequences.is_extra.sum() == 25
    recipe = SketcherRecipe(drawings_per_category=30, extra_per_category=10, batch_size=10)
    batches = SketchBatches(sequences, recipe, 10.0)
    assert batches.steps_per_epoch() == 7  # 30 and 30 of people's, 10 of the extra ones
    dealt = np.concatenate(batches._epoch_batches(0))
    assert np.bincount(sequences.labels[dealt]).tolist() == [40, 30]
    assert sequences.is_extra[dealt].sum() == 10


def test_turned_drawings_are_sheared_by_at_most_so_much():
    random = np.random.default_rng(0)
    rows = np.array([[10, 0, 0], [0, 10, 1]], dtype=np.float32)
    found = np.array([jitter_shear(rows, 0.1, random) for _ in range(200)])
    np.testing.assert_allclose(found[:, [0, 1], [0, 1]], 10)
    np.testing.assert_array_equal(found[:, :, 2], rows[:, 2] * np.ones((200, 1)))
    aside = found[:, [0, 1], [1, 0]]
    assert 0.9 < np.abs(aside).max() <= 1
    np.testing.assert_array_equal(jitter_shear(rows, 0.0, random), rows)
