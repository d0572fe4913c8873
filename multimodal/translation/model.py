"""The translation network: a sentence is read from both ends, then written in another language.

The recurrent encoder, decoder and additive attention of Bahdanau, Cho and Bengio 2015, with one
change that lets training unroll all steps at once: the attention is asked by the state of the
decoder's first layer, which has read the words so far and not what was looked at before; a second
layer takes in what is seen. One network serves all directions: the first thing that the decoder
reads is a token for the language to write (Johnson et al. 2017, who tell the encoder instead). The
encoder is told nothing, so that a sentence is read once for all languages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal import setting_types as common
from multimodal.recurrent.attention import AdditiveAttention
from multimodal.recurrent.cells import BidirectionalNetwork, LockedDropout, RecurrentNetwork, State
from multimodal.recurrent.generation.trees import map_leaves
from multimodal.settings import Settings

DecoderState: TypeAlias = tuple[State, State]
"""The states of the first and the second layer; every tensor (B, K, H)."""


class Memory(NamedTuple):
    """What is known of a batch of sentences when they are read; computed once for each.

    Attributes:
        values: (B, S, 2 R) the encoder's states at every subword and at the end.
        keys: (B, S, A) the same, projected for comparison.
        present: (B, S) where there is a subword, and no padding.
    """

    values: Tensor
    keys: Tensor
    present: Tensor

    def rows(self, numbers: Tensor) -> Memory:
        """The sentences of some numbers (N,), in their order."""
        return Memory(*(tensor[numbers] for tensor in self))


@dataclass(frozen=True)
class TranslatorConfig(Settings):
    """What the network is; saved in the checkpoint."""

    cell: common.CellKind = "lstm"
    embedding_size: Annotated[common.Count, "E, of a subword's embedding, in all languages."] = 256
    encoder_layers: Annotated[common.Count, "Bidirectional layers of the encoder."] = 2
    encoder_size: Annotated[common.Count, "R, their units in each direction."] = 192
    decoder_size: Annotated[common.Count, "H, the units of both layers of the decoder."] = 320
    attention_size: Annotated[common.Count, "A, the width in which the two are compared."] = 128
    dropout: common.Dropout = 0.25
    word_dropout: Annotated[
        common.Share,
        "The share of subwords whose embedding is dropped in training (Gal and Ghahramani "
        "2016), which little text needs (Sennrich and Zhang 2019).",
    ] = 0.1


class TranslationNetwork(nn.Module):
    """Reads sentences and writes them in other languages; see the module's first lines.

    Args:
        config: what the network is.
        vocabulary_size: V.
    """

    def __init__(self, config: TranslatorConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        embedding_size, size, seen = (
            config.embedding_size,
            config.decoder_size,
            2 * config.encoder_size,
        )
        self.dropout = LockedDropout(config.dropout)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5)
        self.encoder = BidirectionalNetwork(
            config.cell, embedding_size, config.encoder_size, config.encoder_layers, config.dropout
        )
        self.init_hidden = nn.Linear(seen, size)
        self.first = RecurrentNetwork(config.cell, embedding_size, size)
        self.attention = AdditiveAttention(seen, size, config.attention_size)
        self.second = RecurrentNetwork(config.cell, size + seen, size)
        self.features = nn.Linear(size + seen, embedding_size)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))

    def encode(self, tokens: Tensor, lengths: Tensor) -> Memory:
        """Read sentences (B, S), of which the first (B,) steps count, each with its end token."""
        states = self.encoder.unroll(self.embed(tokens), lengths)
        values = self.dropout(states)
        present = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        return Memory(values, self.attention.keys(values), present)

    def forward(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Teacher forcing: the subwords so far → features of the next ones.

        Args:
            memory: of N sentences.
            tokens: (N, T) ids, from the token of the language on.

        Returns:
            (N, T, E), for `readout`.
        """
        first, _ = self.first.unroll(self.embed(tokens), self._first_state(memory))
        first = self.dropout(first)  # (N, T, H)
        seen, _ = self.attention(first, memory.keys, memory.values, memory.present)
        second, _ = self.second.unroll(torch.cat([first, seen], -1))
        return self._features(self.dropout(second), seen)

    def readout(self, features: Tensor) -> Tensor:
        """Features (..., E) → logits (..., V), by the embeddings' own weights."""
        return F.linear(features, self.embedding.weight, self.bias)

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first token, one hypothesis a sentence: tensors (B, 1, H)."""
        second = self.second.initial_state(memory.values.shape[0])
        state: DecoderState = map_leaves(
            lambda tensor: tensor[:, None], (self._first_state(memory), second)
        )
        return state

    def embed(self, tokens: Tensor) -> Tensor:
        """Subwords (...) → what the recurrent layers read (..., E)."""
        # As long as a unit's other inputs; the readout wants the weights short.
        embedded = self.embedding(tokens) * self.config.embedding_size**0.5
        if self.training and self.config.word_dropout:
            keep = 1.0 - self.config.word_dropout
            mask = embedded.new_empty(*tokens.shape, 1).bernoulli_(keep).div_(keep)
            embedded = embedded * mask
        dropped: Tensor = self.dropout(embedded)
        return dropped

    def _first_state(self, memory: Memory) -> State:
        """The first layer begins with what the mean of the memory makes of it."""
        counts = memory.present.sum(1, keepdim=True)
        mean = memory.values.sum(1) / counts  # what is not present is zero
        hidden = torch.tanh(self.init_hidden(mean))
        (zeros,) = self.first.initial_state(mean.shape[0])
        return ((hidden.to(zeros[0].dtype), *zeros[1:]),)

    def _features(self, second: Tensor, seen: Tensor) -> Tensor:
        features: Tensor = self.dropout(self.features(torch.cat([second, seen], -1)))
        return features
