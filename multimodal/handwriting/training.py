"""The recipe of Graves' synthesis network (2013, section 5) for many writers in one network.

The objective is the mean surprise of a point: its offset under the mixture, and the pen's state
after it, the end of a line being a state of its own. Lines come with words and single characters of
the same writers, in batches of similar length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from typing import Self, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from multimodal.checkpoints import load_tensors, read_checkpoint
from multimodal.errors import UserError
from multimodal.handwriting.batches import HandwritingBatch, HandwritingBatches
from multimodal.handwriting.dataset import HandwritingDataset, handwriting_dataset, scale_of
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.likelihood import batch_nll, evaluate_likelihood
from multimodal.handwriting.model import HandwritingNetwork
from multimodal.handwriting.recipe import HandwritingGeneratorRecipe
from multimodal.handwriting.styles import pace_of
from multimodal.strokes import Sheet
from multimodal.strokes.handwritten import Handwritten, Kind, kinds_in, read_handwriting
from multimodal.strokes.raster import encode_png
from multimodal.training import Stage, Task, TrainingInput

SHOWN = (
    "The quick brown fox, 1234!",
    "jumps over the lazy dog.",
    "Dear Anna, see you @ 9?",
    "Quartz & Zebra: XYZ (5+7)",
)
GALLERY = 24
"""How many writers are styles unless chosen otherwise: those with the most lines."""


class HandwritingStage(Stage):
    """The one stage: predict every point of every piece from the points before and its text."""

    name = "handwriting"

    def __init__(self, recipe: HandwritingGeneratorRecipe, batches: HandwritingBatches) -> None:
        self.data = batches
        self.options = recipe.options(batches.steps_per_epoch())

    def loss(self, model: nn.Module, batch: HandwritingBatch) -> dict[str, Tensor]:
        """Nats per point, in the network's units."""
        network = cast(HandwritingNetwork, model)
        memory, embeddings = network.memory(batch.texts), network.writer_embedding(batch.writers)
        vectors, *_ = network.unroll(batch.points, memory, embeddings)
        nats = batch_nll(network.output, vectors, batch)
        points = batch.lengths.sum()
        return {
            "loss": nats.total.sum() / points,
            "offset_nats": nats.offsets.sum() / points,
            "pen_nats": nats.pens.sum() / points,
            "weight": points,
        }


class HandwritingGeneratorTask(Task):
    """A handwriting generator that learns from handwriting.

    Args:
        recipe: the choices.
        train: the pieces to learn from.
        dev: lines of other writers, to choose by.

    Raises:
        UserError: there is nothing to learn from or to choose by.
    """

    metric = "nats_per_point"
    higher_is_better = False

    def __init__(
        self,
        recipe: HandwritingGeneratorRecipe,
        train: HandwritingDataset,
        dev: HandwritingDataset,
    ) -> None:
        if not len(train) or not len(dev):
            lacking = "dev" if len(train) else "train"
            raise UserError(f"no handwriting of at most {recipe.limit} points to {lacking} on")
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        writers, counts = np.unique(train.writers, return_counts=True)
        lines = [int(((train.writers == w) & (train.kinds == "lines")).sum()) for w in writers]
        self.gallery = tuple(np.lexsort([-counts, -np.array(lines)])[:GALLERY].tolist())
        self.paces = [
            pace_of(train.subset(np.flatnonzero(train.writers == writers[number])))
            for number in self.gallery
        ]
        self.scale = scale_of(train)
        self.dev = dev.subsample(recipe.dev_lines)
        self.model = HandwritingNetwork(recipe.network(len(writers)))
        if recipe.init_from:
            load_tensors(
                self.model, read_checkpoint(recipe.init_from, task=HandwritingGenerator.TASK)
            )
        numbers = {int(writer): number for number, writer in enumerate(writers)}
        self.stages = [
            HandwritingStage(recipe, HandwritingBatches(train, numbers, recipe, self.scale))
        ]
        self.config = {
            "recipe": asdict(recipe),
            "pieces": {"train": len(train), "dev": len(self.dev)},
            "writers": len(writers),
            "scale": self.scale,
        }

    @classmethod
    def from_data(cls, recipe: HandwritingGeneratorRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: handwriting; see `multimodal.strokes.handwritten`."""
        samples: list[tuple[Kind, Handwritten]] = [
            (kind, sample)
            for kind in kinds_in(given.data)
            for sample in read_handwriting(given.data, [kind], "train")
        ]
        script = handwriting_dataset(samples, recipe.limit)
        left_out = len(samples) - len(script)
        given.note(f"{left_out} of {len(samples)} pieces are too long or leap: left out")
        lines: list[tuple[Kind, Handwritten]] = [
            ("lines", sample) for sample in read_handwriting(given.data, ["lines"], "dev")
        ]
        return cls(recipe, script, handwriting_dataset(lines, recipe.limit))

    def pretrained(self, model: nn.Module) -> HandwritingGenerator:
        """The generator around a model as it is now."""
        return HandwritingGenerator(
            cast(HandwritingNetwork, model),
            scale=self.scale,
            gallery=self.gallery,
            paces=self.paces,
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Predict lines of new writers, with the embedding of an unknown writer."""
        network = cast(HandwritingNetwork, model)
        unknown = network.writer_embedding.weight[-1].expand(len(self.dev), -1)
        found = evaluate_likelihood(network, self.dev, unknown, self.scale)
        return {"nats_per_point": found.nats_per_point, "nats_per_line": found.nats_per_line}

    def samples(self, model: nn.Module) -> Sequence[str | Image.Image]:
        """A sheet of lines in several styles."""
        generator = self.pretrained(model)
        styles = [
            style
            for style in generator.styles[:: max(1, len(generator.styles) // 8)]
            for _ in SHOWN
        ]
        texts = [*SHOWN] * (len(styles) // len(SHOWN))
        drawn = generator.write_lines(texts, style=styles, seed=0)
        png = encode_png(drawn, Sheet(columns=len(SHOWN), size=400, line_width=1.5))
        return [Image.open(BytesIO(png))]
