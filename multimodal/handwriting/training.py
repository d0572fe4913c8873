"""The recipe of Graves' synthesis network (2013, section 5) for many hands in one network.

The objective is the mean surprise of a point: its offset under the mixture, and the pen's state
after it, the end of a line being a state of its own. Lines come with words and single characters of
the same writers, in batches of similar length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from multimodal.checkpoints import load_tensors, read_checkpoint
from multimodal.errors import UserError
from multimodal.handwriting.batches import ScriptBatch, ScriptBatches
from multimodal.handwriting.likelihood import batch_nats, surprise
from multimodal.handwriting.lines import Script, scale_of
from multimodal.handwriting.model import WriterNetwork
from multimodal.handwriting.recipe import WriterRecipe
from multimodal.handwriting.styles import pace_of
from multimodal.handwriting.writer import TASK, Writer
from multimodal.strokes import Sheet
from multimodal.strokes.raster import encode_png
from multimodal.training import Stage, Task

SHOWN = (
    "The quick brown fox, 1234!",
    "jumps over the lazy dog.",
    "Dear Anna, see you @ 9?",
    "Quartz & Zebra: XYZ (5+7)",
)
GALLERY = 24
"""How many hands are styles unless chosen otherwise: those with the most lines."""


class Written(Stage):
    """The one stage: every point of every piece is foretold from the points before and its text."""

    name = "writing"

    def __init__(self, recipe: WriterRecipe, batches: ScriptBatches) -> None:
        self._batches = batches
        self.options = recipe.options(batches.per_epoch)

    def steps_per_epoch(self) -> int:
        """See `ScriptBatches`."""
        return self._batches.per_epoch

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[ScriptBatch]:
        """Pieces of similar length, each changed a little."""
        return self._batches.epoch(epoch, start, rank, world)

    def loss(self, model: nn.Module, batch: ScriptBatch) -> dict[str, Tensor]:
        """Nats per point, in the network's units."""
        network = cast(WriterNetwork, model)
        memory, hands = network.memory(batch.texts), network.hands(batch.hands)
        vectors, *_ = network.unroll(batch.points, memory, hands)
        nats = batch_nats(network.output, vectors, batch)
        points = batch.lengths.sum()
        return {
            "loss": nats.total.sum() / points,
            "offset_nats": nats.offsets.sum() / points,
            "pen_nats": nats.pens.sum() / points,
            "weight": points,
        }


class WriterTask(Task):
    """A writer that learns from handwriting.

    Args:
        recipe: the choices.
        train: the pieces to learn from.
        valid: lines of other writers, to choose by.

    Raises:
        UserError: there is nothing to learn from or to choose by.
    """

    metric = "nats_per_point"
    higher_is_better = False

    def __init__(self, recipe: WriterRecipe, train: Script, valid: Script) -> None:
        if not len(train) or not len(valid):
            lacking = "dev" if len(train) else "train"
            raise UserError(f"no handwriting of at most {recipe.limit} points to {lacking} on")
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        writers, counts = np.unique(train.writers, return_counts=True)
        lines = [int(((train.writers == w) & (train.kinds == "lines")).sum()) for w in writers]
        self.gallery = tuple(np.lexsort([-counts, -np.array(lines)])[:GALLERY].tolist())
        self.paces = [
            pace_of(train.picked(np.flatnonzero(train.writers == writers[hand])))
            for hand in self.gallery
        ]
        self.scale = scale_of(train)
        self.dev = valid.some(recipe.dev_lines)
        self.model = WriterNetwork(recipe.network(len(writers)))
        if recipe.start:
            load_tensors(self.model, read_checkpoint(recipe.start, task=TASK))
        hands = {int(writer): number for number, writer in enumerate(writers)}
        self.stages = [Written(recipe, ScriptBatches(train, hands, recipe, self.scale))]
        self.config = {
            "recipe": asdict(recipe),
            "pieces": {"train": len(train), "dev": len(self.dev)},
            "hands": len(writers),
            "scale": self.scale,
        }

    def writer(self, model: nn.Module) -> Writer:
        """The writer around a model as it is now."""
        return Writer(
            cast(WriterNetwork, model), scale=self.scale, gallery=self.gallery, paces=self.paces
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Foretell lines of writers that were never seen, as nobody's hand."""
        network = cast(WriterNetwork, model)
        nobody = network.hands.weight[-1].expand(len(self.dev), -1)
        found = surprise(network, self.dev, nobody, self.scale)
        return {"nats_per_point": found.nats_per_point, "nats_per_line": found.nats_per_line}

    def samples(self, model: nn.Module) -> Sequence[str | Image.Image]:
        """A sheet of lines in several hands."""
        writer = self.writer(model)
        styles = [
            style for style in writer.styles[:: max(1, len(writer.styles) // 8)] for _ in SHOWN
        ]
        texts = [*SHOWN] * (len(styles) // len(SHOWN))
        drawn = writer.write_lines(texts, style=styles, seed=0)
        png = encode_png(drawn, Sheet(columns=len(SHOWN), size=400, line_width=1.5))
        return [Image.open(BytesIO(png))]

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a writer."""
        self.writer(model).save(folder)
