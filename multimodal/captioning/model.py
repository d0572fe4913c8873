"""The captioning network: image cells in, a distribution over the next word out, at every step.

One set of modules; three decoders of the literature are configurations of it:

- ``DecoderConfig()``: an attention LSTM reads the words so far beside the whole photo, its hidden
  state queries the cells by additive attention, and a language LSTM predicts the next word (the two
  layers of Anderson et al. 2018, Bottom-Up and Top-Down Attention). The attention is that of Xu et
  al. 2015 (Show, Attend and Tell); that h_t asks, not h_{t-1}, is from Lu et al. 2017 (Knowing When
  to Look) and lets training unroll all steps at once.
- ``DecoderConfig(attention=None, image_at="first", detected_words=0)``: Show and Tell (Vinyals et
  al. 2015).
- The same with ``cell="rnn"``: the multimodal RNN of the lecture (Karpathy and Fei-Fei 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, TypeAlias

import torch
from annotated_types import Ge
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.captioning.word_evidence import WordEvidence, WordProbabilities
from multimodal.encoders import Encoder
from multimodal.recurrent.attention import AdditiveAttention
from multimodal.recurrent.cells import LockedDropout, RecurrentNetwork, State
from multimodal.settings import Settings
from multimodal.vocabulary import END, SPECIAL

DETECTOR_SIZE = 256  # units of the word detector's hidden layer
_NEVER = -9.0  # log of the share of captions with a word that is not looked for: about 1 in 8,000
_ENDING = -1.5  # what stands for the end's: that of a usual word, so that sentences stay as long

DecoderState: TypeAlias = tuple[State, State]
"""States of the attention LSTM and of the language LSTM (empty without attention), (B, K, H)."""


class DecoderMemory(NamedTuple):
    """What the decoder attends to of a batch of photos; computed once for each photo.

    Attributes:
        image: (B, E) the whole photo, in the space of the word embeddings.
        values: (B, S, H) the cells that attention weighs; (B, 0, H) without attention.
        keys: (B, S, A) the same cells, projected for comparison.
        logit_bias: (B, V) what the logits of all next words gain; (B, 0) for nothing.
    """

    image: Tensor
    values: Tensor
    keys: Tensor
    logit_bias: Tensor

    def row(self, number: int) -> DecoderMemory:
        """The memory of one photo alone."""
        return DecoderMemory(*(leaf[number : number + 1] for leaf in self))


@dataclass(frozen=True)
class DecoderSizes(Settings):
    """What can be chosen about the decoder."""

    cell: common.CellKind = "lstm"
    attention: Annotated[
        Literal["additive"] | None, "With none, the decoder sees one vector for the whole photo."
    ] = "additive"
    image_at: Annotated[
        Literal["first", "every"],
        "Whether the whole photo is read once before the first word, or beside every word.",
    ] = "every"
    embedding_size: common.EmbeddingSize = 512
    hidden_size: common.HiddenSize = 512
    attention_size: Annotated[
        common.Count, "A, the width in which cells and queries are compared."
    ] = 256
    detected_words: Annotated[
        int,
        Ge(0),
        "How many of the most frequent words are looked for in the photo before the sentence "
        "begins (Fang et al. 2015; Wu et al. 2016); 0 for none.",
    ] = 1000
    word_list_size: Annotated[
        int,
        Ge(0),
        "How many words of the vocabulary the decoder reads a probability of before the "
        "sentence begins, the most frequent; 0 for those that are detected.",
    ] = 0
    dropout: common.Dropout = 0.4

    @property
    def list_size(self) -> int:
        """How many words the list has that the decoder reads."""
        return self.word_list_size or self.detected_words


@dataclass(frozen=True)
class DecoderConfig(DecoderSizes):
    """What the decoder is; saved in the checkpoint.

    Attributes:
        in_domain_rank: how many directions tell in-domain photos from others (see `InDomainScore`);
            0 for a captioner that was not calibrated.
    """

    in_domain_rank: int = 0


class WordDetector(nn.Module):
    """Which words a caption of a photo would use, each on its own: cells (B, S, D) → logits (B, W).

    Word w of the vocabulary (special ones left out) is column w. It reads the mean cell and the
    strongest response of every feature, so that small things count as well.
    """

    def __init__(self, cell_size: int, words: int, dropout: float) -> None:
        super().__init__()
        hidden, self.output = (
            nn.Linear(2 * cell_size, DETECTOR_SIZE),
            nn.Linear(DETECTOR_SIZE, words),
        )
        self.hidden = nn.Sequential(nn.Dropout(dropout), hidden, nn.ReLU(), nn.Dropout(dropout))
        nn.init.constant_(self.output.bias, -4.0)  # most words are absent from most photos

    def forward(self, cells: Tensor) -> Tensor:
        """Logits of the presence of every word."""
        logits: Tensor = self.output(self.hidden(torch.cat([cells.mean(1), cells.amax(1)], -1)))
        return logits


class Decoder(nn.Module):
    """Writes a sentence about the cells of a photo; see the module's first lines.

    Args:
        config: what the decoder is.
        cell_size: D, the features of one cell.
        vocabulary_size: V.
    """

    def __init__(self, config: DecoderConfig, cell_size: int, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        embedding_size, hidden_size = config.embedding_size, config.hidden_size
        self.dropout = LockedDropout(config.dropout)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.image_dropout = nn.Dropout(config.dropout)
        self.image_projection = nn.Linear(cell_size, embedding_size)
        self.detector: WordDetector | None = None
        if config.detected_words:
            self.detector = WordDetector(cell_size, config.detected_words, config.dropout)
        if config.list_size:
            self.word_projection = nn.Linear(config.list_size, embedding_size, bias=False)
        self.attention_lstm = RecurrentNetwork(config.cell, embedding_size, hidden_size)
        if config.attention:
            self.cell_projection = nn.Linear(cell_size, hidden_size)
            self.attention = AdditiveAttention(hidden_size, hidden_size, config.attention_size)
            self.language_lstm = RecurrentNetwork(config.cell, 2 * hidden_size, hidden_size)
        self.readout = nn.Linear(hidden_size, vocabulary_size)

    def detect(self, cells: Tensor) -> Tensor | None:
        """Logits (B, W) of the words that belong to a photo; None without a detector."""
        return None if self.detector is None else self.detector(cells).float()

    def encode(
        self, cells: Tensor, words: Tensor | None = None, visible: Tensor | None = None
    ) -> DecoderMemory:
        """Compute all that the sentence needs of the photos: cells (B, S, D) → DecoderMemory.

        Args:
            cells: of B photos.
            words: (B, W) the probability of every word of the list; by default the detector's.
            visible: (B,) how much of the cells is shown, from 0 (the list of words alone) to 1.
        """
        image = self.image_projection(self.image_dropout(cells.mean(1)))
        if visible is not None:
            image = image * visible[:, None].to(image.dtype)
        if self.detector is not None:
            present = self.detector(cells).float().sigmoid() if words is None else words
            image = image + self.word_projection(present.to(image.dtype))
        if not self.config.attention:
            nothing = image.new_zeros(cells.shape[0], 0, 0)
            return DecoderMemory(image, nothing, nothing, _no_logit_bias(image))
        values = torch.relu(self.cell_projection(self.dropout(cells)))
        if visible is not None:
            values = values * visible[:, None, None].to(values.dtype)
        return DecoderMemory(image, values, self.attention.keys(values), _no_logit_bias(image))

    def with_detector_bias(
        self, memory: DecoderMemory, detected: Tensor, weight: float
    ) -> DecoderMemory:
        """Add the word detector's log-probabilities to the logits of all next words.

        The decoder's log-probability of a word gains that of the detector, weighted: a log-linear
        model of both (Fang et al. 2015, From Captions to Visual Concepts and Back). It knows what
        is in the photo, the decoder what fits the sentence.

        Args:
            memory: what is seen of B photos.
            detected: (B, W) logits of the words that belong to them.
            weight: what the detector counts; the decoder counts 1.
        """
        shares = nn.functional.logsigmoid(detected.float())
        logit_bias = shares.new_full((shares.shape[0], self.readout.out_features), _NEVER)
        logit_bias[:, END] = _ENDING
        logit_bias[:, len(SPECIAL) : len(SPECIAL) + shares.shape[1]] = shares
        return self.with_logit_bias(memory, weight * logit_bias)

    def with_logit_bias(self, memory: DecoderMemory, bias: Tensor) -> DecoderMemory:
        """Return a memory under which the logits of all next words gain a bias (B, V), in nats."""
        return memory._replace(logit_bias=bias.to(memory.image.dtype))

    def memory_from_words(self, present: Tensor) -> DecoderMemory:
        """Return the memory of photos of which only words are known, (B, W) from 0 to 1.

        So the decoder can learn from captions alone.
        """
        size = self.config.embedding_size
        image = present.new_zeros(present.shape[0], size)
        if self.config.list_size:
            image = self.word_projection(present)
        values = image.new_zeros(present.shape[0], 1, self.config.hidden_size)
        keys = self.attention.keys(values) if self.config.attention else values
        return DecoderMemory(image, values, keys, _no_logit_bias(image))

    @torch.no_grad()
    def align_list(self, known: int, ridge: float = 0.3, gain: float = 1.3) -> None:
        """Begin the list's columns of rare words from what the decoder knows of saying them.

        Ridge regression finds how the column of a well-known word follows from its row of the
        readout; the columns of all other words are what it predicts. A column that only learns
        from the few captions with its word stays so small that the word is never said, even
        where the list is sure of it. Embeddings that are read and said alike are from Venugopalan
        et al. 2017 (Captioning Images with Diverse Objects).

        Args:
            known: how many words at the beginning of the list are known well; they stay.
            ridge: the penalty, in mean squared rows.
            gain: makes up for the length that regression takes from a column.
        """
        columns = self.word_projection.weight.T  # (W, E)
        rows = self.readout.weight[len(SPECIAL) :][: len(columns)]  # (W, H)
        rows = rows - rows[:known].mean(0)
        centre = columns[:known].mean(0)
        gram = rows[:known].T @ rows[:known]
        penalty = ridge * gram.diagonal().mean() * torch.eye(len(gram)).to(gram)
        followed = torch.linalg.solve(gram + penalty, rows[:known].T @ (columns[:known] - centre))
        columns[known:] = gain * (rows[known:] @ followed) + centre

    def forward(self, memory: DecoderMemory, words: Tensor) -> Tensor:
        """Teacher forcing: the words so far → logits of the next ones.

        Args:
            memory: what is seen of B photos.
            words: (B, N, T) ids, N sentences for each photo, each from START on.

        Returns:
            Logits (B, N, T, V).
        """
        return self._unroll(memory, words)[0]

    def score(self, memory: DecoderMemory, words: Tensor) -> tuple[Tensor, Tensor | None]:
        """Score given sentences: how probable every word is after those before it.

        Args:
            memory: what is seen of B photos.
            words: (B, N, T + 1) ids, each sentence from START on.

        Returns:
            log p of every word but the first, in nats (B, N, T), and the attention (B, N, T, S) for
            a decoder that has one.
        """
        logits, attention = self._unroll(memory, words[:, :, :-1])
        log_probs = logits.float().log_softmax(-1).gather(-1, words[:, :, 1:, None])
        return log_probs[..., 0], attention

    def _unroll(self, memory: DecoderMemory, words: Tensor) -> tuple[Tensor, Tensor | None]:
        photos, sentences, steps = words.shape
        image = memory.image.repeat_interleave(sentences, 0)[:, None]  # (B·N, 1, E)
        inputs = self.embedding(words.flatten(0, 1))  # (B·N, T, E)
        if self.config.image_at == "every":
            hidden, _ = self.attention_lstm.unroll(self.dropout(inputs + image))
        else:
            hidden, _ = self.attention_lstm.unroll(self.dropout(torch.cat([image, inputs], 1)))
            hidden = hidden[:, 1:]
        hidden = self.dropout(hidden)  # (B·N, T, H)
        attention = None
        if self.config.attention:
            queries = hidden.reshape(photos, sentences * steps, -1)
            context, weights = self.attention(queries, memory.keys, memory.values)
            attention = weights.view(photos, sentences, steps, -1)
            context = self.dropout(context.reshape(hidden.shape))
            hidden, _ = self.language_lstm.unroll(torch.cat([hidden, context], -1))
            hidden = self.dropout(hidden)
        logits: Tensor = self.readout(hidden).view(photos, sentences, steps, -1)
        if memory.logit_bias.shape[1]:
            logits = logits + memory.logit_bias[:, None, None]
        return logits, attention

    def start(self, memory: DecoderMemory) -> DecoderState:
        """The state before the first word, one hypothesis a photo: every tensor (B, 1, H)."""
        batch = memory.image.shape[0]
        read = self.attention_lstm.initial_state(batch)
        if self.config.image_at == "first":
            _, read = self.attention_lstm.step(memory.image, read)
        written = self.language_lstm.initial_state(batch) if self.config.attention else ()
        return _unflatten(read, batch), _unflatten(written, batch)

    def step(
        self, words: Tensor, state: DecoderState, memory: DecoderMemory
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """One more word for K hypotheses of every photo.

        Args:
            words: (B, K) the last word of every hypothesis.
            state: every tensor (B, K, H).
            memory: what is seen of the B photos.

        Returns:
            Logits of the next word (B, K, V), the new state, and the attention (B, K, S) or None.
        """
        photos, hypotheses = words.shape
        inputs = self.embedding(words)  # (B, K, E)
        if self.config.image_at == "every":
            inputs = inputs + memory.image[:, None]
        hidden, read = self.attention_lstm.step(inputs.flatten(0, 1), _flatten(state[0]))
        written, weights = state[1], None
        if self.config.attention:
            queries = hidden.view(photos, hypotheses, -1)
            context, weights = self.attention(queries, memory.keys, memory.values)
            inputs = torch.cat([hidden, context.flatten(0, 1)], -1)
            hidden, after = self.language_lstm.step(inputs, _flatten(written))
            written = _unflatten(after, photos)
        logits = self.readout(hidden).view(photos, hypotheses, -1)
        if memory.logit_bias.shape[1]:
            logits += memory.logit_bias[:, None]
        return logits, (_unflatten(read, photos), written), weights


class CaptionNetwork(nn.Module):
    """An encoder and a decoder: all that a captioner learns.

    Args:
        encoder: the CNN.
        decoder: what the decoder is.
        vocabulary: its words; their number is V.
    """

    def __init__(self, encoder: Encoder, decoder: DecoderConfig, vocabulary: Sequence[str]) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = Decoder(decoder, encoder.cell_size, len(vocabulary))
        self.word_evidence: WordEvidence | None = None
        if decoder.word_list_size and encoder.head is not None:
            rank = decoder.in_domain_rank
            self.word_evidence = WordEvidence(vocabulary, len(SPECIAL), encoder.cell_size, rank)

    def word_list(self, cells: Tensor, detected: Tensor | None) -> Tensor | None:
        """The probability of every word (B, W) that the decoder reads; None without a detector.

        Args:
            cells: (B, S, D) of the photos.
            detected: (B, W') what `Decoder.detect` says of them.
        """
        if detected is None or self.word_evidence is None:
            return None if detected is None else detected.sigmoid()
        return self.listed(self.word_evidence.words(detected, self.encoder.classify(cells)))

    def encode(self, cells: Tensor, weight: float) -> DecoderMemory:
        """Compute what the decoder attends to.

        Args:
            cells: (B, S, D).
            weight: of the word detector beside the decoder; see `Decoder.with_detector_bias`.
        """
        detected = self.decoder.detect(cells)
        memory = self.decoder.encode(cells, self.word_list(cells, detected))
        if detected is None or not weight:
            return memory
        return self.decoder.with_detector_bias(memory, detected, weight)

    def word_probabilities(self, cells: Tensor) -> WordProbabilities | None:
        """How probable every word is, given cells (B, S, D); None without a list of words."""
        detected = self.decoder.detect(cells)
        if detected is None or self.word_evidence is None:
            return None
        return self.word_evidence.combine(cells, detected, self.encoder.classify(cells))

    def listed(self, words: Tensor) -> Tensor:
        """Of the probabilities of all words (B, V) those that the decoder reads: (B, W)."""
        return words[:, len(SPECIAL) :][:, : self.decoder.config.word_list_size]


def _no_logit_bias(image: Tensor) -> Tensor:
    return image.new_zeros(image.shape[0], 0)


def _flatten(state: State) -> State:
    return tuple(tuple(tensor.flatten(0, 1) for tensor in layer) for layer in state)


def _unflatten(state: State, photos: int) -> State:
    return tuple(tuple(tensor.unflatten(0, (photos, -1)) for tensor in layer) for layer in state)
