"""A language model in a file."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, Unpack

import numpy as np

from multimodal.errors import UserError
from multimodal.language.data import Passage, encode_passages, token_before
from multimodal.language.options import BLOCK, TextChanges
from multimodal.language.streaming import GeneratedText, StopDetector, text_generation_options
from multimodal.portable.file import ModelFile
from multimodal.seeds import derived_seed, uniforms
from multimodal.vocabulary import vocabulary_from_json


class PortableLanguageModel:
    """Writes on behind texts; see `multimodal.language.language_model.LanguageModel`.

    A text is written as a whole: `stream` gives its pieces when all are there.

    Args:
        file: made for "language-model".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.vocabulary = vocabulary_from_json(file["vocabulary"])

    def generate(self, prompt: str = "", **changes: Unpack[TextChanges]) -> str:
        """Write on behind a text; see `LanguageModel.generate_batch`."""
        return self.generate_batch([prompt], **changes)[0]

    def generate_batch(self, prompts: Sequence[str], **changes: Unpack[TextChanges]) -> list[str]:
        """Write on behind several texts at once; see `LanguageModel.generate_batch`."""
        return [
            "".join(piece.text for piece in pieces) for pieces in self._pieces(prompts, changes)
        ]

    def stream(self, prompt: str = "", **changes: Unpack[TextChanges]) -> Iterator[GeneratedText]:
        """Write on behind a text, and give its pieces."""
        yield from self._pieces([prompt], changes)[0]

    def score(self, *_: Any, **__: Any) -> NoReturn:
        """Cannot be done by a file.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.file.path}: only writes; the model itself also scores texts")

    def trace(self, *_: Any, **__: Any) -> NoReturn:
        """Cannot be done by a file.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.file.path}: only writes; the model itself also shows its cells")

    def _pieces(self, prompts: Sequence[str], changes: TextChanges) -> list[list[GeneratedText]]:
        options = text_generation_options(changes)
        if options.length is None:
            raise UserError("length: this file writes texts of a length; give a number")
        if not prompts or not options.length:
            return [[] for _ in prompts]
        seed = secrets.randbits(62) if options.seed is None else options.seed
        begun = [self._begun(prompt) for prompt in prompts]
        lengths = [len(tokens) for tokens in begun]
        padded = np.zeros((len(begun), max(lengths)), np.int64)
        for row, tokens in zip(padded, begun, strict=True):
            row[: len(tokens)] = tokens
        found = self.file.run(
            prompts=padded,
            lengths=lengths,
            uniforms=draws(seed, len(begun), options.length),
            temperature=options.temperature,
            top_k=options.top_k or len(self.vocabulary),
            top_p=options.top_p,
        )
        both = zip(found["tokens"].tolist(), found["log_probs"].tolist(), strict=True)
        return [self._generated(tokens, nats, options.stop) for tokens, nats in both]

    def _begun(self, prompt: str) -> np.ndarray:
        ids = encode_passages([Passage(prompt, "prompt")], self.vocabulary)
        return np.append(token_before(self.vocabulary), ids)

    def _generated(
        self, tokens: Sequence[int], nats: Sequence[float], stop: str
    ) -> list[GeneratedText]:
        text = StopDetector(0, self.vocabulary.text_decoder(), stop)
        pieces = []
        for token, log_prob in zip(tokens, nats, strict=True):
            pieces.append(GeneratedText(text.add(token), log_prob))
            if text.ended:
                break
        return pieces


def draws(seed: int, texts: int, length: int) -> np.ndarray:
    """The uniform numbers of texts (texts, length), as `LanguageModel` draws them.

    Args:
        seed: of all.
        texts: how many.
        length: tokens of each.
    """
    blocks = [
        uniforms([derived_seed(seed, text, begin) for text in range(texts)], 1, BLOCK)[:, 0]
        for begin in range(0, length, BLOCK)
    ]
    return np.concatenate(blocks, 1)[:, :length]
