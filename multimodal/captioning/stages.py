"""The stages of a captioner's training: which weights move, on which batches, by which loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.captioning.batches import CaptionBatch, TrainingCaptions, padded, padded_rows
from multimodal.captioning.metrics import CaptionReward
from multimodal.captioning.model import CaptionNetwork, Decoder, Sight
from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.captioning.views import CellCache, photo_view
from multimodal.encoders import Encoder
from multimodal.images import ImageSource
from multimodal.recurrent.cells import LockedDropout
from multimodal.recurrent.generation import GenerationOptions, generate
from multimodal.training import (
    LearningParts,
    Stage,
    batches_per_epoch,
    derived_seed,
    shuffled_batches,
)
from multimodal.vocabulary import END, PADDING, START, UNKNOWN

DETECTOR_WEIGHT = 0.02  # its loss is a sum over words, the sentence's a mean
DISTILLATION_TEMPERATURE = 2.0  # as in Li and Hoiem 2016


class Language(Stage):
    """Captions alone: the decoder learns to write from a noisy list of words."""

    name = "language"

    def __init__(self, recipe: CaptionerRecipe, captions: TrainingCaptions) -> None:
        self.recipe = recipe
        self.captions = captions
        epochs, rate = recipe.language_epochs, recipe.learning_rate
        self.options = recipe.stage_options(epochs, rate, 200, self.steps_per_epoch())

    def begin(self, model: nn.Module) -> None:
        """Only what needs no photo learns."""
        decoder = cast(CaptionNetwork, model).decoder
        model.requires_grad_(False)
        names = ("embedding", "word_projection", "reader", "writer", "readout")
        for name, module in decoder.named_children():
            module.requires_grad_(name in names)

    def steps_per_epoch(self) -> int:
        """One for every batch of captions of similar length."""
        return batches_per_epoch(self.captions.total, self.recipe.batch_size)

    def batches(
        self, epoch: int, start: int, rank: int, world: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Captions of similar length (B, 1, T + 1), each with the words of its photo's others."""
        seed = derived_seed(self.recipe.seed, self.name, epoch)
        for pairs in self.captions.by_length(self.recipe.batch_size, seed)[start:]:
            mine = pairs[rank::world]
            sentences = padded([self.captions.ids[p][n] for p, n in mine])
            yield sentences[:, None], self.captions.present(*zip(*mine, strict=True))

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Cross-entropy of every word, in nats a word."""
        captions, present = batch
        decoder = cast(CaptionNetwork, model).decoder
        sight = decoder.imagine(_noisy(present))
        total, words = word_losses(decoder, sight, captions, self.recipe.label_smoothing)
        return {"loss": total / words, "weight": words}


def _noisy(present: Tensor) -> Tensor:
    """Words as a detector would see them: some missed, none sure, some of another photo."""
    missed = torch.rand_like(present) < 0.3
    strange = torch.rand_like(present) < 0.25
    other = present[torch.randperm(len(present), device=present.device)]
    seen = present * ~missed * (0.3 + 0.7 * torch.rand_like(present))
    return seen + other * strange * 0.6 * torch.rand_like(present)


class _PhotoStage(Stage):
    """What the stages that see photos have in common: the recipe, captions, and their photos."""

    def __init__(
        self, recipe: CaptionerRecipe, captions: TrainingCaptions, photos: Sequence[ImageSource]
    ) -> None:
        self.recipe = recipe
        self.captions = captions
        self.photos = photos


class _RestingStage(_PhotoStage):
    """What the stages share in which the encoder rests: its cells are computed once.

    Args:
        recipe: the choices.
        captions: what is said of the photos.
        photos: the photos, in the same order.
        cache: the folder for the cells.
    """

    views: int
    photos_per_step: int

    def __init__(
        self,
        recipe: CaptionerRecipe,
        captions: TrainingCaptions,
        photos: Sequence[ImageSource],
        cache: Path,
    ) -> None:
        super().__init__(recipe, captions, photos)
        self._cache = cache

    def begin(self, model: nn.Module) -> None:
        """Compute the cells of every view, once; the encoder rests."""
        network = cast(CaptionNetwork, model)
        network.encoder.requires_grad_(False).eval()
        network.decoder.requires_grad_(True)
        path = self._cache / f"{self.name}.npy"
        self._cells = CellCache(path, network.encoder, self.photos, self.views, self.recipe.seed)

    def steps_per_epoch(self) -> int:
        """Every photo once, with all its captions."""
        return batches_per_epoch(len(self.captions), self.photos_per_step)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[CaptionBatch]:
        """Photos in one of their views each, with their captions."""
        seed = derived_seed(self.recipe.seed, self.name)
        for photos in shuffled_batches(
            len(self.captions), self.photos_per_step, seed, epoch, start, rank, world
        ):
            views = [derived_seed(seed, "view", epoch, photo) % self.views for photo in photos]
            cells, present = self._cells(photos, views), self.captions.present(photos)
            yield CaptionBatch(cells, self.captions.grouped(photos), present, tuple(photos))


class CrossEntropy(_RestingStage):
    """Teacher forcing on cached cells."""

    name = "cross-entropy"

    def __init__(
        self,
        recipe: CaptionerRecipe,
        captions: TrainingCaptions,
        photos: Sequence[ImageSource],
        cache: Path,
    ) -> None:
        super().__init__(recipe, captions, photos, cache)
        self.views = recipe.views
        self.photos_per_step = max(1, recipe.batch_size * len(captions) // captions.total)
        epochs, rate = recipe.epochs, recipe.learning_rate
        self.options = recipe.stage_options(epochs, rate, 200, self.steps_per_epoch())

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """Cross-entropy of the words, and the word detector's."""
        decoder = cast(CaptionNetwork, model).decoder
        return caption_losses(decoder, batch.seen, batch, self.recipe.label_smoothing)


