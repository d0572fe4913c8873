"""How well a sentence can be foretold from its translation: the noisy channel.

A search for what is likely to be written after a sentence prefers what is often written; what it
leaves out or makes more common costs it nothing. Whoever reads the translation back misses it: the
sentence itself is then hard to foretell. One network knows both directions, so it can be asked for
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


@torch.inference_mode()
def source_log_probs(
    network: TranslationNetwork,
    translations: Sequence[Sequence[int]],
    sources: Sequence[Sequence[int]],
    begin: int,
    written: Tensor,
) -> Tensor:
    """The log-probability of sentences, each as what its translation says in their language.

    Args:
        network: knows both languages.
        translations: (N,) ids.
        sources: (N,) ids.
        begin: the token of the sentences' language.
        written: (M,) the subwords that this language uses, END among them; those of the sentences
            are added to what is told apart.

    Returns:
        (N,), in nats, each with its end.
    """
    memory = network.read(*padded_sources(translations))
    targets = padded_targets([[begin, *ids, END] for ids in sources])
    features, next_ids = network(memory, targets[:, :-1]), targets[:, 1:]
    there = next_ids != PADDING
    among = torch.cat([written, next_ids[there]]).unique()
    weight, bias = network.embedding.weight[among], network.bias[among]
    places = torch.searchsorted(among, next_ids[there])
    log_probs = torch.cat(
        [
            -F.cross_entropy(F.linear(some, weight, bias).float(), of_some, reduction="none")
            for some, of_some in zip(features[there].split(ROWS), places.split(ROWS), strict=True)
        ]
    )
    return log_probs.new_zeros(len(sources)).index_add(0, there.nonzero()[:, 0], log_probs)
