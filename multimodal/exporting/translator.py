"""A translator as one graph: sentences in subwords in, translations in subwords out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from multimodal.exporting.beams import Found, Rules, Search, beam_search
from multimodal.exporting.captioner import marked
from multimodal.exporting.loops import repeated
from multimodal.exporting.manifest import (
    Exported,
    Input,
    graph_and_manifest,
    scalar,
    search_inputs,
    search_outputs,
)
from multimodal.exporting.sequences import BidirectionalEncoder
from multimodal.recurrent.cells import State
from multimodal.translation.batches import END, language_token
from multimodal.translation.model import Memory
from multimodal.translation.translation import CLOSE, CONSIDERED
from multimodal.translation.translator import Translator


class TranslationGraph(nn.Module):
    """Reads sentences, writes them in other languages, and reads back what is nearly as good.

    Args:
        translator: in fp32.
    """

    written: Tensor
    begin: Tensor
    banned: Tensor
    seen_weight: Tensor
    below: Tensor
    below_bias: Tensor
    upon: Tensor

    def __init__(self, translator: Translator) -> None:
        super().__init__()
        network = self.network = translator.network
        self.options = translator.options
        special = translator.vocabulary.special
        size = len(translator.vocabulary)
        written = [translator.written(code) for code in translator.languages]
        begin = [special.index(language_token(code)) for code in translator.languages]
        self.register_buffer("written", torch.stack([marked(size, ids) for ids in written]))
        self.register_buffer("begin", torch.tensor(begin))
        self.register_buffer("banned", marked(size, [n for n in range(len(special)) if n != END]))
        self.encoder = BidirectionalEncoder(network.encoder)
        below = cast(nn.RNNBase, network.second.layers[0])
        self.split = network.config.decoder_size
        read = cast(Tensor, below.weight_ih_l0).detach()
        features = network.features.weight.detach()
        seen_weight = torch.cat([read[:, self.split :], features[:, self.split :]])
        self.register_buffer("seen_weight", seen_weight.clone())
        self.register_buffer("below", read[:, : self.split].clone())
        self.register_buffer("below_bias", cast(Tensor, below.bias_ih_l0).detach().clone())
        self.register_buffer("upon", features[:, : self.split].clone())

    def forward(  # noqa: PLR0913 - the inputs of a graph
        self,
        sentences: Tensor,
        sizes: Tensor,
        to: Tensor,
        source: Tensor,
        beam_size: Tensor,
        n_best: Tensor,
        max_length: Tensor,
        length_penalty: Tensor,
        channel_weight: Tensor,
    ) -> Found:
        """Translate B sentences.

        Args:
            sentences: (B, S) int64 subwords, each with its end, padded behind.
            sizes: (B,) int64, the end included.
            to: (B,) int64, the number of the language to write.
            source: (B,) int64, that of the sentence; -1 where nobody knows: then nothing is read
                back.
            beam_size: (K,), of which only the length counts; see `export_graph`.
            n_best: () int64, how many of the K translations are wanted.
            max_length: (M,), likewise.
            length_penalty: () float32.
            channel_weight: () float32, see `Translator`; 0 to take the search's own order.
        """
        network = self.network
        memory = self._read(sentences, sizes)
        adds = F.linear(memory.values, self.seen_weight)
        allowed = self.written[to]
        state, tree = pytree.tree_flatten(network.start(memory))
        beam = beam_size.shape[0]
        looking = torch.where(channel_weight > 0, CONSIDERED, 1)
        wanted = torch.maximum(n_best, looking).clamp(max=beam)
        search = Search(beam, wanted, max_length.shape[0], length_penalty)

        def step(last: Tensor, leaves: Sequence[Tensor]) -> tuple[Tensor, Sequence[Tensor], Tensor]:
            before = pytree.tree_unflatten(list(leaves), tree)
            logits, after, attention = self._step(last, before, adds, memory.keys, memory.present)
            logits = logits.masked_fill(~allowed[:, None], -torch.inf)
            return logits, pytree.tree_leaves(after), attention

        rules = Rules(
            END,
            self.banned,
            ngram=self.options.no_repeat_ngram,
            min_length=self.options.min_length,
        )
        start = self.begin[to]
        found = beam_search(step, start, state, sentences.shape[1], rules, search)
        back = self._read_back(found, sentences, sizes, source)
        weighed = back / sizes.float()[:, None] ** length_penalty * channel_weight
        return _reordered(found, weighed, (source >= 0) & (channel_weight > 0))

    def _read(self, tokens: Tensor, lengths: Tensor) -> Memory:
        network = self.network
        values = self.encoder(network.embed(tokens), lengths)
        present = torch.arange(tokens.shape[1]) < lengths[:, None]
        return Memory(values, network.attention.keys(values), present)

    def _step(
        self, last: Tensor, before: tuple[State, State], adds: Tensor, keys: Tensor, present: Tensor
    ) -> tuple[Tensor, tuple[State, State], Tensor]:
        """As `LanguageDecoder`, among all subwords."""
        network, batch = self.network, last.shape
        first, second = pytree.tree_map(lambda part: part.flatten(0, 1), before)
        read, first = network.first.step(network.embed(last).flatten(0, 1), first)
        seen, weights = network.attention(read.unflatten(0, batch), keys, adds, present)
        sizes = [len(self.below), network.config.embedding_size]
        gates, features = seen.flatten(0, 1).split(sizes, 1)
        gates = gates + F.linear(read, self.below, self.below_bias)
        wrote, second = network.second.step_from(gates, second)
        features = features + F.linear(wrote, self.upon, network.features.bias)
        logits = network.readout(features).unflatten(0, batch)
        after = pytree.tree_map(lambda part: part.unflatten(0, batch), (first, second))
        return logits, after, weights

    def _read_back(self, found: Found, tokens: Tensor, lengths: Tensor, source: Tensor) -> Tensor:
        """The log-probability of each sentence as what its first translations say: (B, 3)."""
        some = torch.arange(CONSIDERED).clamp(max=found.tokens.shape[1] - 1)
        translations = found.tokens[:, some].flatten(0, 1)
        memory = self._read(translations, found.lengths[:, some].flatten().clamp(min=1))
        adds = F.linear(memory.values, self.seen_weight)
        language = source.clamp(min=0)
        own = torch.zeros_like(self.written[language]).scatter(1, tokens, True)
        allowed = (self.written[language] | own).repeat_interleave(CONSIDERED, 0)
        targets = tokens.repeat_interleave(CONSIDERED, 0)
        counts = lengths.repeat_interleave(CONSIDERED, 0)
        state, tree = pytree.tree_flatten(self.network.start(memory))
        begin = self.begin[language].repeat_interleave(CONSIDERED, 0)

        def read(
            step: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
            (last, *leaves), (total,) = state, results
            before = pytree.tree_unflatten(list(leaves), tree)
            logits, after, _ = self._step(last, before, adds, memory.keys, memory.present)
            log_probs = logits[:, 0].masked_fill(~allowed, -torch.inf).log_softmax(-1)
            token = targets.index_select(1, step[None])  # (N, 1)
            nats = log_probs.gather(1, token)[:, 0]
            total = total + torch.where(step < counts, nats, 0.0)
            return step + 1 < counts, (token, *pytree.tree_leaves(after)), (total,)

        nothing = torch.zeros(targets.shape[0])
        (total,) = repeated(read, tokens.shape[1], (begin[:, None], *state), (nothing,))
        by_sentence: Tensor = total.unflatten(0, (-1, CONSIDERED))
        return by_sentence


def _reordered(found: Found, back: Tensor, wanted: Tensor) -> Found:
    """The first few that are whole and close, by both directions' scores; the others behind."""
    beam = found.scores.shape[1]
    number = torch.arange(beam)[None]
    close = found.finished & (found.scores >= found.scores[:, :1] - CLOSE)
    close = close & (number < CONSIDERED) & wanted[:, None]
    padded = F.pad(back, (0, beam))[:, :beam]
    both = torch.where(close, found.scores + padded, -torch.inf)
    # What is not weighed keeps its place behind what is; scores are far above -1e9.
    key = torch.where(close, both, -1e9 - number.float() * 1e3)
    order = key.topk(beam).indices
    return Found(*(_taken(part, order) for part in found))


