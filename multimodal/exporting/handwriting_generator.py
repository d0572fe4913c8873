"""A handwriting generator as one graph: texts, styles and uniform numbers in, lines out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.exporting.loops import repeated
from multimodal.exporting.manifest import Exported, Input, graph_and_manifest, scalar
from multimodal.exporting.strokes import LSTMStep, advance, put
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.model import END_OF_LINE, LIFTED, POINT, HandwritingNetwork
from multimodal.handwriting.written import LINGERING, MORE_POINTS, POINTS_PER_CHARACTER
from multimodal.recurrent.mixture import MixtureOutput


class HandwritingGraph(nn.Module):
    """Writes lines, and tells how surprising each point would be if the text were another.

    Args:
        network: what was learnt, in fp32.
        gallery: the numbers of the writers that are styles.
    """

    gallery: Tensor

    def __init__(self, network: HandwritingNetwork, gallery: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        config, lower = network.config, network.lower
        self.sizes = config.window_size, config.hidden_size
        self.register_buffer(
            "gallery", network.writer_embedding.weight[list(gallery)].detach().clone()
        )
        rows, columns = lower.weight.shape
        self.lower = nn.Linear(columns, rows, bias=False)
        with torch.no_grad():
            self.lower.weight.copy_(lower.weight)
        seen = POINT + config.character_embedding_size + config.window_size
        self.upper = LSTMStep(cast(nn.RNNBase, network.upper.layers[0]), seen)

    def forward(
        self,
        texts: Tensor,
        others: Tensor,
        lengths: Tensor,
        styles: Tensor,
        embeddings: Tensor,
        uniforms: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Write B lines.

        Args:
            texts: (B, U) int64, characters by their numbers, each text with its end, zeros behind.
            others: (B, U) int64, texts of the same lengths that lines are compared with.
            lengths: (B,) int64, the end included.
            styles: (B,) int64, of the gallery, from 1; 0 for the embedding of that row.
            embeddings: (B, H) float32, embeddings.
            uniforms: (B, T, 4) float64 in [0, 1); T as many points as the longest may have.
            bias: () float32, from 0.

        Returns:
            rows (B, T + 1, 3) float32 in the network's units, the first point first; looks
            (B, T + 1) int64, the character of each point; counts (B,) int64, the rows of each line;
            ended (B,) bool, whether it came to its end; nats (B, T + 1) float32, the surprise of
            each point; and other_nats (B, T + 1), the same as the other text.
        """
        network, output = self.network, self.network.output
        chosen = self.gallery[(styles - 1).clamp(min=0)]
        embedding = torch.where((styles > 0)[:, None], chosen, embeddings)
        count, steps = texts.shape[0], uniforms.shape[1]
        ends = lengths - 1
        limits = MORE_POINTS + POINTS_PER_CHARACTER * lengths
        memory = network.memory(torch.cat([texts, others]))
        low, high = network.lower.project(embedding), self.upper.added(embedding)
        cells = torch.arange(texts.shape[1]).float()

        def write(
            step: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
            writing, lingered, last, *pens = state
            rows, looks, counts, ended, nats, other_nats = results
            vectors, pens, weights = self._both(last, pens, memory, (low, high), cells)
            own, as_other = vectors
            looked = weights.argmax(1)
            arrived = looked >= ends
            is_end = torch.arange(own.shape[1]) == END_OF_LINE
            held = own.masked_fill(is_end & ~arrived[:, None], -torch.inf)
            now = uniforms.index_select(1, step[None])[:, 0]
            offsets, pen = output.sample(held, now, torch.ones(()), bias)
            over = pen == END_OF_LINE
            lingered = lingered + arrived.long()
            late = (lingered > LINGERING) | (step + 1 >= limits)
            height = last[:, 3:] + offsets[:, 1:]
            lifted = (pen == LIFTED)[:, None].float()
            last = torch.cat([offsets, lifted, height], 1)
            drawn = writing & ~over
            after = step + 1
            rows = put(rows, after, drawn, last[:, :3])
            looks = put(looks, after, drawn, looked)
            looks = put(looks, step, writing & (step == 0), looked)
            surprise = _surprise(output, own, offsets, pen)
            as_told = _surprise(output, as_other, offsets, pen)
            nats = put(nats, after, drawn, surprise)
            other_nats = put(other_nats, after, drawn, as_told)
            state = (writing & ~(over | late), lingered, last, *pens)
            counts, ended = counts + drawn.long(), ended | (writing & over)
            return state[0], state, (rows, looks, counts, ended, nats, other_nats)

        size, above = self.sizes
        zeros = [
            *[torch.zeros(count, size)] * 2,
            torch.zeros(count, network.config.character_embedding_size),
            torch.zeros(count, network.config.windows),
            *[torch.zeros(count, above)] * 2,
        ]
        results = repeated(
            write,
            steps,
            (
                torch.ones(count, dtype=torch.bool),
                torch.zeros(count, dtype=torch.int64),
                torch.zeros(count, POINT),
                *zeros,
                *zeros,
            ),
            (
                torch.zeros(count, steps + 1, 3),
                torch.zeros(count, steps + 1, dtype=torch.int64),
                torch.ones(count, dtype=torch.int64),
                torch.zeros(count, dtype=torch.bool),
                torch.zeros(count, steps + 1),
                torch.zeros(count, steps + 1),
            ),
        )
        return cast(tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], results)

    def _both(
        self,
        last: Tensor,
        pens: Sequence[Tensor],
        memory: Tensor,
        added: tuple[Tensor, Tensor],
        cells: Tensor,
    ) -> tuple[tuple[Tensor, Tensor], list[Tensor], Tensor]:
        """The same point for the text and for the other one, in one batch."""
        half = len(pens) // 2
        state = [torch.cat([a, b]) for a, b in zip(pens[:half], pens[half:], strict=True)]
        twice = [torch.cat([part, part]) for part in (last, *added)]
        vectors, state, weights = self._step(twice[0], state, memory, (twice[1], twice[2]), cells)
        lines = last.shape[0]  # cut by hand: the exporter stumbles over chunks of any size
        after = [part[:lines] for part in state] + [part[lines:] for part in state]
        return (vectors[:lines], vectors[lines:]), after, weights[:lines]

    def _step(
        self,
        point: Tensor,
        state: Sequence[Tensor],
        memory: Tensor,
        added: tuple[Tensor, Tensor],
        cells: Tensor,
    ) -> tuple[Tensor, list[Tensor], Tensor]:
        """One point on: vectors (B, 3 + 6 K), the new state, and the window's weights (B, U)."""
        h, c, seen, places, above, above_c = state
        read = torch.cat([point, seen, h], 1)
        h, c = advance(added[0] + self.lower(read), c)
        alpha, beta, pace = self.network.lower.window.exponents(h).exp().chunk(3, -1)
        places = places + pace
        bells = (-beta[:, :, None] * (places[:, :, None] - cells).square()).exp()
        weights = alpha[:, None] @ bells
        seen = (weights @ memory)[:, 0]
        read = torch.cat([point, seen, h], 1)
        above, above_c = self.upper(read, above, above_c, added[1])
        vectors = F.linear(
            torch.cat([h, above], 1), self.network.readout.weight, self.network.readout.bias
        )
        return vectors, [h, c, seen, places, above, above_c], weights[:, 0]


