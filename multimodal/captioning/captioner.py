"""The one class that people use: load a captioner, then call it.

captioner = Captioner.load()                         # the shipped model; or a folder, or a Hub id
captioner.caption("beach.jpg")                       # Caption(text="two dogs run on the beach", …)
captioner.caption(["a.jpg", "b.png"], beam_size=5)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.views import encode_views
from multimodal.checkpoints import CONFIG, JSON, load_tensors, read_checkpoint, save_checkpoint
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.errors import UserError
from multimodal.images import ImageError, ImageSource, name_of, open_image
from multimodal.processor import Precision, torch_dtype
from multimodal.recurrent.generation import GenerationOptions, Hypothesis, generate
from multimodal.vocabulary import END, PADDING, SPECIAL, START, UNKNOWN, WordVocabulary

SHIPPED = "captioner-flickr8k"
TASK = "captioner"

# What a caption may say more than once; every other word names a thing or an action.
_REPEATABLE = """
    a an the one two three four five several some many another other each both all
    in on at of to for from with without by near over under through across into onto up down out
    off along around behind front beside next between against above below toward towards
    while as after and or that which who is are be being has have his her its their he she it they
    him them 's black white red blue green yellow orange brown grey gray pink purple tan dark light
    colorful small large big little young old older tall long
