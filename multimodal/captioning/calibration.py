"""What a captioner has to know of itself: which photos are in-domain, and how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.confidence import Confidence
from multimodal.captioning.grounding import NOTHING, Grounding
from multimodal.captioning.hallucination import named_objects, objects_in
from multimodal.captioning.imagenet_names import imagenet_objects, mentions
from multimodal.captioning.model import CaptionNetwork
from multimodal.captioning.tokenizer import tokenize
from multimodal.captioning.word_evidence import number_forms
from multimodal.errors import UserError
from multimodal.images import ImageSource, open_image

RANK = 200  # directions along which in-domain photos vary
_IN_DOMAIN = "word_evidence.in_domain_score."  # of an earlier calibration, which may be smaller
IN_DOMAIN_SHARE = 0.95  # of held-out photos, those that count as at least half in-domain


@torch.no_grad()
def calibrate(
    captioner: Captioner,
    in_domain: Sequence[Tensor],
    held_out: Sequence[Tensor],
) -> Captioner:
    """Tell a captioner what the photos look like that it learnt from.

    Nothing is learnt by gradient, and no caption of a held-out photo is looked at.

    Args:
        captioner: with a list of words.
        in_domain: cells (B, S, D) of the photos that it learnt from, in parts.
        held_out: cells (B, S, D) of other photos of the same kind, in parts.

    Returns:
        The captioner with an `InDomainScore`.

    Raises:
        UserError: the captioner has no list of words, or its encoder no classifier.
    """
    former = captioner.network
    if former.word_evidence is None:
        raise UserError("only a captioner with word_list_size and a classifier can be calibrated")
    rank = min(RANK, sum(map(len, in_domain)) - 1)
    config = replace(former.decoder.config, in_domain_rank=rank)
    network = CaptionNetwork(former.encoder, config, captioner.vocabulary.words)
    kept = {k: v for k, v in former.state_dict().items() if not k.startswith(_IN_DOMAIN)}
    network.load_state_dict(kept, strict=False)
    word_evidence = network.word_evidence
    if word_evidence is None or word_evidence.in_domain_score is None:
        raise AssertionError("a calibrated network has word evidence")
    word_evidence.in_domain_score.fit(in_domain, held_out, IN_DOMAIN_SHARE)
    options = captioner.options
    return Captioner(network, captioner.vocabulary, options, captioner.repetition)


def fit_confidence(
    captioner: Captioner,
    photos: Sequence[tuple[ImageSource, Sequence[str]]],
    batch_size: int = 32,
) -> Captioner:
    """Fit how probable it is that a caption names nothing that is not in its photo.

    What people mention in their captions counts as there.

    Args:
        captioner: with a list of words; it is told in place.
        photos: photos that it did not learn from, and what people said of each.
        batch_size: photos at a time.

    Raises:
        UserError: the captioner has no list of words, or there are no photos.
    """
    if captioner.grounding is None:
        raise UserError("only a captioner with word_list_size can be calibrated")
    figures, right = [], []
    for start in range(0, len(photos), batch_size):
        batch = photos[start : start + batch_size]
        needed = captioner.network.encoder.config.size
        opened = [open_image(photo, needed=needed) for photo, _ in batch]
        cells = captioner.encode_images(opened)
        options = captioner.search_options({})
        captions = captioner.caption_cells([""] * len(batch), cells, options)
        found = captioner.confidence_figures(captions, cells)
        for caption, of_caption, (_, references) in zip(captions, found, batch, strict=True):
            if caption.text != NOTHING:
                figures.append(of_caption)
                right.append(is_true(caption.words, references, captioner.grounding))
    if not figures:
        raise UserError("no photos to calibrate confidence on")
    captioner.confidence = Confidence.fit(figures, right)
    return captioner


def is_true(words: Sequence[str], references: Sequence[str], grounding: Grounding) -> bool:
    """Whether people mention every object that a caption names.

    COCO's objects are compared by category ("puppy" and "dog"), others by their words and by the
    synonyms of ImageNet's classes. Of a phrase without a known object its noun must be mentioned.

    Args:
        words: of the caption.
        references: what people said of its photo.
        grounding: knows which words name objects.
    """
    tokenized = [tokenize(reference) for reference in references]
    categories = set(named_objects(words))
    if not categories <= objects_in(references):
        return False
    names = [word for word in words if grounding.is_object(word) and not named_objects([word])]
    if not names and not categories and 2 <= len(words) <= 4 and words[0] in ("a", "an"):
        names = [" ".join(words[1:])]
    return all(any(_mentions(caption, name) for caption in tokenized) for name in names)


def _mentions(words: Sequence[str], name: str) -> bool:
    thing = imagenet_objects().get(name)
    if thing is not None and thing.is_mentioned(words):
        return True
    return any(mentions(words, form) for form in number_forms(name))
