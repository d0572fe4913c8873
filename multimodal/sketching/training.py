"""The recipe of sketch-rnn (Ha and Eck 2017), for one category or hundreds in one network.

The objective is the paper's: the reconstruction loss L_R with its pen states unmasked and divided
by N_max, plus the KL term with its floor and its weight annealed at every step. Drawings come in
batches of similar length, and rows that a batch leaves out are counted as equal to its last one
(see `drawing_nll`). For the share `latent_dropout` of drawings z is not told and has no KL term.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from typing import Self, cast

import torch
from PIL import Image
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.sketching.batches import SketchBatch, SketchBatches
from multimodal.sketching.data import Drawings, read_sketches
from multimodal.sketching.losses import drawing_nll, kl_divergence
from multimodal.sketching.measures import measure
from multimodal.sketching.model import STROKE_5, SketchNetwork, decoder_inputs, stroke5
from multimodal.sketching.recipe import SketcherRecipe
from multimodal.sketching.sequences import LabelledSequences, scale_of
from multimodal.sketching.sketcher import Sketcher
from multimodal.strokes import Sheet
from multimodal.strokes.raster import encode_png
from multimodal.terminal import counted
from multimodal.training import Stage, Task, TrainingInput

LOW_QUALITY_BELOW = 300
"""A category with fewer drawings to learn from is drawn, but marked as rough."""

SHOWN, COLUMNS, CELL = 48, 8, 128


class SketchStage(Stage):
    """The one stage: every point of every drawing is predicted from the points before it."""

    name = "sketching"

    def __init__(self, recipe: SketcherRecipe, batches: SketchBatches) -> None:
        self.recipe = recipe
        self.data = batches
        self.options = recipe.options(batches.steps_per_epoch())

    def loss(self, model: nn.Module, batch: SketchBatch) -> dict[str, Tensor]:
        """The paper's loss; all figures are means over drawings."""
        network, limit = cast(SketchNetwork, model), self.recipe.limit
        points = stroke5(batch.offsets, batch.pens)
        latent, kl = self._latent(network, points, batch)
        condition = network.condition(batch.categories, latent)
        vectors = network.unroll(condition, decoder_inputs(points))
        nats = drawing_nll(network.output, vectors, batch.offsets, batch.pens, limit)
        drawn = nats.reconstruction_loss(limit).mean()
        told = batch.latents / len(batch.lengths) if latent is not None else 0.0
        kept = kl.clamp(min=self.recipe.kl_floor)
        points_nats = (nats.offsets + nats.pens + nats.end).sum() / batch.lengths.sum()
        return {
            "loss": drawn + batch.kl_weight * told * kept,
            "reconstruction_loss": drawn,
            "reconstruction_loss_masked": nats.reconstruction_loss_masked(limit).mean(),
            "nats_per_point": points_nats,
            "kl": kl,
            "weight": batch.lengths.new_tensor(len(batch.lengths)),
        }

    def _latent(
        self, network: SketchNetwork, points: Tensor, batch: SketchBatch
    ) -> tuple[Tensor | None, Tensor]:
        """Z of those drawings of which it is told, drawn from the encoder's Gaussian; and L_KL."""
        if not network.config.latent_size:
            return None, points.new_zeros(())
        told = slice(batch.latents)
        mean, log_variance = network.encode(points[told], batch.lengths[told])
        latent = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        return latent, kl_divergence(mean, log_variance)


