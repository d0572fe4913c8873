"""Text ↔ ids of subwords: frequent words are whole, rare ones in pieces, unseen ones in bytes.

Byte pair encoding (Sennrich, Haddow and Birch 2016) over the bytes of UTF-8, as the `tokenizers`
library computes it: no text is beyond it, and nothing is lost. It is told whole by the list of its
merges, which is what a checkpoint keeps::

    vocabulary = SubwordVocabulary.build(sentences, size=6000, special=("<pad>", "<end>"))
    ids = vocabulary.encode("Two dogs run.")
    vocabulary.decode(ids)                         # "Two dogs run."
    vocabulary.words(ids)                          # (["Two", "dogs", "run", "."], [0, 1, 2, 3])
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar, Self

from multimodal.errors import UserError

BYTES = 256


class SubwordVocabulary:
    """Pieces of words and their ids: the special ones first, then all bytes, then the merges.

    Args:
        merges: "left right", the pairs of pieces that become one, in the order of their learning;
            bytes are written as `tokenizers` writes them, a space as Ġ.
        special: what no text holds, such as padding; text that reads the same is taken for text.

    Raises:
        UserError: a merge joins pieces that are not there.
    """

    kind: ClassVar[str] = "subwords"

    def __init__(self, merges: Sequence[str], special: Sequence[str]) -> None:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers

        pairs = [(left, right) for left, _, right in (m.partition(" ") for m in merges)]
        if not all(left and right for left, right in pairs):
            raise UserError("vocabulary: a merge is two pieces with a space between them")
        pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, pairs)]
        # The special ones are no pieces, so that a text that reads the same is not taken for them.
        ids = {piece: number for number, piece in enumerate(dict.fromkeys(pieces), len(special))}
        for piece in (piece for pair in pairs for piece in pair):
            if piece not in ids:
                raise UserError(f"vocabulary: {piece!r} is merged, but nothing makes it")
        self.merges = tuple(merges)
        self.special = tuple(special)
        self._pieces = (*special, *ids)
        self._cutter = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._joiner = decoders.ByteLevel()
        self._tokenizer = Tokenizer(models.BPE(ids, pairs))
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)

    @classmethod
    def build(cls, texts: Iterable[str], size: int, special: Sequence[str] = ()) -> Self:
        """Learn the merges from texts.

        Args:
            texts: sentences, or whatever else there is to learn from.
            size: how many ids there are to be, at least the special ones and 256 bytes; fewer where
                the texts do not hold as many pairs.
            special: see the class.

        Raises:
            UserError: so few ids cannot hold every byte.
        """
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        if size < len(special) + BYTES:
            raise UserError(f"a vocabulary of {size}: must have at least {len(special) + BYTES}")
        learner = Tokenizer(models.BPE())
        learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(special),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        learner.train_from_iterator(texts, trainer)
        learnt = json.loads(learner.to_str())["model"]["merges"]
        return cls([" ".join(pair) for pair in learnt], special)

    def __len__(self) -> int:
        return len(self._pieces)

    def encode(self, text: str) -> list[int]:
        """A text → its ids; white space around it does not count."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts, several times as fast as one by one."""
        stripped = [text.strip().encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch_fast(stripped, add_special_tokens=False)
        return [encoding.ids for encoding in encoded]

    def decode(self, ids: Iterable[int]) -> str:
        """Ids → the text; special ones say nothing, bytes that are no UTF-8 become U+FFFD."""
        return self._written(ids).strip()

    def words(self, ids: Sequence[int]) -> tuple[list[str], list[int]]:
        """What is between spaces and punctuation, and the punctuation.

        Returns:
            The words of the text, and for every id the number of the word that it is a part of.
        """
        pieces = [self._pieces[number] for number in ids]
        cut = [word for word, _ in self._cutter.pre_tokenize_str(self._written(ids))]
        # One character stands for each byte, in a piece as in a word.
        ends = list(accumulate(map(len, cut)))
        places = accumulate(len(piece) for piece in pieces)
        owners = [min(bisect_left(ends, place), len(ends) - 1) for place in places]
        return [self._joiner.decode([word]).strip() for word in cut], owners

    def to_json(self) -> dict[str, Any]:
        """All that `from_json` needs."""
        return {"kind": self.kind, "special": self.special, "merges": self.merges}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The vocabulary whose `to_json` this is.

        Raises:
            UserError: when it is of another kind.
            LookupError: when something is missing.
        """
        if values["kind"] != cls.kind:
            raise UserError(f"vocabulary: {values['kind']!r} is not {cls.kind}")
        return cls(values["merges"], values["special"])

    def _written(self, ids: Iterable[int]) -> str:
        first = len(self.special)
        written: str = self._joiner.decode([self._pieces[n] for n in ids if n >= first])
        return written
