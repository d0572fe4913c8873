import errno
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from multimodal import cache
from multimodal.captioning.views import LIGHT, CellCache, photo_view, random_view
from multimodal.encoders import ENCODER_BATCH, Encoder, EncoderConfig, encode_views
from multimodal.errors import UserError
from multimodal.images import ImageError, open_image


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    torch.manual_seed(0)
    config = EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch")
    return Encoder(config).requires_grad_(False).eval()


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def gradient() -> Image.Image:
    """Brighter from left to right, grey, so that a mirror image is seen as one."""
    return Image.fromarray(np.tile(np.linspace(60, 180, 48, dtype=np.uint8), (32, 1))).convert(
        "RGB"
    )


@given(st.tuples(st.integers(1, 90), st.integers(1, 90)), st.integers(0, 2**31))
@settings(max_examples=50)
def test_a_view_keeps_the_size_and_stays_within_the_picture(size, seed):
    view = random_view(Image.new("RGB", size, (200, 200, 200)), generator(seed))
    assert view.size == size
    pixels = np.asarray(view)
    # contrast and colour leave a grey picture alone; black would have come from beyond its border
    assert pixels.min() >= 200 * (1 - LIGHT) - 2
    assert np.ptp(pixels) <= 1


def test_a_view_is_a_function_of_the_generator():
    first, again, other = (random_view(gradient(), generator(seed)) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_about_half_of_the_views_are_mirrored():
    columns = [np.asarray(random_view(gradient(), generator(seed)))[0, :, 0] for seed in range(100)]
    mirrored = sum(int(column[0]) > int(column[-1]) for column in columns)
    assert 35 <= mirrored <= 65


def test_a_view_is_a_crop_of_most_of_the_picture():
    spans = [
        np.ptp(np.asarray(random_view(gradient(), generator(s)).convert("L"))) for s in range(50)
    ]
    assert min(spans) > 120 * 0.4  # the lowest contrast over the narrowest crop
    assert max(spans) > min(spans)


def test_the_whole_photo_is_seen_without_a_generator(encoder, photos):
    seen = photo_view(encoder, photos[0])
    assert seen.dtype == np.uint8
    assert seen.tolist() == encoder.preprocess(open_image(photos[0])).tolist()
    assert photo_view(encoder, photos[0], generator()).tolist() != seen.tolist()


def test_encoding_a_few_at_a_time_equals_encoding_all_at_once(encoder):
    count = 2 * ENCODER_BATCH + 1
    squares = list(generator().integers(0, 256, (count, 64, 64, 3), dtype=np.uint8))
    cells = encode_views(encoder, squares)
    whole = encoder(encoder.normalize(torch.from_numpy(np.stack(squares))))
    assert cells.shape == (count, 9, 512)
    torch.testing.assert_close(cells, whole)


def test_views_are_encoded_in_the_precision_of_the_encoder(encoder):
    square = np.zeros((64, 64, 3), np.uint8)
    half = Encoder(encoder.config).requires_grad_(False).bfloat16()
    assert encode_views(half, [square]).dtype == torch.bfloat16


# ---- cells on disk ----


def test_the_cache_holds_the_whole_photo_its_mirror_image_and_random_views(
    encoder, photos, tmp_path
):
    cache = CellCache(tmp_path / "new" / "cells.npy", encoder, photos, num_augmentations=3, seed=7)
    count = len(photos)
    whole = [photo_view(encoder, photo) for photo in photos]
    mirrored = [np.ascontiguousarray(square[:, ::-1]) for square in whole]
    for view, squares in enumerate((whole, mirrored)):
        expected = encode_views(encoder, squares).half().float()
        torch.testing.assert_close(cache(range(count), [view] * count), expected, rtol=1e-3, atol=0)
    fresh = cache(range(count), [2] * count)
    assert not torch.allclose(fresh, cache(range(count), [0] * count), rtol=1e-2)


def test_the_cache_is_asked_by_photo_and_view(encoder, photos, tmp_path):
    cache = CellCache(tmp_path / "cells.npy", encoder, photos, num_augmentations=2, seed=0)
    asked = cache([3, 0, 3], [1, 0, 0])
    assert asked.shape == (3, 9, 512)
    assert asked.dtype == torch.float32
    for row, (photo, view) in zip(asked, [(3, 1), (0, 0), (3, 0)], strict=True):
        assert torch.equal(row, cache([photo], [view])[0])


def test_random_views_depend_on_the_seed_and_the_photos_number_alone(encoder, photos, tmp_path):
    def third_view(name: str, seed: int, some: list[Path]) -> torch.Tensor:
        return CellCache(tmp_path / name, encoder, some, num_augmentations=3, seed=seed)([1], [2])

    first = third_view("a.npy", 0, photos)
    torch.testing.assert_close(third_view("b.npy", 0, photos[:2]), first, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(third_view("c.npy", 1, photos), first, rtol=1e-2)


def test_every_photo_has_a_random_view_of_its_own(encoder, photos, tmp_path):
    cache = CellCache(tmp_path / "cells.npy", encoder, [photos[0]] * 2, num_augmentations=4, seed=0)
    cells = cache([0, 0, 1, 1], [2, 3, 2, 3])
    distances = torch.cdist(cells.flatten(1), cells.flatten(1))
    assert (distances[~torch.eye(4, dtype=torch.bool)] > 1).all()


def test_a_finished_cache_is_used_again_and_an_unfinished_one_is_not(encoder, photos, tmp_path):
    path = tmp_path / "cells.npy"
    path.with_name(f".unfinished-{path.name}").write_bytes(
        b"\x93NUMPY, and then the machine went down"
    )
    first = CellCache(path, encoder, photos, num_augmentations=1, seed=0)([0], [0])
    assert [entry.name for entry in tmp_path.iterdir()] == ["cells.npy"]
    gone = [tmp_path / "gone.jpg"] * len(photos)
    assert torch.equal(CellCache(path, encoder, gone, num_augmentations=1, seed=0)([0], [0]), first)


def test_a_photo_that_cannot_be_opened_leaves_no_finished_cache(encoder, photos, tmp_path):
    with pytest.raises(ImageError, match=r"gone\.jpg"):
        CellCache(tmp_path / "cells.npy", encoder, [*photos, tmp_path / "gone.jpg"], 1, seed=0)
    assert not (tmp_path / "cells.npy").exists()


def test_a_full_disk_is_said_in_one_line(encoder, photos, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "write_array_header_1_0", full)
    with pytest.raises(UserError, match=r"cells\.npy: cannot be written: No space left on device"):
        CellCache(tmp_path / "cells.npy", encoder, photos, num_augmentations=1, seed=0)
