"""Words that a captioner knows and never says: how much more probable each has to become.

Beam search says the same few hundred words of everything (van Miltenburg, Elliott and Vossen 2018,
Measuring the Diversity of Automatic Image Descriptions): a rare word is seldom the most probable
one, and so it is not said even of the photos that it suits best. Each such word gets a constant on
its logit (Menon et al. 2021, Long-tail learning via logit adjustment), here not from its frequency
but as large as it takes: until the captioner, searching as it always does, says the word of a few
of the photos. Where the search is biased towards detected words (`Decoder.with_detector_bias`),
rare words first get back what that takes from them. It costs nothing to keep, being part of the
last layer's bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import torch
from annotated_types import Ge, Gt
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from multimodal.captioning.captioner import Captioner
from multimodal.settings import Settings
from multimodal.vocabulary import PADDING, SPECIAL, START

_BATCH = 50
_RARE = 0.03  # the share of captions below which a word counts as rare
_STEP = 0.4  # nats by which a logit rises in one round, at most
_ENOUGH = 1.5  # a raised word comes down again where it is said so many times as often as wanted
_SPARE = 0.01  # nats beyond what just suffices


@dataclass(frozen=True, kw_only=True)
class LogitAdjustmentOptions(Settings):
    """How far to go.

    Raises:
        UserError: a number is out of range.
    """

    photos: Annotated[int, Ge(1), "How many of the photos to write of, the first ones."] = 2000
    uses: Annotated[int, Ge(1), "Of how many of these every word is to be said."] = 1
    limit: Annotated[
        float, Gt(0), "Nats by which a word's logit may rise; a word that needs more stays rarer."
    ] = 1.0
    rounds: Annotated[
        int,
        Ge(1),
        "How often everything is written and the logits raised; a logit rises by 0.4 nats a round"
        " at most, since one word's rise moves others.",
    ] = 3


class Round(NamedTuple):
    """What one round found and changed.

    Attributes:
        words: how many different words were said before it.
        rise: (V,) by how many nats the logit of every word is raised after it.
    """

    words: int
    rise: Tensor


@torch.no_grad()
def adjust_output_bias(
    captioner: Captioner, cells: Tensor, options: LogitAdjustmentOptions
) -> Iterator[Round]:
    """Raise the logits of words that are said too seldom, round after round.

    Args:
        captioner: who is to say more words; the bias of its last layer moves along.
        cells: (N, S, D) of the photos, from `Captioner.encode_images`. Those that it was trained on
            will do.
        options: how far to go.

    Yields:
        A Round for each.
    """
    bias = captioner.network.decoder.readout.bias
    former = bias.float().clone()
    least = _detector_compensation(captioner, cells)
    rise = least
    bias.copy_(former + rise)
    for _ in range(options.rounds):
        counts, needed = _usage(captioner, cells, options)
        higher = torch.minimum(
            rise + needed.clamp(0, _STEP - _SPARE) + _SPARE, least + options.limit
        )
        lower = torch.maximum(rise - _STEP / 2, least)
        rise = torch.where((counts < options.uses) & needed.isfinite(), higher, rise)
        rise = torch.where(counts > _ENOUGH * options.uses + 1, lower, rise)
        bias.copy_(former + rise)
        yield Round(int((counts > 0).sum()), rise)


def _detector_compensation(captioner: Captioner, cells: Tensor) -> Tensor:
    """The rise (V,) that makes up for what the weight of the detector takes from rare words.

    A rare word is improbable in any photo. This leaves of it what the detector sees in this one.
    """
    decoder, weight = captioner.network.decoder, captioner.options.detected_weight
    rise = torch.zeros(len(captioner.vocabulary))
    found = [decoder.detect(part) for part in cells.split(_BATCH)] if weight else []
    shares = [logits.sigmoid() for logits in found if logits is not None]
    if shares:
        usual = torch.cat(shares).mean(0)
        rise[len(SPECIAL) : len(SPECIAL) + len(usual)] = weight * (_RARE / usual).log().clamp(min=0)
    return rise


def _usage(
    captioner: Captioner, cells: Tensor, options: LogitAdjustmentOptions
) -> tuple[Tensor, Tensor]:
    """What is said, and what it would take to say more.

    Returns:
        Of how many photos every word is said (V,), and the rise (V,) that would let those words
        that are said too seldom take the places that suit them best; infinite where it is beyond
        the limit, and where enough is said.
    """
    size = len(captioner.vocabulary)
    counts = torch.zeros(size, dtype=torch.int64)
    nearest = torch.full((size, options.uses), torch.inf)  # the smallest rises, smallest first
    for part in cells.split(_BATCH):
        sentences = _write(captioner, part)
        used = torch.zeros(len(part), size, dtype=torch.bool)
        for row, sentence in zip(used, sentences, strict=True):
            row[sentence] = True
        counts += used.sum(0)
        rise = _rise_at_best_place(captioner, part, sentences)
        rise[used | (rise >= options.limit)] = torch.inf
        rise[:, : len(SPECIAL)] = torch.inf
        nearest = torch.cat([nearest, rise.T], 1).topk(options.uses, largest=False).values
    found = nearest.isfinite().sum(1)
    place = torch.minimum(options.uses - counts, found).clamp(min=1) - 1
    return counts, nearest.gather(1, place[:, None])[:, 0]


def _write(captioner: Captioner, cells: Tensor) -> Sequence[list[int]]:
    options = captioner.search_options({"naming": False})
    return [list(of_photo[0].tokens) for of_photo in captioner.generate(cells, options)]


def _rise_at_best_place(
    captioner: Captioner, cells: Tensor, sentences: Sequence[list[int]]
) -> Tensor:
    """What each word lacks against the said one at its best place in each sentence: (B, V) nats."""
    decoder = captioner.network.decoder
    memory = captioner.decoder_memory(cells, captioner.search_options({}))
    rows = [torch.tensor([START, *sentence]) for sentence in sentences]
    tokens = pad_sequence(rows, batch_first=True, padding_value=PADDING)
    logits: Tensor = decoder(memory, tokens[:, None, :-1])[:, 0].float()  # (B, T, V)
    targets = tokens[:, 1:, None]
    lacking = (logits.gather(-1, targets) - logits).masked_fill(targets == PADDING, torch.inf)
    return lacking.amin(1)
