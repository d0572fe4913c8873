"""Weights of 8 bit, a scale for every channel: a file of a quarter of the size.

Only what is kept in the file is rounded. ONNX's DequantizeLinear makes fp32 of it, once as the
file is loaded, and all arithmetic stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

LEAST = 2048  # weights of a tensor: smaller ones are not worth a scale
LEVELS = 127


def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a model whose large fp32 weights are kept in 8 bit."""
    import onnx
    from onnx import helper, numpy_helper

    small = onnx.ModelProto()
    small.CopyFrom(model)
    kept, nodes = [], []
    for tensor in small.graph.initializer:
        large = tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) >= LEAST
        if not large or len(tensor.dims) < 2:
            kept.append(tensor)
            continue
        rounded, scale, axis = by_channel(numpy_helper.to_array(tensor))
        names = (f"{tensor.name}.int8", f"{tensor.name}.scale")
        kept.append(numpy_helper.from_array(rounded, names[0]))
        kept.append(numpy_helper.from_array(scale, names[1]))
        nodes.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
    others = list(small.graph.node)
    del small.graph.initializer[:], small.graph.node[:]
    small.graph.initializer.extend(kept)
    small.graph.node.extend([*nodes, *others])
    return small


def by_channel(
    weights: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], int]:
    """Weights as whole numbers from -127 to 127, their scales (N,), and the axis of those.

    Convolutions have a scale for each of their outputs (axis 0), recurrent operators for each of
    their gates' units (axis 1); of a matrix, whichever axis loses less.
    """
    axes = {2: (0, 1), 3: (1,), 4: (0,)}.get(weights.ndim, (0,))
    tried = [(*_rounded(weights, axis), axis) for axis in axes]
    return min(tried, key=lambda found: _loss(weights, *found))


def _rounded(
    weights: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    others = tuple(number for number in range(weights.ndim) if number != axis)
    largest = np.abs(weights).max(axis=others)
    scale = np.where(largest > 0, largest / LEVELS, 1).astype(np.float32)
    levels = np.rint(weights / _along(scale, weights.ndim, axis))
    return levels.clip(-LEVELS, LEVELS).astype(np.int8), scale


def _loss(
    weights: npt.NDArray[np.float32],
    levels: npt.NDArray[np.int8],
    scale: npt.NDArray[np.float32],
    axis: int,
) -> float:
    away = weights - levels * _along(scale, weights.ndim, axis)
    return float(np.square(away).sum())


def _along(scale: npt.NDArray[np.float32], axes: int, axis: int) -> npt.NDArray[np.float32]:
    return scale.reshape([-1 if number == axis else 1 for number in range(axes)])
