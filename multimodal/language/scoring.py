"""How probable a text is: nats, bits per character, perplexity."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from multimodal.language.model import LanguageNetwork
from multimodal.recurrent.truncated import CarriedState
from multimodal.vocabulary import Ids

RUN_UP = 512  # tokens that a stream reads before the part that it scores
LOGITS_AT_A_TIME = 2**22

ADAPTING_STEPS = 50  # tokens after which the weights follow a text
ADAPTING_RATE = 5e-4  # how far a weight goes whose gradient is of its usual size
ADAPTING_FLOOR = 0.3  # the least usual size that counts, as a share of the mean over its tensor
ADAPTING_PULL = 2e-3  # the share of the way back to what was learnt, after each step


@dataclass(frozen=True)
class TextScores:
    """How well a text was predicted.

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
        """Figures of a text of so many tokens and characters that took so many nats in all.

        Args:
            nats: the negative log-likelihood of the whole text.
            tokens: in the text.
            characters: in the text.
        """
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
        ids: (N,) the text, of any integer type: all of it is held in that type.
        before: the token that is read before the text.
        streams: how many parts.
    """
    device = network.readout.weight.device
    length = -(-len(ids) // streams)
    own = torch.arange(streams, device=device)[:, None] * length  # (B, 1) where the parts begin
    begins = (own - RUN_UP).clamp(min=0)
    read = np.concatenate([np.array([before], ids.dtype), ids])
    tokens = torch.from_numpy(read).to(device)  # (1 + N,)
    found = torch.zeros(len(ids), device=device)
    carried = CarriedState()
    steps = int((own - begins).max()) + length
    size = max(1, LOGITS_AT_A_TIME // (streams * network.readout.out_features))
    for start in range(0, steps, size):
        # Where the targets stand: (B, T)
        places = begins + torch.arange(start, min(start + size, steps), device=device)
        scored = (places >= own) & (places < (own + length).clamp(max=len(ids)))
        places.clamp_(max=len(ids) - 1)
        logits, state = network(tokens[places].long(), carried.state)
        carried.keep(state)
        targets = tokens[places + 1, None].long()
        log_probs = logits.float().log_softmax(-1).gather(-1, targets)[..., 0]
        found[places[scored]] = log_probs[scored]
    return found.cpu()


def adapting_log_probabilities(network: LanguageNetwork, ids: Ids, before: int) -> Tensor:
    """The same by weights that follow the text: log p of every token, in nats (N,).

    Dynamic evaluation (Mikolov et al. 2010; Krause et al. 2018). Every few tokens, once they are
    scored, the weights take a step that would have made them more probable, each against what its
    gradient was so far (root mean square), and are drawn back a little to what was learnt. So every
    token is still predicted from those before it alone; what comes again and again, such as a name,
    is predicted better and better.

    Args:
        network: in evaluation mode; it stays as it is.
        ids: (N,) the text.
        before: the token that is read before the text.
    """
    following = copy.deepcopy(network).float().requires_grad_(True)  # 16 bit lose small steps
    weights = list(following.parameters())
    learnt = [weight.detach().clone() for weight in weights]
    squares = [torch.zeros_like(weight) for weight in weights]
    tokens = torch.from_numpy(np.append(before, ids)).to(weights[0].device)
    found = []
    carried = CarriedState()
    for count, start in enumerate(range(0, len(ids), ADAPTING_STEPS), 1):
        chunk = tokens[start : start + ADAPTING_STEPS + 1]
        with torch.enable_grad():
            logits, state = following(chunk[None, :-1], carried.state)
            nats = F.cross_entropy(logits[0], chunk[1:], reduction="none")
            gradients = torch.autograd.grad(nats.mean(), weights)
        carried.keep(state)
        found.append(-nats.detach())
        for weight, gradient, square, former in zip(
            weights, gradients, squares, learnt, strict=True
        ):
            square.addcmul_(gradient, gradient)
            usual = (square / count).sqrt_()
            usual.add_(usual.mean(), alpha=ADAPTING_FLOOR).clamp_(min=torch.finfo(usual.dtype).tiny)
            with torch.no_grad():
                weight.addcdiv_(gradient, usual, value=-ADAPTING_RATE).lerp_(former, ADAPTING_PULL)
    return torch.cat(found).cpu()


def streams_for(tokens: int) -> int:
    """How many streams read a text fastest: the run-up is to be no more than a part's half."""
    return max(1, min(64, tokens // (2 * RUN_UP)))