class SketcherTask(Task):
    """A sketcher that learns from drawings.

    Args:
        recipe: the choices.
        train: the drawings to learn from, of every category.
        dev_drawings: the drawings to choose by.
        extra: further drawings to learn from, of the same categories.

    Attributes:
        notes: what was left out of the training and why, a line each.

    Raises:
        UserError: no category has a drawing to learn from, or none a drawing to choose by.
    """

    metric = "loss"
    higher_is_better = False

    def __init__(
        self, recipe: SketcherRecipe, train: Drawings, dev_drawings: Drawings, extra: Drawings
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        drawings = {name: [*found, *extra.get(name, ())] for name, found in train.items()}
        self.categories = tuple(name for name, found in drawings.items() if found)
        sequences = LabelledSequences(train, self.categories, recipe.limit, extra)
        dev = LabelledSequences(dev_drawings, self.categories, recipe.limit)
        if not len(sequences) or not len(dev):
            lacking = "dev" if len(sequences) else "train"
            raise UserError(f"no drawing of at most {recipe.limit} rows in the {lacking} split")
        self.notes = _left_out_notes(drawings, sequences, recipe.limit)
        self.scale = scale_of(sequences.rows)
        self.dev = dev.subsample(recipe.dev_drawings)
        counts = sequences.counts
        self.low_quality = [
            n for n, c in zip(self.categories, counts, strict=True) if c < LOW_QUALITY_BELOW
        ]
        self.model = SketchNetwork(recipe.network(len(self.categories)))
        if recipe.init_from:
            self.scale = _take_over(self.model, self.categories, recipe.init_from)
        self.stages = [SketchStage(recipe, SketchBatches(sequences, recipe, self.scale))]
        self.config = {
            "recipe": asdict(recipe),
            "drawings": {"train": len(sequences), "dev": len(self.dev)},
            "categories": len(self.categories),
            "scale": self.scale,
        }

    @classmethod
    def from_data(cls, recipe: SketcherRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: drawings; see `multimodal.sketching.data.read_sketches`."""
        drawings, dev = read_sketches(given.data, "train"), read_sketches(given.data, "dev")
        extra = read_sketches(recipe.extra_data, "train") if recipe.extra_data else {}
        task = cls(recipe, drawings, dev, extra)
        for line in task.notes:
            given.note(line)
        return task

    def pretrained(self, model: nn.Module) -> Sketcher:
        """The sketcher around a model as it is now."""
        return Sketcher(
            cast(SketchNetwork, model),
            self.categories,
            scale=self.scale,
            limit=self.recipe.limit,
            low_quality=self.low_quality,
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Measure the training's objective at its full KL weight, with z and without."""
        network = cast(SketchNetwork, model)
        recipe, share = self.recipe, self.recipe.latent_dropout
        figures: dict[str, float] = {}
        loss = 0.0
        if not network.config.latent_size or share:
            alone = measure(network, self.dev, self.scale, recipe.limit, latent=False).means
            figures |= {f"drawn_{k}": v for k, v in alone.items() if k != "kl"}
            loss += alone["reconstruction_loss"] * (share if network.config.latent_size else 1)
        if network.config.latent_size and share < 1:
            told = measure(network, self.dev, self.scale, recipe.limit, latent=True).means
            figures |= {f"latent_{k}": v for k, v in told.items()}
            kl = recipe.kl_weight * max(told["kl"], recipe.kl_floor)
            loss += (told["reconstruction_loss"] + kl) * (1 - share)
        return {"loss": loss, **figures}

    def samples(self, model: nn.Module) -> Sequence[str | Image.Image]:
        """A sheet of drawings, of categories that are not rough, one after the other."""
        fine = [name for name in self.categories if name not in self.low_quality] or self.categories
        titles = [fine[number % len(fine)] for number in range(SHOWN)]
        drawn = self.pretrained(model).draw_many([(name, 1) for name in titles], seed=0)
        sheet = Sheet(titles=titles, columns=COLUMNS, size=CELL)
        png = encode_png([drawing for (drawing,) in drawn], sheet)
        return [Image.open(BytesIO(png))]


def _take_over(network: SketchNetwork, categories: Sequence[str], source: str) -> float:
    """Put the weights of another sketcher into a network; gives the scale that they learnt with.

    What the other was not told, the pen's position, counts nothing at first.
    """
    start = Sketcher.from_pretrained(source, precision="fp32")
    if start.categories != tuple(categories):
        raise UserError(f"init_from: {source} knows other categories than the data")
    weights = start.network.state_dict()
    if network.config.position and not start.network.config.position:
        told = network.config.point_size
        first = weights["decoder.layers.0.weight_ih_l0"]
        places = [first.new_zeros(len(first), told - STROKE_5)]
        parts = [first[:, :STROKE_5], *places, first[:, STROKE_5:]]
        weights["decoder.layers.0.weight_ih_l0"] = torch.cat(parts, 1)
        weights["readout.weight"] = nn.functional.pad(weights["readout.weight"], (told, 0))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"init_from: {source} is a network of other sizes") from error
    return start.scale


def _left_out_notes(drawings: Drawings, sequences: LabelledSequences, limit: int) -> list[str]:
    """What the training leaves out."""
    notes = []
    empty = [name for name, found in drawings.items() if not found]
    if empty:
        notes.append(f"no drawing to learn from, left out: {', '.join(empty)}")
    if sequences.left_out:
        notes.append(f"{counted(sequences.left_out, 'drawing')} of more than {limit} rows left out")
    return notes
