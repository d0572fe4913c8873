import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from multimodal.captioning.batches import TrainingCaptions, padded, padded_rows
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.vocabulary import END, PADDING, START, UNKNOWN

A, DOG, RUNS, CAT = range(4, 8)
VOCABULARY = CaptionVocabulary(["a", "dog", "runs", "cat"])


def captions_of(
    *groups: list[str], detected_words: int = 4, max_length: int = 9
) -> TrainingCaptions:
    return TrainingCaptions(groups, VOCABULARY, detected_words, max_length)


groups_of_captions = st.lists(
    st.lists(st.integers(1, 12).map(lambda n: " ".join(["dog"] * n)), min_size=1, max_size=6),
    min_size=1,
    max_size=30,
)


def test_captions_become_ids_the_shortest_of_a_photo_first():
    captions = captions_of(["A dog runs .", "A cat !"], ["a zebra runs"])
    assert captions.ids == [[[A, CAT], [A, DOG, RUNS]], [[A, UNKNOWN, RUNS]]]
    assert len(captions) == 2
    assert captions.total == 3


def test_what_is_longer_than_the_longest_is_cut():
    assert captions_of(["a dog runs a cat"], max_length=3).ids == [[[A, DOG, RUNS]]]


@given(st.lists(st.lists(st.integers(4, 9), min_size=1, max_size=9), min_size=1, max_size=5))
def test_rows_are_padded_to_an_even_number_of_steps(rows):
    tensor = padded_rows(rows)
    assert (tensor.shape[1] - 1) % 2 == 0
    assert max(map(len, rows)) <= tensor.shape[1] <= max(map(len, rows)) + 1
    for row, ids in zip(tensor.tolist(), rows, strict=True):
        assert row == ids + [PADDING] * (len(row) - len(ids))


def test_captions_run_from_start_to_end():
    assert padded([[A, DOG], [CAT]]).tolist() == [
        [START, A, DOG, END, PADDING],
        [START, CAT, END, PADDING, PADDING],
    ]


@given(groups_of_captions, st.integers(1, 9), st.integers(0, 2**31))
def test_batches_by_length_hold_every_caption_once(groups, size, seed):
    captions = captions_of(*groups, max_length=12)
    batches = captions.by_length(size, seed)
    every = [(photo, n) for photo, group in enumerate(groups) for n in range(len(group))]
    assert sorted(pair for batch in batches for pair in batch) == every
    assert len(batches) == -(-len(every) // size)
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    assert captions.by_length(size, seed) == batches


@given(groups_of_captions, st.integers(1, 9), st.integers(0, 2**31))
def test_batches_by_length_hold_captions_of_similar_length(groups, size, seed):
    """Two batches may share lengths, but by no more than a word."""
    captions = captions_of(*groups, max_length=12)
    lengths = [
        [len(captions.ids[photo][n]) for photo, n in batch]
        for batch in captions.by_length(size, seed)
    ]
    lengths.sort(key=lambda batch: (min(batch), max(batch)))
    for number, batch in enumerate(lengths):
        for later in lengths[number + 1 :]:
            assert min(max(batch), max(later)) - max(min(batch), min(later)) <= 1


def test_batches_by_length_come_in_another_order_with_another_seed():
    captions = captions_of(*[["dog"] * 5] * 20)
    assert captions.by_length(10, seed=0) != captions.by_length(10, seed=1)


def test_batches_by_length_do_not_grow():
    captions = captions_of(*[[" ".join(["dog"] * n)] for n in range(1, 10)] * 4)
    lengths = [len(captions.ids[batch[0][0]][0]) for batch in captions.by_length(4, seed=0)]
    assert lengths != sorted(lengths)


def test_the_share_of_captions_that_use_a_word():
    captions = captions_of(["a dog runs", "a dog", "dog dog zebra", "a cat"], ["a cat"])
    shares = captions.present([0, 1])
    assert shares.tolist() == [[0.75, 0.75, 0.25, 0.25], [1, 0, 0, 1]]
    assert captions.present([1, 0]).tolist() == shares.flip(0).tolist()


def test_a_caption_can_be_left_out_of_the_share():
    captions = captions_of(["a", "a dog", "a dog runs"])
    assert captions.present([0, 0], [2, 0]).tolist() == [[1, 0.5, 0, 0], [1, 1, 0.5, 0]]


def test_nothing_is_present_when_the_only_caption_is_left_out():
    assert captions_of(["a dog"]).present([0], [0]).tolist() == [[0, 0, 0, 0]]


def test_only_the_most_frequent_words_are_looked_for():
    assert captions_of(["a cat"], detected_words=2).present([0]).tolist() == [[1, 0]]
    assert captions_of(["a cat"], detected_words=0).present([0]).shape == (1, 0)


def test_captions_are_grouped_into_the_shorter_and_the_longer():
    captions = captions_of(["a dog runs", "a", "a dog"], ["cat"])
    shorter, longer = captions.grouped([1, 0])
    cat = [START, CAT, END, PADDING, PADDING]
    assert shorter.tolist() == [
        [cat, cat],
        [[START, A, END, PADDING, PADDING], [START, A, DOG, END, PADDING]],
    ]
    assert longer.tolist() == [[cat], [[START, A, DOG, RUNS, END]]]


def test_a_photo_with_fewer_captions_repeats_its_short_ones_among_the_short():
    captions = captions_of(["a", "a dog"], ["cat", "a cat", "a cat runs", "a cat runs a"])
    shorter, longer = captions.grouped([0])
    assert (shorter.shape[1], longer.shape[1]) == (1, 1)
    shorter, longer = captions.grouped([0, 1])
    assert shorter[0].tolist() == padded([[A], [A], [CAT, A]])[:2].tolist()
    assert longer[0].tolist() == padded([[A, DOG], [A, DOG], [A] * 4])[:2].tolist()


def test_one_caption_a_photo_makes_one_group():
    (group,) = captions_of(["a"], ["a dog"]).grouped([0, 1])
    assert group.shape == (2, 1, 5)


@given(groups_of_captions)
def test_every_caption_is_in_a_group_even_where_photos_have_few(groups):
    captions = captions_of(*groups, max_length=12)
    photos = list(range(len(groups)))
    parts = captions.grouped(photos)
    most = max(map(len, groups))
    assert sum(part.shape[1] for part in parts) == most
    for photo in photos:
        rows = [row for part in parts for row in part[photo].tolist()]
        found = [[i for i in row if i not in (PADDING, START, END)] for row in rows]
        assert all(found.count(ids) >= captions.ids[photo].count(ids) for ids in found)
        assert {tuple(ids) for ids in found} == {tuple(ids) for ids in captions.ids[photo]}


@pytest.mark.parametrize("photos", [[0], [2, 0], [0, 1, 2]])
def test_groups_are_a_row_for_each_photo(photos):
    captions = captions_of(["a", "dog"], ["cat", "a dog"], ["runs", "a cat runs"])
    for part in captions.grouped(photos):
        assert part.shape[0] == len(photos)
        assert part.dtype == torch.int64
