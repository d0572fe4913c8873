"""A sketcher as one graph: categories, beginnings and uniform numbers in, drawings out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.exporting.loops import repeated
from multimodal.exporting.manifest import Exported, Input, graph_and_manifest, scalar
from multimodal.exporting.strokes import JoinedLSTM, chosen, put
from multimodal.recurrent.cells import RecurrentNetwork
from multimodal.sketching import position
from multimodal.sketching.generation import LONGEST_STEP
from multimodal.sketching.model import SketchNetwork, stroke5
from multimodal.sketching.pen_states import END, LIFTED
from multimodal.sketching.sketcher import Sketcher


class SketchGraph(nn.Module):
    """Draws from categories, or goes on with what is begun.

    Args:
        network: what was learnt, in fp32, with the cell "lstm".
        scale: the unit of its offsets, in the units of drawings.
    """

    def __init__(self, network: SketchNetwork, scale: float) -> None:
        super().__init__()
        self.network = network
        self.scale = scale
        decoder = cast(RecurrentNetwork, network.decoder)
        self.decoder = JoinedLSTM(cast(nn.RNNBase, decoder.layers[0]), network.config.point_size)

    def forward(
        self,
        categories: Tensor,
        begun: Tensor,
        lengths: Tensor,
        uniforms: Tensor,
        temperature: Tensor,
        latents: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw B drawings of at most T points.

        Args:
            categories: (B,) int64 their numbers; the one after the last stands for anything.
            begun: (B, P, 3) float32 what is drawn already, P at least one: dx, dy and whether the
                pen is lifted after, in the units of drawings.
            lengths: (B,) int64 how many rows of it count; 0 for a new drawing.
            uniforms: (B, T, 4) float64 in [0, 1).
            temperature: () float32, above 0.
            latents: (B, Z) float32 from N(0, 1), for a network that draws from nothing else.

        Returns:
            rows (B, T, 3) float32 of what is drawn, as `begun`; counts (B,) int64, how many of them
            there are; and nats_per_point (B,) float32, the surprise of what is drawn, its end
            included: the lower, the likelier.
        """
        network, output = self.network, self.network.output
        condition = network.condition(categories, latents)
        (h, c), *track = network.start(condition)
        added = self.decoder.added(condition)
        known = stroke5(begun[..., :2] / self.scale, begun[..., 2].round().long().clamp(0, 1))
        first = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]).expand(categories.shape[0], -1)
        count, steps, most = categories.shape[0], uniforms.shape[1], begun.shape[1]

        def draw(
            step: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
            (drawing, last, h, c, *track), (rows, counts, nats) = state, results
            point, track = self._told(last, track)
            h, c = self.decoder(point, h, c, added)
            vectors = network.readout(torch.cat([point, h], 1) if track else h)
            at = step - lengths  # (B,) the number of each one's own point; below 0 where begun
            offsets, pens = output.sample(vectors, chosen(uniforms, at), temperature)
            offsets = offsets.clamp(-LONGEST_STEP, LONGEST_STEP)
            # What is cut off has its end told all the same, so that endings can be compared.
            pens = torch.where(at < steps, pens, END)
            ended = pens == END
            of_end = -output.pen_log_likelihood(vectors, pens)
            of_point = of_end - output.offset_log_likelihood(vectors, offsets)
            own = drawing & (at >= 0)
            nats = nats + torch.where(own, torch.where(ended, of_end, of_point), 0.0)
            row = torch.cat([offsets * self.scale, (pens == LIFTED)[:, None].float()], 1)
            drawn = own & ~ended
            rows = put(rows, at, drawn, row)
            given = known.index_select(1, step.clamp(max=most - 1)[None])[:, 0]
            last = torch.where((at < 0)[:, None], given, stroke5(offsets, pens))
            drawing = drawing & ((at < 0) | ~ended)
            return drawing, (drawing, last, h, c, *track), (rows, counts + drawn, nats)

        rows, counts, nats = repeated(
            draw,
            steps + most + 1,
            (torch.ones(count, dtype=torch.bool), first, h, c, *(part for (part,) in track)),
            (
                torch.zeros(count, steps, 3),
                torch.zeros(count, dtype=torch.int64),
                torch.zeros(count),
            ),
        )
        return rows, counts, nats / (counts + 1)

    def _told(self, last: Tensor, track: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """All that the decoder is told of the last points (B, 5), and the tracks one point on."""
        if not track:
            return last, []
        moved = position.moved(track[0], last)
        return torch.cat([last, position.features(moved)], 1), [moved]


def exported(sketcher: Sketcher) -> Exported:
    """Make a file of a model in fp32."""
    config = sketcher.network.config
    if config.cell != "lstm":
        raise UserError(f"cell {config.cell}: files are made of sketchers with the cell lstm")
    one = {0: "drawings"}
    many = len(sketcher.categories)
    inputs = {
        "categories": Input(
            torch.zeros(2, dtype=torch.int64), one, f"(B,), by their numbers; {many} for anything"
        ),
        "begun": Input(
            torch.zeros(2, 3, 3),
            {**one, 1: "begun"},
            "(B, P, 3), what is drawn: dx, dy, pen lifted after; P at least 1",
        ),
        "lengths": Input(torch.tensor([3, 0]), one, "(B,), rows of it that count; 0 for none"),
        "uniforms": Input(
            torch.rand(2, 4, 4, dtype=torch.float64),
            {**one, 1: "points"},
            f"(B, T, 4), from 0 to below 1; T usually {sketcher.limit}",
        ),
        "temperature": scalar(0.4, "(), above 0; usually 0.4"),
    }
    latent = 0 if config.latent_optional else config.latent_size
    if latent:
        about = "(B, Z), from the normal distribution"
        inputs["latents"] = Input(torch.zeros(2, latent), one, about)
    outputs = {
        "rows": "(B, T, 3), what is drawn: dx, dy, pen lifted after",
        "counts": "(B,), how many of these rows count",
        "nats_per_point": "(B,), the surprise of what is drawn; the lower, the likelier",
    }
    manifest = {
        "categories": list(sketcher.categories),
        "low_quality": sorted(sketcher.low_quality),
        "scale": sketcher.scale,
        "limit": sketcher.limit,
        "latent_size": latent,
        "cannot": [
            "num_candidates: points are taken as they come, and knots are let be",
            "rank endings by how clearly they belong to the category; by nats_per_point",
            *("stream", "vary", "interpolate", "reconstruct", "score"),
        ],
    }
    graph = SketchGraph(sketcher.network, sketcher.scale)
    return graph_and_manifest(sketcher.TASK, graph, inputs, outputs, manifest)
