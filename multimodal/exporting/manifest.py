"""What stands beside an ONNX graph: its inputs and outputs in words, and what callers need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from multimodal.checkpoints import JSON
from multimodal.exporting.graph import export_graph

if TYPE_CHECKING:
    import onnx

FORMAT = 2
Manifest: TypeAlias = dict[str, JSON]


class Input(NamedTuple):
    """An input of a graph.

    Attributes:
        example: what tracing sees.
        axes: those that may have any size, with their names.
        about: what it is, in one line.
        size: whether only its length counts, which callers give as a number.
    """

    example: Tensor
    axes: Mapping[int, str]
    about: str
    size: bool = False


class Exported(NamedTuple):
    """What becomes of a model.

    Attributes:
        model: the graph.
        manifest: all that a caller needs beside it.
    """

    model: onnx.ModelProto
    manifest: Manifest


def graph_and_manifest(
    task: str,
    graph: nn.Module,
    inputs: Mapping[str, Input],
    outputs: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> Exported:
    """Trace a graph, and put down what it takes and gives.

    Args:
        task: the name of the task.
        graph: what is traced.
        inputs: by name.
        outputs: name → what it is, in one line, in the order of the graph's results.
        manifest: all else that a caller needs.
    """
    examples = {name: (given.example, given.axes) for name, given in inputs.items()}
    sizes = [name for name, given in inputs.items() if given.size]
    model = export_graph(graph, examples, list(outputs), sizes)
    told: dict[str, Any] = {
        "format": FORMAT,
        "task": task,
        "precision": "fp32",
        "inputs": {name: given.about for name, given in inputs.items()},
        "outputs": dict(outputs),
        **manifest,
    }
    return Exported(model, told)


def scalar(value: float, about: str) -> Input:
    """Return an input of one number."""
    return Input(torch.tensor(value), {}, about)


def search_inputs(options: Any, manifest: Mapping[str, Any]) -> dict[str, Input]:
    """The inputs of a beam search."""
    usual = manifest["options"].get("max_length", "one and a half times S, and 8")
    beam = f"(), hypotheses kept; 1 is greedy; usually {options.beam_size}"
    return {
        "beam_size": Input(torch.zeros(4), {0: "beam"}, beam, size=True),
        "n_best": scalar(1, "(), how many sentences have to be certain; up to beam_size"),
        "max_length": Input(
            torch.zeros(7), {0: "length"}, f"(), tokens at most; usually {usual}", size=True
        ),
        "length_penalty": scalar(0.5, f"(), usually {options.length_penalty}"),
    }


def search_outputs(unit: str) -> dict[str, str]:
    """The outputs of a beam search."""
    return {
        "tokens": f"(B, K, M), {unit} by their numbers, the end included, zeros behind",
        "log_probs": "(B, K, M), of every token, in nats",
        "lengths": "(B, K), tokens, the end included; 0 where there is no further sentence",
        "scores": "(B, K), what sentences are ranked by; the nearer to 0, the surer",
        "finished": "(B, K), whether the sentence has its end",
        "attention": "(B, K, M, S), where the network looked for every token",
    }
