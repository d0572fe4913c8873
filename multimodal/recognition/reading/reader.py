"""The one class that people use: load a reader, then let it read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from multimodal.checkpoints import (
    JSON,
    load_tensors,
    read_checkpoint,
    reading_config,
    save_checkpoint,
)
from multimodal.recognition.reading.data import padded, padded_size
from multimodal.recognition.reading.decoding import best_path
from multimodal.recognition.reading.model import ReaderConfig, ReaderNetwork
from multimodal.recognition.reading.tracks import Track

SHIPPED = "reader-unipen"
TASK = "reader"

_AT_A_TIME = 65536  # points of tracks, padding included


class Reader:
    """Handwriting becomes text.

    Args:
        network: what was learnt; it is put into evaluation mode.
        alphabet: the V characters that it writes.
    """

    def __init__(self, network: ReaderNetwork, alphabet: str) -> None:
        self.network = network.eval()
        self.alphabet = alphabet

    @classmethod
    def load(cls, source: str | Path = SHIPPED) -> Self:
        """Load a reader, ready to read."""
        checkpoint = read_checkpoint(source, task=TASK)
        with reading_config(checkpoint):
            reader = cls._untrained(checkpoint.config)
        load_tensors(reader.network, checkpoint)
        return reader

    @classmethod
    def _untrained(cls, config: Mapping[str, Any]) -> Self:
        alphabet = str(config["alphabet"])
        return cls(ReaderNetwork(ReaderConfig(**config["network"]), len(alphabet)), alphabet)

    def save(self, folder: str | Path, card: str | None = None) -> Path:
        """Write `config.json` and `model.safetensors` (16-bit) into a folder, all or nothing."""
        config: dict[str, JSON] = {
            "task": TASK,
            "network": asdict(self.network.config),
            "alphabet": self.alphabet,
        }
        tensors = self.network.state_dict()
        return save_checkpoint(folder, config, tensors, dtype=torch.bfloat16, card=card)

    @torch.inference_mode()
    def spell(self, tracks: Sequence[Track]) -> list[str]:
        """The text of each track."""
        texts = [""] * len(tracks)
        order = sorted((n for n in range(len(tracks)) if len(tracks[n])), key=lambda n: len(tracks[n]))
        while order:
            size = padded_size(len(tracks[order[-1]]))
            count = max(1, _AT_A_TIME // size)
            some, order = order[-count:], order[:-count]
            logits, frames = self.network(*padded([tracks[n] for n in some], size))
            rows = logits.float().numpy()
            for n, row, length in zip(some, rows, frames.tolist(), strict=True):
                texts[n] = best_path(np.asarray(row[:length]), self.alphabet)
        return texts
