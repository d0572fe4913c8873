"""A captioner in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from multimodal.captioning.base import CaptionerBase
from multimodal.captioning.caption import Caption
from multimodal.captioning.vocabulary import CaptionVocabulary, shown
from multimodal.errors import UserError
from multimodal.images import fit
from multimodal.portable.file import Array, ModelFile
from multimodal.portable.options import changed
from multimodal.vocabulary import SPECIAL

BATCH_SIZE = 8  # photos in one run of the graph


@dataclass(frozen=True)
class PortableOptions:
    """How a file captions; see `GenerationOptions` and `CaptionOptions`.

    Attributes:
        beam_size, n_best, max_length, length_penalty: what a call may say.
        detected_weight: what the file was made with.
        keep_attention: whether captions tell where the network looked.
    """

    beam_size: int
    n_best: int
    max_length: int
    length_penalty: float
    detected_weight: float = 0.0
    keep_attention: bool = False

    @property
    def search(self) -> dict[str, float]:
        """The inputs of the graph."""
        names = ("beam_size", "n_best", "max_length", "length_penalty")
        return {name: getattr(self, name) for name in names}


class PortableCaptioner(CaptionerBase[PortableOptions]):
    """A photo becomes a sentence; see `multimodal.captioning.captioner.Captioner`.

    Args:
        file: made for "captioner".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        words = [str(word) for word in file["vocabulary"]]
        self.vocabulary = CaptionVocabulary(words[len(SPECIAL) :], file["tokenizer"])
        self.options: Mapping[str, Any] = file["options"]
        self.grid: list[int] | None = file["grid"]

    @property
    def size(self) -> int:
        """See `CaptionerBase`."""
        return int(self.file["size"])

    @property
    def crop(self) -> bool:
        """See `CaptionerBase`."""
        return bool(self.file["fit"] == "crop")

    @property
    def fingerprint(self) -> str:
        """What tells one file from another."""
        return self.file.digest

    def preprocess(self, picture: Image.Image) -> Array:
        """See `CaptionerBase`."""
        return fit(picture, self.size, crop=self.crop)

    def search_options(self, changes: Mapping[str, Any]) -> PortableOptions:
        """See `CaptionerBase`."""
        if changes.get("naming"):
            raise UserError(f"naming: {self.file.path} cannot; the model itself can")
        own = ("keep_attention", "naming")
        known = {name: value for name, value in changes.items() if name not in own}
        return PortableOptions(
            **changed(self.options, known),
            detected_weight=float(self.file["detected_weight"]),
            keep_attention=bool(changes.get("keep_attention", False)),
        )

    def caption_preprocessed(
        self, names: Sequence[str], views: Sequence[Array], options: PortableOptions
    ) -> list[Caption]:
        """See `CaptionerBase`."""
        captions: list[Caption] = []
        for begin in range(0, len(views), BATCH_SIZE):
            found = self.file.run(photos=views[begin : begin + BATCH_SIZE], **options.search)
            for row, name in enumerate(names[begin : begin + BATCH_SIZE]):
                captions.append(self._caption(name, found, row, options))
        return captions

    def _caption(
        self, name: str, found: Mapping[str, Array], row: int, options: PortableOptions
    ) -> Caption:
        several = [
            self._sentence(name, found, (row, place), options)
            for place in range(options.n_best)
            if found["lengths"][row, place]
        ]
        return replace(several[0], alternatives=tuple(several[1:]))

    def _sentence(
        self, name: str, found: Mapping[str, Array], at: tuple[int, int], options: PortableOptions
    ) -> Caption:
        count = int(found["lengths"][at]) - int(found["finished"][at])
        words = tuple(self.vocabulary.words[token] for token in found["tokens"][at][:count])
        attention = None
        if options.keep_attention and self.grid is not None and count:
            attention = found["attention"][at][:count].reshape(count, *self.grid)
        return Caption(
            source=name,
            text=self.vocabulary.join(words),
            score=float(found["scores"][at]),
            words=shown(words),
            word_scores=tuple(found["log_probs"][at][:count].tolist()),
            attention=attention,
        )
