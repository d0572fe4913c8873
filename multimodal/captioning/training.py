"""The recipe: the language, then photos seen by a resting encoder, then end to end, then CIDEr.

1. ``language``, where captions without photos are available: the decoder learns to write a caption
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
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Self, cast

import torch
from torch import nn

from multimodal.captioning.batches import TrainingCaptions
from multimodal.captioning.caption import Caption
from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.data import CaptionedPhoto, read_captions, read_sentences
from multimodal.captioning.metrics import evaluate_captions
from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.recipe import CaptionerRecipe, encoder_weights
from multimodal.captioning.stages import (
    CrossEntropyStage,
    DetectionStage,
    FineTuningStage,
    KnownWords,
    LanguageStage,
    SelfCriticalStage,
    TextCaptions,
    TrainingPhotos,
)
from multimodal.captioning.views import CellCache
from multimodal.captioning.vocabulary import CaptionVocabulary, RepetitionCosts, learnt
from multimodal.encoders import PRETRAINED, Encoder, imagenet_encoder
from multimodal.errors import UserError
from multimodal.training import Stage, Task, TrainableModules, TrainingInput
from multimodal.vocabulary import SPECIAL

_DEV_BATCH = 50
REPORTED = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider")


class CaptionerTask(Task):
    """A captioner that learns from captioned photos.

    Args:
        recipe: the choices.
        train: the photos to learn from.
        dev: the photos to choose by.
        weights: see `imagenet_encoder`.
        language: captions of photos that are not available, grouped by photo.
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
        self.out = out
        self._dev_cells: CellCache | None = None
        self.model, self.vocabulary = _beginning(recipe, train, weights, language)
        listed = self.model.decoder.config.list_size
        groups: list[Sequence[str]] = [photo.captions for photo in train]
        spoken_words = [self.vocabulary.tokenize(caption) for group in groups for caption in group]
        self.repetition = RepetitionCosts.learn(spoken_words)
        self.opening = [learnt(self.vocabulary, spoken_words, recipe.max_length)]
        captions = TrainingCaptions(groups, self.vocabulary, listed, recipe.max_length)
        photos = [photo.image for photo in train]
        trainable_modules = TrainableModules(self.model.decoder, recipe.trainable_modules)
        self.stages: list[Stage] = []
        text = None
        if language:
            groups = [*groups, *language]
            both = TrainingCaptions(groups, self.vocabulary, listed, recipe.max_length)
            text = TextCaptions(both, _known(self.model))
            if recipe.language_epochs:
                self.stages.append(LanguageStage(recipe, text))
        along = text if recipe.word_list_size and recipe.text_loss_weight else None
        data = TrainingPhotos(captions, photos, out / "cache", along)
        if recipe.detection_epochs:
            teacher = copy.deepcopy(self.model.encoder)
            self.stages.append(DetectionStage(recipe, data, teacher))
        if recipe.epochs:
            self.stages.append(CrossEntropyStage(recipe, data))
        if recipe.fine_tuning_epochs:
            teacher = _teacher(recipe, weights, self.model.encoder)
            self.stages.append(FineTuningStage(recipe, data, teacher))
        if recipe.self_critical_epochs:
            self.stages.append(SelfCriticalStage(recipe, data, trainable_modules))
        if not self.stages:
            raise UserError("nothing to learn: the recipe leaves out every stage")
        self.config = {
            "recipe": asdict(recipe),
            "photos": {"train": len(train), "dev": len(dev), "without": len(language)},
            "vocabulary": len(self.vocabulary),
        }

    @classmethod
    def from_data(
        cls,
        recipe: CaptionerRecipe,
        given: TrainingInput,
        *,
        images: str | Path | None = None,
        image_column: str | None = None,
        caption_column: str | None = None,
    ) -> Self:
        """Read what is learnt from.

        Args:
            recipe: the choices.
            given: its data are captioned photos; see `multimodal.captioning.data.read_captions`.
            images: the folder of the photos, if not beside their captions.
            image_column: the table's column of photos.
            caption_column: the table's column of captions.

        Raises:
            UserError: the data cannot be read.
        """
        folder = None if images is None else Path(images)
        photos, dev = (
            read_captions(
                given.data,
                split,
                images=folder,
                image_column=image_column,
                caption_column=caption_column,
            )
            for split in ("train", "dev")
        )
        files = filter(None, recipe.language.split(","))
        language = [group for file in files for group in read_sentences(file.strip())]
        return cls(recipe, photos, dev, encoder_weights(recipe, given.data), language, given.out)

    def captioner(self, model: nn.Module) -> Captioner:
        """The captioner around a model as it is now."""
        options = CaptionOptions(
            beam_size=self.recipe.beam_size,
            length_penalty=self.recipe.length_penalty,
            detected_weight=self.recipe.detected_weight,
            repetition_weight=self.recipe.repetition_weight,
            max_length=self.recipe.max_length + 1,
        )
        network = cast(CaptionNetwork, model)
        return Captioner(network, self.vocabulary, options, self.repetition)

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Caption the dev photos."""
        captions = self._captions(self.captioner(model))
        hypotheses = {
            photo.name: caption.text for photo, caption in zip(self.dev, captions, strict=True)
        }
        scores = evaluate_captions(hypotheses, {photo.name: photo.captions for photo in self.dev})
        words = {word for text in hypotheses.values() for word in text.split()}
        figures = {name: getattr(scores, name) for name in REPORTED}
        return {**figures, "words_used": len(words)}

    def _captions(self, captioner: Captioner) -> Iterator[Caption]:
        """Caption the dev photos; while the encoder rests, from cells that are computed once."""
        encoder = captioner.network.encoder
        if any(weight.requires_grad for weight in encoder.parameters()):
            yield from captioner.captions(photo.image for photo in self.dev)
            return
        if self._dev_cells is None:
            photos = [photo.image for photo in self.dev]
            self._dev_cells = CellCache(self.out / "cache" / "dev.npy", encoder, photos, 1, 0)
        options = captioner.search_options({})
        for start in range(0, len(self.dev), _DEV_BATCH):
            rows = range(start, min(start + _DEV_BATCH, len(self.dev)))
            cells = self._dev_cells(rows, [0] * len(rows))
            yield from captioner.caption_cells([self.dev[n].name for n in rows], cells, options)

    def samples(self, model: nn.Module) -> Sequence[str]:
        """Captions of the first dev photos."""
        captions = self.captioner(model).captions(photo.image for photo in self.dev[:5])
        return [f"{Path(c.source).name}: {c.text}" for c in captions]

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a captioner."""
        self.captioner(model).save_pretrained(folder)