def _taken(part: Tensor, order: Tensor) -> Tensor:
    index = order.view(*order.shape, *[1] * (part.dim() - 2))
    return part.gather(1, index.expand(-1, -1, *part.shape[2:]))


def exported(translator: Translator) -> Exported:
    """Make a file of a model in fp32."""
    options = translator.options
    manifest = {
        "vocabulary": translator.vocabulary.to_json(),
        "languages": {
            code: " ".join(sorted(language.words))
            for code, language in translator.languages.items()
        },
        "max_length": translator.max_length,
        "options": {
            "beam_size": options.beam_size,
            "n_best": 1,
            "length_penalty": options.length_penalty,
            "channel_weight": translator.channel_weight,
        },
        "cannot": ["sample", "names that are hardly known", "perplexity and unusual"],
    }
    one = {0: "sentences"}
    codes = ", ".join(f"{n} {code}" for n, code in enumerate(translator.languages))
    tokens = torch.full((2, 5), 1)
    inputs = {
        "sentences": Input(tokens, {**one, 1: "subwords"}, "(B, S), each with its end (1), padded"),
        "sizes": Input(torch.tensor([5, 3]), one, "(B,), subwords, the end included"),
        "to": Input(torch.tensor([0, 1]), one, f"(B,), the language to write: {codes}"),
        "source": Input(torch.tensor([1, 0]), one, "(B,), the sentence's language; -1 for unknown"),
        **search_inputs(options, manifest),
        "channel_weight": scalar(
            0.5, f"(), what it counts to be read back; usually {translator.channel_weight}"
        ),
    }
    graph = TranslationGraph(translator)
    return graph_and_manifest(translator.TASK, graph, inputs, search_outputs("subwords"), manifest)
