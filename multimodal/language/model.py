"""The language network: the text so far in, a distribution over the next token out.

The lecture's character RNN (Karpathy 2015), regularised as in Merity, Keskar and Socher 2018: one
dropout mask for all steps of a sequence, and dropped recurrent weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from multimodal import setting_types as common
from multimodal.errors import UserError
from multimodal.recurrent.cells import LockedDropout, RecurrentNetwork, State
from multimodal.settings import Settings

DROPOUTS = ("input_dropout", "dropout", "output_dropout", "weight_dropout")


@dataclass(frozen=True)
class LanguageConfig(Settings):
    """What the network is; saved in the checkpoint.

    Raises:
        UserError: when the sizes cannot be tied.
    """

    cell: common.CellKind = "lstm"
    layers: common.Layers = 2
    embedding_size: common.EmbeddingSize = 512
    hidden_size: common.HiddenSize = 512
    tied: Annotated[
        bool,
        "Whether the readout shares the embeddings' weights (Press and Wolf 2017; Inan, Khosravi "
        "and Socher 2017), as pays for words.",
    ] = False
    input_dropout: Annotated[common.Share, "Of the features of embeddings."] = 0.1
    dropout: Annotated[common.Share, "Of the features between layers."] = 0.45
    output_dropout: Annotated[common.Share, "Of the features before the readout."] = 0.5
    weight_dropout: Annotated[
        common.Share, "The share of recurrent weights dropped in training."
    ] = 0.35

    def __post_init__(self) -> None:
        super().__post_init__()
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

    def prefill(self, prompts: Sequence[Tensor]) -> tuple[Tensor, State]:
        """Read what B texts begin with, (T,) tokens each, in one unroll.

        Returns:
            The logits of what follows each prompt (B, V), and the state after it.
        """
        lengths = torch.tensor([len(tokens) for tokens in prompts])
        padded = pad_sequence(list(prompts), batch_first=True).to(self.readout.weight.device)
        alike = len(lengths.unique()) == 1
        hidden, state = self.recurrent.unroll(
            self.embedding(padded), lengths=None if alike else lengths
        )
        return self.readout(hidden[torch.arange(len(lengths)), lengths - 1]), state

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token (B,): the logits of the next (B, V), and the new state."""
        hidden, state = self.recurrent.step(self.embedding(tokens), state)
        return self.readout(hidden), state

    def init_from(self, former: LanguageNetwork) -> None:
        """Take the weights of a network of the same sizes; tokens that it lacks keep their own."""
        known = former.state_dict()
        for name, tensor in self.state_dict().items():
            tensor[: len(known[name])] = known[name]
