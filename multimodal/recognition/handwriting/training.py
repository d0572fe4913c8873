"""The recipe: lines and words of many writers, and what they say, without where each letter is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.recognition.handwriting.data import ALPHABET, LabelledTracks, TrainingTracks
from multimodal.recognition.handwriting.metrics import error_rates
from multimodal.recognition.handwriting.model import HandwritingRecognizerNetwork
from multimodal.recognition.handwriting.recipe import HandwritingRecognizerRecipe
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.recognition.handwriting.tracks import track_of
from multimodal.strokes.handwritten import Handwritten, kinds_in, read_handwriting
from multimodal.training import Stage, Task, TrainingInput

EVERY = {"lines": 1, "words": 4}
"""The kinds that are learnt, and every which held-out sample chooses the best recognizer: words are
many."""
SHOWN = 8
"""Samples of each kind that are told after every epoch."""


class CTCStage(Stage):
    """Find the characters by connectionist temporal classification (Graves et al. 2006)."""

    name = "ctc"

    def __init__(self, recipe: HandwritingRecognizerRecipe, samples: Sequence[Handwritten]) -> None:
        self.data = TrainingTracks(samples, recipe.batch_points, recipe.augmentation, recipe.seed)
        self.options = recipe.options(self.steps_per_epoch())

    def loss(self, model: nn.Module, batch: LabelledTracks) -> dict[str, Tensor]:
        """Nats a character: all paths that spell the text count as right."""
        tracks, lengths, texts, sizes = batch
        logits, frames = model(tracks, lengths)
        probabilities = F.log_softmax(logits.float(), -1).transpose(0, 1)
        loss = F.ctc_loss(probabilities, texts, frames, sizes, reduction="sum")
        characters = sizes.sum()
        return {"loss": loss / characters, "weight": characters}


class HandwritingRecognizerTask(Task):
    """A handwriting recognizer that learns from handwriting.

    Args:
        recipe: the choices.
        train: to learn from.
        dev: kind → samples to choose by, such as "lines" and "words".

    Raises:
        UserError: there is nothing to learn from or to choose by.
    """

    metric = "cer"
    higher_is_better = False

    def __init__(
        self,
        recipe: HandwritingRecognizerRecipe,
        train: Sequence[Handwritten],
        dev: Mapping[str, Sequence[Handwritten]],
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.dev = {kind: samples for kind, samples in dev.items() if samples}
        if not train or not self.dev:
            raise UserError("too little handwriting: none to learn from or none to choose by")
        self.model = HandwritingRecognizerNetwork(recipe.network, len(ALPHABET))
        self.stages = [CTCStage(recipe, train)]
        self.config = {
            "recipe": asdict(recipe),
            "samples": {"train": len(train)}
            | {kind: len(samples) for kind, samples in self.dev.items()},
        }

    @classmethod
    def from_data(cls, recipe: HandwritingRecognizerRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: handwriting; see `multimodal.strokes.handwritten`."""
        kinds = [kind for kind in kinds_in(given.data) if kind in EVERY] or ["lines"]
        samples = read_handwriting(given.data, kinds, "train")
        dev: dict[str, Sequence[Handwritten]] = {
            kind: read_handwriting(given.data, [kind], "dev")[:: EVERY[kind]] for kind in kinds
        }
        return cls(recipe, samples, dev)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """The error rates of each kind, and the mean of their character error rates."""
        figures: dict[str, float] = {}
        for kind, samples in self.dev.items():
            rates = error_rates([sample.text for sample in samples], self._read(model, samples))
            figures |= {f"cer_{kind}": rates.cer, f"wer_{kind}": rates.wer}
        cers = [figures[f"cer_{kind}"] for kind in self.dev]
        return {self.metric: sum(cers) / len(cers)} | figures

    def samples(self, model: nn.Module) -> Sequence[str]:
        """What is read in a few held-out samples of each kind."""
        some = [sample for each in self.dev.values() for sample in each[:: -(-len(each) // SHOWN)]]
        return [
            f"{sample.text} | {read}"
            for sample, read in zip(some, self._read(model, some), strict=True)
        ]

    def pretrained(self, model: nn.Module) -> HandwritingRecognizer:
        """The recognizer around a network as it is now."""
        return HandwritingRecognizer(
            cast(HandwritingRecognizerNetwork, model), ALPHABET, self.recipe.precision
        )

    def _read(self, model: nn.Module, samples: Sequence[Handwritten]) -> list[str]:
        return self.pretrained(model).spell([track_of(sample.strokes) for sample in samples])
