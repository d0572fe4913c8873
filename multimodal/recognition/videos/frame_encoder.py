"""What is seen of a frame: the cells of a captioner's encoder, pooled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from multimodal.checkpoints import CONFIG, Checkpoint, load_tensors, read_checkpoint
from multimodal.encoders import Encoder, EncoderConfig, encode_views
from multimodal.errors import UserError
from multimodal.processor import Precision, torch_dtype

Square: TypeAlias = npt.NDArray[np.uint8]

_PREFIX = "encoder."  # of a captioner's tensors


class FrameEncoder:
    """A CNN at rest, which a captioner has trained: pictures become features.

    Args:
        encoder: with its weights; it is put into evaluation mode and no longer learns.
        source: the captioner whose encoder it is.
    """

    def __init__(self, encoder: Encoder, source: str) -> None:
        self.source = source
        self.digest = _digest(encoder)
        self._encoder = encoder.requires_grad_(False).eval()

    @classmethod
    def from_captioner(cls, source: str | Path, precision: Precision = "auto") -> Self:
        """Take the encoder of a captioner.

        Args:
            source: the name of a shipped captioner, a folder, or a repository of the Hub.
            precision: of the arithmetic; "auto" takes bf16 where the processor has it natively.

        Raises:
            UserError: there is no such captioner, or it is damaged.
        """
        checkpoint = read_checkpoint(source, task="captioner")
        try:
            encoder = Encoder(EncoderConfig(**_tuples(checkpoint.config["encoder"])))
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            path = checkpoint.folder / CONFIG
            raise UserError(f"{path}: incomplete: it describes no encoder") from error
        tensors = {
            name.removeprefix(_PREFIX): tensor
            for name, tensor in checkpoint.tensors.items()
            if name.startswith(_PREFIX)
        }
        load_tensors(encoder, Checkpoint(checkpoint.folder, checkpoint.config, tensors))
        frame_encoder = cls(encoder, str(source))
        frame_encoder.set_precision(precision)
        return frame_encoder

    def set_precision(self, precision: Precision) -> None:
        """Choose the arithmetic; the digest is that of the weights before."""
        self._encoder.to(torch_dtype(precision))

    @property
    def features(self) -> int:
        """F, how many numbers are seen of a frame."""
        return 2 * self._encoder.cell_size

    @property
    def size(self) -> int:
        """Pixels of the square as which a frame is seen; more are of no use."""
        return self._encoder.config.size

    def preprocess(self, picture: Image.Image) -> Square:
        """An RGB picture of any size as it is seen, uint8 (size, size, 3)."""
        return self._encoder.preprocess(picture)

    def encode(self, squares: Sequence[Square]) -> Tensor:
        """T squares, at least one → features (T, F) in fp32.

        The mean of a picture's cells tells what there is, their maximum what is there but small.
        """
        cells = encode_views(self._encoder, squares)
        return torch.cat([cells.mean(1), cells.amax(1)], -1).float()


def _digest(encoder: Encoder) -> str:
    """Stands for all that decides what an encoder sees."""
    digest = blake2b(json.dumps(asdict(encoder.config)).encode(), digest_size=8)
    for name, tensor in sorted(encoder.body.state_dict().items()):
        digest.update(name.encode() + tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _tuples(config: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists only."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in config.items()
    }
