"""A module becomes an ONNX model: traced by torch's exporter, its inputs and outputs named."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from multimodal.exporting.sequences import translations

if TYPE_CHECKING:
    import onnx

OPSET = 20

Shape = Mapping[int, str]
"""Which axes of an input may have any size, and what they are called."""


def export_graph(
    module: nn.Module,
    inputs: Mapping[str, tuple[Tensor, Shape]],
    outputs: Sequence[str],
    sizes: Sequence[str] = (),
) -> onnx.ModelProto:
    """Trace a module into a model.

    Args:
        module: in evaluation mode, fp32.
        inputs: by the names of `forward`'s arguments, in their order: an example of each, of which
            no axis that may have any size has the size 0 or 1, and these axes.
        outputs: the names of what `forward` returns.
        sizes: inputs of which only the length counts: the model takes that number in their place.
    """
    axes: dict[str, Any] = {
        name: dict.fromkeys(shape, torch.export.Dim.DYNAMIC) or None
        for name, (_, shape) in inputs.items()
    }
    with warnings.catch_warnings(), _quiet(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(example for example, _ in inputs.values()),
            dynamo=True,
            dynamic_shapes=axes,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            custom_translation_table=dict(translations()),
            verbose=False,
        )
    model = cast(torch.onnx.ONNXProgram, program).model_proto
    _name_axes(model, {name: shape for name, (_, shape) in inputs.items()})
    for name in sizes:
        _take_number(model.graph, name)
    return model


def _take_number(graph: onnx.GraphProto, name: str) -> None:
    """Let a graph take the length of an input, a scalar, and make the input of it by itself.

    Tracing knows sizes as lengths of tensors only.
    """
    from onnx import TensorProto, helper

    shape, made = f"{name}.shape", f"{name}.made"
    _rename(graph, name, made)
    (taken,) = (value for value in graph.input if value.name == name)
    taken.CopyFrom(helper.make_tensor_value_info(name, TensorProto.INT64, []))
    one = helper.make_tensor(f"{name}.one", TensorProto.INT64, [1], [1])
    graph.initializer.append(one)
    nodes = [
        helper.make_node("Reshape", [name, one.name], [shape]),
        helper.make_node("ConstantOfShape", [shape], [made]),
    ]
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *others])


def _rename(graph: onnx.GraphProto, name: str, other: str) -> None:
    """Let all nodes of a graph, and of those within it, read another value."""
    for node in graph.node:
        for number, read in enumerate(node.input):
            if read == name:
                node.input[number] = other
        for attribute in node.attribute:
            _rename(attribute.g, name, other)


def _name_axes(model: onnx.ModelProto, shapes: Mapping[str, Shape]) -> None:
    for value in model.graph.input:
        for number, axis in shapes[value.name].items():
            value.type.tensor_type.shape.dim[number].dim_param = axis


class _quiet:  # noqa: N801 - used like a function
    """torch's exporter and onnxscript tell of every pass that they make."""

    def __enter__(self) -> None:
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(logging.NOTSET)
