"""What drawing and learning to draw are compared with: a plain loop, and matrix products alone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.processor import torch_dtype
from multimodal.recurrent.cells import State
from multimodal.sketching import position
from multimodal.sketching.batches import SketchBatch, SketchBatches
from multimodal.sketching.model import STROKE_5, SketchConfig, SketchNetwork
from multimodal.sketching.pen_states import DOWN, END
from multimodal.sketching.recipe import SketcherRecipe
from multimodal.sketching.sequences import LabelledSequences, scale_of
from multimodal.sketching.training import SketchStage
from multimodal.training.learner import Learner, join_processes

if TYPE_CHECKING:
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.strokes import Drawing

TRAINED_BATCHES = 5


def draw_plainly(sketcher: Sketcher, category: str, count: int, temperature: float) -> None:
    """Draw one drawing after the other, as public implementations do: see `benchmark_sketcher`.

    Of a decoder that is no plain LSTM, its own single steps take the place of `torch.nn.LSTM`'s.

    Args:
        sketcher: whose network.
        category: what is drawn.
        count: how many.
        temperature: of the points.
    """
    network = sketcher.network
    label = torch.tensor([sketcher.categories.index(category)])
    needed = network.config.latent_size and not network.config.latent_optional
    for seed in range(count):
        random = np.random.default_rng(seed)
        latent = torch.zeros(1, network.config.latent_size) if needed else None
        condition = network.condition(label, latent)
        point, track = F.one_hot(torch.tensor([2 + DOWN]), STROKE_5), position.initial(condition)
        state: State = network.start(condition)
        state = state[:-1] if network.config.position else state
        for _ in range(sketcher.limit):
            shown, track = point, position.moved(track, point)
            if network.config.position:
                shown = torch.cat([point, position.features(track)], -1)
            hidden, state = network.decoder.unroll(
                torch.cat([shown, condition], -1)[:, None], state
            )
            read = torch.cat([shown, hidden[0]], -1) if network.config.position else hidden[0]
            vector = network.readout(read[0]).numpy().astype(np.float64)
            point = _sampled(vector, network.config.components, temperature, random)
            if point[0, 2 + END]:
                break


def _sampled(
    vector: np.ndarray, components: int, temperature: float, random: np.random.Generator
) -> Tensor:
    """The next point (1, 5) from a vector (3 + 6 K,)."""
    pens, logits = vector[:3], vector[3 : 3 + components]
    x, y, log_x, log_y, skew = vector[3 + components :].reshape(5, components)
    chosen = random.choice(components, p=_softmax(logits / temperature))
    pen = random.choice(3, p=_softmax(pens / temperature))
    rho = np.tanh(skew[chosen])
    wide, high = np.exp(log_x[chosen]), np.exp(log_y[chosen])
    covariance = temperature * np.array(
        [[wide**2, rho * wide * high], [rho * wide * high, high**2]]
    )
    offset = random.multivariate_normal([x[chosen], y[chosen]], covariance)
    return torch.tensor([[*offset, *np.eye(3)[pen]]], dtype=torch.float32)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


class ProductsAlone:
    """The matrix products of an LSTM that drawing needs, as many rows as were unfinished.

    Args:
        sketcher: whose sizes, and in which type.
        drawings: that were drawn at once.
    """

    def __init__(self, sketcher: Sketcher, drawings: list[Drawing]) -> None:
        config, dtype = sketcher.network.config, torch_dtype(sketcher.precision)
        size = config.decoder_size
        self._step = torch.randn(4 * size, config.point_size + size).to(dtype)
        self._readout = torch.randn(sketcher.network.output.size, config.point_size + size).to(
            dtype
        )
        self._read = torch.randn(len(drawings), config.point_size + size).to(dtype)
        steps = torch.tensor([drawing.points for drawing in drawings])  # its rows, and its end
        self._unfinished = [int((steps > step).sum()) for step in range(int(steps.max()))]

    def multiply(self) -> None:
        """Do the products of all steps, and nothing else."""
        for rows in self._unfinished:
            F.linear(self._read[:rows], self._step)
            F.linear(self._read[:rows], self._readout)


class TrainingRun:
    """A few steps of training on drawings, and torch's fused LSTMs alone on the same shapes.

    Args:
        config: of the network, with the cell "lstm".
        drawings: what to learn from.
    """

    def __init__(self, config: SketchConfig, drawings: list[Drawing]) -> None:
        sequences = LabelledSequences({"": drawings}, [""], longest=10**6)
        limit = int(sequences.lengths.max()) + 2
        recipe = SketcherRecipe(
            limit=limit,
            latent_size=config.latent_size,
            decoder_size=config.decoder_size,
            encoder_size=config.encoder_size,
        )
        batches = SketchBatches(sequences, recipe, scale_of(sequences.rows))
        stage = SketchStage(recipe, batches)
        join_processes()
        network = SketchNetwork(config)
        self._learner = Learner(network, stage)
        self._batches: list[SketchBatch] = list(
            islice(batches.batches(0, 0, 0, 1), TRAINED_BATCHES)
        )
        self.drawings = sum(len(batch.lengths) for batch in self._batches)
        inputs = config.point_size + network.condition_size
        self._decoder = nn.LSTM(inputs, config.decoder_size, batch_first=True)
        self._encoders = [nn.LSTM(STROKE_5, config.encoder_size, batch_first=True) for _ in "ab"]

    def train(self) -> None:
        """Take the steps."""
        with torch.inference_mode(False), torch.enable_grad():
            for batch in self._batches:
                self._learner.step(batch, rate=1e-4, updates=1, requests=[False])

    def train_fused_lstm(self) -> None:
        """Unroll forward and back, in bf16 as well where the training is, and nothing else."""
        dtype = torch_dtype("auto")
        with torch.inference_mode(False), torch.enable_grad():
            for batch in self._batches:
                count, steps = batch.pens.shape
                work = [(self._decoder, count), *((e, batch.latents) for e in self._encoders)]
                for network, rows in work:
                    inputs = torch.zeros(rows, steps, network.input_size)
                    with torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
                        outputs = cast(Tensor, network(inputs)[0])
                    outputs.sum().backward()
