"""sketch-rnn (Ha and Eck 2017): drawings as sequences, a latent vector, a decoder that draws.

A bidirectional encoder reads a drawing into a Gaussian over z; the decoder draws point after point
from z and the drawing's category, both of which its initial state and each of its inputs show. One
network does both with and without z: in training, z gives way for a share of the drawings to a
learnt vector that says that there is none. So it draws from a category alone without the loss of
sharpness that samples of z from its prior would bring, and still reconstructs and interpolates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, cast

import torch
from annotated_types import Ge
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.recurrent.cells import LockedDropout, RecurrentNetwork, State
from multimodal.recurrent.mixture import MixtureOutput
from multimodal.recurrent.variants import FORGET_BIAS, HyperLSTM, LayerNormLSTM
from multimodal.settings import Settings
from multimodal.sketching import position
from multimodal.sketching.pen_states import DOWN

DecoderCell: TypeAlias = Literal["lstm", "layer_norm_lstm", "hyper_lstm"]
DecoderNetwork: TypeAlias = RecurrentNetwork | LayerNormLSTM | HyperLSTM

STROKE_5 = 5  # dx, dy and a one-hot pen state
VARIANTS: dict[DecoderCell, type[LayerNormLSTM] | type[HyperLSTM]] = {
    "layer_norm_lstm": LayerNormLSTM,
    "hyper_lstm": HyperLSTM,
}


@dataclass(frozen=True)
class SketchSizes(Settings):
    """What can be chosen about the network."""

    cell: Annotated[DecoderCell, "Of the decoder."] = "lstm"
    decoder_size: Annotated[common.Count, "H, the decoder's units."] = 640
    encoder_size: Annotated[common.Count, "The encoder's units in each direction."] = 256
    latent_size: Annotated[
        int, Ge(0), "Z, the size of the latent vector; 0 for a decoder alone."
    ] = 128
    category_size: Annotated[common.Count, "The size of a category's embedding."] = 64
    components: Annotated[common.Count, "K, of the mixture."] = 20
    dropout: Annotated[
        common.Share,
        "The share of the decoder's outputs that is dropped in training, locked in time.",
    ] = 0.1
    recurrent_dropout: Annotated[
        common.Share,
        "In training, the share of an LSTM's recurrent weights that is dropped; for the other"
        " cells, the share of their candidate values (the paper's 1 - 0.9).",
    ] = 0.1
    position: Annotated[
        bool,
        "Whether decoder and readout are told where the pen is (see `position`), which a "
        "network that sees offsets alone has to add up.",
    ] = True


@dataclass(frozen=True)
class SketchConfig(SketchSizes):
    """What the network is; saved in the checkpoint.

    Attributes:
        latent_optional: whether it also draws without z; else z of a new drawing is drawn from its
            prior, as in the paper.
        categories: how many categories are known; 0 for a network without.
        category_optional: whether it has also learnt to draw anything, untold what.
    """

    dropout: common.Dropout = 0.0
    position: bool = False
    latent_optional: bool = True
    categories: int = 0
    category_optional: bool = True

    @property
    def point_size(self) -> int:
        """How many numbers tell the decoder of the last point."""
        return STROKE_5 + (position.FEATURES if self.position else 0)


class SketchNetwork(nn.Module):
    """Encoder and decoder; see the module's first lines.

    Sequences are of points (dx, dy) in units of the training data's standard deviation, with the
    pen's state after each. The category after the last known one, number `config.categories`,
    stands for a drawing of anything.
    """

    def __init__(self, config: SketchConfig) -> None:
        super().__init__()
        self.config = config
        self.output = MixtureOutput(config.components, pen_states=3)
        condition_size = config.latent_size
        if config.latent_size:
            self.forward_encoder = RecurrentNetwork("lstm", STROKE_5, config.encoder_size)
            self.backward_encoder = RecurrentNetwork("lstm", STROKE_5, config.encoder_size)
            self.posterior = nn.Linear(2 * config.encoder_size, 2 * config.latent_size)
            if config.latent_optional:
                self.no_latent = nn.Parameter(torch.zeros(config.latent_size))
        if config.categories:
            self.embedding = nn.Embedding(config.categories + 1, config.category_size)
            condition_size += config.category_size
        self.decoder = _decoder(config, config.point_size + condition_size)
        if condition_size:
            sizes = [tensor.shape[1] for layer in self.decoder.initial_state(1) for tensor in layer]
            self.init_hidden = nn.Linear(condition_size, sum(sizes))
        self.condition_size = condition_size
        self.dropout = LockedDropout(config.dropout)
        shown = config.point_size if config.position else 0
        self.readout = nn.Linear(shown + config.decoder_size, self.output.size)

    def encode(self, points: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read drawings: points (B, T, 5) of which `lengths` (B,) count → μ and log σ², (B, Z)."""
        last = (lengths - 1).clamp(min=0)[:, None]  # (B, 1)
        steps = torch.arange(points.shape[1], device=points.device)  # (T,)
        backwards = (last - steps).clamp(min=0)[:, :, None].expand(-1, -1, STROKE_5)
        # What comes after a drawing's end cannot reach back to its last state: no packing.
        ends = [
            encoder.unroll(read)[0].gather(1, last[:, :, None].expand(-1, -1, encoder.hidden_size))
            for encoder, read in (
                (self.forward_encoder, points),
                (self.backward_encoder, points.gather(1, backwards)),
            )
        ]
        mean, log_variance = self.posterior(torch.cat(ends, -1)[:, 0]).float().chunk(2, -1)
        return mean, log_variance

    def condition(self, categories: Tensor, latent: Tensor | None = None) -> Tensor:
        """What is to be drawn: (B, C).

        Args:
            categories: (B,) their numbers; `config.categories` for anything.
            latent: (B', Z), z of the first B' drawings; the others, or all, have none.
        """
        parts = [] if latent is None else [latent]
        if self.config.latent_size and self.config.latent_optional:
            given = 0 if latent is None else len(latent)
            nothing = self.no_latent.expand(len(categories) - given, -1)
            parts = [nothing if latent is None else torch.cat([latent.to(nothing), nothing])]
        if self.config.categories:
            parts.append(self.embedding(categories))
        if not parts:
            return self.readout.weight.new_zeros(len(categories), 0)
        return torch.cat(parts, -1)

    def start(self, condition: Tensor) -> State:
        """The decoder's state before the first point: conditions (B, C).

        Where the pen's position is told, what is known of it is the last part of the state.
        """
        state = self.decoder.initial_state(len(condition))
        if self.condition_size:
            values = torch.tanh(self.init_hidden(condition))
            sizes = [tensor.shape[1] for layer in state for tensor in layer]
            parts = iter(values.split(sizes, -1))
            state = tuple(tuple(next(parts) for _ in layer) for layer in state)
        return (*state, (position.initial(condition),)) if self.config.position else state

    def unroll(self, condition: Tensor, inputs: Tensor) -> Tensor:
        """Teacher forcing: conditions (B, C), points from the start (B, T, 5) → (B, T, 3 + 6 K)."""
        points = self._points(inputs)
        hidden, _ = self._read(condition, points, self.start(condition))
        return self._readout(points, self.dropout(hidden))

    def prefill(self, condition: Tensor, inputs: Tensor) -> State:
        """The decoder's state once it has the inputs (B, T, 5) behind it; conditions (B, C)."""
        _, state = self._read(condition, self._points(inputs), self.start(condition))
        return (*state, (position.tracks(inputs)[:, -1],)) if self.config.position else state

    def step(self, condition: Tensor, points: Tensor, state: State) -> tuple[Tensor, State]:
        """One point on: (B, C), (B, 5) and a state → (B, 3 + 6 K) for the next, new state.

        Args:
            condition: (B, C).
            points: (B, 5).
            state: the decoder's.
        """
        if not self.config.position:
            hidden, state = self.decoder.step(torch.cat([points, condition], -1), state)
            return self._readout(points, hidden), state
        *layers, (track,) = state
        track = position.moved(track, points)
        points = torch.cat([points, position.features(track)], -1)
        hidden, after = self.decoder.step(torch.cat([points, condition], -1), tuple(layers))
        return self._readout(points, hidden), (*after, (track,))

    def _points(self, inputs: Tensor) -> Tensor:
        """All that is told of points from the start (B, T, 5)."""
        if not self.config.position:
            return inputs
        return torch.cat([inputs, position.features(position.tracks(inputs))], -1)

    def _read(self, condition: Tensor, points: Tensor, state: State) -> tuple[Tensor, State]:
        shown = condition[:, None].expand(-1, points.shape[1], -1).to(points.dtype)
        layers = state[:-1] if self.config.position else state
        return self.decoder.unroll(torch.cat([points, shown], -1), layers)

    def _readout(self, points: Tensor, hidden: Tensor) -> Tensor:
        if self.config.position:
            hidden = torch.cat([points.to(hidden), hidden], -1)
        vectors: Tensor = self.readout(hidden)
        return vectors


def _decoder(config: SketchConfig, input_size: int) -> DecoderNetwork:
    size, dropout = config.decoder_size, config.recurrent_dropout
    if config.cell != "lstm":
        return VARIANTS[config.cell](input_size, size, dropout)
    network = RecurrentNetwork("lstm", input_size, size, weight_dropout=dropout)
    biases = cast(Tensor, network.layers[0].bias_ih_l0)
    with torch.no_grad():
        biases[size : 2 * size] += FORGET_BIAS
    return network


def stroke5(offsets: Tensor, pens: Tensor) -> Tensor:
    """Offsets (..., 2) and pen states (...) → (..., 5)."""
    return torch.cat([offsets, nn.functional.one_hot(pens, 3).to(offsets)], -1)


def decoder_inputs(points: Tensor) -> Tensor:
    """What the decoder has before it when it draws each of the points (B, T, 5): (B, T, 5).

    That is the point before; (0, 0, 1, 0, 0), the pen on the paper at the origin, for the first.
    """
    start = torch.zeros_like(points[:, :1])
    start[..., 2 + DOWN] = 1
    return torch.cat([start, points[:, :-1]], 1)