"""
REPEATABLE = frozenset(_REPEATABLE.split())

T = TypeVar("T")


@dataclass(frozen=True)
class Caption:
    """What the captioner says of one picture.

    Attributes:
        source: the name of the picture's file, or what stands for it.
        text: the sentence, in lower case and without a full stop; empty where there is an error.
        score: what sentences are ranked by: the log-probability of the whole sentence in nats over
            its length to the power of `length_penalty`; the nearer to 0, the surer.
        words: the words of the sentence.
        word_scores: log p of every word given the picture and the words before it, in nats.
        attention: (T, h, w) where the network looked for every word, each map with the sum 1, from
            the top left of the picture; None unless asked for, or for a decoder without attention.
        alternatives: the other sentences of the n best, best first.
        error: why there is no caption, in one line; None when all went well.
    """

    source: str
    text: str
    score: float
    words: tuple[str, ...] = ()
    word_scores: tuple[float, ...] = ()
    attention: npt.NDArray[np.float32] | None = None
    alternatives: tuple[Caption, ...] = ()
    error: str | None = None


class Captioner:
    """A photo becomes a sentence.

    Args:
        network: what was learnt; it is put into evaluation mode.
        vocabulary: the words behind the network's ids.
        options: how sentences are searched for, unless a call says otherwise.
    """

    def __init__(
        self, network: CaptionNetwork, vocabulary: WordVocabulary, options: GenerationOptions
    ) -> None:
        self.network = network.eval()
        self.vocabulary = vocabulary
        self.options = options

    @classmethod
    def load(cls, source: str | Path = SHIPPED, *, precision: Precision = "auto") -> Self:
        """Load a captioner, ready to caption.

        Args:
            source: the name of a shipped model, a folder, or a repository of the Hugging Face Hub.
            precision: of the arithmetic; "auto" takes bf16 where the processor has it natively.

        Raises:
            UserError: when there is none, or it is damaged or made for another task.
        """
        checkpoint = read_checkpoint(source, task=TASK)
        try:
            captioner = cls._untrained(checkpoint.config)
        except UserError as error:
            raise UserError(f"{checkpoint.folder / CONFIG}: {error}") from error
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            # whatever torch and the dataclasses make of names, kinds and sizes that can't be
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(f"{checkpoint.folder / CONFIG}: incomplete ({reason})") from error
        load_tensors(captioner.network, checkpoint)
        captioner.network.to(torch_dtype(precision))
        return captioner

    @classmethod
    def _untrained(cls, config: Mapping[str, Any]) -> Self:
        vocabulary = WordVocabulary(config["vocabulary"])
        encoder = _from_json(EncoderConfig, config["encoder"])
        decoder = _from_json(DecoderConfig, config["decoder"])
        options = _from_json(GenerationOptions, config["generation"])
        network = CaptionNetwork(Encoder(encoder), decoder, len(vocabulary))
        return cls(network, vocabulary, options)

    def save(self, folder: str | Path, card: str | None = None) -> Path:
        """Write `config.json` and `model.safetensors` (16-bit) into a folder, all or nothing.

        Args:
            folder: where; a checkpoint that is there is replaced.
            card: the text of the model card (README.md).
        """
        config: dict[str, JSON] = {
            "task": TASK,
            "encoder": asdict(self.network.encoder.config),
            "decoder": asdict(self.network.decoder.config),
            "generation": asdict(self.options),
            "vocabulary": self.vocabulary.words[len(SPECIAL) :],
        }
        tensors = self.network.state_dict()
        return save_checkpoint(folder, config, tensors, dtype=torch.float16, card=card)

    @overload
    def caption(self, pictures: ImageSource, **changes: Any) -> Caption: ...

    @overload
    def caption(self, pictures: Sequence[ImageSource], **changes: Any) -> list[Caption]: ...

    def caption(
        self, pictures: ImageSource | Sequence[ImageSource], **changes: Any
    ) -> Caption | list[Caption]:
        """Caption one picture or a list of them.

        Args:
            pictures: a path, bytes, a PIL picture or an array; or a list of these, which is
                captioned in batches and comes back in its order.
            **changes: fields of GenerationOptions for this call, such as beam_size, n_best,
                keep_attention, sample, temperature and seed.

        Returns:
            A Caption, or a list with one for every picture. In a list, a picture that cannot be
            opened has its reason in `Caption.error`, and the others are captioned all the same.

        Raises:
            ImageError: when a single picture cannot be opened.
            UserError: when an option is unknown or out of range.
        """
        if isinstance(pictures, Sequence) and not isinstance(pictures, (str, bytes)):
            return list(self.captions(pictures, **changes))
        opened = open_image(pictures, needed=self.network.encoder.config.size)
        return self._describe([name_of(pictures)], [opened], self.search_options(changes))[0]

    def captions(
        self, pictures: Iterable[ImageSource], *, batch_size: int = 32, **changes: Any
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

    def look(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Upright RGB pictures of any size → their cells (B, S, D), of which to write often."""
        encoder = self.network.encoder
        return encode_views(encoder, [encoder.fit(picture) for picture in pictures])

    @torch.inference_mode()
    def write(self, cells: Tensor, options: GenerationOptions) -> list[list[Hypothesis]]:
        """Cells (B, S, D) → the n best sentences of every picture, as ids."""
        decoder = self.network.decoder
        sight = decoder.look(cells)
        start = decoder.start(sight)
        prompts = [[START]] * len(cells)
        return generate(decoder.step, start, sight, prompts, end=END, options=options)

    def _caption_batch(
        self, sources: Sequence[ImageSource], options: GenerationOptions
    ) -> Iterator[Caption]:
        opened = [self._open(source) for source in sources]
        good = [number for number, item in enumerate(opened) if isinstance(item, Image.Image)]
        names = [name_of(sources[number]) for number in good]
        pictures = [item for item in opened if isinstance(item, Image.Image)]
        described = iter(self._describe(names, pictures, options) if pictures else [])
        for item in opened:
            yield item if isinstance(item, Caption) else next(described)

    def _open(self, source: ImageSource) -> Image.Image | Caption:
        try:
            return open_image(source, needed=self.network.encoder.config.size)
        except ImageError as error:
            return Caption(name_of(source), "", float("-inf"), error=error.reason)

    def _describe(
        self, names: Sequence[str], pictures: Sequence[Image.Image], options: GenerationOptions
    ) -> list[Caption]:
        found = self.write(self.look(pictures), options)
        return [self._caption(name, of_photo) for name, of_photo in zip(names, found, strict=True)]

    def _caption(self, name: str, hypotheses: Sequence[Hypothesis]) -> Caption:
        best, *others = [self._sentence(name, hypothesis) for hypothesis in hypotheses]
        return replace(best, alternatives=tuple(others))

    def _sentence(self, name: str, hypothesis: Hypothesis) -> Caption:
        words = self.vocabulary.decode(hypothesis.tokens)
        attention = None
        if hypothesis.attention is not None:
            grid = self.network.encoder.grid
            attention = hypothesis.attention.unflatten(1, grid).numpy()
        return Caption(
            source=name,
            text=join_words(words),
            score=hypothesis.score,
            words=tuple(words),
            word_scores=hypothesis.log_probs,
            attention=attention,
        )

    def search_options(self, changes: Mapping[str, Any]) -> GenerationOptions:
        """How sentences are searched for, with some options changed by name.

        Special words are never written, and a word that names a thing or an action only once.
        """
        known = [field.name for field in fields(GenerationOptions)]
        for name in changes:
            if name not in known:
                raise UserError(f"{name}: no such option; there are {', '.join(known)}")
        options = replace(self.options, **changes)
        words = enumerate(self.vocabulary.words)
        once = tuple(n for n, word in words if n >= len(SPECIAL) and word not in REPEATABLE)
        return replace(
            options,
            banned=(PADDING, START, UNKNOWN, *options.banned),
            once=(*once, *options.once),
        )


def join_words(words: Sequence[str]) -> str:
    """Words as the tokeniser cuts them → running text: clitics join the word before them."""
    text = " ".join(words)
    return re.sub(r" (n't|'(?:s|m|d|ll|re|ve))(?= |$)", r"\1", text)


def _from_json(kind: type[T], values: dict[str, Any]) -> T:
    """A frozen dataclass from its JSON form, in which tuples have become lists."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
