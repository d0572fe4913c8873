"""The network as translating uses it: one more subword for all hypotheses at once, and fast.

What is seen of a sentence enters the second layer and the features through matrices. Attention only
sums, so these are applied to the memory once for each sentence, not to every sum of every step of
every hypothesis. What a subword adds to the first layer is looked up, and only subwords of the
language to write are known: of three languages each uses little more than half.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.generation.trees import map_leaves
from multimodal.translation.model import DecoderState, Memory, TranslationNetwork


class ProjectedMemory(NamedTuple):
    """What can be seen of a batch of sentences, as a step wants it.

    Attributes:
        adds: (B, S, G + E) what each place adds to the second layer's gates and to the features.
        keys, present: see `Memory`.
    """

    adds: Tensor
    keys: Tensor
    present: Tensor


class LanguageDecoder:
    """Writes one language: a step of the network among some subwords.

    Args:
        network: what was learnt; it must not change any more.
        ids: (N,) the subwords; in a step a token is a number from 0 to N - 1.
    """

    @torch.no_grad()
    def __init__(self, network: TranslationNetwork, ids: Tensor) -> None:
        self.network = network
        self.size = network.config.decoder_size
        first, second = (
            cast(nn.RNNBase, part.layers[0]) for part in (network.first, network.second)
        )
        inputs = network.embed(ids)
        self.begun = F.linear(
            inputs, cast(Tensor, first.weight_ih_l0), cast(Tensor, first.bias_ih_l0)
        )
        read = cast(Tensor, second.weight_ih_l0)
        self.below = read[:, : self.size].contiguous()
        self.below_bias = cast(Tensor, second.bias_ih_l0)
        self.seen_weight = torch.cat(
            [read[:, self.size :], network.features.weight[:, self.size :]]
        )
        self.features = network.features.weight[:, : self.size].contiguous()
        self.readout, self.bias = network.embedding.weight[ids], network.bias[ids]

    def project(self, memory: Memory) -> ProjectedMemory:
        """Prepare what was read of B sentences."""
        return ProjectedMemory(
            F.linear(memory.values, self.seen_weight), memory.keys, memory.present
        )

    def __call__(
        self, tokens: Tensor, state: DecoderState, memory: ProjectedMemory, /
    ) -> tuple[Tensor, DecoderState, Tensor]:
        """One more subword for K hypotheses of every sentence.

        Args:
            tokens: (B, K) the last subword of every hypothesis.
            state: every tensor (B, K, H); see `TranslationNetwork.start`.
            memory: of the B sentences.

        Returns:
            Logits of the next subword (B, K, N), the new state, and the attention (B, K, S).
        """
        network, batch = self.network, tokens.shape[:2]
        before: DecoderState = map_leaves(lambda tensor: tensor.flatten(0, 1), state)
        first, first_state = network.first.step_from(self.begun[tokens.flatten()], before[0])
        adds, weights = network.attention(
            first.unflatten(0, batch), memory.keys, memory.adds, memory.present
        )
        gates, features = adds.flatten(0, 1).split([len(self.below), len(self.features)], 1)
        gates = gates + F.linear(first, self.below, self.below_bias)
        second, second_state = network.second.step_from(gates, before[1])
        features = features + F.linear(second, self.features, network.features.bias)
        after: DecoderState = map_leaves(
            lambda tensor: tensor.unflatten(0, batch), (first_state, second_state)
        )
        logits = F.linear(features, self.readout, self.bias)
        return logits.unflatten(0, batch), after, weights