class FineTuning(_PhotoStage):
    """Teacher forcing end to end, the classifier held near what it answered before."""

    name = "fine-tuning"

    def __init__(
        self,
        recipe: CaptionerRecipe,
        captions: TrainingCaptions,
        photos: Sequence[ImageSource],
        teacher: Encoder,
    ) -> None:
        super().__init__(recipe, captions, photos)
        self.teacher = teacher.requires_grad_(False).eval()
        epochs, rate = recipe.fine_tuning_epochs, recipe.fine_tuning_rate
        self.options = recipe.stage_options(epochs, rate, 100, self.steps_per_epoch())

    def begin(self, model: nn.Module) -> None:
        """Everything learns, but for a classifier that no loss reaches."""
        model.requires_grad_(True)
        self.teacher.to(next(model.parameters()).device)
        head = cast(CaptionNetwork, model).encoder.head
        if head is not None:
            head.requires_grad_(self.recipe.distillation > 0)

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """The encoder learns at a lower rate."""
        network = cast(CaptionNetwork, model)
        encoder = [weight for weight in network.encoder.parameters() if weight.requires_grad]
        return [
            {"params": list(network.decoder.parameters())},
            {"params": encoder, "scale": self.recipe.encoder_rate},
        ]

    def steps_per_epoch(self) -> int:
        """Every photo once, with all its captions."""
        return batches_per_epoch(len(self.captions), self.recipe.fine_tuning_photos)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[CaptionBatch]:
        """Photos in a fresh view each, with their captions in two groups: shorter and longer."""
        recipe, captions = self.recipe, self.captions
        count = len(captions)
        for photos in shuffled_batches(
            count, recipe.fine_tuning_photos, recipe.seed, epoch, start, rank, world
        ):
            views = []
            for photo in photos:
                random = np.random.default_rng((recipe.seed, epoch, photo))
                views.append(photo_view(self.teacher, self.photos[photo], random))
            pixels = torch.from_numpy(np.stack(views))
            yield CaptionBatch(pixels, captions.grouped(photos), captions.present(photos))

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """As in cross-entropy, and the distance of the classifier from the teacher's answers."""
        network = cast(CaptionNetwork, model)
        pixels = network.encoder.normalize(batch.seen)
        cells = network.encoder(pixels)
        losses = caption_losses(network.decoder, cells, batch, self.recipe.label_smoothing)
        if network.encoder.head is not None and self.recipe.distillation:
            with torch.no_grad():
                old = self.teacher.classify(self.teacher(pixels))
            losses["distillation"] = distillation_loss(network.encoder.classify(cells), old)
            losses["loss"] = losses["loss"] + self.recipe.distillation * losses["distillation"]
        return losses


