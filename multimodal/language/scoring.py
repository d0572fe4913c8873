"""How probable a text is: nats, bits per character, perplexity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from multimodal.language.model import LanguageNetwork
from multimodal.recurrent.truncated import CarriedState
from multimodal.vocabulary import Ids

RUN_UP = 512  # tokens that a stream reads before the part that it scores
LOGITS_AT_A_TIME = 2**22


@dataclass(frozen=True)
class TextScores:
    """How well a text was foretold.

    Attributes:
        nats_per_character: the cross-entropy.
        bits_per_character: the same over ln 2.
        perplexity: of a token, which is a character unless the model reads bytes or words.
        characters: how many were scored.
    """

    nats_per_character: float
    bits_per_character: float
    perplexity: float
    characters: int

    @classmethod
    def of(cls, nats: float, tokens: int, characters: int) -> TextScores:
        """Figures of a text of so many tokens and characters that took so many nats in all."""
        each = nats / characters
        return cls(each, each / math.log(2), math.exp(min(nats / tokens, 700.0)), characters)


@torch.no_grad()
def log_probabilities(network: LanguageNetwork, ids: Ids, before: int, streams: int = 1) -> Tensor:
    """Log p of every token of a text given all before it, in nats: (N,).

    With more than one stream, the text is read in as many parts side by side, which is many times
    faster. Each part is preceded by `RUN_UP` tokens that are read and not scored, so that every
    token is scored once and knows at least so many before it, or the whole beginning of the text.

    Args:
        network: in evaluation mode.
        ids: (N,) the text.
        before: the token that is read before the text.
        streams: how many parts.
    """
    device = network.readout.weight.device
    length = -(-len(ids) // streams)
    own = torch.arange(streams, device=device)[:, None] * length  # (B, 1) where the parts begin
    begins = (own - RUN_UP).clamp(min=0)
    tokens = torch.from_numpy(np.append(before, ids)).to(device)  # what is read: (1 + N,)
    found = torch.zeros(len(ids), device=device)
    carried = CarriedState()
    steps = int((own - begins).max()) + length
    size = max(1, LOGITS_AT_A_TIME // (streams * network.readout.out_features))
    for start in range(0, steps, size):
        # Where the targets stand: (B, T)
        places = begins + torch.arange(start, min(start + size, steps), device=device)
        scored = (places >= own) & (places < (own + length).clamp(max=len(ids)))
        places.clamp_(max=len(ids) - 1)
        logits, state = network(tokens[places], carried.state)
        carried.keep(state)
        log_probs = logits.float().log_softmax(-1).gather(-1, tokens[places + 1, None])[..., 0]
        found[places[scored]] = log_probs[scored]
    return found.cpu()


def streams_for(tokens: int) -> int:
    """How many streams read a text fastest: the run-up is to be no more than a part's half."""
    return max(1, min(64, tokens // (2 * RUN_UP)))
