import json

import numpy as np
import pytest
import torch

import multimodal
from multimodal.errors import UserError
from multimodal.recognition.drawings import recognizer as recognizer_module
from multimodal.recognition.drawings.recognizer import Recognizer
from multimodal.recognition.drawings.stroke_batch import StrokeBatch
from multimodal.recognition.prediction import Prediction
from multimodal.strokes import Drawing


def close(one: Prediction, two: Prediction) -> bool:
    shares, others = dict(one.ranking), dict(two.ranking)
    return one.seen == two.seen and shares == pytest.approx(others, abs=1e-5)


@pytest.fixture
def several(drawings) -> list[Drawing]:
    dot = Drawing([[(5, 5)]])
    return [dot, *(of_one[n] for of_one in drawings.values() for n in range(3)), dot.moved(1, 1)]


def test_a_guess_ranks_categories(recognizer, drawings):
    prediction = recognizer.predict(drawings["house"][0])
    assert prediction.seen == 3
    assert {name for name, _ in prediction.ranking} == set(recognizer.categories)
    shares = [share for _, share in prediction.ranking]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert (prediction.label, prediction.probability) == prediction.ranking[0]


def test_only_the_top_is_told(recognizer, drawings):
    drawing = drawings["cross"][0]
    assert recognizer.predict(drawing, top=1).ranking == recognizer.predict(drawing).ranking[:1]
    for call in (recognizer.predict, recognizer.predict_steps):
        with pytest.raises(UserError, match=r"^top: must be at least 1, not 0$"):
            call(drawing, top=0)


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize("at_a_time", [2, 128])
def test_watching_drawing_by_drawing_and_all_at_once_say_the_same(
    recognizer, several, monkeypatch, mirror, at_a_time
):
    monkeypatch.setattr(recognizer_module, "_BATCH_SIZE", at_a_time)
    recognizer.mirror = mirror
    finished, growing = recognizer.predict(several), recognizer.predict_steps(several)
    for drawing, last, predictions in zip(several, finished, growing, strict=True):
        stream = recognizer.stream()
        live = [stream.add(stroke) for stroke in drawing]
        assert [prediction.seen for prediction in live] == list(range(1, len(drawing) + 1))
        assert all(map(close, live, predictions))
        assert close(predictions[-1], last)
        assert close(recognizer.predict(drawing), last)
        begun = [Drawing(drawing.strokes[:n]) for n in range(1, len(drawing) + 1)]
        assert all(map(close, recognizer.predict(begun), predictions))


def test_many_strokes_are_drawn_a_part_at_a_time(recognizer, several, monkeypatch):
    whole = recognizer.predict_steps(several)
    monkeypatch.setattr(recognizer_module, "_STEPS_AT_A_TIME", 100)
    parts = recognizer.predict_steps(several)
    assert all(all(map(close, a, b)) for a, b in zip(whole, parts, strict=True))


def test_guesses_change_while_a_drawing_grows(recognizer, drawings):
    """So the tests above compare something."""
    shares = [dict(g.ranking)["house"] for g in recognizer.predict_steps(drawings["wheel"][0])]
    assert max(shares) - min(shares) > 1e-3


def test_size_and_place_do_not_matter(recognizer, drawings):
    drawing = drawings["house"][1]
    for other in (drawing.scaled(1e-3), drawing.scaled(40).moved(1e5, -7)):
        assert close(recognizer.predict(drawing), recognizer.predict(other))
    denser = recognizer.predict(drawing.resampled(1))  # which cuts corners
    assert dict(denser.ranking) == pytest.approx(
        dict(recognizer.predict(drawing).ranking), abs=0.05
    )


def test_a_drawing_and_its_mirror_image_are_the_same_to_it(recognizer, drawings):
    for drawing in drawings["house"][:3]:
        mirrored = Drawing([stroke * (-1, 1) for stroke in drawing])
        assert close(recognizer.predict(drawing), recognizer.predict(mirrored))
        recognizer.mirror = False
        assert not close(recognizer.predict(drawing), recognizer.predict(mirrored))
        recognizer.mirror = True


def test_the_temperature_of_the_number_of_strokes_is_used(recognizer, drawings):
    """1.5 for the first two strokes, 0.5 from the third on."""
    ink = StrokeBatch.of([drawings["house"][0]])
    strokes = np.arange(3)
    expected = recognizer.logits(ink, strokes) / torch.tensor([1.5, 1.5, 0.5])[:, None]
    np.testing.assert_allclose(
        recognizer.probabilities(ink, strokes), expected.softmax(-1), atol=1e-6
    )


def test_no_drawings_give_no_guesses(recognizer):
    assert recognizer.predict([]) == []
    assert recognizer.predict_steps([]) == []


def test_an_empty_drawing_has_no_guess(recognizer, drawings):
    assert recognizer.predict_steps([Drawing([]), drawings["cross"][0]])[0] == []
    assert recognizer.predict_steps(Drawing([])) == []
    with pytest.raises(UserError, match=r"^drawing 2 has no stroke to predict from$"):
        recognizer.predict([drawings["cross"][0], Drawing([])])


@pytest.mark.parametrize("stroke", [[], [1, 2], [(0, float("nan"))]])
def test_what_is_no_stroke_is_refused_and_forgotten(recognizer, drawings, stroke):
    stream = recognizer.stream()
    with pytest.raises(UserError):
        stream.add(stroke)
    first = drawings["cross"][0]
    assert close(stream.add(first.strokes[0]), recognizer.predict_steps(first)[0])


def test_a_saved_recognizer_guesses_the_same(recognizer, checkpoint, several):
    loaded = Recognizer.from_pretrained(checkpoint)
    assert loaded.categories == recognizer.categories
    assert loaded.temperatures == recognizer.temperatures
    assert not loaded.network.training
    for one, two in zip(recognizer.predict(several), loaded.predict(several), strict=True):
        assert dict(one.ranking) == pytest.approx(dict(two.ranking), abs=5e-3)  # 16 bits
    assert multimodal.load_recognizer(checkpoint).predict(several) == loaded.predict(several)


def test_bf16_is_near(checkpoint, several):
    coarse, fine = (Recognizer.from_pretrained(checkpoint, precision=p) for p in ("bf16", "fp32"))
    for one, two in zip(coarse.predict(several), fine.predict(several), strict=True):
        assert dict(one.ranking) == pytest.approx(dict(two.ranking), abs=0.1)
    stream = coarse.stream()
    for stroke in several[2]:
        live = stream.add(stroke)
    assert dict(live.ranking) == pytest.approx(dict(fine.predict(several[2]).ranking), abs=0.1)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("temperatures", {}, "from the first stroke on"),
        ("temperatures", {"1": 0.0}, "all above 0"),
        ("temperatures", {"one": 1.0}, "incomplete"),
        ("categories", None, "incomplete"),
        ("network", {"cell": "lstm", "eyes": 2}, "incomplete"),
        ("task", "captioner", "not for 'recognizer'"),
    ],
)
def test_a_damaged_configuration_is_one_line(checkpoint, key, value, line):
    path = checkpoint / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(UserError, match=line) as error:
        Recognizer.from_pretrained(checkpoint)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_other_categories_do_not_fit_the_weights(checkpoint):
    path = checkpoint / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "categories": ["one"]}))
    with pytest.raises(UserError, match="do not fit"):
        Recognizer.from_pretrained(checkpoint)