def _surprise(output: MixtureOutput, vectors: Tensor, offsets: Tensor, pens: Tensor) -> Tensor:
    """How surprising points are in nats: (B,)."""
    likely = output.offset_log_likelihood(vectors, offsets)
    return -likely - output.pen_log_likelihood(vectors, pens)


def exported(generator: HandwritingGenerator) -> Exported:
    """Make a file of a model in fp32."""
    one = {0: "lines"}
    text = "(B, U), characters: their ASCII number - 31; 96 ends a text, 0 pads"
    size = generator.network.config.writer_embedding_size
    texts = torch.tensor([[40, 41, 96], [40, 96, 0]])
    inputs = {
        "texts": Input(texts, {**one, 1: "characters"}, text),
        "others": Input(
            texts.flip(0).contiguous(),  # the exporter takes one tensor that comes twice for one
            {**one, 1: "characters"},
            "(B, U), texts to compare lines with",
        ),
        "lengths": Input(torch.tensor([3, 2]), one, "(B,), the end included"),
        "styles": Input(
            torch.tensor([1, 0]),
            one,
            f"(B,), from 1 to {len(generator.gallery)}; 0 for `embeddings`",
        ),
        "embeddings": Input(torch.zeros(2, size), one, f"(B, {size}), styles that were learnt"),
        "uniforms": Input(
            torch.rand(2, 4, 4, dtype=torch.float64),
            {**one, 1: "points"},
            "(B, T, 4), from 0 to below 1; T = 60 + 24 times the largest length",
        ),
        "bias": scalar(
            1.0, f"(), from 0, as people write, to 3, neat; usually {generator.options.bias}"
        ),
    }
    outputs = {
        "rows": "(B, T + 1, 3), dx, dy, pen lifted after; the first row is the first point",
        "looks": "(B, T + 1), the character of each point",
        "counts": "(B,), how many rows count",
        "ended": "(B,), whether the line came to its end",
        "nats": "(B, T + 1), the surprise of each point",
        "other_nats": "(B, T + 1), the same if the text were the other one",
    }
    embeddings = generator.network.writer_embedding.weight[list(generator.gallery)].detach()
    manifest = {
        "scale": generator.scale,
        "paces": list(generator.paces),
        "bias": generator.options.bias,
        "gallery": embeddings.tolist(),
        "cannot": ["learn_style", "a style with a primer", "judge"],
    }
    graph = HandwritingGraph(generator.network, generator.gallery)
    return graph_and_manifest(generator.TASK, graph, inputs, outputs, manifest)
