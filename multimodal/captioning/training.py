"""The recipe: the language, then photos seen by a resting encoder, then end to end, then CIDEr.

1. ``language``, where captions without photos are at hand: the decoder learns to write a caption
   from a noisy list of words that other captions of the same photo use. What the word detector
   will later say of a photo is such a list.
2. ``cross-entropy``: the encoder rests, its cells of several views of every photo are computed
   once, and the decoder learns to predict every word of every caption (teacher forcing).
3. ``fine-tuning``: encoder and decoder learn together on fresh random views. The encoder's
   classifier learns along, held near what it answered before (Li and Hoiem 2016, Learning
   without Forgetting), so that the encoder does not lose what ImageNet taught it.
4. ``self-critical``: the decoder draws sentences, and each becomes more or less probable by how
   much more CIDEr-D it earns than the others of its photo (Rennie et al. 2017; the baseline is
   the mean of the other samples, as in Kool et al. 2019).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import torch
from torch import nn

from multimodal.captioning.batches import TrainingCaptions
from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.data import CaptionedPhoto
from multimodal.captioning.metrics import evaluate_captions
from multimodal.captioning.model import CaptionNetwork
from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.captioning.stages import CrossEntropy, FineTuning, Language, SelfCritical
from multimodal.captioning.wording import CaptionVocabulary, RepetitionCosts, learnt
from multimodal.encoders import Encoder, imagenet_encoder
from multimodal.errors import UserError
from multimodal.training import LearningParts, Stage, Task
from multimodal.vocabulary import SPECIAL

REPORTED = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider")


class CaptionerTask(Task):
    """A captioner that learns from captioned photos.

    Args:
        recipe: the choices.
        train: the photos to learn from.
        dev: the photos to choose by.
        weights: a file of ImageNet weights, "torchvision" to download them, or "random".
        language: captions of photos that are not at hand, grouped by photo.
        out: the run's folder, for cached cells.

    Raises:
        UserError: the recipe leaves out every stage, its encoder or captioner cannot be had, or no
            word is said often enough to be learnt.
    """

    metric = "cider"

    def __init__(
        self,
        recipe: CaptionerRecipe,
        train: Sequence[CaptionedPhoto],
        dev: Sequence[CaptionedPhoto],
        weights: str | Path,
        language: Sequence[Sequence[str]],
        out: Path,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.dev = dev
        self.model, self.vocabulary = _beginning(recipe, train, weights)
        looked_for = self.model.decoder.config.detected_words
        groups: list[Sequence[str]] = [photo.captions for photo in train]
        spoken_words = [self.vocabulary.tokenize(caption) for group in groups for caption in group]
        self.repetition = RepetitionCosts.learn(spoken_words)
        self.opening = [learnt(self.vocabulary, spoken_words, recipe.longest)]
        captions = TrainingCaptions(groups, self.vocabulary, looked_for, recipe.longest)
        photos = [photo.image for photo in train]
        parts = LearningParts(self.model.decoder, recipe.parts)
        self.stages: list[Stage] = []
        if language:
            groups = [*groups, *language]
            spoken = TrainingCaptions(groups, self.vocabulary, looked_for, recipe.longest)
            self.stages.append(Language(recipe, spoken))
        if recipe.epochs:
            self.stages.append(CrossEntropy(recipe, captions, photos, out / "cache"))
        if recipe.fine_tuning_epochs:
            teacher = _teacher(recipe, weights, self.model.encoder)
            self.stages.append(FineTuning(recipe, captions, photos, teacher))
        if recipe.self_critical_epochs:
            self.stages.append(SelfCritical(recipe, captions, photos, out / "cache", parts))
        if not self.stages:
            raise UserError("nothing to learn: the recipe leaves out every stage")
        self.config = {
            "recipe": asdict(recipe),
            "photos": {"train": len(train), "dev": len(dev), "without": len(language)},
            "vocabulary": len(self.vocabulary),
        }

    def captioner(self, model: nn.Module) -> Captioner:
        """The captioner around a model as it is now."""
        options = CaptionOptions(
            beam_size=self.recipe.beam_size,
            length_penalty=self.recipe.length_penalty,
            detected_weight=self.recipe.detected_weight,
            repetition_weight=self.recipe.repetition_weight,
            max_length=self.recipe.longest + 1,
        )
        network = cast(CaptionNetwork, model)
        return Captioner(network, self.vocabulary, options, self.repetition)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Caption the dev photos."""
        captions = self.captioner(model).captions(photo.image for photo in self.dev)
        hypotheses = {
            photo.name: caption.text for photo, caption in zip(self.dev, captions, strict=True)
        }
        scores = evaluate_captions(hypotheses, {photo.name: photo.captions for photo in self.dev})
        words = {word for text in hypotheses.values() for word in text.split()}
        figures = {name: getattr(scores, name) for name in REPORTED}
        return {**figures, "words_used": len(words)}

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Captions of the first dev photos."""
        captions = self.captioner(model).captions(photo.image for photo in self.dev[:5])
        return [f"{Path(c.source).name}: {c.text}" for c in captions]

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a captioner."""
        self.captioner(model).save(folder)


def _beginning(
    recipe: CaptionerRecipe, train: Sequence[CaptionedPhoto], weights: str | Path
) -> tuple[CaptionNetwork, CaptionVocabulary]:
    """The network that the training begins with, and the words behind its ids."""
    if recipe.start:
        captioner = Captioner.load(recipe.start, precision="fp32")
        former = captioner.network
        decoder = replace(former.decoder.config, dropout=recipe.dropout)
        network = CaptionNetwork(former.encoder, decoder, len(captioner.vocabulary))
        network.load_state_dict(former.state_dict())
        return network, captioner.vocabulary
    encoder = imagenet_encoder(recipe.encoder, weights)
    captions = (caption for photo in train for caption in photo.captions)
    vocabulary = CaptionVocabulary.learn(captions, recipe.seen_at_least)
    looked_for = min(recipe.detected_words, len(vocabulary) - len(SPECIAL))
    decoder = replace(recipe.decoder, detected_words=looked_for)
    return CaptionNetwork(encoder, decoder, len(vocabulary)), vocabulary


def _teacher(recipe: CaptionerRecipe, weights: str | Path, encoder: Encoder) -> Encoder:
    """The encoder as it was before it learnt from captions, as far as that is at hand."""
    ours = recipe.encoder == encoder.config.name
    if recipe.start and ours and weights not in ("torchvision", "random"):
        original = imagenet_encoder(recipe.encoder, weights)
        if original.config == encoder.config:
            return original
    return copy.deepcopy(encoder)
