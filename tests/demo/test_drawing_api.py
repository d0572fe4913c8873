"""What draws, guesses, finishes and morphs, through gradio's own client."""

import json
from pathlib import Path

import pytest
from gradio_client.exceptions import AppError

import multimodal
from demo.models import shipped
from demo.read import MODEL
from multimodal.strokes import Drawing, from_points, read_drawings, to_points

HOUSE = [[[100, 300], [100, 500], [400, 500], [400, 300]], [[80, 310], [250, 150], [420, 310]]]
ZIGZAG = [[100 * (n % 2), n] for n in range(400)]
NAMES = (
    "draw",
    "more_like",
    "guess",
    "complete",
    "morph",
    "save_drawing",
)


def drawings_of(told) -> list[Drawing]:
    return [from_points(strokes) for strokes in told["drawings"]]


def test_every_endpoint_is_there_with_its_parameters_told(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    for name in NAMES:
        endpoint = endpoints[f"/{name}"]
        described = {p["parameter_name"]: p.get("description") for p in endpoint["parameters"]}
        assert endpoint["description"]
        assert described
        assert all(parameter["type"] for parameter in endpoint["parameters"])
    drawing = endpoints["/guess"]["parameters"][0]
    assert drawing["parameter_name"] == "drawing"
    assert drawing["type"]["items"]["items"]["items"] == {"type": "number"}


def test_a_prompt_is_drawn_as_the_command_draws_it(client):
    told = client.predict("two ducks and a crab", 0.4, 2, 7, api_name="/draw")
    own = multimodal.load_sketcher().draw("two ducks and a crab", 2, temperature=0.4, seed=7)
    assert told["seed"] == 7
    assert told["title"] == "two ducks and a crab"
    for drawing, expected in zip(drawings_of(told), own, strict=True):
        assert [len(stroke) for stroke in drawing] == [len(stroke) for stroke in expected]


def test_without_a_seed_something_new_comes_and_its_seed_is_told(client):
    first, second = (client.predict(prompt="a duck", count=1, api_name="/draw") for _ in "ab")
    assert first["seed"] != second["seed"]
    again = client.predict(prompt="a duck", count=1, seed=first["seed"], api_name="/draw")
    assert again == first


def test_notes_say_what_was_passed_over_and_what_is_rough(client):
    rough = "the mona lisa"
    told = client.predict(prompt=f"a red duck beside {rough}", count=1, api_name="/draw")
    assert told["notes"][0].startswith("red: not drawn")
    assert told["notes"][1].startswith(f"{rough}: not drawn well yet")


def test_more_like_one_keep_their_kind(client):
    duck = client.predict(prompt="a duck", count=1, seed=3, api_name="/draw")["drawings"][0]
    told = client.predict(drawing=duck, category="duck", count=3, seed=1, api_name="/more_like")
    assert told["title"] == "duck"
    assert len({json.dumps(strokes) for strokes in told["drawings"]}) == 3
    guesses = multimodal.load_recognizer().predict(drawings_of(told), 10)
    assert sum("duck" in dict(guess.ranking) for guess in guesses) >= 2


def test_a_guess_is_the_recognizers(client):
    told = client.predict(HOUSE, 3, api_name="/guess")
    own = multimodal.load_recognizer().predict(from_points(HOUSE), 3)
    assert told["category"] == own.label
    assert told["probability"] == pytest.approx(own.probability, abs=1e-4)
    assert [entry["name"] for entry in told["ranking"]] == [name for name, _ in own.ranking]


def test_endings_keep_the_beginning(client):
    told = client.predict(HOUSE, "a house", count=3, seed=1, api_name="/complete")
    begun = from_points(HOUSE)
    assert told["title"] == "house"
    assert 1 <= len(told["drawings"]) <= 3
    for drawing in drawings_of(told):
        assert drawing.first(begun.points) == begun
        assert len(drawing) > len(begun)


def test_a_morph_goes_from_one_end_to_the_other(client):
    told = client.predict("an apple", "a pineapple", steps=5, seed=2, api_name="/morph")
    assert told["title"] == "an apple to a pineapple"
    assert len(told["drawings"]) == 5
    own = client.predict(
        first="", last="a pineapple", first_drawing=HOUSE, steps=4, seed=2, api_name="/morph"
    )
    assert len(own["drawings"][0]) == len(HOUSE)
    assert len(own["drawings"]) == 4


@pytest.mark.parametrize(
    ("ending", "begins"),
    [(".svg", b"<svg"), (".png", b"\x89PNG"), (".gif", b"GIF8"), (".gcode", b"; 2 strokes")],
)
def test_a_drawing_is_saved_in_any_format(client, ending, begins):
    path = Path(client.predict(HOUSE, ending, api_name="/save_drawing"))
    assert path.suffix == ending
    assert path.read_bytes().startswith(begins)


def test_what_is_saved_as_ndjson_is_the_same_drawing(client):
    (record,) = read_drawings(client.predict(HOUSE, ".ndjson", api_name="/save_drawing"))
    assert to_points(record.drawing) == HOUSE


def scribbles(strokes: int, points: int) -> list:
    return [[[x % 97, x % 89] for x in range(points)]] * strokes


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("draw", {"prompt": "  "}, "The prompt is empty"),
        ("draw", {"prompt": "a duk"}, "'duk' is not understood; nearest: duck"),
        ("draw", {"prompt": "a duck " * 99}, "Please keep it to 400"),
        ("draw", {"prompt": "90 ducks"}, "more than 50 figures"),
        ("draw", {"prompt": "a duck", "count": 1000}, "1000"),
        ("draw", {"prompt": "a duck", "temperature": 9}, "9"),
        ("draw", {"prompt": "a duck", "seed": -2}, "Please choose a seed"),
        ("guess", {"drawing": []}, "no stroke to guess from"),
        ("guess", {"drawing": scribbles(10_000, 2)}, "10,000 strokes and 20,000 points"),
        ("guess", {"drawing": scribbles(1, 30_000)}, "30,000 points"),
        ("guess", {"drawing": [[["x", "y"]]]}, "something else than numbers"),
        ("guess", {"drawing": [[[1e300, 0]]]}, "beyond"),
        ("guess", {"drawing": {"strokes": 3}}, "no list of strokes"),
        ("complete", {"drawing": [], "category": ""}, "the drawing is empty"),
        ("complete", {"drawing": HOUSE, "category": "a hous"}, "nearest: house"),
        ("complete", {"drawing": [ZIGZAG], "category": ""}, "cannot be gone on with"),
        ("more_like", {"drawing": HOUSE, "category": "two ducks"}, "more than one thing"),
        ("morph", {"first": "", "last": "a duck"}, "The prompt is empty"),
        ("morph", {"first": "/etc/passwd.json", "last": "a duck"}, "not understood"),
        ("morph", {"first": "two ducks", "last": "a duck"}, "more than one thing"),
        ("save_drawing", {"drawing": [], "ending": ".svg"}, "no stroke to save"),
        ("save_drawing", {"drawing": HOUSE, "ending": ".exe"}, "exe"),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(client, name, arguments, said):
    with pytest.raises(AppError) as caught:
        client.predict(**arguments, api_name=f"/{name}")
    assert said in str(caught.value)
    assert client.predict(HOUSE, api_name="/guess")["category"]


@pytest.mark.skipif(MODEL not in shipped(), reason="no handwriting recognizer ships")
def test_handwriting_is_read_as_the_reader_reads_it(client):
    told = client.predict(HOUSE, 3, api_name="/read_handwriting")
    own = multimodal.load_handwriting_recognizer().read(from_points(HOUSE), alternatives=3)
    assert told["text"] == own.text
    assert [line["text"] for line in told["lines"]] == [line.text for line in own.lines]
    assert [len(line["alternatives"]) for line in told["lines"]] == [
        len(line.alternatives) for line in own.lines
    ]
    assert client.predict([], 0, api_name="/read_handwriting")["lines"] == []
