"""What a file may be, what it says of itself, and that nobody needs torch for it."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from multimodal.errors import UserError
from multimodal.exporting.quantization import by_channel, quantized
from multimodal.portable import Portable, is_portable, load_portable
from multimodal.portable.file import KEY, LARGEST_MANIFEST, ModelFile
from multimodal.strokes import Drawing, save_drawings


def tiny_model(manifest: str | None) -> bytes:
    """A graph that gives back what it is given."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "graph", [value], [other])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    if manifest is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = KEY, manifest
    return model.SerializeToString()


GOOD = json.dumps({"format": 2, "task": "language-model"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes"),
        (b"not a model at all", "not an ONNX model"),
        (tiny_model(GOOD)[:-20], "damaged or cut off"),
        (tiny_model(None), "not one that `multimodal export` wrote"),
        (tiny_model("{"), "manifest is damaged"),
        (tiny_model("[1]"), "manifest is damaged"),
        (tiny_model('{"format": 1}'), "manifest is damaged"),
        (tiny_model("[" * 5000), "manifest is damaged"),
        (tiny_model(json.dumps({"format": 9, "task": "language-model"})), "another format"),
        (tiny_model(json.dumps({"format": 2, "task": "oracle"})), "not known here"),
        (tiny_model(GOOD), "no 'vocabulary'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_file_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as refused:
        Portable.load(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_manifest_without_end_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_model(json.dumps({"format": 1, "task": "x" * LARGEST_MANIFEST})))
    with pytest.raises(UserError, match="manifest is damaged"):
        Portable.load(path)


def test_a_file_that_is_not_there_or_of_another_task_is_refused(tmp_path, pairs):
    with pytest.raises(UserError, match=r"none\.onnx: cannot be read"):
        Portable.load(tmp_path / "none.onnx")
    with pytest.raises(UserError, match="a file for 'sketcher', not for 'captioner'"):
        load_portable(pairs.path("sketcher"), "captioner")


def test_weights_outside_of_the_file_are_not_opened(tmp_path):
    model = onnx.load_from_string(tiny_model(GOOD))
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    model.graph.initializer.append(tensor)
    model.graph.node[0].input[0] = "w"
    (tmp_path / "weights.bin").write_bytes(np.float32(1).tobytes())
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match="not an ONNX model, or damaged"):
        Portable.load(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.onnx", True), ("A.ONNX", True), ("captioner-flickr8k", False), (None, False)],
)
def test_a_file_is_known_by_its_ending(name, expected):
    assert is_portable(name) is expected


def test_options_of_a_file_are_checked(pairs):
    _, file = pairs("sketcher")
    with pytest.raises(UserError, match="temperature: must be above 0"):
        file.draw("cat", temperature=0.0)
    with pytest.raises(UserError, match="no category 'dack'; did you mean duck"):
        file.draw_many([("dack", 1)])
    with pytest.raises(UserError, match="also morphs"):
        file.interpolate()


def test_the_manifest_says_what_goes_in_and_out(pairs):
    _, file = pairs("sketcher")
    manifest = file.file.manifest
    model = onnx.load(pairs.path("sketcher"))
    assert list(manifest["inputs"]) == [value.name for value in model.graph.input]
    assert list(manifest["outputs"]) == [value.name for value in model.graph.output]
    assert manifest["card"] == "terms"
    assert "interpolate" in manifest["cannot"]
    onnx.checker.check_model(model)


def test_weights_of_8_bit_are_within_half_a_step_of_each_channel():
    random = np.random.default_rng(0)
    weights = (random.normal(size=(40, 60)) * np.exp(random.normal(size=(40, 1)))).astype("f4")
    levels, scale, axis = by_channel(weights)
    assert axis == 0  # the rows differ in size, the columns do not
    assert levels.dtype == np.int8
    assert (np.abs(weights - levels * scale[:, None]) <= scale[:, None] * 0.5001).all()
    assert np.abs(levels).max(1).tolist() == [127] * 40


def test_a_file_of_8_bit_is_smaller_and_says_nearly_the_same(pairs, tmp_path):
    from multimodal.portable.sketches import PortableSketcher

    random = np.random.default_rng(0)
    weights = random.normal(size=(80, 80)).astype("f4")
    value, other = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 80]) for n in "xy")
    initializer = onnx.numpy_helper.from_array(weights, "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "graph", [value], [other], [initializer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps({"format": 2, "task": "language-model"})
    small = quantized(model)
    assert small.ByteSize() < 0.35 * model.ByteSize()
    path = tmp_path / "small.onnx"
    path.write_bytes(small.SerializeToString())
    given = random.normal(size=(1, 80)).astype("f4")
    found = ModelFile(path).run(x=given)["y"]
    assert np.abs(found - given @ weights).max() < 0.2
    assert PortableSketcher is not None


def product_in_a_loop(weights: np.ndarray) -> onnx.ModelProto:
    """A loop of one step that multiplies two joined inputs, the second a hundred times as large."""

    def value(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    outputs, inputs = weights.shape
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["more"]),
            helper.make_node("Mul", ["a", "hundred"], ["b"]),
            helper.make_node("Concat", ["a", "b"], ["joined"], axis=-1),
            helper.make_node("Gemm", ["joined", "w", "bias"], ["after"], transB=1),
            helper.make_node("Identity", ["a"], ["kept"]),
        ],
        "body",
        [
            value("step", kind=TensorProto.INT64),
            value("going", kind=TensorProto.BOOL),
            value("a", "N", inputs // 2),
            value("before", "N", outputs),
        ],
        [
            value("more", kind=TensorProto.BOOL),
            value("kept", "N", inputs // 2),
            value("after", "N", outputs),
        ],
        value_info=[value("b", "N", inputs // 2)],
    )
    arrays = {
        "w": weights,
        "bias": np.ones(outputs, np.float32),
        "hundred": np.float32(100),
        "times": np.int64(1),
        "always": np.bool_(True),
        "zero": np.zeros((1, outputs), np.float32),
    }
    graph = helper.make_graph(
        [helper.make_node("Loop", ["times", "always", "x", "zero"], ["same", "y"], body=body)],
        "graph",
        [value("x", "N", inputs // 2)],
        [value("y", "N", outputs)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, GOOD
    return model


def test_large_products_of_loops_are_computed_in_8_bit_row_by_row(tmp_path):
    random = np.random.default_rng(0)
    weights = random.normal(size=(512, 512)).astype("f4")
    weights[:, 256:] /= 100  # so that both inputs count as much
    small = quantized(product_in_a_loop(weights))
    onnx.checker.check_model(small)
    loop = next(node for node in small.graph.node if node.op_type == "Loop")
    kinds = [node.op_type for node in loop.attribute[0].g.node]
    assert kinds.count("MatMulInteger") == 2
    assert "Gemm" not in kinds
    path = tmp_path / "small.onnx"
    path.write_bytes(small.SerializeToString())
    file = ModelFile(path)
    given = random.normal(size=(6, 256)).astype("f4") * np.logspace(-2, 2, 6)[:, None]
    exact = np.concatenate([given, 100 * given], 1) @ weights.T + 1
    found = file.run(x=given)["y"]
    error = np.abs(found - exact).mean(1) / np.abs(exact).mean(1)
    assert (error < 0.03).all()
    for row in range(6):
        assert (file.run(x=given[row : row + 1])["y"] == found[row]).all()


# What a command does with a file must not import torch.
COMMANDS = {
    "captioner": ["caption", "photo.png", "-o", "captions.jsonl"],
    "sketcher": ["sketch", "two ducks", "--seed", "1", "-o", "ducks.svg"],
    "handwriting-generator": [
        "handwrite",
        "Anna",
        "--seed",
        "1",
        "--drafts",
        "1",
        "-o",
        "anna.svg",
    ],
    "recognizer": ["recognize", "drawing.svg", "--every-stroke"],
    "handwriting-recognizer": ["read", "drawing.svg", "--n-best", "2"],
    "language-model": ["generate-text", "--prompt", "abc", "--length", "20", "--seed", "1"],
    "translator": ["translate", "the dog runs", "--to", "de"],
}
RUN = """
import sys
from pipelines.cli import main
sys.argv[0] = "multimodal"
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in ("torch", "torchvision", "tokenizers") if name in sys.modules])
"""


@pytest.mark.parametrize("task", COMMANDS)
def test_a_command_with_a_file_never_imports_torch(pairs, tmp_path, task):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    drawing = Drawing([[(0, 0), (40, 0), (40, 40)], [(0, 40), (0, 0)]])
    save_drawings([drawing], tmp_path / "drawing.svg")
    command = [sys.executable, "-c", RUN, *COMMANDS[task], "--model", str(pairs.path(task))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_photo_that_cannot_be_read_is_said_and_the_others_are_captioned(pairs, tmp_path):
    _, file = pairs("captioner")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    good = np.zeros((64, 64, 3), np.uint8)
    bad, fine = file.caption([str(tmp_path / "bad.png"), good])
    assert bad.error is not None
    assert fine.error is None
    assert fine.words