def _beginning(
    recipe: CaptionerRecipe,
    train: Sequence[CaptionedPhoto],
    weights: str | Path,
    language: Sequence[Sequence[str]],
) -> tuple[CaptionNetwork, CaptionVocabulary]:
    """The network that the training begins with, and the words behind its ids."""
    captions = [photo.captions for photo in train]
    if recipe.init_from:
        captioner = Captioner.from_pretrained(recipe.init_from, precision="fp32")
        former = captioner.network
        decoder = replace(former.decoder.config, dropout=recipe.dropout)
        if recipe.word_list_size and not decoder.word_list_size:
            return _grown(captioner, decoder, recipe, weights, captions, language)
        network = CaptionNetwork(former.encoder, decoder, captioner.vocabulary.words)
        network.load_state_dict(former.state_dict())
        if recipe.aligned_words:
            network.decoder.align_list(recipe.aligned_words)
        if recipe.encoder_interpolation < 1:
            _interpolate(network.encoder, recipe, weights)
        return network, captioner.vocabulary
    encoder = imagenet_encoder(recipe.encoder, weights)
    vocabulary = _vocabulary(recipe, CaptionVocabulary([]), captions, language)
    most = len(vocabulary) - len(SPECIAL)
    sizes = {
        name: min(getattr(recipe, name), most) for name in ("detected_words", "word_list_size")
    }
    decoder = replace(recipe.decoder, **sizes)
    return CaptionNetwork(encoder, decoder, vocabulary.words), vocabulary


