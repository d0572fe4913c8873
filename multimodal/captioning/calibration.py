"""What a captioner has to know of its own world: which photos are familiar, which words usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.confidence import Confidence
from multimodal.captioning.hallucination import objects_in
from multimodal.captioning.model import CaptionNetwork
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.errors import UserError
from multimodal.images import ImageSource, open_image

RANK = 200  # directions along which familiar photos vary
FAMILIAR_SHARE = 0.95  # of held-out photos, those that count as at least half familiar


@torch.no_grad()
def calibrate(
    captioner: Captioner,
    familiar: Sequence[Tensor],
    held_out: Sequence[Tensor],
    home: Iterable[str],
    world: Iterable[str],
) -> Captioner:
    """Tell a captioner what its world looks like, and how usual every word is there and elsewhere.

    Nothing is learnt by gradient, and no caption of a held-out photo is looked at.

    Args:
        captioner: with a list of words.
        familiar: cells (B, S, D) of the photos that it learnt from, in parts.
        held_out: cells (B, S, D) of other photos of the same world, in parts.
        home: the captions that it learnt from.
        world: captions of photos of any kind.

    Returns:
        The captioner with a familiarity and the shares of words.

    Raises:
        UserError: the captioner has no list of words, or its encoder no classifier.
    """
    former = captioner.network
    if former.word_evidence is None:
        raise UserError("only a captioner with listed_words and a classifier can be calibrated")
    rank = min(RANK, sum(map(len, familiar)) - 1)
    config = replace(former.decoder.config, familiarity_rank=rank)
    network = CaptionNetwork(former.encoder, config, captioner.vocabulary.words)
    network.load_state_dict(former.state_dict(), strict=False)
    word_evidence = network.word_evidence
    if word_evidence is None or word_evidence.familiarity is None:
        raise AssertionError("a calibrated network has word evidence")
    word_evidence.familiarity.fit(familiar, held_out, FAMILIAR_SHARE)
    shares = [_shares(captions, captioner.vocabulary) for captions in (home, world)]
    word_evidence.usual.copy_(torch.stack(shares))
    options = captioner.options
    return Captioner(network, captioner.vocabulary, options, captioner.repetition)


def fit_confidence(
    captioner: Captioner, photos: Sequence[tuple[ImageSource, set[str]]], batch_size: int = 32
) -> Captioner:
    """Fit how probable it is that a caption names no COCO object that is not in its photo.

    Args:
        captioner: with a list of words; it is told in place.
        photos: photos and the COCO categories of the objects in each.
        batch_size: photos at a time.

    Raises:
        UserError: the captioner has no list of words, or there are no photos.
    """
    figures, right = [], []
    for start in range(0, len(photos), batch_size):
        batch = photos[start : start + batch_size]
        needed = captioner.network.encoder.config.size
        opened = [open_image(photo, needed=needed) for photo, _ in batch]
        cells = captioner.encode_images(opened)
        options = captioner.search_options({})
        captions = captioner.caption_cells([""] * len(batch), cells, options)
        for caption, cell, (_, there) in zip(captions, cells, batch, strict=True):
            figures.append(captioner.confidence_figures(caption, cell[None]))
            right.append(objects_in([caption.text]) <= there)
    if not figures:
        raise UserError("no photos to calibrate confidence on")
    captioner.confidence = Confidence.fit(figures, right)
    return captioner


def _shares(captions: Iterable[str], vocabulary: CaptionVocabulary) -> Tensor:
    """The share of captions with each word: (V,)."""
    shares, count = torch.zeros(len(vocabulary)), 0
    for caption in captions:
        shares[list(set(vocabulary.encode(vocabulary.tokenize(caption))))] += 1
        count += 1
    return shares / max(1, count)
