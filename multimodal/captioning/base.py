"""Pictures of any kind → captions, one by one or in batches: all of it that needs no network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, Unpack, overload

import numpy as np
from PIL import Image

from multimodal.captioning.caption import Caption
from multimodal.errors import UserError
from multimodal.images import IMAGE_BYTES, ImageError, ImageSource, name_of, open_image
from multimodal.recurrent.generation.options import GenerationChanges

Options = TypeVar("Options")


class CaptionChanges(GenerationChanges, total=False):
    """Those of `CaptionOptions` that a call changes."""

    detected_weight: float
    repetition_weight: float
    naming: bool
    must_mention: Sequence[Sequence[str]]


class CaptionerBase(ABC, Generic[Options]):
    """A photo becomes a sentence; what sees and writes is up to the subclass."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Pixels of the side of a `preprocess`."""

    @property
    @abstractmethod
    def crop(self) -> bool:
        """Whether a `preprocess` is the middle of a picture, or else the whole of it, squashed."""

    @abstractmethod
    def preprocess(self, picture: Image.Image) -> np.ndarray:
        """Crop or squash a picture from `open_image` to what the network sees: (size, size, 3).

        Threads may preprocess ahead for `caption_preprocessed`.
        """

    @abstractmethod
    def search_options(self, changes: Mapping[str, Any]) -> Options:
        """How pictures are captioned, with some options changed by name.

        Raises:
            UserError: an option is unknown or out of range.
        """

    @abstractmethod
    def caption_preprocessed(
        self, names: Sequence[str], views: Sequence[np.ndarray], options: Options
    ) -> list[Caption]:
        """Caption the results of `preprocess`, as one batch.

        Args:
            names: what stands for each picture in its caption.
            views: (size, size, 3) uint8 each, as many as names.
            options: from `search_options`.
        """

    @overload
    def caption(  # type: ignore[overload-overlap]  # a text is a path, and no list of pictures
        self, pictures: ImageSource, **changes: Unpack[CaptionChanges]
    ) -> Caption: ...

    @overload
    def caption(
        self, pictures: Sequence[ImageSource], **changes: Unpack[CaptionChanges]
    ) -> list[Caption]: ...

    def caption(
        self, pictures: ImageSource | Sequence[ImageSource], **changes: Unpack[CaptionChanges]
    ) -> Caption | list[Caption]:
        """Caption one picture or a list of them.

        Args:
            pictures: a path, bytes, a PIL picture or an array; or a list of these, which is
                captioned in batches and comes back in its order.
            **changes: options for this call, such as beam_size, n_best and keep_attention; of a
                `Captioner` all of CaptionOptions, such as sample, temperature and seed;
                `naming=False`; `must_mention=[["lion", "lions"], ["grass"]]` for sentences with a
                word of each.

        Returns:
            A Caption, or a list with one for every picture. In a list, a picture that cannot be
            opened has its reason in `Caption.error`, and the others are captioned all the same.

        Raises:
            ImageError: when a single picture cannot be opened.
            UserError: when an option is unknown or out of range.
        """
        if isinstance(pictures, Sequence) and not isinstance(pictures, (str, *IMAGE_BYTES)):
            return list(self.captions(pictures, **changes))
        view = self.preprocess(open_image(pictures, needed=self.size, convert=False))
        options = self.search_options(changes)
        return self.caption_preprocessed([name_of(pictures)], [view], options)[0]

    def captions(
        self,
        pictures: Iterable[ImageSource],
        *,
        batch_size: int = 32,
        **changes: Unpack[CaptionChanges],
    ) -> Iterator[Caption]:
        """Caption pictures as they come, `batch_size` at a time, in their order.

        Only one batch is held in memory. The arguments are those of `caption`.
        """
        if batch_size < 1:
            raise UserError(f"batch_size: must be at least 1, not {batch_size}")
        options = self.search_options(changes)
        sources = iter(pictures)
        while batch := list(islice(sources, batch_size)):
            yield from self._caption_batch(batch, options)

    def _caption_batch(self, sources: Sequence[ImageSource], options: Options) -> Iterator[Caption]:
        opened = [self._open(source) for source in sources]
        views = [item for item in opened if not isinstance(item, Caption)]
        whole = zip(sources, opened, strict=True)
        names = [name_of(source) for source, item in whole if not isinstance(item, Caption)]
        found = iter(self.caption_preprocessed(names, views, options) if views else [])
        for item in opened:
            yield item if isinstance(item, Caption) else next(found)

    def _open(self, source: ImageSource) -> np.ndarray | Caption:
        try:
            return self.preprocess(open_image(source, needed=self.size, convert=False))
        except ImageError as error:
            return Caption(name_of(source), "", float("-inf"), error=error.reason)
