"""The stages of a captioner's training: which weights move, on which batches, by which loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, repeat
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.captioning.batches import (
    CaptionBatch,
    TextBatch,
    TrainingCaptions,
    padded,
    padded_rows,
)
from multimodal.captioning.hallucination import FalseObjects
from multimodal.captioning.metrics import CaptionReward
from multimodal.captioning.model import CaptionNetwork, Decoder, DecoderMemory
from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.captioning.views import CellCache, photo_view
from multimodal.encoders import ENCODER_BATCH, Encoder
from multimodal.errors import UserError
from multimodal.images import ImageSource
from multimodal.processor import torch_dtype
from multimodal.recurrent.cells import LockedDropout
from multimodal.recurrent.generation import GenerationOptions, generate
from multimodal.training import (
    Stage,
    TrainableModules,
    batches_per_epoch,
    derived_seed,
    shuffled_batches,
)
from multimodal.vocabulary import END, PADDING, START, UNKNOWN

DETECTOR_WEIGHT = 0.02  # its loss is a sum over words, the sentence's a mean
MISSED = 0.1  # the share of a list's words that are dropped in training
EXACT = 0.5  # the share of captions alone that are written from an exact list
DISTILLATION_TEMPERATURE = 2.0  # as in Li and Hoiem 2016


class LanguageStage(Stage):
    """Captions alone: the decoder learns to write from a list of words."""

    name = "language"

    def __init__(self, recipe: CaptionerRecipe, text: TextCaptions) -> None:
        self.recipe = recipe
        self.text = text
        epochs, rate = recipe.language_epochs, recipe.learning_rate
        self.options = recipe.stage_options(epochs, rate, 200, self.steps_per_epoch())

    def setup(self, model: nn.Module) -> None:
        """Only what needs no photo learns."""
        decoder = cast(CaptionNetwork, model).decoder
        model.requires_grad_(False)
        names = ("embedding", "word_projection", "attention_lstm", "language_lstm", "readout")
        for name, module in decoder.named_children():
            module.requires_grad_(name in names)

    def steps_per_epoch(self) -> int:
        """One for every batch of captions of similar length."""
        return batches_per_epoch(self.text.captions.total, self.recipe.batch_size)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[TextBatch]:
        """Captions of similar length, with the words of each and of its photo's others."""
        seed = derived_seed(self.recipe.seed, self.name, epoch)
        for pairs in self.text.captions.by_length(self.recipe.batch_size, seed)[start:]:
            yield self.text.batch(pairs[rank::world])

    def loss(self, model: nn.Module, batch: TextBatch) -> dict[str, Tensor]:
        """Cross-entropy of every word, in nats a word."""
        decoder = cast(CaptionNetwork, model).decoder
        known, smoothing = self.text.known, self.recipe.label_smoothing
        total, words = language_loss(decoder, batch, known, smoothing)
        return {"loss": total / words, "weight": words}


class KnownWords(NamedTuple):
    """What is known of the words of a list.

    Attributes:
        content: (W,) whether a word is true of some photos only.
        objects: (W,) whether it names an object.
    """

    content: Tensor
    objects: Tensor


class TextCaptions(NamedTuple):
    """Captions to learn from without their photos.

    Attributes:
        captions: of photos by number.
        known: what is known of the words of the list; None without a classifier.
    """

    captions: TrainingCaptions
    known: KnownWords | None

    def batch(self, pairs: Sequence[tuple[int, int]]) -> TextBatch:
        """The captions of pairs of a photo and a number, with their words."""
        sentences = padded([self.captions.ids[photo][number] for photo, number in pairs])
        present = self.captions.present(*zip(*pairs, strict=True))
        return TextBatch(sentences[:, None], present, self.captions.own_words(pairs))


def language_loss(
    decoder: Decoder,
    batch: TextBatch,
    known: KnownWords | None,
    label_smoothing: float,
) -> tuple[Tensor, Tensor]:
    """The cross-entropy of captions written from lists, summed, and how many words.

    Args:
        decoder: what learns.
        batch: the captions.
        known: what is known of the words of the list; without it no list is exact.
        label_smoothing: the share of probability that is spread over all words.
    """
    words = noisy_list(batch.present)
    if known is not None:
        exact = torch.rand(len(words), 1, device=words.device) < EXACT
        words = torch.where(exact, exact_list(batch.own, known), words)
    return word_losses(decoder, decoder.memory_from_words(words), batch.captions, label_smoothing)


