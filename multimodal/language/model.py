"""The language network: the text so far in, a distribution over the next token out.

The lecture's character RNN (Karpathy 2015), regularised as in Merity, Keskar and Socher 2018: one
dropout mask for all steps of a sequence, and dropped recurrent weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from multimodal.errors import UserError
from multimodal.recurrent.cells import Cell, LockedDropout, RecurrentNetwork, State

DROPOUTS = ("input_dropout", "dropout", "output_dropout", "weight_dropout")


@dataclass(frozen=True)
class LanguageConfig:
    """What the network is; saved in the checkpoint.

    Attributes:
        cell: "rnn", "gru" or "lstm".
        layers: how many are stacked.
        embedding_size: E, the size of a token's embedding.
        hidden_size: H, the units of a layer.
        tied: whether the readout shares the embeddings' weights (Press and Wolf 2017; Inan,
            Khosravi and Socher 2017), as pays for words.
        input_dropout, dropout, output_dropout: the shares of features dropped in training: of
            embeddings, between layers, and before the readout.
        weight_dropout: the share of recurrent weights dropped in training.

    Raises:
        UserError: when the sizes cannot be tied.
    """

    cell: Cell = "lstm"
    layers: int = 2
    embedding_size: int = 512
    hidden_size: int = 512
    tied: bool = False
    input_dropout: float = 0.1
    dropout: float = 0.45
    output_dropout: float = 0.5
    weight_dropout: float = 0.35

    def __post_init__(self) -> None:
        if self.tied and self.embedding_size != self.hidden_size:
            raise UserError(
                f"tied embeddings need an embedding_size of {self.hidden_size}, the hidden_size, "
                f"not {self.embedding_size}"
            )


class LanguageNetwork(nn.Module):
    """Reads tokens and tells what comes next.

    Args:
        config: what the network is.
        vocabulary_size: V.
    """

    def __init__(self, config: LanguageConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary_size, config.embedding_size)
        self.input_dropout = LockedDropout(config.input_dropout)
        self.recurrent = RecurrentNetwork(
            config.cell,
            config.embedding_size,
            config.hidden_size,
            config.layers,
            config.dropout,
            weight_dropout=config.weight_dropout,
        )
        self.output_dropout = LockedDropout(config.output_dropout)
        self.readout = nn.Linear(config.hidden_size, vocabulary_size)
        if config.tied:
            nn.init.normal_(self.embedding.weight, std=config.hidden_size**-0.5)
            self.readout.weight = self.embedding.weight

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read tokens (B, T) from a state on; zeros when None.

        Returns:
            The logits of each token's successor (B, T, V), and the state after the last.
        """
        embedded = self.input_dropout(self.embedding(tokens))
        hidden, state = self.recurrent.unroll(embedded, state)
        return self.readout(self.output_dropout(hidden)), state

    def read(self, beginnings: Sequence[Tensor]) -> tuple[Tensor, State]:
        """Read what B texts begin with, (T,) tokens each, in one unroll.

        Returns:
            The logits of what follows each beginning (B, V), and the state after it.
        """
        lengths = torch.tensor([len(tokens) for tokens in beginnings])
        padded = pad_sequence(list(beginnings), batch_first=True).to(self.readout.weight.device)
        alike = len(lengths.unique()) == 1
        hidden, state = self.recurrent.unroll(
            self.embedding(padded), lengths=None if alike else lengths
        )
        return self.readout(hidden[torch.arange(len(lengths)), lengths - 1]), state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token (B,): the logits of the next (B, V), and the new state."""
        hidden, state = self.recurrent.step(self.embedding(tokens), state)
        return self.readout(hidden), state

    def begin_from(self, former: LanguageNetwork) -> None:
        """Take the weights of a network of the same sizes; tokens that it lacks keep their own."""
        known = former.state_dict()
        for name, tensor in self.state_dict().items():
            tensor[: len(known[name])] = known[name]
