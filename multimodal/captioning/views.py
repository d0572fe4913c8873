"""What the network gets to see of a photo in training: random views, and cells computed ahead.

A view is a crop of the photo, mirrored half of the time, its light and colours shifted a little.
While the encoder rests, its cells of a few views of every photo are computed once and kept on disk,
in half precision, so that an epoch costs only the decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from multimodal.cache import cached
from multimodal.encoders import ENCODER_BATCH, Encoder, encode_views
from multimodal.images import ImageSource, open_image

SMALLEST_CROP = 0.8  # of the photo's area
WIDEST_CROP = 1.25  # aspect ratio against the photo's own, and its inverse
LIGHT = 0.1  # brightness, contrast and colour are scaled by 1 ± LIGHT


def random_view(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """A crop of an RGB picture, mirrored half of the time, with its light and colours shifted."""
    area = random.uniform(SMALLEST_CROP, 1.0)
    stretch = np.exp(random.uniform(-np.log(WIDEST_CROP), np.log(WIDEST_CROP)))
    width = min(1.0, np.sqrt(area * stretch)) * picture.width
    height = min(1.0, np.sqrt(area / stretch)) * picture.height
    left = random.uniform(0, picture.width - width)
    top = random.uniform(0, picture.height - height)
    box = (left, top, left + width, top + height)
    view = picture.resize(picture.size, Image.Resampling.BICUBIC, box)
    if random.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        view = enhance(view).enhance(random.uniform(1 - LIGHT, 1 + LIGHT))
    return view


def photo_view(
    encoder: Encoder, photo: ImageSource, random: np.random.Generator | None = None
) -> np.ndarray:
    """The square that is seen of a photo, uint8 (size, size, 3); the whole without `random`.

    Args:
        encoder: whose size and fit count.
        photo: what `open_image` takes.
        random: draws the crop, the mirror image and the light.
    """
    picture = open_image(photo, needed=encoder.config.size)
    if random is not None:
        picture = random_view(picture, random)
    return encoder.preprocess(picture)


class CellCache:
    """Cells of several views of every photo, in a file of half-precision numbers.

    The first view is the whole photo, the second its mirror image, further ones are random. A file
    that was not finished is begun again.

    Args:
        path: where the cells lie, (num_augmentations, photos, S, D).
        encoder: whose cells they are.
        photos: the photos, in their order.
        num_augmentations: how many views of every photo.
        seed: of the random views.

    Raises:
        ImageError: a photo cannot be opened.
        UserError: the disk refuses.
    """

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        photos: Sequence[ImageSource],
        num_augmentations: int,
        seed: int,
    ) -> None:
        shape = (
            num_augmentations,
            len(photos),
            encoder.grid[0] * encoder.grid[1],
            encoder.cell_size,
        )
        self._photos, self._seed = photos, seed
        self._cells = cached(path, shape, self._computed(encoder, num_augmentations))

    def __call__(self, photos: Sequence[int], views: Sequence[int]) -> Tensor:
        """The cells of photos by number, each in one of its views: (B, S, D)."""
        return torch.from_numpy(self._cells[list(views), list(photos)]).float()

    def _computed(self, encoder: Encoder, num_augmentations: int) -> Iterator[Tensor]:
        jobs = [
            (view, photo) for view in range(num_augmentations) for photo in range(len(self._photos))
        ]
        for start in range(0, len(jobs), ENCODER_BATCH):
            batch = jobs[start : start + ENCODER_BATCH]
            yield encode_views(encoder, [self._view(encoder, *job) for job in batch])

    def _view(self, encoder: Encoder, view: int, photo: int) -> np.ndarray:
        if view < 2:
            whole = photo_view(encoder, self._photos[photo])
            return whole[:, ::-1] if view else whole
        random = np.random.default_rng((self._seed, view, photo))
        return photo_view(encoder, self._photos[photo], random)
