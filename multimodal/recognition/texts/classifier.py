"""The one class that people use: load a text classifier, then show it texts.

classifier = TextClassifier.from_pretrained()  # the shipped model; or a folder, or a Hub id
classifier.predict("a film to fall in love with")  # Prediction(label="positive", …)
classifier.predict(["so dull", "so good"])         # one for each
classifier.predict_steps("so good")                # one Prediction after every word
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, overload

import numpy as np
import torch
from torch import Tensor

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.recognition.arrays import Floats, Ints
from multimodal.recognition.calibration import UNCALIBRATED, calibrated, read_temperatures
from multimodal.recognition.prediction import Prediction
from multimodal.recognition.texts.model import TextConfig, TextNetwork, agreed
from multimodal.recognition.texts.tokenizer import Tokenizer

MAX_TOKENS = 2000
"""Tokens of a text that are read; what comes behind is left unread."""

_PIECES_AT_A_TIME = 8192  # of a batch, padding counted
_TEXTS_AT_A_TIME = 128


@dataclass(frozen=True)
class Influence:
    """What one token of a text did to the answer.

    Attributes:
        token: the word or character, as it stands in the text.
        change: by how much it moved the probability of the label that the whole text has.
    """

    token: str
    change: float


class TextClassifier(PretrainedModel):
    """A text becomes a ranking of labels, after every word.

    Args:
        network: what was learnt; it is put into evaluation mode.
        tokenizer: what cuts texts.
        labels: V, as data has them.
        names: V, as they are shown; the labels themselves unless given.
        naive_bayes_weight: how much counting words weighs beside the encoders.
        class_priors: V, how frequent each label was in training: the answer before the first word.
        temperatures: by how many tokens were read; see `multimodal.recognition.calibration`.
    """

    TASK = "text-classifier"
    PRECISION = "fp32"
    network: TextNetwork

    def __init__(
        self,
        network: TextNetwork,
        tokenizer: Tokenizer,
        labels: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        naive_bayes_weight: float = 0.0,
        class_priors: Sequence[float] | None = None,
        temperatures: Mapping[int, float] = UNCALIBRATED,
    ) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self.labels = tuple(labels)
        self.names = tuple(names or labels)
        self.naive_bayes_weight = naive_bayes_weight
        self.class_priors = tuple(class_priors or [1 / len(self.labels)] * len(self.labels))
        self.temperatures = dict(temperatures)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        labels = [str(label) for label in config["labels"]]
        names, class_priors = (
            [str(name) for name in config["names"]],
            list(map(float, config["class_priors"])),
        )
        if not len(labels) == len(names) == len(class_priors) >= 1:
            raise UserError("labels, names and shares: there must be as many of each")
        tokenizer = Tokenizer.from_json(config["tokenizer"])
        sizes = TextConfig(**config["network"])
        network = TextNetwork(sizes, len(tokenizer), tokenizer.buckets, len(labels))
        temperatures = read_temperatures(config, "word")
        return cls(
            network,
            tokenizer,
            labels,
            names=names,
            naive_bayes_weight=float(config["naive_bayes_weight"]),
            class_priors=class_priors,
            temperatures=temperatures,
        )

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "naive_bayes_weight": self.naive_bayes_weight,
            "temperatures": {str(least): value for least, value in self.temperatures.items()},
            "labels": self.labels,
            "names": self.names,
            "class_priors": self.class_priors,
            "tokenizer": self.tokenizer.to_json(),
        }

    @overload
    def predict(self, texts: str) -> Prediction: ...

    @overload
    def predict(self, texts: list[str] | tuple[str, ...]) -> list[Prediction]: ...

    def predict(self, texts: str | list[str] | tuple[str, ...]) -> Prediction | list[Prediction]:
        """Label a text, or each of several, as it stands there whole.

        Raises:
            UserError: a text holds no word.
        """
        several = [texts] if isinstance(texts, str) else list(texts)
        cut = [self._cut(text) for text in several]
        probabilities = self.probabilities(cut)
        predictions = [
            Prediction.ranked(self.names, row, len(tokens))
            for row, tokens in zip(probabilities, cut, strict=True)
        ]
        return predictions[0] if isinstance(texts, str) else predictions

    def predict_steps(self, text: str) -> list[Prediction]:
        """Label a text after each of its words, as if nobody knew what follows.

        Raises:
            UserError: the text holds no word.
        """
        rows = self._after_every_token(self._cut(text))
        return [Prediction.ranked(self.names, row, read) for read, row in enumerate(rows, 1)]

    def influences(self, text: str) -> list[Influence]:
        """By how much each word moved the probability of the label that the whole text has.

        Before the first word, every label is as probable as it was frequent in training; so the sum
        of all is the last probability less that share.

        Raises:
            UserError: the text holds no word.
        """
        cut = self._cut(text)
        rows = np.vstack([self.class_priors, self._after_every_token(cut)])
        moved = np.diff(rows[:, rows[-1].argmax()]).tolist()
        return [Influence(*pair) for pair in zip(cut, moved, strict=True)]

    def can_read(self, text: str) -> bool:
        """Whether a text holds a word at all."""
        return bool(self.tokenizer.tokenize(text))

    def probabilities(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Texts that are cut into tokens, at least one each → probabilities (N, V) of labels."""
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        return self.calibrated(self.logits(texts, lengths), lengths)

    def logits(self, texts: Sequence[Sequence[str]], read: Ints) -> Tensor:
        """What encoders and count say together, before any temperature.

        Args:
            texts: N, cut into tokens, at least one each.
            read: (N,) after how many tokens; at least 1.

        Returns:
            (N, V) in fp32.
        """
        encoders, evidence = self.answers(texts, read)
        return agreed(encoders[None], self.naive_bayes_weight * evidence)

    def answers(self, texts: Sequence[Sequence[str]], read: Ints) -> tuple[Tensor, Tensor]:
        """What the encoders say (N, V), and what naive Bayes says (N, V); see `logits`."""
        encoders = torch.zeros(len(texts), len(self.labels))
        evidence = torch.zeros_like(encoders)
        for batch in _of_similar_length(read):
            states = self._read([texts[n][: read[n]] for n in batch])
            last = torch.arange(len(batch)), torch.from_numpy(read[batch] - 1)
            encoders[batch], evidence[batch] = (each[last] for each in states)
        return encoders, evidence

    def calibrated(self, logits: Tensor, read: Ints) -> Floats:
        """Logits (N, V) after so many tokens (N,) → probabilities (N, V)."""
        return calibrated(logits, self.temperatures, read)

    @torch.inference_mode()
    def _read(self, texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """B texts of up to T tokens → what encoders agree on, and the evidence, (B, T, V) each."""
        tokens = self.tokenizer.encode(texts).to(self.network.naive_bayes.evidence.device)
        encoders, evidence = agreed(self.network(tokens)), self.network.naive_bayes(tokens)
        return encoders.cpu(), evidence.float().cpu()

    def _after_every_token(self, cut: Sequence[str]) -> Floats:
        encoders, evidence = self._read([cut])
        logits = agreed(encoders, self.naive_bayes_weight * evidence[0])
        return self.calibrated(logits, np.arange(1, len(cut) + 1))

    def _cut(self, text: str) -> list[str]:
        cut = self.tokenizer.tokenize(text)
        if not cut:
            raise UserError(f"{text[:40]!r}: holds no word to go by")
        return cut[:MAX_TOKENS]


def _of_similar_length(lengths: Ints) -> list[Ints]:
    """Numbers of texts in batches of bounded size."""
    order = np.argsort(lengths, kind="stable")
    batches: list[Ints] = []
    while len(order):
        count = min(_TEXTS_AT_A_TIME, len(order))
        while count > 1 and count * lengths[order[count - 1]] > _PIECES_AT_A_TIME:
            count //= 2
        batches.append(order[:count])
        order = order[count:]
    return batches
