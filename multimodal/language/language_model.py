"""The one class that people use: load a language model, then let it write.

language_model = LanguageModel.from_pretrained("runs/shakespeare/best")
language_model.generate("Shall I compare", length=200, temperature=0.8, seed=1)
for written in language_model.stream("Shall I compare"): print(written.text, end="")
language_model.score("To be, or not to be").nats_per_character
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt
import torch

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.language.data import Passage, SplitFractions, encode_passages, token_before
from multimodal.language.generation import TextGenerator
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.language.options import TextChanges, TextGenerationOptions
from multimodal.language.scoring import TextScores, adapting_log_probabilities, log_probabilities
from multimodal.language.streaming import GeneratedText, StopDetector, text_generation_options
from multimodal.pretrained_model import PretrainedModel
from multimodal.vocabulary import Ids, TextVocabulary, vocabulary_from_json


@dataclass(frozen=True, eq=False)
class ScoredText:
    """How probable a text is, piece by piece.

    Attributes:
        pieces: its characters; its words, for a model of words.
        log_probs: log p of each, given all before it, in nats: (N,).
        scores: the figures of the whole.
    """

    pieces: tuple[str, ...]
    log_probs: npt.NDArray[np.float32]
    scores: TextScores


@dataclass(frozen=True, eq=False)
class ActivationTrace:
    """What went on in a network while it read a text.

    Attributes:
        pieces: the text's characters; its words, for a model of words.
        hidden: h of every unit of every layer after each of them, (N, layers, H), from -1 to 1.
        cells: c of an LSTM, the same shape and without bounds; None for other cells.
    """

    pieces: tuple[str, ...]
    hidden: npt.NDArray[np.float32]
    cells: npt.NDArray[np.float32] | None

    @property
    def activations(self) -> npt.NDArray[np.float32]:
        """What is looked at, from -1 to 1: tanh c of an LSTM (Karpathy et al. 2015), else h."""
        return self.hidden if self.cells is None else np.tanh(self.cells)


class LanguageModel(PretrainedModel):
    """Writes on, tells how probable a text is, and shows its cells.

    The network reads a line break before every text, so that the first character is predicted too.

    Args:
        network: what was learnt; it is put into evaluation mode.
        vocabulary: the pieces of text behind the network's ids.
        split_fractions: how its text was parted.
    """

    TASK = "language-model"
    network: LanguageNetwork

    def __init__(
        self, network: LanguageNetwork, vocabulary: TextVocabulary, split_fractions: SplitFractions
    ) -> None:
        self.network = network.eval()
        self.vocabulary = vocabulary
        self.split_fractions = split_fractions

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        vocabulary = vocabulary_from_json(config["vocabulary"])
        network = LanguageNetwork(LanguageConfig(**config["network"]), len(vocabulary))
        return cls(network, vocabulary, SplitFractions(**config["split_fractions"]))

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "vocabulary": self.vocabulary.to_json(),
            "split_fractions": asdict(self.split_fractions),
        }

    def generate(self, prompt: str = "", **changes: Unpack[TextChanges]) -> str:
        """Write on behind a text; see `generate_batch`."""
        return self.generate_batch([prompt], **changes)[0]

    def generate_batch(self, prompts: Sequence[str], **changes: Unpack[TextChanges]) -> list[str]:
        """Write on behind several texts at once; what each begins with is not given again.

        Args:
            prompts: what each text begins with, empty for a new one.
            **changes: fields of WritingOptions, such as length, temperature, top_k, top_p, seed and
                stop. The same seed gives the same texts, as long as they are written together.

        Raises:
            UserError: when an option is unknown or out of range, or a prompt holds a character that
                is not known.
        """
        options = text_generation_options(changes)
        if options.length is None:
            raise UserError("length: a text without end can only be streamed; give a number")
        texts = [""] * len(prompts)
        if not texts:
            return texts
        for number, piece, _ in self._generate(prompts, options):
            texts[number] += piece
        return texts

    def stream(self, prompt: str = "", **changes: Unpack[TextChanges]) -> Iterator[GeneratedText]:
        """Generate a text piece by piece, each as soon as it is there; see `generate_batch`.

        Every character takes the same time and memory, however long the text grows.
        """
        for _, piece, log_prob in self._generate([prompt], text_generation_options(changes)):
            yield GeneratedText(piece, log_prob)

    def score(self, text: str, *, adapt: bool = False) -> ScoredText:
        """Tell how probable every character of a text is, given all before it.

        Args:
            text: what to score.
            adapt: whether the weights follow the text while they read it, about ten times as
                slowly; see `multimodal.language.scoring.adapting_log_probabilities`. The language
                model stays as it is.

        Raises:
            UserError: when the text is empty, or holds a character that is not known.
        """
        if not text:
            raise UserError("there is no text to score")
        ids = self._encode(text, "text")
        read = adapting_log_probabilities if adapt else log_probabilities
        log_probs = read(self.network, ids, self._before).numpy()
        begins = np.append(0, self.vocabulary.ends(ids)[:-1] + 1)
        return ScoredText(
            tuple(self.vocabulary.cut(text)),
            np.add.reduceat(log_probs, begins),
            TextScores.of(-float(log_probs.sum(dtype=np.float64)), len(ids), len(text)),
        )

    def trace(self, text: str) -> ActivationTrace:
        """Tell what every hidden unit does at every character of a text.

        Raises:
            UserError: when the text is empty, or holds a character that is not known.
        """
        if not text:
            raise UserError("there is no text to trace")
        ids = self._encode(text, "text")
        places = self.vocabulary.ends(ids)
        values = self._activations([self._before, *ids.tolist()])[:, places + 1]
        return ActivationTrace(
            tuple(self.vocabulary.cut(text)), values[0], values[1] if len(values) > 1 else None
        )

    @torch.inference_mode()
    def _activations(self, tokens: Iterable[int]) -> npt.NDArray[np.float32]:
        """The state after each of N tokens, by its tensors: (1 or 2, N, layers, H)."""
        state = self.network.recurrent.initial_state(1)
        states = []
        for token in tokens:
            _, state = self.network.step(torch.tensor([token]), state)
            states.append(torch.stack([torch.cat(tensors) for tensors in zip(*state, strict=True)]))
        found: npt.NDArray[np.float32] = torch.stack(states, 1).float().numpy()
        return found

    def _generate(
        self, prompts: Sequence[str], options: TextGenerationOptions
    ) -> Iterator[tuple[int, str, float]]:
        """For every token of every text: the text's number, the next piece, and log p."""
        begun = [np.append(self._before, self._encode(prompt, "prompt")) for prompt in prompts]
        writing = TextGenerator(
            self.network, list(map(torch.from_numpy, begun)), options, self.vocabulary.reserved
        )
        texts = [
            StopDetector(number, self.vocabulary.text_decoder(), options.stop)
            for number in range(len(prompts))
        ]
        for _ in count() if options.length is None else range(options.length):
            tokens, log_probs = (tensor.tolist() for tensor in writing.step())
            for text, token, log_prob in zip(texts, tokens, log_probs, strict=True):
                yield text.number, text.add(token), log_prob
            going = [row for row, text in enumerate(texts) if not text.ended]
            if not going:
                return
            if len(going) < len(texts):
                texts = [texts[row] for row in going]
                writing.keep(torch.tensor(going))

    def _encode(self, text: str, name: str) -> Ids:
        return encode_passages([Passage(text, name)], self.vocabulary)

    @property
    def _before(self) -> int:
        return token_before(self.vocabulary)