class SelfCritical(_RestingStage):
    """Policy gradient on cached cells; the reward is CIDEr-D and, beside it, BLEU."""

    name = "self-critical"
    views = 2  # the photo and its mirror image

    def __init__(
        self,
        recipe: CaptionerRecipe,
        captions: TrainingCaptions,
        photos: Sequence[ImageSource],
        cache: Path,
        parts: LearningParts,
    ) -> None:
        super().__init__(recipe, captions, photos, cache)
        self.parts = parts
        self.photos_per_step = recipe.self_critical_photos
        epochs, rate = recipe.self_critical_epochs, recipe.self_critical_rate
        self.options = recipe.stage_options(epochs, rate, 100, self.steps_per_epoch())
        references = {
            str(photo): [[*ids, END] for ids in of_photo]
            for photo, of_photo in enumerate(captions.ids)
        }
        self._reward = CaptionReward(references, recipe.bleu_reward, recipe.unigram_reward)

    def begin(self, model: nn.Module) -> None:
        """The recipe's parts of the decoder learn."""
        super().begin(model)
        self.parts.choose(cast(CaptionNetwork, model).decoder)

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """Minus the advantage of every drawn sentence times its log-probability."""
        decoder = cast(CaptionNetwork, model).decoder
        losses = caption_losses(decoder, batch.seen, batch, self.recipe.label_smoothing)
        with _without_dropout(decoder):
            drawn, advantage, reward = self._draw(decoder, batch)
            logits = decoder(decoder.look(batch.seen), drawn[:, :, :-1])
        targets = drawn[:, :, 1:]
        log_probs = -F.cross_entropy(
            logits.float().flatten(0, 2), targets.flatten(), ignore_index=PADDING, reduction="none"
        ).view(targets.shape)
        policy = -(advantage[..., None] * log_probs).sum() / (targets != PADDING).sum()
        loss = policy + self.recipe.cross_entropy_share * losses["loss"]
        return {**losses, "loss": loss, "policy": policy, "reward": reward}

    @torch.no_grad()
    def _draw(self, decoder: Decoder, batch: CaptionBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Sentences (B, N, T + 1), each one's advantage (B, N), and the mean reward."""
        sight = decoder.look(batch.seen)
        count = len(batch.seen)
        options = GenerationOptions(
            sample=True,
            n_best=self.recipe.samples,
            max_length=self.recipe.longest + 1,
            banned=(PADDING, START, UNKNOWN),
        )
        found = generate(
            decoder.step, decoder.start(sight), sight, [[START]] * count, end=END, options=options
        )
        drawn = [hypothesis for of_photo in found for hypothesis in of_photo]
        ended = [[*h.tokens, END] if h.finished else [*h.tokens] for h in drawn]
        names = [str(photo) for photo in batch.photos for _ in range(self.recipe.samples)]
        rewards = torch.from_numpy(self._reward.score(names, ended)).float().view(count, -1)
        baseline = (rewards.sum(1, keepdim=True) - rewards) / (rewards.shape[1] - 1)
        sentences = padded_rows([[START, *tokens] for tokens in ended])
        return sentences.view(*rewards.shape, -1), rewards - baseline, rewards.mean()


@contextmanager
def _without_dropout(decoder: Decoder) -> Iterator[None]:
    """Let the very network speak that is judged by its words.

    All else stays in training mode, in which alone cuDNN computes gradients of recurrent layers.
    """
    dropouts = [m for m in decoder.modules() if isinstance(m, (nn.Dropout, LockedDropout))]
    for module in dropouts:
        module.eval()
    yield
    for module in dropouts:
        module.train()


def word_losses(
    decoder: Decoder, sight: Sight, captions: Tensor, label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """The cross-entropy of captions (B, N, T + 1), summed over their words, and how many words."""
    targets = captions[:, :, 1:]
    total = F.cross_entropy(
        decoder(sight, captions[:, :, :-1]).float().flatten(0, 2),
        targets.flatten(),
        ignore_index=PADDING,
        reduction="sum",
        label_smoothing=label_smoothing,
    )
    return total, (targets != PADDING).sum()


def caption_losses(
    decoder: Decoder, cells: Tensor, batch: CaptionBatch, label_smoothing: float
) -> dict[str, Tensor]:
    """Cross-entropy of every word, in nats a word, and the word detector's loss beside it."""
    detected = decoder.detect(cells)
    sight = decoder.look(cells, None if detected is None else detected.detach())
    sums = [word_losses(decoder, sight, c, label_smoothing) for c in batch.captions]
    total, counted = (torch.stack(parts).sum() for parts in zip(*sums, strict=True))
    words = total / counted
    losses = {"loss": words, "words": words, "weight": counted}
    if detected is not None:
        losses["detector"] = F.binary_cross_entropy_with_logits(
            detected, batch.present, reduction="sum"
        ) / len(cells)
        losses["loss"] = words + DETECTOR_WEIGHT * losses["detector"]
    return losses


def distillation_loss(new: Tensor, old: Tensor) -> Tensor:
    """How far logits (B, C) are from a teacher's: KL divergence at a temperature, in nats."""
    t = DISTILLATION_TEMPERATURE
    new_log, old_log = (new.float() / t).log_softmax(-1), (old.float() / t).log_softmax(-1)
    return t * t * F.kl_div(new_log, old_log, reduction="batchmean", log_target=True)
