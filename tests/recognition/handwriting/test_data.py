import numpy as np
import pytest
import torch

from multimodal.recognition.handwriting.data import (
    ALPHABET,
    TrackAugmentation,
    TrainingTracks,
    augmented,
    padded,
    padded_size,
    readable,
)

STILL = TrackAugmentation(slant_jitter=0, slope_jitter=0, width_jitter=0, size_jitter=0)


@pytest.fixture
def training(writer):
    return TrainingTracks(
        writer.samples(60, 2, seed=1), batch_points=2048, augmentation=TrackAugmentation(), seed=3
    )


def test_the_alphabet_is_printable_ascii():
    assert len(ALPHABET) == 95
    assert ALPHABET[0] == " "
    assert ALPHABET[-1] == "~"


def test_lengths_are_rounded_up_to_few():
    assert [padded_size(n) for n in (1, 64, 65, 1024, 1025, 1300)] == [
        64,
        64,
        96,
        1024,
        1280,
        1536,
    ]


def test_padding():
    tracks = [np.ones((3, 4), np.float32), np.full((5, 4), 2, np.float32)]
    batch, lengths = padded(tracks, 6)
    assert batch.shape == (2, 6, 4)
    assert lengths.tolist() == [3, 5]
    assert batch.sum((1, 2)).tolist() == [12, 40]


def test_a_text_needs_a_frame_a_character_and_one_between_equal_ones():
    track = np.zeros((12, 4), np.float32)  # three frames
    assert readable(track, "abc")
    assert readable(track, "aa")
    assert not readable(track, "abcd")
    assert not readable(track, "aab")


def test_every_sample_comes_in_every_epoch_in_few_shapes(training):
    batches = list(training.batches(0, 0, 0, 1))
    assert len(batches) == training.steps_per_epoch()
    seen = sorted(
        "".join(ALPHABET[code - 1] for code in row if code)
        for batch in batches
        for row in batch.texts.tolist()
    )
    known = sorted(training._texts)
    assert set(seen) == set(known)
    assert len(seen) >= len(known) == 60
    shapes = {}
    for batch in batches:
        size = batch.tracks.shape[1]
        assert shapes.setdefault(size, len(batch.tracks)) == len(batch.tracks)
        assert batch.tracks.shape[:2].numel() <= 2048
        assert (batch.lengths <= size).all()
        assert batch.sizes.tolist() == (batch.texts > 0).sum(1).tolist()


def test_the_order_is_a_function_of_the_epoch_and_can_go_on_midway(training):
    first = list(training.batches(1, 0, 0, 1))
    again = list(training.batches(1, 1, 0, 1))
    for one, other in zip(first[1:], again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    other_epoch = next(training.batches(2, 0, 0, 1))
    assert not torch.equal(first[0].tracks, other_epoch.tracks)


def test_two_processes_share_a_batch(training):
    whole = next(training.batches(0, 0, 0, 1))
    parts = [next(training.batches(0, 0, rank, 2)) for rank in range(2)]
    assert sum(len(part.tracks) for part in parts) == len(whole.tracks)
    lengths = torch.stack([part.lengths for part in parts], 1).flatten()
    assert torch.equal(lengths, whole.lengths)


def test_other_hands_shear_and_stretch():
    track = torch.zeros(1, 5, 4)
    track[0, :3] = torch.tensor([[1.0, 0, 0, 0.5], [0, 1, 1, -0.5], [1, 1, 0, 1]])
    random = np.random.default_rng(0)
    assert torch.equal(augmented(track, STILL, random), track)
    wide = augmented(track, TrackAugmentation(0, 0, 0.5, 0), np.random.default_rng(0))
    assert wide[0, 0, 0] != 1
    assert wide[0, 1, :2].tolist() == [0, 1]
    assert wide[0, 2, 0] == wide[0, 0, 0]
    slanted = augmented(track, TrackAugmentation(0.5, 0, 0, 0), np.random.default_rng(0))
    assert slanted[0, 0, :2].tolist() == [1, 0]
    assert slanted[0, 1, 0] != 0
    larger = augmented(track, TrackAugmentation(0, 0, 0, 0.5), np.random.default_rng(0))
    ratio = larger[0, 0, 0]
    assert torch.allclose(larger[0, :3, [0, 1, 3]], ratio * track[0, :3, [0, 1, 3]])
    for changed in (wide, slanted, larger):
        assert torch.equal(changed[..., 2], track[..., 2])
        assert (changed[0, 3:] == 0).all()
