"""The one class that people use: load a writer, then let it write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from multimodal.checkpoints import (
    load_tensors,
    read_checkpoint,
    reading_config,
    save_checkpoint,
)
from multimodal.handwriting.alphabet import encode
from multimodal.handwriting.generation import WrittenLine, write_lines
from multimodal.handwriting.model import WriterConfig, WriterNetwork, padded_texts
from multimodal.handwriting.pen import Pens, PenWeights
from multimodal.processor import Precision, torch_dtype
from multimodal.strokes import Drawing, from_stroke3

SHIPPED = "writer-unipen"
TASK = "writer"


class Writer:
    """A text becomes handwriting."""

    def __init__(
        self,
        network: WriterNetwork,
        *,
        scale: float,
        gallery: Sequence[int],
        precision: Precision = "auto",
    ) -> None:
        self.network = network.eval()
        self.scale = scale
        self.gallery = tuple(gallery)
        self.precision = precision

    @classmethod
    def load(cls, source: str | Path = SHIPPED, *, precision: Precision = "auto") -> Self:
        """Load a writer, ready to write."""
        checkpoint = read_checkpoint(source, task=TASK)
        with reading_config(checkpoint):
            writer = cls._untrained(checkpoint.config, precision)
        load_tensors(writer.network, checkpoint)
        return writer

    @classmethod
    def _untrained(cls, config: Mapping[str, Any], precision: Precision) -> Self:
        return cls(
            WriterNetwork(WriterConfig(**config["network"])),
            scale=float(config["scale"]),
            gallery=[int(hand) for hand in config["gallery"]],
            precision=precision,
        )

    def save(self, folder: str | Path, card: str | None = None) -> Path:
        """Write a checkpoint, 16-bit."""
        config = {
            "task": TASK,
            "network": asdict(self.network.config),
            "scale": self.scale,
            "gallery": list(self.gallery),
        }
        tensors = self.network.state_dict()
        return save_checkpoint(folder, config, tensors, dtype=torch.float16, card=card)

    @property
    def styles(self) -> tuple[int, ...]:
        """The styles of the gallery, as numbers from 1."""
        return tuple(range(1, len(self.gallery) + 1))

    @cached_property
    def _weights(self) -> PenWeights:
        return PenWeights(self.network, torch_dtype(self.precision))

    def write_lines(
        self, texts: Sequence[str], *, style: Any = None, bias: float = 0.5, seed: int = 0
    ) -> list[Drawing]:
        """Lines in one batch."""
        styles = style if isinstance(style, list) else [style or 1] * len(texts)
        hands = self.network.hands.weight[[self.gallery[s - 1] for s in styles]].detach()
        lines = self._lines(texts, hands, bias, [seed + n for n in range(len(texts))])
        return [from_stroke3(line.rows * [self.scale, self.scale, 1]) for line in lines]

    @torch.inference_mode()
    def _lines(
        self, texts: Sequence[str], hands: Tensor, bias: float, seeds: list[int]
    ) -> list[WrittenLine]:
        encoded = [encode(text) for text in texts]
        network = self.network
        memory = network.memory(padded_texts(encoded))
        pens = Pens(self._weights, memory, hands, network.initial_state(len(texts)))
        first = torch.zeros(len(texts), 4)
        lengths = torch.tensor([len(text) for text in encoded])
        return write_lines(pens, first, lengths, network.output, seeds, bias)
