"""A sketcher as one graph: categories, beginnings and uniform numbers in, drawings out.

B drawings are drawn at once, D candidates of each of their points; S is 2 where anything stands
beside what was asked for, else 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.exporting.loops import repeated
from multimodal.exporting.manifest import Exported, Input, graph_and_manifest, scalar
from multimodal.exporting.strokes import LSTMStep, chosen, put
from multimodal.recurrent.cells import RecurrentNetwork
from multimodal.recurrent.mixture import choose
from multimodal.sketching import position
from multimodal.sketching.generation import ATTEMPTS, GUIDANCE, LONGEST_STEP
from multimodal.sketching.knots import WINDOW, KnotDetector
from multimodal.sketching.model import SketchConfig, SketchNetwork, stroke5
from multimodal.sketching.pen_states import END, LIFTED
from multimodal.sketching.sketcher import Sketcher


class SketchGraph(nn.Module):
    """Draws from categories, or goes on with what is begun; see `multimodal.sketching.generation`.

    Args:
        network: what was learnt, in fp32, with the cell "lstm".
        scale: the unit of its offsets, in the units of drawings.
    """

    def __init__(self, network: SketchNetwork, scale: float) -> None:
        super().__init__()
        self.network = network
        self.scale = scale
        decoder = cast(RecurrentNetwork, network.decoder)
        self.decoder = LSTMStep(cast(nn.RNNBase, decoder.layers[0]), network.config.point_size)

    def forward(  # noqa: PLR0913 - the inputs of a graph
        self,
        categories: Tensor,
        begun: Tensor,
        lengths: Tensor,
        uniforms: Tensor,
        choices: Tensor,
        watch: Tensor,
        temperature: Tensor,
        latents: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw B drawings of at most T points.

        Args:
            categories: (B,) int64 their numbers; the one after the last stands for anything.
            begun: (B, P, 3) float32 what is drawn already, P at least one: dx, dy and whether the
                pen is lifted after, in the units of drawings.
            lengths: (B,) int64 how many rows of it count; 0 for a new drawing.
            uniforms: (B, T, D, 4) float64 in [0, 1), for D candidates of every point.
            choices: (B, T) float64 in [0, 1), which of them is taken.
            watch: () bool, whether strokes that become knots are drawn anew.
            temperature: () float32, above 0.
            latents: (B, Z) float32 from N(0, 1), for a network that draws from nothing else.

        Returns:
            rows (B, T, 3) float32 of what is drawn, as `begun`; counts (B,) int64, how many of them
            count; and the surprise of what is drawn, its end included, in nats per point (B,)
            float32, as a drawing of its category and as one of anything.
        """
        condition = self._conditions(categories, latents)  # (B, S, C)
        (h, c), *track = self.network.start(condition.flatten(0, 1))
        added = self.decoder.added(condition.flatten(0, 1))
        known = stroke5(begun[..., :2] / self.scale, begun[..., 2].round().long().clamp(0, 1))
        count, steps, most = categories.shape[0], uniforms.shape[1], begun.shape[1]
        moment = (
            torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]).expand(count, -1),
            *(part.unflatten(0, (count, -1)) for part in (h, c)),
            KnotDetector.begin(1).state.expand(count, -1),
            *(part.unflatten(0, (count, -1))[:, 0] for (part,) in track),
        )
        totals = torch.zeros(count, dtype=torch.int64), torch.zeros(count, condition.shape[1])

        def draw(
            step: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
            drawing, tries, *both = state
            (last, h, c, knots, *track), saved = both[: len(moment)], both[len(moment) :]
            rows, counts, nats = results
            point, track = self._encode_point(last, track)
            h, c, vectors = self._moved(point, h, c, added)
            at = step - lengths  # (B,) the number of each one's own step; below 0 where begun
            numbers = chosen(uniforms, at), chosen(choices, at)
            offsets, pens = self._point(vectors, *numbers, temperature)
            # What is cut off has its end told all the same, so that endings can be compared.
            is_cut, is_begun = (at >= steps) | (tries >= ATTEMPTS), at < 0
            pens = torch.where(is_cut, END, pens)
            given = known.index_select(1, step.clamp(max=most - 1)[None])[:, 0]
            last = torch.where(is_begun[:, None], given, stroke5(offsets, pens))
            knotted, knots = _watched(knots, last[:, :2], is_begun)
            knotted = knotted & watch & drawing & ~is_cut & ~is_begun
            own = drawing & ~is_begun & ~knotted
            nats = nats + torch.where(own[:, None], self._nats(vectors, offsets, pens), 0.0)
            drawn = own & (pens != END)
            row = torch.cat([offsets * self.scale, (pens == LIFTED)[:, None].float()], 1)
            rows, counts = put(rows, counts, drawn, row), counts + drawn
            # A stroke that is whole is never taken back; a knot goes back to where it began.
            save = is_begun | (drawn & (pens == LIFTED))
            saved = _either(save, (last, h, c, knots, *track, counts, nats), saved)
            *now, counts, nats = _either(knotted, saved, (last, h, c, knots, *track, counts, nats))
            tries = torch.where(save, 0, tries + knotted)
            drawing = drawing & (is_begun | knotted | (pens != END))
            return drawing, (drawing, tries, *now, *saved), (rows, counts, nats)

        rows, counts, nats = repeated(
            draw,
            steps + most + 1,
            (torch.ones(count, dtype=torch.bool), totals[0], *moment, *moment, *totals),
            (torch.zeros(count, steps, 3), *totals),
        )
        nats = nats / (counts[:, None] + 1)
        return rows, counts, nats[:, 0], nats[:, -1]

    def _conditions(self, categories: Tensor, latents: Tensor | None) -> Tensor:
        """(B, 1, C) of categories (B,), or (B, 2, C) where anything stands beside them."""
        conditions = [self.network.condition(categories, latents)]
        if is_guided(self.network.config):
            anything = torch.full_like(categories, self.network.config.categories)
            conditions.append(self.network.condition(anything, latents))
        return torch.stack(conditions, 1)

    def _encode_point(self, last: Tensor, track: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """All that the decoder is told of the last points (B, 5), and the tracks one point on."""
        if not track:
            return last, []
        moved = position.moved(track[0], last)
        return torch.cat([last, position.features(moved)], 1), [moved]

    def _moved(
        self, point: Tensor, h: Tensor, c: Tensor, added: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Points (B, D) and states (B, S, H) → the new states, and vectors (B, S, 3 + 6 K)."""
        count, sides, _ = h.shape
        points = point[:, None].expand(-1, sides, -1).flatten(0, 1)
        after = self.decoder(points, h.flatten(0, 1), c.flatten(0, 1), added)
        shown = torch.cat([points, after[0]], 1) if self.network.config.position else after[0]
        vectors = self.network.readout(shown)
        h, c, vectors = (part.unflatten(0, (count, sides)) for part in (*after, vectors))
        return h, c, vectors

    def _point(
        self, vectors: Tensor, uniforms: Tensor, choice: Tensor, temperature: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The candidates (B, D, …) that are taken: offsets (B, 2) and pen states (B,)."""
        sides = vectors.split(1, 1)  # (B, 1, 3 + 6 K) each
        offsets, pens = self.network.output.sample(sides[0], uniforms, temperature)
        nats = [self._nats(side, offsets, pens) for side in sides]
        taken = choose(GUIDANCE * (nats[-1] - nats[0]), choice)
        offset = chosen(offsets, taken).clamp(-LONGEST_STEP, LONGEST_STEP)
        return offset, chosen(pens, taken)

    def _nats(self, vectors: Tensor, offsets: Tensor, pens: Tensor) -> Tensor:
        """The surprise (B, N) of vectors (B, N or 1, …) at points (B, N or 1, …) or (B, …)."""
        output = self.network.output
        if pens.dim() == 1:
            offsets, pens = offsets[:, None], pens[:, None].expand(-1, vectors.shape[1])
        offset = output.offset_log_likelihood(vectors, offsets)
        pen = output.pen_log_likelihood(vectors, pens)
        return -(pen + torch.where(pens == END, 0.0, offset))


def is_guided(config: SketchConfig) -> bool:
    """Whether a network can tell what was asked for from anything; see `GuidedPoints`."""
    return config.categories > 0 and config.category_optional


def _watched(knots: Tensor, offsets: Tensor, is_begun: Tensor) -> tuple[Tensor, Tensor]:
    """Whether points (B,) are in a knot, and what is watched (B, …); a beginning has no knots."""
    watch = KnotDetector(knots)
    knotted = watch.add(offsets)
    before = torch.arange(knots.shape[1]) < 2 * WINDOW - 2
    return knotted, watch.state.masked_fill(is_begun[:, None] & before, torch.inf)


def _either(where: Tensor, ones: Sequence[Tensor], others: Sequence[Tensor]) -> list[Tensor]:
    """Rows of the first (B, …) where that is so (B,), else those of the others."""
    return [
        torch.where(where.view(-1, *[1] * (one.dim() - 1)), one, other)
        for one, other in zip(ones, others, strict=True)
    ]


def exported(sketcher: Sketcher) -> Exported:
    """Make a file of a model in fp32."""
    config = sketcher.network.config
    if config.cell != "lstm":
        raise UserError(f"cell {config.cell}: files are made of sketchers with the cell lstm")
    one = {0: "drawings"}
    many, options = len(sketcher.categories), sketcher.options
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
            torch.rand(2, 4, 3, 4, dtype=torch.float64),
            {**one, 1: "points", 2: "candidates"},
            f"(B, T, D, 4), from 0 to below 1; T usually {sketcher.limit}, D candidates of every "
            f"point, usually {options.num_candidates if is_guided(config) else 1}",
        ),
        "choices": Input(
            torch.rand(2, 4, dtype=torch.float64),
            {**one, 1: "points"},
            "(B, T), from 0 to below 1: which candidate of a point is taken",
        ),
        "watch": scalar(True, "(), whether strokes that become knots are drawn anew"),
        "temperature": scalar(0.4, f"(), above 0; usually {options.temperature}"),
    }
    latent = 0 if config.latent_optional else config.latent_size
    if latent:
        about = "(B, Z), from the normal distribution"
        inputs["latents"] = Input(torch.zeros(2, latent), one, about)
    outputs = {
        "rows": "(B, T, 3), what is drawn: dx, dy, pen lifted after",
        "counts": "(B,), how many of these rows count",
        "nats_per_point": "(B,), the surprise of what is drawn; the lower, the likelier",
        "nats_per_point_of_anything": "(B,), its surprise as a drawing of anything",
    }
    manifest = {
        "categories": list(sketcher.categories),
        "low_quality": sorted(sketcher.low_quality),
        "scale": sketcher.scale,
        "limit": sketcher.limit,
        "latent_size": latent,
        "guided": is_guided(config),
        "options": {"temperature": options.temperature, "num_candidates": options.num_candidates},
        "cannot": ["stream", "vary", "interpolate", "reconstruct", "score"],
    }
    graph = SketchGraph(sketcher.network, sketcher.scale)
    return graph_and_manifest(sketcher.TASK, graph, inputs, outputs, manifest)