def noisy_list(present: Tensor) -> Tensor:
    """Words (B, W) as a detector would see them: some missed, none sure, some of another photo.

    Args:
        present: the share of a photo's captions with each word.
    """
    missed = torch.rand_like(present) < 0.3
    wrong = torch.rand_like(present) < 0.25
    other = present[torch.randperm(len(present), device=present.device)]
    seen = present * ~missed * (0.3 + 0.7 * torch.rand_like(present))
    return seen + other * wrong * 0.6 * torch.rand_like(present)


def exact_list(own: Tensor, known: KnownWords) -> Tensor:
    """Words (B, W) that a caption must not go beyond: all its objects, all or half of the rest.

    So the decoder learns to name nothing that an exact list lacks. Words of other photos are
    listed as hardly probable.

    Args:
        own: (B, W) which words the caption uses.
        known: what is known of the words.
    """
    own = own * known.content
    complete = torch.rand(len(own), 1, device=own.device) < 0.5
    kept = own * (complete | known.objects | (torch.rand_like(own) < 0.5))
    other = own[torch.randperm(len(own), device=own.device)] * (kept == 0)
    return kept * (0.7 + 0.3 * torch.rand_like(own)) + other * 0.3 * torch.rand_like(own)


class TrainingPhotos(NamedTuple):
    """Captioned photos to learn from.

    Attributes:
        captions: what is said of the photos.
        photos: the photos, in the same order.
        cache: the folder for what a frozen encoder makes of them.
        text: captions without photos that are learnt from beside them; None for none.
    """

    captions: TrainingCaptions
    photos: Sequence[ImageSource]
    cache: Path
    text: TextCaptions | None = None


class _PhotoStage(Stage):
    """What the stages that see photos have in common."""

    def __init__(self, recipe: CaptionerRecipe, data: TrainingPhotos) -> None:
        self.recipe = recipe
        self.captions, self.photos, self._cache, self.text = data

    def fresh_views(
        self, encoder: Encoder, epoch: int, start: int, rank: int, world: int
    ) -> Iterator[tuple[list[int], Tensor]]:
        """Photos by number, and a random view of each as bytes (B, size, size, 3)."""
        recipe, count = self.recipe, len(self.captions)
        for photos in shuffled_batches(
            count, recipe.fine_tuning_photos, recipe.seed, epoch, start, rank, world
        ):
            views = []
            for photo in photos:
                random = np.random.default_rng((recipe.seed, epoch, photo))
                views.append(photo_view(encoder, self.photos[photo], random))
            yield photos, torch.from_numpy(np.stack(views))


class _FrozenEncoderStage(_PhotoStage):
    """What the stages share in which the encoder is frozen: its cells are computed once."""

    num_augmentations: int
    photos_per_step: int

    def setup(self, model: nn.Module) -> None:
        """Compute the cells of every view, once; the encoder rests."""
        network = cast(CaptionNetwork, model)
        network.encoder.requires_grad_(False).eval()
        network.decoder.requires_grad_(True)
        path = self._cache / f"{self.name}.npy"
        self._cells = CellCache(
            path, network.encoder, self.photos, self.num_augmentations, self.recipe.seed
        )

    def steps_per_epoch(self) -> int:
        """Every photo once, with all its captions."""
        return batches_per_epoch(len(self.captions), self.photos_per_step)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[CaptionBatch]:
        """Photos in one of their views each, with their captions, and captions alone."""
        seed = derived_seed(self.recipe.seed, self.name)
        alone = self._text_batches(epoch, start, rank, world)
        for photos in shuffled_batches(
            len(self.captions), self.photos_per_step, seed, epoch, start, rank, world
        ):
            views = [
                derived_seed(seed, "view", epoch, photo) % self.num_augmentations
                for photo in photos
            ]
            cells, present = self._cells(photos, views), self.captions.present(photos)
            captions = self.captions.grouped(photos)
            yield CaptionBatch(cells, captions, present, tuple(photos), next(alone))

    def _text_batches(
        self, epoch: int, start: int, rank: int, world: int
    ) -> Iterator[TextBatch | None]:
        if self.text is None:
            yield from repeat(None)
            return
        seed = derived_seed(self.recipe.seed, self.name, "language", epoch)
        alone = self.text.captions.by_length(self.recipe.batch_size, seed)
        for number in count(start):
            yield self.text.batch(alone[number % len(alone)][rank::world])

    def with_text_loss(
        self, losses: dict[str, Tensor], decoder: Decoder, batch: CaptionBatch
    ) -> dict[str, Tensor]:
        """The losses, and that of the captions alone, weighted by `text_loss_weight`."""
        if batch.text is None or self.text is None:
            return losses
        smoothing = self.recipe.label_smoothing
        total, words = language_loss(decoder, batch.text, self.text.known, smoothing)
        loss = losses["loss"] + self.recipe.text_loss_weight * total / words
        return {**losses, "loss": loss, "language": total / words}


