"""Everything about a captioner's training that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge

from multimodal.captioning.model import DecoderConfig
from multimodal.settings import Settings, config_of
from multimodal.training import TrainingOptions
from multimodal.training import settings as common


@dataclass(frozen=True)
class CaptionerRecipe(Settings):
    """The settings; on the command line, ``--set name=value``."""

    encoder: Annotated[str, "See `multimodal.encoders.imagenet_encoder`."] = "mobilenet_v2"
    encoder_weights: Annotated[
        str,
        'A file of ImageNet weights in the network\'s key names; "pretrained" for those of '
        'an installed package, or for torchvision\'s own, which it downloads; "random"; or '
        '"auto": a file ``encoders/<encoder>*.pth`` beside the data\'s folder if there is '
        "one, else those that are published.",
    ] = "auto"
    init_from: Annotated[
        str,
        "A captioner to begin with: a shipped one, a folder or a Hub id. Its vocabulary and "
        "sizes then take the place of those chosen here. Its classifier is held near the "
        "answers of `encoder_weights`, if those are a file for its encoder, else near its "
        "own.",
    ] = ""
    cell: common.CellKind = "lstm"
    attention: Annotated[
        Literal["additive", "none"],
        '"additive", or "none" for a decoder that sees one vector for the whole photo.',
    ] = "additive"
    image_at: Annotated[
        Literal["first", "every"],
        "Whether the whole photo is read once before the first word, or beside every word.",
    ] = "every"
    embedding_size: common.EmbeddingSize = 256
    hidden_size: common.HiddenSize = 384
    attention_size: Annotated[
        common.Count, "A, the width in which cells and queries are compared."
    ] = 256
    detected_words: Annotated[
        int,
        Ge(0),
        "How many of the most frequent words are looked for in the photo before the sentence "
        "begins (Fang et al. 2015; Wu et al. 2016); 0 for none.",
    ] = 1000
    listed_words: Annotated[
        int,
        Ge(0),
        "How many words of the vocabulary the decoder reads a probability of before the "
        "sentence begins, the most frequent; 0 for those that are detected.",
    ] = 0
    dropout: common.Dropout = 0.3
    min_count: Annotated[
        common.Count, "How often a word must stand in the training captions to be learnt."
    ] = 5
    language_min_count: Annotated[
        common.Count,
        "The same for words that only the captions of `language` have; they are learnt where "
        "there are `listed_words`.",
    ] = 8
    max_length: Annotated[common.Count, "How many words of a caption are learnt from."] = 23
    language: Annotated[
        str,
        "Files of captions whose photos are not available, separated by commas, to learn the "
        "language from first; see `multimodal.captioning.data.read_sentences`. A file that is"
        " named twice counts twice. None may describe dev or test photos.",
    ] = ""
    language_epochs: Annotated[int, Ge(0), "Passes over it; 0 leave that stage out."] = 1
    aligned_words: Annotated[
        int,
        Ge(0),
        "How many words of the list of `init_from` are known well; the columns of the others "
        "begin from these. See `Decoder.align_list`. 0 leave them.",
    ] = 0
    encoder_interpolation: Annotated[
        common.UpToOne,
        "Where training begins on the way from the encoder's `encoder_weights` to its weights in "
        "`init_from`: part of it keeps most of what was learnt, and more of what the classifier "
        "knows of other photos (WiSE-FT, Wortsman et al. 2022).",
    ] = 1.0
    language_share: Annotated[
        common.Amount,
        "The weight of captions alone beside those of photos in cross-entropy, where there "
        "are `listed_words`; 0 leaves them out.",
    ] = 0.5
    hidden_photos: Annotated[
        common.Share, "The share of photos in cross-entropy that hide all but the list of words."
    ] = 0.15
    num_augmentations: Annotated[
        common.Count, "How many views of every photo are cached while the encoder rests."
    ] = 2
    label_smoothing: common.LabelSmoothing = 0.1
    epochs: Annotated[
        int,
        Ge(0),
        "Of cross-entropy; a batch counts captions (all of a photo's come together); 0 epochs"
        " leave the stage out.",
    ] = 12
    batch_size: Annotated[common.Count, "Captions in a batch; all of a photo's come together."] = 60
    learning_rate: Annotated[common.Rate, "The peak in cross-entropy."] = 1e-3
    detection_epochs: Annotated[
        int,
        Ge(0),
        "Encoder and word detector together; photos, encoder_lr_scale and distillation are "
        "those of fine-tuning; 0 epochs leave the stage out.",
    ] = 0
    detection_lr: Annotated[common.Rate, "The peak in that stage."] = 5e-4
    fine_tuning_epochs: Annotated[
        int,
        Ge(0),
        "End to end; a batch counts photos, each with all its captions; 0 epochs leave the "
        "stage out.",
    ] = 4
    fine_tuning_lr: Annotated[common.Rate, "The peak in fine-tuning."] = 4e-4
    fine_tuning_photos: Annotated[
        common.Count, "Photos in a batch, each with all its captions."
    ] = 16
    encoder_lr_scale: Annotated[
        common.Amount, "What the encoder's learning rate is of the decoder's."
    ] = 0.3
    distillation: Annotated[common.Amount, "The weight of the classifier's old answers."] = 0.4
    self_critical_epochs: Annotated[int, Ge(0), "Of the last stage."] = 3
    self_critical_lr: Annotated[common.Rate, "The peak in the last stage."] = 5e-5
    self_critical_photos: Annotated[common.Count, "Photos in a batch of the last stage."] = 20
    samples: Annotated[
        int, Ge(2), "Sentences drawn for every photo in the last stage, each judged by the others."
    ] = 5
    cross_entropy_share: Annotated[
        common.Amount, "The weight of cross-entropy in the last stage."
    ] = 0.2
    bleu_reward: Annotated[
        common.Amount,
        "What BLEU, and BLEU-1 besides, count in the last stage's reward against CIDEr-D.",
    ] = 2.0
    unigram_reward: Annotated[common.Amount, "What BLEU-1 counts besides."] = 0.0
    hallucination_penalty: Annotated[
        common.Amount,
        "What that reward loses for each object that a sentence names and no reference "
        "caption does.",
    ] = 0.0
    trainable_modules: Annotated[
        str,
        "Of the decoder, separated by commas, whose matrices learn beside all its vectors in "
        'the last stage, such as "attention"; all where none is named.',
    ] = ""
    ema_decay: common.EmaDecay = 0.999
    weight_bits: common.WeightBits = 0
    beam_size: Annotated[common.Count, "How the captioner searches; also used on dev."] = 3
    length_penalty: Annotated[common.Amount, "Of the search; see GenerationOptions."] = 0.7
    detected_weight: Annotated[common.Amount, "Of the search; see CaptionOptions."] = 0.0
    repetition_weight: Annotated[common.Amount, "Of the search; see CaptionOptions."] = 1.0
    seed: common.Seed = 0
    precision: common.Precision = "auto"

    @property
    def decoder(self) -> DecoderConfig:
        """What the decoder is."""
        return config_of(
            DecoderConfig, self, attention=None if self.attention == "none" else self.attention
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
