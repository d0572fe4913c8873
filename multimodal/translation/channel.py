"""How well a sentence can be predicted from its translation: the noisy channel.

A search for what is likely to be written after a sentence prefers what is often written; what it
leaves out or makes more common costs it nothing. Whoever reads the translation back misses it: the
sentence itself is then hard to predict. One network knows both directions, so it can be asked for
both, and the best translation is one that is likely either way (Yee, Dauphin and Auli 2019, Simple
and effective noisy channel modeling for neural machine translation; here without their language
model, and only of finished translations).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from multimodal.translation.batches import END, PADDING, padded_sources, padded_targets
from multimodal.translation.model import TranslationNetwork

ROWS = 512  # subwords of which all probabilities are held at a time
PAIRS = 160  # sentences that are read side by side, with others of about the same length


@torch.inference_mode()
def source_log_probs(
    network: TranslationNetwork,
    translations: Sequence[Sequence[int]],
    sources: Sequence[Sequence[int]],
    begin: int,
    allowed: Tensor,
) -> Tensor:
    """The log-probability of sentences, each as what its translation says in their language.

    Args:
        network: knows both languages.
        translations: (N,) ids.
        sources: (N,) ids.
        begin: the token of the sentences' language.
        allowed: (M,) the subwords that this language uses, END among them; those of the sentences
            are added.

    Returns:
        (N,), in nats, each with its end.
    """
    vocabulary = torch.cat(
        [allowed, torch.tensor([token for ids in sources for token in ids])]
    ).unique()
    weight, bias = network.embedding.weight[vocabulary], network.bias[vocabulary]
    log_probs = weight.new_zeros(len(sources), dtype=torch.float)
    order = sorted(range(len(sources)), key=lambda n: (len(translations[n]), len(sources[n])))
    for begins in range(0, len(order), PAIRS):
        some = order[begins : begins + PAIRS]
        memory = network.encode(*padded_sources([translations[n] for n in some]))
        targets = padded_targets([[begin, *sources[n], END] for n in some])
        features, next_ids = network(memory, targets[:, :-1]), targets[:, 1:]
        there = next_ids != PADDING
        places = torch.searchsorted(vocabulary, next_ids[there])
        nats = torch.cat(
            [
                F.cross_entropy(F.linear(rows, weight, bias).float(), of_rows, reduction="none")
                for rows, of_rows in zip(
                    features[there].split(ROWS), places.split(ROWS), strict=True
                )
            ]
        )
        numbers = torch.tensor(some)[there.nonzero()[:, 0]]
        log_probs.index_add_(0, numbers, -nats)
    return log_probs
