"""Weights of 8 bit, a scale for every channel: a file of a quarter of the size.

Large products that a loop repeats are computed in 8 bit, by ONNX's MatMulInteger; those that give
the logits of a choice are not. Their inputs are rounded with a scale of its own for every row, so
that no row depends on the others of its batch; where inputs were joined, each part is rounded by
itself. Of all other weights only what is kept in the file is rounded: DequantizeLinear makes fp32
of them, once as the file is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

LEAST = 2048  # weights of a tensor: smaller ones are not worth a scale
LARGE = 2**18  # weights of a product that is computed in 8 bit
EXACT = "readout"  # in the name of weights whose products stay in fp32: choices hang on them
NARROWEST = 64  # of the parts of its inputs
LEVELS = 127

Array: TypeAlias = npt.NDArray[Any]

_CONSTANTS: dict[str, Array] = {
    "8bit.least": np.array(1e-12, np.float32),
    "8bit.levels": np.array(LEVELS, np.float32),
    "8bit.one": np.array(1, np.float32),
    "8bit.middle": np.array(LEVELS + 1, np.uint8),
    "8bit.last": np.array([-1]),
}
"""What products in 8 bit read: the least scale, levels to either side, their unit, 0, an axis."""


def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a model whose large fp32 weights are kept in 8 bit."""
    import onnx
    from onnx import helper, numpy_helper

    small = onnx.ModelProto()
    small.CopyFrom(model)
    kept, nodes = _with_products_in_8_bit(small.graph), []
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


def _with_products_in_8_bit(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """Let the loops of a graph compute large products in 8 bit → what these read besides."""
    from onnx import TensorProto, numpy_helper

    readers = Counter(name for node in _nodes(graph) for name in node.input)
    weights = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2
        if np.prod(tensor.dims) >= LARGE and readers[tensor.name] == 1
        if EXACT not in tensor.name
    }
    made: dict[str, Array] = {}
    for body in _within(graph.node):
        _rewrite(body, weights, made)
    left = [tensor for tensor in graph.initializer if f"{tensor.name}.0" not in made]
    del graph.initializer[:]
    graph.initializer.extend(left)
    return [numpy_helper.from_array(array, name) for name, array in made.items()]


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes of a graph, and of those within it."""
    yield from graph.node
    for body in _within(graph.node):
        yield from _nodes(body)


def _within(nodes: Iterable[onnx.NodeProto]) -> list[onnx.GraphProto]:
    """The bodies of loops."""
    attributes = (attribute for node in nodes for attribute in node.attribute)
    return [attribute.g for attribute in attributes if attribute.HasField("g")]


def _rewrite(graph: onnx.GraphProto, weights: Mapping[str, Array], made: dict[str, Array]) -> None:
    """Let products be computed in 8 bit.

    Args:
        graph: the body of a loop.
        weights: of large products, (N, K) each.
        made: takes the constants that the new nodes read.
    """
    nodes = list(graph.node)
    for body in _within(nodes):
        _rewrite(body, weights, made)
    joined = {node.output[0]: node.input for node in nodes if _joins_columns(node)}
    widths = {value.name: _width(value) for value in [*graph.value_info, *graph.input]}
    del graph.node[:]
    for node in nodes:
        if not _is_product(node, weights):
            graph.node.append(node)
            continue
        factors = weights[node.input[1]]
        parts = [(name, widths.get(name, 0)) for name in joined.get(node.input[0], ())]
        parts = parts or [(node.input[0], factors.shape[1])]
        wide = min(width for _, width in parts) >= NARROWEST
        graph.node.extend(_product(node, parts, factors, made) if wide else [node])


def _joins_columns(node: onnx.NodeProto) -> bool:
    return node.op_type == "Concat" and node.attribute[0].i in (-1, 1)


def _width(value: onnx.ValueInfoProto) -> int:
    """The size of a value's last axis; 0 where it is not known."""
    dims = value.type.tensor_type.shape.dim
    return dims[-1].dim_value if dims else 0


def _is_product(node: onnx.NodeProto, weights: Mapping[str, Array]) -> bool:
    """Whether it multiplies by some of the weights as torch's linear layers do."""
    how = {attribute.name: attribute.i or attribute.f for attribute in node.attribute}
    usual = {"transA": 0, "transB": 1, "alpha": 1, "beta": 1}
    return node.op_type == "Gemm" and node.input[1] in weights and {**usual, **how} == usual


def _product(
    node: onnx.NodeProto,
    parts: Sequence[tuple[str, int]],
    weights: Array,
    made: dict[str, Array],
) -> list[onnx.NodeProto]:
    """Nodes that multiply parts of the inputs, each with its own rows' scales, and add that up."""
    from onnx import TensorProto, helper

    name, (_, *bias) = node.input[1], node.input[1:]
    made |= _CONSTANTS
    least, levels, one, middle, last = _CONSTANTS
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, *read: str, **how: Any) -> str:
        result = f"{node.output[0]}.{len(nodes)}"
        nodes.append(helper.make_node(kind, read, [result], **how))
        return result

    sums = []
    ends = accumulate((width for _, width in parts), initial=0)
    for (part, _), (begin, end) in zip(parts, pairwise(ends), strict=True):
        rounded, made[f"{name}.{begin}.scale"] = _rounded(weights[:, begin:end], 0)
        made[f"{name}.{begin}"] = np.ascontiguousarray(rounded.T)
        largest = add("ReduceMax", add("Abs", part), last, keepdims=1)
        scale = add("Div", add("Max", largest, least), levels)
        inputs = add("QuantizeLinear", add("Div", part, scale), one, middle)
        whole = add("MatMulInteger", inputs, f"{name}.{begin}", middle)
        channel = add("Mul", scale, f"{name}.{begin}.scale")
        sums.append(add("Mul", add("Cast", whole, to=TensorProto.FLOAT), channel))
    total = sums[0]
    for other in [*sums[1:], *bias]:
        total = add("Add", total, other)
    nodes[-1].output[0] = node.output[0]
    return nodes


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
