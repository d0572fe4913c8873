"""The network that reads a text: several encoders, who answer after every token, and naive Bayes.

x_t is the t-th token; E_r and G_r are encoder r's vectors of tokens and of runs of letters::

    e_t = E_r[x_t] + mean G_r[runs of x_t]          h_t = LSTM_r(h_{t-1}, e_t)
    y_t = W_r [h_t; max h_1 … h_t; (e_1 + … + e_t) / √t]
    n_t = n_{t-1} + log p(x_t | label) + log p(x_{t-1} x_t | label)
    p_t = softmax of the mean over r of log softmax y_t, plus a n_t

A sentence's mood hangs on few words, and few sentences are a poor teacher: one encoder learns its
texts by heart in a handful of epochs. Encoders that begin elsewhere and drop other words are wrong
elsewhere, so that their mean is better than any of them (Hansen and Salamon 1990); each learns by
its own loss, as if it were alone. Counting words and pairs of words (naive Bayes with bigrams, Wang
and Manning 2012) is wrong in yet another way; how much the count weighs, a, is fitted to held-out
texts, with the temperatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.recognition.pooled_rnn import PooledRNN
from multimodal.recognition.texts.tokenizer import NGRAM_BUCKETS, TokenBatch
from multimodal.recurrent.cells import LockedDropout
from multimodal.settings import Settings
from multimodal.vocabulary import PADDING, UNKNOWN

_SPREAD = 0.1  # standard deviation of vectors at first


@dataclass(frozen=True)
class TextConfig(Settings):
    """What the network is; saved in the checkpoint."""

    num_encoders: Annotated[common.Count, "R, encoders whose answers are averaged."] = 2
    cell: common.CellKind = "lstm"
    embedding_size: common.EmbeddingSize = 64
    hidden_size: common.HiddenSize = 128
    layers: common.Layers = 1
    input_dropout: Annotated[
        common.Share, "The share of features of all tokens dropped before the core."
    ] = 0.3
    dropout: common.Dropout = 0.5
    weight_dropout: Annotated[common.Share, "The share of recurrent weights dropped."] = 0.3
    token_dropout: Annotated[common.Share, "The share of tokens dropped whole."] = 0.1
    unk_dropout: Annotated[
        common.Share, "The share of tokens that are only known by their letters."
    ] = 0.2


class TextEncoder(nn.Module):
    """One encoder: tokens → logits of labels after every token.

    Args:
        config: its sizes.
        tokens: how many have a vector of their own.
        buckets: of the table of runs of letters.
        labels: V, how many there are.
    """

    def __init__(self, config: TextConfig, tokens: int, buckets: int, labels: int) -> None:
        super().__init__()
        self.config = config
        size = config.embedding_size
        self.words = nn.Embedding(tokens, size, padding_idx=PADDING)
        self.runs = nn.EmbeddingBag(buckets, size, mode="mean")
        nn.init.normal_(self.words.weight, std=_SPREAD)
        nn.init.normal_(self.runs.weight, std=_SPREAD)
        with torch.no_grad():
            self.words.weight[[PADDING, UNKNOWN]] = 0.0  # a stranger is what its letters say
        self.input_dropout = LockedDropout(config.input_dropout)
        self.rnn = PooledRNN(
            config.cell,
            size,
            config.hidden_size,
            config.layers,
            config.dropout,
            weight_dropout=config.weight_dropout,
        )
        self.output_dropout = LockedDropout(config.dropout)
        self.readout = nn.Linear(self.rnn.output_size + size, labels)

    def forward(self, tokens: TokenBatch) -> Tensor:
        """Read B texts of up to T tokens.

        Returns:
            Logits (B, T, V), of which each step depends on the tokens up to it.
        """
        vectors = self._vectors(tokens)
        outputs, _ = self.rnn(vectors)
        counts = torch.arange(1, vectors.shape[1] + 1, device=vectors.device)
        means = vectors.cumsum(1) / counts.to(vectors).sqrt()[:, None]
        logits: Tensor = self.readout(self.output_dropout(torch.cat([outputs, means], -1)))
        return logits

    def _vectors(self, tokens: TokenBatch) -> Tensor:
        """(B, T, E); zero behind the end of a text."""
        named = self._kept(self.words(tokens.words), self.config.unk_dropout)
        spelled = self.runs(tokens.runs, tokens.starts).view_as(named)
        kept = self._kept(named + spelled, self.config.token_dropout)
        vectors: Tensor = self.input_dropout(kept)
        return vectors

    def _kept(self, vectors: Tensor, dropout: float) -> Tensor:
        """Drop whole tokens in training."""
        if not self.training or not dropout:
            return vectors
        return vectors * vectors.new_empty(*vectors.shape[:2], 1).bernoulli_(1 - dropout)


class NaiveBayes(nn.Module):
    """What words and pairs of words speak for, by how often they came with each label.

    Nothing in it learns by gradients: `learn` counts once.

    Args:
        labels: V, how many there are.
    """

    evidence: Tensor

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.register_buffer("evidence", torch.zeros(2 * NGRAM_BUCKETS, labels))

    def learn(self, tokens: TokenBatch, labels: Tensor) -> None:
        """Count the ngrams of B texts with their labels (B,), each n-gram once in a text.

        The evidence of a n-gram is the logarithm of the share that it has of all ngrams of a label,
        with one more of each n-gram counted than there were; its mean over the labels is zero.
        """
        counts = torch.ones(2 * NGRAM_BUCKETS + 1, self.evidence.shape[1])
        for ngrams, label in zip(tokens.ngrams, labels.tolist(), strict=True):
            counts[ngrams.unique(), label] += 1
        logs = (counts[:-1] / counts[:-1].sum(0)).log()
        self.evidence.copy_(logs - logs.mean(1, keepdim=True))

    def forward(self, tokens: TokenBatch) -> Tensor:
        """B texts of up to T tokens → all evidence up to each token (B, T, V)."""
        evidence = F.pad(self.evidence, (0, 0, 0, 1))  # none behind the end
        return F.embedding(tokens.ngrams, evidence).sum(2).cumsum(1)


class TextNetwork(nn.Module):
    """Encoders side by side.

    Args:
        config: their number and sizes.
        tokens, buckets, labels: see `TextEncoder`.
    """

    def __init__(self, config: TextConfig, tokens: int, buckets: int, labels: int) -> None:
        super().__init__()
        self.config = config
        self.naive_bayes = NaiveBayes(labels)
        self.encoders = nn.ModuleList(
            TextEncoder(config, tokens, buckets, labels) for _ in range(config.num_encoders)
        )

    def forward(self, tokens: TokenBatch) -> Tensor:
        """What each encoder answers: B texts of up to T tokens → logits (R, B, T, V)."""
        return torch.stack([rnn(tokens) for rnn in self.encoders])


def agreed(logits: Tensor, evidence: Tensor | float = 0.0) -> Tensor:
    """What encoders and count say together: logits (R, …, V) → log-probabilities (…, V).

    Args:
        logits: of each encoder.
        evidence: (…, V) of the count, times its weight.
    """
    return F.log_softmax(F.log_softmax(logits.float(), -1).mean(0) + evidence, -1)