class CrossEntropyStage(_FrozenEncoderStage):
    """Teacher forcing on cached cells."""

    name = "cross-entropy"

    def __init__(self, recipe: CaptionerRecipe, data: TrainingPhotos) -> None:
        super().__init__(recipe, data)
        self.num_augmentations = recipe.num_augmentations
        batch_size, photos = recipe.batch_size, len(self.captions)
        self.photos_per_step = max(1, batch_size * photos // self.captions.total)
        epochs, rate = recipe.epochs, recipe.learning_rate
        self.options = recipe.stage_options(epochs, rate, 200, self.steps_per_epoch())

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """Cross-entropy of the words, and the word detector's."""
        network, smoothing = cast(CaptionNetwork, model), self.recipe.label_smoothing
        dropout = self.recipe.image_dropout if self.text is not None else 0.0
        losses = caption_losses(network, batch.seen, batch, smoothing, dropout)
        return self.with_text_loss(losses, network.decoder, batch)


class _DistillationStage(_PhotoStage):
    """What the stages share in which the encoder learns, held near a teacher's answers.

    Args:
        recipe: the choices.
        data: the photos.
        teacher: the encoder as it was; its classifier must not be forgotten (Li and Hoiem 2016).
    """

    setting: str  # how the recipe calls the stage

    def __init__(self, recipe: CaptionerRecipe, data: TrainingPhotos, teacher: Encoder) -> None:
        super().__init__(recipe, data)
        self.teacher = teacher.requires_grad_(False).eval()
        rate = getattr(recipe, f"{self.setting}_lr")
        epochs = getattr(recipe, f"{self.setting}_epochs")
        self.options = recipe.stage_options(epochs, rate, 100, self.steps_per_epoch())

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """The encoder learns at a lower rate."""
        network = cast(CaptionNetwork, model)
        decoder, encoder = (
            [weight for weight in part.parameters() if weight.requires_grad]
            for part in (network.decoder, network.encoder)
        )
        return [{"params": decoder}, {"params": encoder, "scale": self.recipe.encoder_lr_scale}]

    def steps_per_epoch(self) -> int:
        """Every photo once."""
        return batches_per_epoch(len(self.captions), self.recipe.fine_tuning_photos)

    def attach_teacher(self, encoder: Encoder, dtype: torch.dtype | None = None) -> None:
        """Put the teacher beside the encoder; its classifier learns only where it is held."""
        self.teacher.to(next(encoder.parameters()).device, dtype)
        if encoder.head is not None:
            encoder.head.requires_grad_(self.recipe.distillation > 0)

    def with_distillation(
        self, losses: dict[str, Tensor], encoder: Encoder, cells: Tensor, pixels: Tensor
    ) -> dict[str, Tensor]:
        """The losses, and how far the classifier's answers to pixels are from the teacher's."""
        if encoder.head is None or not self.recipe.distillation:
            return losses
        with torch.no_grad():
            dtype = next(self.teacher.parameters()).dtype
            old = [self.teacher(part.to(dtype)) for part in pixels.split(ENCODER_BATCH)]
            answers = self.teacher.classify(torch.cat(old))
        distillation = distillation_loss(encoder.classify(cells), answers)
        loss = losses["loss"] + self.recipe.distillation * distillation
        return {**losses, "loss": loss, "distillation": distillation}


class DetectionStage(_DistillationStage):
    """Encoder and word detector learn together which words belong to a photo."""

    name = "detection"
    setting = "detection"

    def setup(self, model: nn.Module) -> None:
        """The encoder, its classifier and the detector learn."""
        network = cast(CaptionNetwork, model)
        if network.decoder.detector is None:
            raise UserError("detection_epochs: there are no detected_words")
        model.requires_grad_(False)
        network.encoder.requires_grad_(True)
        network.decoder.detector.requires_grad_(True)
        device = next(model.parameters()).device.type
        self.attach_teacher(network.encoder, torch_dtype(self.recipe.precision, device))

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[CaptionBatch]:
        """Photos in a fresh view each, with the words of their captions."""
        for photos, pixels in self.fresh_views(self.teacher, epoch, start, rank, world):
            yield CaptionBatch(pixels, (), self.captions.present(photos))

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """The word detector's loss, and the distance of the classifier from its old answers."""
        network = cast(CaptionNetwork, model)
        pixels = network.encoder.normalize(batch.seen)
        # A few pictures at a time fit a processor's cache.
        cells = torch.cat([network.encoder(part) for part in pixels.split(ENCODER_BATCH)])
        detected = network.decoder.detect(cells)
        if detected is None:
            raise AssertionError("refused at the beginning")
        detector = detection_loss(detected, batch.present)
        losses = {"detector": detector, "loss": DETECTOR_WEIGHT * detector}
        return self.with_distillation(losses, network.encoder, cells, pixels)


class FineTuningStage(_DistillationStage):
    """Teacher forcing end to end, the classifier held near what it answered before."""

    name = "fine-tuning"
    setting = "fine_tuning"

    def setup(self, model: nn.Module) -> None:
        """Everything learns, but for a classifier that no loss reaches."""
        model.requires_grad_(True)
        self.attach_teacher(cast(CaptionNetwork, model).encoder)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[CaptionBatch]:
        """Photos in a fresh view each, with their captions in two groups: shorter and longer."""
        captions = self.captions
        for photos, pixels in self.fresh_views(self.teacher, epoch, start, rank, world):
            yield CaptionBatch(pixels, captions.grouped(photos), captions.present(photos))

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """As in cross-entropy, and the distance of the classifier from the teacher's answers."""
        network = cast(CaptionNetwork, model)
        pixels = network.encoder.normalize(batch.seen)
        cells = network.encoder(pixels)
        losses = caption_losses(network, cells, batch, self.recipe.label_smoothing)
        return self.with_distillation(losses, network.encoder, cells, pixels)


class SelfCriticalStage(_FrozenEncoderStage):
    """Policy gradient on cached cells; the reward is CIDEr-D, BLEU, and no false objects."""

    name = "self-critical"
    num_augmentations = 2  # the photo and its mirror image

    def __init__(
        self, recipe: CaptionerRecipe, data: TrainingPhotos, trainable_modules: TrainableModules
    ) -> None:
        super().__init__(recipe, data)
        captions = self.captions
        self.trainable_modules = trainable_modules
        self._false: FalseObjects | None = None
        if recipe.hallucination_penalty:
            self._false = FalseObjects(captions.words, captions.ids)
        self.photos_per_step = recipe.self_critical_photos
        epochs, rate = recipe.self_critical_epochs, recipe.self_critical_lr
        self.options = recipe.stage_options(epochs, rate, 100, self.steps_per_epoch())
        references = {
            str(photo): [[*ids, END] for ids in of_photo]
            for photo, of_photo in enumerate(captions.ids)
        }
        self._reward = CaptionReward(references, recipe.bleu_reward, recipe.unigram_reward)

    def setup(self, model: nn.Module) -> None:
        """The recipe's parts of the decoder learn."""
        super().setup(model)
        self.trainable_modules.choose(cast(CaptionNetwork, model).decoder)

    def loss(self, model: nn.Module, batch: CaptionBatch) -> dict[str, Tensor]:
        """Minus the advantage of every drawn sentence times its log-probability."""
        network = cast(CaptionNetwork, model)
        decoder = network.decoder
        losses = caption_losses(network, batch.seen, batch, self.recipe.label_smoothing)
        with _without_dropout(decoder):
            words = network.word_list(batch.seen, decoder.detect(batch.seen))
            memory = decoder.encode(batch.seen, words)
            drawn, advantage, reward = self._draw(decoder, memory, batch)
            logits = decoder(memory, drawn[:, :, :-1])
        targets = drawn[:, :, 1:]
        log_probs = -F.cross_entropy(
            logits.float().flatten(0, 2), targets.flatten(), ignore_index=PADDING, reduction="none"
        ).view(targets.shape)
        policy = -(advantage[..., None] * log_probs).sum() / (targets != PADDING).sum()
        loss = policy + self.recipe.cross_entropy_weight * losses["loss"]
        losses = {**losses, "loss": loss, "policy": policy, "reward": reward}
        return self.with_text_loss(losses, decoder, batch)

    @torch.no_grad()
    def _draw(
        self, decoder: Decoder, memory: DecoderMemory, batch: CaptionBatch
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sentences (B, N, T + 1), each one's advantage (B, N), and the mean reward."""
        photos = len(batch.seen)
        options = GenerationOptions(
            sample=True,
            n_best=self.recipe.samples,
            max_length=self.recipe.max_length + 1,
            banned=(PADDING, START, UNKNOWN),
        )
        found = generate(
            decoder.step,
            decoder.start(memory),
            memory,
            [[START]] * photos,
            end=END,
            options=options,
        )
        drawn = [hypothesis for of_photo in found for hypothesis in of_photo]
        ended = [[*h.tokens, END] if h.finished else [*h.tokens] for h in drawn]
        names = [str(photo) for photo in batch.photos for _ in range(self.recipe.samples)]
        rewards = torch.from_numpy(self._reward.score(names, ended)).float()
        if self._false is not None:
            of_photos = zip(names, drawn, strict=True)
            false = [self._false.count(int(name), h.tokens) for name, h in of_photos]
            rewards -= self.recipe.hallucination_penalty * rewards.new_tensor(false)
        rewards = rewards.view(photos, -1)
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
    decoder: Decoder, memory: DecoderMemory, captions: Tensor, label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """The cross-entropy of captions (B, N, T + 1), summed over their words, and how many words.

    Args:
        decoder: what learns.
        memory: of the B photos.
        captions: (B, N, T + 1) ids, N for each photo.
        label_smoothing: the share of probability spread over all words.
    """
    targets = captions[:, :, 1:]
    total = F.cross_entropy(
        decoder(memory, captions[:, :, :-1]).float().flatten(0, 2),
        targets.flatten(),
        ignore_index=PADDING,
        reduction="sum",
        label_smoothing=label_smoothing,
    )
    return total, (targets != PADDING).sum()


def caption_losses(
    network: CaptionNetwork,
    cells: Tensor,
    batch: CaptionBatch,
    label_smoothing: float,
    image_dropout: float = 0.0,
) -> dict[str, Tensor]:
    """Cross-entropy of every word, in nats a word, and the word detector's loss beside it.

    Args:
        network: what learns.
        cells: (B, S, D) of the photos.
        batch: what is said of them.
        label_smoothing: the share of probability that is spread over all words.
        image_dropout: the share of photos of which only the list of words is shown.
    """
    decoder = network.decoder
    detected = decoder.detect(cells)
    with torch.no_grad():
        words = network.word_list(cells, detected)
        if words is not None and image_dropout:
            words = words * (torch.rand_like(words) >= MISSED)
    visible = None
    if image_dropout:
        visible = (torch.rand(len(cells), device=cells.device) >= image_dropout).float()
    memory = decoder.encode(cells, words, visible)
    sums = [word_losses(decoder, memory, c, label_smoothing) for c in batch.captions]
    total, counted = (torch.stack(parts).sum() for parts in zip(*sums, strict=True))
    words = total / counted
    losses = {"loss": words, "words": words, "weight": counted}
    if detected is not None:
        losses["detector"] = detection_loss(detected, batch.present)
        losses["loss"] = words + DETECTOR_WEIGHT * losses["detector"]
    return losses


def detection_loss(detected: Tensor, present: Tensor) -> Tensor:
    """Binary cross-entropy of the words that are looked for, in nats a photo.

    Args:
        detected: (B, W) logits.
        present: (B, W') the share of captions with each word of the list, W' at least W.
    """
    shares = present[:, : detected.shape[1]]
    total = F.binary_cross_entropy_with_logits(detected, shares, reduction="sum")
    return total / len(detected)


def distillation_loss(new: Tensor, old: Tensor) -> Tensor:
    """How far logits (B, C) are from a teacher's: KL divergence at a temperature, in nats."""
    t = DISTILLATION_TEMPERATURE
    new_log, old_log = (new.float() / t).log_softmax(-1), (old.float() / t).log_softmax(-1)
    return t * t * F.kl_div(new_log, old_log, reduction="batchmean", log_target=True)
