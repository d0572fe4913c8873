"""What the page's own parts send and believe; no browser, no server."""

import json

import pytest

pytest.importorskip("gradio")

from demo.flipbook import leaves, read_leaves
from demo.guesses import bars_of, said
from demo.limits import Limits
from demo.pad import read_pad, suggested
from demo.player import LEAST_SECONDS, MOST_SECONDS, Shown, moving_svg, read_shown
from demo.sketches import SEEDS, chosen_seed
from multimodal.errors import UserError
from multimodal.recognition.prediction import Prediction
from multimodal.strokes import Drawing, to_points

LIMITS = Limits(strokes=3, points=10, drawings=2)
TICK = Drawing([[(0, 5), (5, 9), (9, 0)]], [[0, 10, 20]], [[0.5, 0.5, 1.0]])


def test_a_pad_gives_points_times_and_pressures():
    assert read_pad(to_points(TICK), LIMITS) == TICK
    assert read_pad(None, LIMITS) == read_pad([], LIMITS) == Drawing([])


@pytest.mark.parametrize(
    ("strokes", "problem"),
    [
        ([[[0, 0]]] * 4, "4 strokes and 4 points. Please keep it to 3 strokes and 10 points"),
        ([[[0, 0]] * 11], "11 points"),
        ("scribble", "no list of strokes"),
        ([3], "stroke 1 is no list of points"),
        ([[[0]]], "a point is"),
    ],
)
def test_what_no_pad_sends_is_refused(strokes, problem):
    with pytest.raises(UserError, match=problem):
        read_pad(strokes, LIMITS)


def test_endings_belong_to_the_drawing_that_they_finish():
    sent = suggested(TICK, [Drawing([[(9, 0), (9, 9)]])], "a tick")
    assert sent["of"] == TICK.points
    assert sent["title"] == "a tick"
    assert sent["endings"][0][0][0] == [9, 0]
    json.dumps(sent)


def test_drawings_on_the_page_are_believed_only_as_far_as_they_can_be():
    sent = Shown((TICK, TICK), "a tick", "tick", ("note",)).value
    assert all("<svg" in drawing["svg"] for drawing in sent["drawings"])
    back = {
        "title": "a tick",
        "category": "tick",
        "drawings": [drawing["strokes"] for drawing in sent["drawings"]],
    }
    seen = read_shown({**back, "chosen": 1}, LIMITS)
    assert seen.wanted == (TICK,)
    assert seen.category == "tick"
    for chosen in (None, 2, -1, "1", True and 1.0):
        assert read_shown({**back, "chosen": chosen}, LIMITS).wanted == (TICK, TICK)
    assert read_shown(None, LIMITS) == Shown()
    for wrong in ("x", {}, {"drawings": 3}, {**back, "drawings": back["drawings"] * 2}):
        with pytest.raises(UserError):
            read_shown(wrong, LIMITS)


def test_large_drawings_take_longer_within_reason():
    def seconds(drawing: Drawing) -> float:
        durations = moving_svg(drawing).split("animation-duration: ")[1:]
        return sum(float(duration.split("s")[0]) for duration in durations)

    long = Drawing([[(n % 7, n) for n in range(900)]])
    assert seconds(TICK) == pytest.approx(LEAST_SECONDS, abs=0.01)
    assert seconds(long) == pytest.approx(MOST_SECONDS, abs=0.01)


def test_a_flip_book_is_saved_as_it_is_shown():
    sent = leaves([TICK, TICK], ("a tick", "your drawing"))
    back = {**sent, "drawings": [drawing["strokes"] for drawing in sent["drawings"]]}
    assert read_leaves(back, LIMITS, 2) == ("a tick to your drawing", (TICK, TICK))
    for wrong in (None, {"drawings": []} | {"drawings": "x"}, {**back, "drawings": [[]] * 3}):
        with pytest.raises(UserError):
            read_leaves(wrong, LIMITS, 2)


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (0.93, "That is an apple!"),
        (0.5, "I think it is an apple."),
        (0.2, "An apple or a pear?"),
    ],
)
def test_a_guess_is_said_as_sure_as_it_is(share, sentence):
    guess = Prediction((("apple", share), ("pear", 0.1)), 3)
    assert said(guess) == sentence
    assert bars_of(guess) == {"said": sentence, "ranking": [["apple", share], ["pear", 0.1]]}
    assert bars_of(None)["ranking"] == []


def test_seeds():
    assert chosen_seed(7) == 7
    assert 0 <= chosen_seed(None) < SEEDS
    assert chosen_seed(-1) >= 0
    for wrong in (-2, SEEDS):
        with pytest.raises(UserError, match="Please choose a seed"):
            chosen_seed(wrong)
