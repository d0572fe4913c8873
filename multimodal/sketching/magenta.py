"""Magenta's published decoders (Ha and Eck 2017): `<category>.gen.json`, as its JavaScript reads.

A JSON list of three: what the model is (`name`, `scale_factor`, `max_seq_len`), the shapes of five
arrays, and the arrays, 16-bit integers in base64. Each value stands for so many 32,767ths of 10.
The arrays are the readout's weights and bias, the LSTM's weights of the input and of h, and its
bias. Gates come in TensorFlow's order, input, candidate, forget, output; the forget gate's bias is
1 more than is stored.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from multimodal.errors import UserError
from multimodal.sketching.model import STROKE_5, SketchConfig

UNIT = 10 / 32767  # what an integer of 1 stands for
FORGET_BIAS = 1.0


@dataclass(frozen=True)
class MagentaDecoder:
    """A published decoder.

    Attributes:
        name: its category.
        scale: what offsets are divided by.
        limit: the longest drawing that it learnt from, in rows.
        config: what it is, in our terms.
        tensors: the weights of a SketchNetwork.
    """

    name: str
    scale: float
    limit: int
    config: SketchConfig
    tensors: dict[str, Tensor]


def is_decoder_file(source: str | Path) -> bool:
    """Whether a name can only be that of a decoder's file."""
    return str(source).endswith(".json")


def read_decoder(path: Path) -> MagentaDecoder:
    """Read a decoder.

    Raises:
        UserError: there is no such file, or it is damaged or something else.
    """
    try:
        about, shapes, texts = json.loads(path.read_text(encoding="utf-8"))
        arrays = [_array(text, shape) for text, shape in zip(texts, shapes, strict=True)]
        scale, limit = float(about["scale_factor"]), int(about["max_seq_len"])
        if not (scale > 0 and limit > 0):
            raise ValueError("scale_factor and max_seq_len are above 0")
        config, tensors = _converted(*arrays)
        return MagentaDecoder(str(about["name"]), scale, limit, config, tensors)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        raise UserError(f"{path}: not one of magenta's decoders, or damaged ({reason})") from error


def _array(text: str, shape: Any) -> Tensor:
    integers = np.frombuffer(base64.b64decode(text, validate=True), dtype="<i2")
    if not all(isinstance(size, int) and size > 0 for size in shape) or integers.size != prod(
        shape
    ):
        raise ValueError(f"{integers.size} weights where the shape is {shape}")
    return torch.from_numpy(integers.astype(np.float32) * UNIT).reshape(shape)


def _converted(
    readout: Tensor, readout_bias: Tensor, of_input: Tensor, of_hidden: Tensor, bias: Tensor
) -> tuple[SketchConfig, dict[str, Tensor]]:
    """The weights as PyTorch lays them out, with its order of gates."""
    size = of_hidden.shape[0]
    components = (len(readout_bias) - 3) // 6
    wanted = [(size, 3 + 6 * components), (3 + 6 * components,)]
    wanted += [(STROKE_5, 4 * size), (size, 4 * size), (4 * size,)]
    found = [tuple(array.shape) for array in (readout, readout_bias, of_input, of_hidden, bias)]
    if found != wanted:
        raise ValueError(f"arrays of the shapes {found}")
    gates = bias.clone()
    gates[2 * size : 3 * size] += FORGET_BIAS
    tensors = {
        "decoder.layers.0.weight_ih_l0": _reordered(of_input),
        "decoder.layers.0.weight_hh_l0": _reordered(of_hidden),
        "decoder.layers.0.bias_ih_l0": _reordered(gates),
        "decoder.layers.0.bias_hh_l0": torch.zeros_like(bias),
        "readout.weight": readout.T.contiguous(),
        "readout.bias": readout_bias,
    }
    config = SketchConfig(decoder_size=size, latent_size=0, components=components)
    return config, tensors


def _reordered(gates: Tensor) -> Tensor:
    """(D, 4 H) → (4 H, D), or (4 H,), with the forget gate before the candidate."""
    i, j, f, o = gates.chunk(4, -1)
    return torch.cat([i, f, j, o], -1).t().contiguous()
