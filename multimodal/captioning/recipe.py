"""Everything about a captioner's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from multimodal.captioning.model import DecoderConfig
from multimodal.recurrent.cells import Cell
from multimodal.training import TrainingOptions, require_ranges

_LEAST = {
    **dict.fromkeys(("embedding_size", "hidden_size", "attention_size"), 1),
    **dict.fromkeys(("batch_size", "fine_tuning_photos", "self_critical_photos"), 1),
    **dict.fromkeys(("num_augmentations", "min_count", "language_min_count", "max_length"), 1),
    **dict.fromkeys(("epochs", "fine_tuning_epochs", "self_critical_epochs", "detected_words"), 0),
    **dict.fromkeys(("detection_epochs", "listed_words", "aligned_words"), 0),
    **dict.fromkeys(("language_epochs", "language_share"), 0),
    **dict.fromkeys(("encoder_lr_scale", "distillation"), 0),
    **dict.fromkeys(
        ("cross_entropy_share", "bleu_reward", "unigram_reward", "hallucination_penalty"), 0
    ),
    **{"samples": 2, "beam_size": 1, "length_penalty": 0, "detected_weight": 0},
    "repetition_weight": 0,
}
_RATES = ("learning_rate", "detection_lr", "fine_tuning_lr", "self_critical_lr")
_SHARES = ("dropout", "hidden_photos", "label_smoothing", "ema_decay")


@dataclass(frozen=True)
class CaptionerRecipe:
    """The choices; on the command line, ``--set name=value``.

    Attributes:
        encoder: see `multimodal.encoders.imagenet_encoder`.
        encoder_weights: a file of ImageNet weights in the network's key names; "pretrained" for
            those of an installed package, or for torchvision's own, which it downloads; "random";
            or "auto": a file ``encoders/<encoder>*.pth`` beside the data's folder if there is one,
            else those that are published.
        start: a captioner to begin with: a shipped one, a folder or a Hub id. Its vocabulary and
            sizes then take the place of those chosen here. Its classifier is held near the answers
            of `encoder_weights`, if those are a file for its encoder, else near its own.
        cell, attention, image_at, embedding_size, hidden_size, attention_size, detected_words,
            listed_words, dropout: see DecoderConfig.
        min_count: how often a word must stand in the training captions to be learnt.
        language_min_count: the same for words that only the captions of `language` have; they
            are learnt where there are `listed_words`.
        max_length: how many words of a caption are learnt from.
        language: files of captions whose photos are not available, separated by commas, to learn
            the language from first; see `multimodal.captioning.data.read_sentences`. A file that is
            named twice counts twice. None may describe dev or test photos.
        language_epochs: passes over it; 0 leave that stage out.
        aligned_words: of the captioner to `start` with, how many words of its list are known well;
            the columns of the others begin from these. See `Decoder.align_list`. 0 leave them.
        language_share: the weight of captions alone beside those of photos in cross-entropy, where
            there are `listed_words`; 0 leaves them out.
        hidden_photos: the share of photos in cross-entropy that hide all but the list of words.
        num_augmentations: how many views of every photo are cached while the encoder rests.
        label_smoothing: the share of probability that is spread over all words.
        epochs, batch_size, learning_rate: of cross-entropy; a batch counts captions (all of a
            photo's come together); 0 epochs leave the stage out.
        detection_epochs, detection_lr: encoder and word detector together; photos, encoder_lr_scale
            and distillation are those of fine-tuning; 0 epochs leave the stage out.
        fine_tuning_epochs, fine_tuning_lr, fine_tuning_photos: end to end; a batch counts photos,
            each with all its captions; 0 epochs leave the stage out.
        encoder_lr_scale: what the encoder's learning rate is of the decoder's.
        distillation: the weight of the classifier's old answers.
        self_critical_epochs, self_critical_lr, self_critical_photos: of the last stage.
        samples: sentences drawn for every photo in the last stage, each judged by the others.
        cross_entropy_share: the weight of cross-entropy in the last stage.
        bleu_reward, unigram_reward: what BLEU, and BLEU-1 besides, count in the last stage's reward
            against CIDEr-D.
        hallucination_penalty: what that reward loses for each object that a sentence names and no
            reference caption does.
        trainable_modules: of the decoder, separated by commas, whose matrices learn beside all its
            vectors in the last stage, such as "attention"; all where none is named.
        ema_decay: of the moving average of the weights.
        weight_bits: of a weight, to which it is rounded while it learns; see TrainingOptions.
        beam_size, length_penalty, detected_weight, repetition_weight: how the captioner searches;
            also used on dev.
        seed: of everything random.
        precision: "auto", "bf16" or "fp32".

    Raises:
        UserError: a number is out of range.
    """

    encoder: str = "mobilenet_v2"
    encoder_weights: str = "auto"
    start: str = ""
    cell: Cell = "lstm"
    attention: Literal["additive", "none"] = "additive"
    image_at: Literal["first", "every"] = "every"
    embedding_size: int = 256
    hidden_size: int = 384
    attention_size: int = 256
    detected_words: int = 1000
    listed_words: int = 0
    dropout: float = 0.3
    min_count: int = 5
    language_min_count: int = 8
    max_length: int = 23
    language: str = ""
    language_epochs: int = 1
    aligned_words: int = 0
    language_share: float = 0.5
    hidden_photos: float = 0.15
    num_augmentations: int = 2
    label_smoothing: float = 0.1
    epochs: int = 12
    batch_size: int = 60
    learning_rate: float = 1e-3
    detection_epochs: int = 0
    detection_lr: float = 5e-4
    fine_tuning_epochs: int = 4
    fine_tuning_lr: float = 4e-4
    fine_tuning_photos: int = 16
    encoder_lr_scale: float = 0.3
    distillation: float = 0.4
    self_critical_epochs: int = 3
    self_critical_lr: float = 5e-5
    self_critical_photos: int = 20
    samples: int = 5
    cross_entropy_share: float = 0.2
    bleu_reward: float = 2.0
    unigram_reward: float = 0.0
    hallucination_penalty: float = 0.0
    trainable_modules: str = ""
    ema_decay: float = 0.999
    weight_bits: int = 0
    beam_size: int = 3
    length_penalty: float = 0.7
    detected_weight: float = 0.0
    repetition_weight: float = 1.0
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    def __post_init__(self) -> None:
        require_ranges(self, _LEAST, rates=_RATES, shares=_SHARES)

    @property
    def decoder(self) -> DecoderConfig:
        """What the decoder is."""
        return DecoderConfig(
            cell=self.cell,
            attention=None if self.attention == "none" else self.attention,
            image_at=self.image_at,
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            attention_size=self.attention_size,
            detected_words=self.detected_words,
            listed_words=self.listed_words,
            dropout=self.dropout,
        )

    def stage_options(
        self, epochs: int, rate: float, warmup_steps: int, steps_per_epoch: int
    ) -> TrainingOptions:
        """How one stage is optimised; of a short one, the warm-up takes no more than a fifth.

        Args:
            epochs: of the stage.
            rate: its peak learning rate.
            warmup_steps: before the peak.
            steps_per_epoch: of the stage.
        """
        return TrainingOptions(
            epochs=epochs,
            learning_rate=rate,
            betas=(0.9, 0.98),
            warmup_steps=min(warmup_steps, epochs * steps_per_epoch // 5),
            min_lr_ratio=0.02,
            max_grad_norm=2.0,
            ema_decay=self.ema_decay,
            weight_bits=self.weight_bits,
            seed=self.seed,
            precision=self.precision,
        )


def encoder_weights(recipe: CaptionerRecipe, data: str | Path) -> str | Path:
    """What the recipe's encoder begins with: a file, "pretrained" or "random"."""
    if recipe.encoder_weights != "auto":
        return recipe.encoder_weights
    beside = Path(data).resolve().parent.glob(f"encoders/{recipe.encoder}*.pth")
    return min(beside, default="pretrained")
