"""A captioner as one graph: photos in, sentences out, with where the network looked."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.exporting.beams import Found, Rules, Search, beam_search
from multimodal.exporting.manifest import (
    Exported,
    Input,
    graph_and_manifest,
    search_inputs,
    search_outputs,
)
from multimodal.vocabulary import END, START


class CaptionGraph(nn.Module):
    """Looks at photos and writes about them.

    Args:
        captioner: in fp32.
        options: from its `search_options`; beam_size, n_best, max_length and length_penalty are
            inputs of the graph all the same.
    """

    banned: Tensor
    once: Tensor
    costs: Tensor | None

    def __init__(self, captioner: Captioner, options: CaptionOptions) -> None:
        super().__init__()
        self.captioner = captioner
        self.network = captioner.network
        self.options = options
        size = len(captioner.vocabulary)
        self.register_buffer("banned", marked(size, options.banned))
        self.register_buffer("once", marked(size, options.once))
        self.register_buffer("costs", _costs(size, options))

    def forward(
        self,
        photos: Tensor,
        beam_size: Tensor,
        n_best: Tensor,
        max_length: Tensor,
        length_penalty: Tensor,
    ) -> Found:
        """Caption B photos of one size.

        Args:
            photos: (B, height, width, 3) uint8, RGB, upright.
            beam_size: (K,), of which only the length counts; see `export_graph`.
            n_best: () int64, how many of the K sentences have to be certain; from 1 to K.
            max_length: (M,), likewise.
            length_penalty: () float32.
        """
        encoder, decoder = self.network.encoder, self.network.decoder
        cells = encoder(encoder.normalize(self._fitted(photos)))
        memory = self.captioner.decoder_memory(cells, self.options)
        state, tree = pytree.tree_flatten(decoder.start(memory))
        search = Search(beam_size.shape[0], n_best, max_length.shape[0], length_penalty)

        def step(
            tokens: Tensor, leaves: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Tensor]:
            before = pytree.tree_unflatten(list(leaves), tree)
            logits, after, attention = decoder.step(tokens, before, memory)
            if attention is None:
                attention = logits.new_zeros(*tokens.shape, 1)
            return logits, pytree.tree_leaves(after), attention

        places = cells.shape[1] if decoder.config.attention else 1
        start = torch.full((photos.shape[0],), START)
        options = self.options
        once = self.once if options.once else None
        rules = Rules(
            END, self.banned, once, self.costs, options.no_repeat_ngram, options.min_length
        )
        return beam_search(step, start, state, places, rules, search)

    def _fitted(self, photos: Tensor) -> Tensor:
        """Photos of any size, squashed to what the encoder sees, as Pillow would do it."""
        size = self.network.encoder.config.size
        pixels = photos.permute(0, 3, 1, 2).float()
        pixels = F.interpolate(
            pixels, (size, size), mode="bicubic", align_corners=False, antialias=True
        )
        return pixels.clamp(0, 255).round().permute(0, 2, 3, 1)


def _costs(size: int, options: CaptionOptions) -> Tensor | None:
    """(2, size) what repetition costs, where the search knows of it; None for nothing."""
    named = [getattr(options, name, ()) for name in ("repeat_costs", "double_costs")]
    if not any(map(any, named)):
        return None
    return torch.tensor([[*costs, *[0.0] * (size - len(costs))] for costs in named])


def marked(size: int, numbers: Sequence[int]) -> Tensor:
    """(size,) bool, True at some numbers."""
    marks = torch.zeros(size, dtype=torch.bool)
    marks[list(numbers)] = True
    return marks


def exported(captioner: Captioner) -> Exported:
    """Make a file of a model in fp32."""
    options = captioner.search_options({"n_best": 1, "keep_attention": True})
    encoder = captioner.network.encoder
    manifest = {
        "vocabulary": list(captioner.vocabulary.words),
        "options": {
            "beam_size": options.beam_size,
            "n_best": 1,
            "max_length": options.max_length,
            "length_penalty": options.length_penalty,
        },
        "detected_weight": options.detected_weight,
        "size": encoder.config.size,
        "fit": encoder.config.fit,
        "grid": list(encoder.grid) if captioner.network.decoder.config.attention else None,
        "tokenizer": captioner.vocabulary.tokenizer,
        "cannot": [
            *("naming", "must_mention", "repetition_weight", "sample"),
            *(("support", "confidence") if captioner.network.word_evidence is not None else ()),
        ],
    }
    photos = torch.zeros(2, 250, 300, 3, dtype=torch.uint8)
    axes = {0: "photos", 1: "height", 2: "width"}
    about = "(B, height, width, 3), RGB from 0 to 255, upright; squashed to what the network sees"
    inputs = {"photos": Input(photos, axes, about), **search_inputs(options, manifest)}
    graph = CaptionGraph(captioner, options)
    return graph_and_manifest(captioner.TASK, graph, inputs, search_outputs("words"), manifest)
