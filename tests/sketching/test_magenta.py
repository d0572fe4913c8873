"""Magenta's decoders: its own likelihoods, and files that are none."""

import base64
import json

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.sketching.sequences import drawing_of
from multimodal.sketching.sketcher import Sketcher

NAMES = ("dog", "bird", "bicycle")


def encoded(*arrays: np.ndarray) -> list[str]:
    return [base64.b64encode(array.astype("<i2").tobytes()).decode() for array in arrays]


def small_decoder(size: int = 2, components: int = 1) -> list:
    """All weights 0 but two: the output gate's bias and the readout of the end from h."""
    shapes = [[size, 3 + 6 * components], [3 + 6 * components], [5, 4 * size]]
    shapes += [[size, 4 * size], [4 * size]]
    arrays = [np.zeros(shape) for shape in shapes]
    about = {"name": "dot", "scale_factor": 10.0, "max_seq_len": 12, "mode": 2, "version": 6}
    return [about, shapes, encoded(*arrays)]


@pytest.fixture
def write(tmp_path):
    def write(content) -> str:
        path = tmp_path / "dot.gen.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.mark.parametrize("name", NAMES)
def test_likelihoods_are_those_of_magentas_own_code(shared, name):
    golden = json.loads((shared / "golden" / "sketch_scores.json").read_text())["models"][name]
    sketcher = Sketcher.from_pretrained(shared / golden["file"])
    assert sketcher.categories == (name,)
    assert sketcher.scale == golden["scale_factor"]
    assert sketcher.limit == golden["max_seq_len"]
    for reference in golden["drawings"]:
        score = sketcher.score(drawing_of(np.array(reference["drawing"])), name)
        assert score.offset_nats == pytest.approx(reference["offset_nats"], abs=1e-3)
        assert score.pen_nats == pytest.approx(reference["pen_nats"], abs=1e-3)


def test_they_draw_and_complete(shared, tmp_path):
    sketcher = Sketcher.from_pretrained(shared / "data" / "magenta" / "bird.gen.json")
    drawn = sketcher.draw("bird", 6, seed=1)
    likely = np.mean([sketcher.score(drawing).nats_per_point for drawing in drawn])
    upside = [drawing.scaled(-1) for drawing in drawn]
    assert likely < np.mean([sketcher.score(drawing).nats_per_point for drawing in upside])
    begun = drawn[0].first(10)
    assert sketcher.complete(begun, 2, seed=1)[0].strokes[0][:5].tolist() == (
        begun.strokes[0][:5].tolist()
    )
    saved = Sketcher.from_pretrained(sketcher.save_pretrained(tmp_path / "bird"))
    assert saved.score(drawn[0]).nats == pytest.approx(sketcher.score(drawn[0]).nats, rel=0.01)


def test_the_layout_by_hand(write):
    """One unit; only the forget gate's bias of 1 and the input's weights to i, j, f, o are set."""
    about, shapes, _ = small_decoder(size=1)
    unit = 32767 / 10
    of_input = np.zeros((5, 4))
    of_input[2] = [
        0.5,
        0.25,
        -0.5,
        2.0,
    ]  # the start's pen is down: input, candidate, forget, output
    arrays = [np.zeros((1, 9)), np.zeros(9), of_input * unit, np.zeros((1, 4)), np.zeros(4)]
    network = Sketcher.from_pretrained(
        write([about, shapes, encoded(*(np.rint(a) for a in arrays))])
    ).network
    layer = network.decoder.layers[0]
    np.testing.assert_allclose(layer.weight_ih_l0.detach()[:, 2], [0.5, -0.5, 0.25, 2.0], atol=2e-4)
    np.testing.assert_array_equal(
        (layer.bias_ih_l0 + layer.bias_hh_l0).detach(), [0.0, 1.0, 0.0, 0.0]
    )


def damaged(change) -> list:
    decoder = small_decoder()
    change(decoder)
    return decoder


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[]",
        "{}",
        "[" * 100_000,
        damaged(lambda d: d[0].pop("name")),
        damaged(lambda d: d[0].update(scale_factor=0)),
        damaged(lambda d: d[0].update(max_seq_len="long")),
        damaged(lambda d: d[1].pop()),
        damaged(lambda d: d[1].__setitem__(0, [2, 8])),
        damaged(lambda d: d[1].__setitem__(0, [-2, -9])),
        damaged(lambda d: d[1].__setitem__(0, 18)),
        damaged(lambda d: d[2].__setitem__(0, "!!!")),
        damaged(lambda d: d[2].__setitem__(0, d[2][0][:-8])),
        damaged(lambda d: d[2].__setitem__(0, None)),
        damaged(lambda d: (d[1].reverse(), d[2].reverse())),
    ],
)
def test_what_is_no_decoder_is_one_line(write, content):
    with pytest.raises(UserError, match=r"dot\.gen\.json: not one of magenta's decoders") as caught:
        Sketcher.from_pretrained(write(content))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"cat\.gen\.json: cannot be read"):
        Sketcher.from_pretrained(tmp_path / "cat.gen.json")


def test_a_small_decoder_draws(write):
    sketcher = Sketcher.from_pretrained(write(small_decoder()))
    assert sketcher.draw("dot", 3, seed=1)