@torch.no_grad()
def _interpolate(encoder: Encoder, recipe: CaptionerRecipe, weights: str | Path) -> None:
    """Move an encoder back towards the weights that it once began with."""
    original = imagenet_encoder(recipe.encoder, weights)
    if original.config != encoder.config:
        raise UserError("encoder_interpolation: encoder is not that of the captioner to start with")
    for tensor, first in zip(
        encoder.state_dict().values(), original.state_dict().values(), strict=True
    ):
        if tensor.is_floating_point():
            tensor.copy_(torch.lerp(first, tensor, recipe.encoder_interpolation))


def _grown(
    captioner: Captioner,
    config: DecoderConfig,
    recipe: CaptionerRecipe,
    weights: str | Path,
    captions: Sequence[Sequence[str]],
    language: Sequence[Sequence[str]],
) -> tuple[CaptionNetwork, CaptionVocabulary]:
    """A captioner whose decoder reads a list of words, and knows more words than before.

    What looks at cells begins anew where the encoder is another one.
    """
    former = captioner.network
    vocabulary = _vocabulary(recipe, captioner.vocabulary, captions, language)
    listed = min(recipe.word_list_size, len(vocabulary) - len(SPECIAL))
    other = recipe.encoder != former.encoder.config.name
    encoder = imagenet_encoder(recipe.encoder, weights) if other else former.encoder
    network = CaptionNetwork(encoder, replace(config, word_list_size=listed), vocabulary.words)
    kept = former.decoder.state_dict()
    with torch.no_grad():
        for name, tensor in network.decoder.state_dict().items():
            if not (other and name.startswith(_SEES_CELLS)):
                old = kept[name]
                tensor[tuple(slice(size) for size in old.shape)] = old
    return network, vocabulary


_SEES_CELLS = ("image_projection", "cell_projection", "detector")


def _vocabulary(
    recipe: CaptionerRecipe,
    former: CaptionVocabulary,
    seen: Sequence[Sequence[str]],
    language: Sequence[Sequence[str]],
) -> CaptionVocabulary:
    """The former words, those of the photos' captions, then those that only other captions have.

    Without a list of words of its own, the decoder would never hear of the latter.
    """
    ours = _counted(seen, former)
    vocabulary = former
    if len(former) == len(SPECIAL):
        vocabulary = CaptionVocabulary.build(_each(ours), recipe.min_count)
    if not recipe.word_list_size:
        return vocabulary
    known = set(vocabulary.words)
    others = _counted(set(map(tuple, language)), former)
    for word in known:
        others.pop(word, None)
    more = CaptionVocabulary.build(_each(others + ours), recipe.language_min_count)
    further = [word for word in more.words[len(SPECIAL) :] if word not in known]
    words = [*vocabulary.words[len(SPECIAL) :], *further]
    return CaptionVocabulary(words, former.tokenizer)


def _counted(groups: Iterable[Sequence[str]], vocabulary: CaptionVocabulary) -> Counter[str]:
    return Counter(w for group in groups for c in group for w in vocabulary.tokenize(c))


def _each(counts: Counter[str]) -> Iterator[list[str]]:
    return ([word] * count for word, count in counts.items())


def _known(network: CaptionNetwork) -> KnownWords | None:
    """What is known of the words of the list."""
    listed = slice(len(SPECIAL), len(SPECIAL) + network.decoder.config.word_list_size)
    evidence = network.word_evidence
    if evidence is None:
        return None
    return KnownWords(evidence.content[listed], evidence.named_objects[listed])


def _teacher(recipe: CaptionerRecipe, weights: str | Path, encoder: Encoder) -> Encoder:
    """The encoder as it was before it learnt from captions, as far as that is available."""
    ours = recipe.encoder == encoder.config.name
    if recipe.init_from and ours and weights not in (PRETRAINED, "random"):
        original = imagenet_encoder(recipe.encoder, weights)
        if original.config == encoder.config:
            return original
    return copy.deepcopy(encoder)
