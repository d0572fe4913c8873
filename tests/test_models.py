"""What holds of every model that ships, whatever its task: a row of the table, a row of tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

import multimodal
from multimodal.checkpoints import (
    CARD,
    CONFIG,
    PRETRAINED,
    WEIGHTS,
    read_checkpoint,
    save_checkpoint,
    shipped_models,
)
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.strokes import Drawing
from multimodal.tasks import TASKS, imported, task_of

CIRCLE = [(50 + 40 * np.cos(a), 50 + 40 * np.sin(a)) for a in np.linspace(0, 6.3, 30)]
HOUSE = Drawing([[(0, 40), (0, 90), (80, 90), (80, 40)], [(0, 40), (40, 0), (80, 40)]])
FACE = Drawing([CIRCLE, [(35, 35), (37, 37)], [(65, 35), (63, 37)], [(30, 70), (50, 80), (70, 70)]])


def photo(seed: int) -> np.ndarray:
    """A picture of a few broad colours, as nobody would take it."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((160, 120)))


@dataclass(frozen=True)
class Use:
    """How a task's models are called.

    Attributes:
        items: what goes in; each gives one answer.
        answers: a model and some items → what can be compared, one for each.
        wrong: a call with input that cannot be.
        complaint: what the error says of it.
        seeded: the same as `answers` with a seed, where chance is at work.
    """

    items: Sequence[Any]
    answers: Callable[[Any, Sequence[Any]], list[Any]]
    wrong: Callable[[Any], Any]
    complaint: str
    seeded: Callable[[Any, Sequence[Any], int], list[Any]] | None = None


def drawn(drawings: Sequence[Drawing]) -> list[Any]:
    return [[stroke.round(3).tolist() for stroke in drawing.strokes] for drawing in drawings]


def ranked(prediction: Any) -> Any:
    return [(name, pytest.approx(share, abs=1e-4)) for name, share in prediction.ranking]


USES = {
    "captioner": Use(
        [photo(1), photo(2), photo(3)],
        lambda model, items: [caption.text for caption in model.caption(list(items))],
        lambda model: model.caption("no/such/photo.jpg"),
        "photo.jpg",
    ),
    "sketcher": Use(
        ["apple", "eye"],
        lambda model, items: [drawn(model.draw(n, 2, seed=5, num_candidates=1)) for n in items],
        lambda model: model.draw("qwzx"),
        "qwzx",
        lambda model, items, seed: [
            drawn(model.draw(n, seed=seed, num_candidates=1)) for n in items
        ],
    ),
    "recognizer": Use(
        [HOUSE, FACE],
        lambda model, items: [ranked(prediction) for prediction in model.predict(list(items))],
        lambda model: model.predict(Drawing([])),
        "drawing 1 has no stroke",
    ),
    "video-recognizer": Use(
        [[photo(1), photo(2)], [photo(3)] * 3],
        lambda model, items: [ranked(model.predict(clip)) for clip in items],
        lambda model: model.predict("no/such/film.gif"),
        "film.gif",
    ),
    "language-model": Use(
        ["the ", "a", ""],
        lambda model, items: model.generate_batch(list(items), length=30, top_k=1),
        lambda model: model.generate(lenght=3),
        "lenght: no such option",
        lambda model, items, seed: model.generate_batch(list(items), length=30, seed=seed),
    ),
    "handwriting-generator": Use(
        ["a cat", "The fox"],
        lambda model, items: drawn(
            [model.write_lines([text], seed=3, num_candidates=1, attempts=1)[0] for text in items]
        ),
        lambda model: model.write("ü"),
        "'ü'",
        lambda model, items, seed: drawn(
            model.write_lines(list(items), seed=seed, num_candidates=1, attempts=1)
        ),
    ),
    "handwriting-recognizer": Use(
        [HOUSE, FACE],
        lambda model, items: [found.text for found in model.read(list(items))],
        lambda model: model.read(HOUSE, alternatives=-1),
        "alternatives",
    ),
    "text-classifier": Use(
        ["a warm and funny film", "dull"],
        lambda model, items: [ranked(prediction) for prediction in model.predict(list(items))],
        lambda model: model.predict(" "),
        "holds no word",
    ),
    "translator": Use(
        ["Two dogs run on the beach.", "a man sleeps"],
        lambda model, items: [found.text for found in model.translate(list(items), to="de")],
        lambda model: model.translate("a dog", to="xx"),
        "xx",
    ),
}

# Of every shipped model: the most bytes of its weights, and what its card has to name beside its
# license: the data that it learnt from, their terms, and the measures.
CARDS = {
    "captioner-open-world": (
        40e6,
        ("flickr8k", "coco", "non-commercial", "imagenet", "cider", "chair"),
    ),
    "captioner-flickr8k": (30e6, ("flickr8k", "non-commercial", "imagenet", "cider", "bleu")),
    "clip-recognizer-quickdraw": (3e6, ("quick, draw!", "top-1", "calibration")),
    "reader-unipen": (3e6, ("unipen", "cc by 4.0", "error")),
    "recognizer-live": (6e6, ("quick, draw!", "cc by 4.0", "magenta", "top-5")),
    "recognizer-quickdraw": (6e6, ("quick, draw!", "cc by 4.0", "top-5")),
    "sentiment-sst2": (3.2e6, ("stanford sentiment treebank", "test", "limits")),
    "sketcher-quickdraw": (12e6, ("cc by 4.0", "magenta", "l_r", "kl")),
    "text-latex": (4e6, ("stacks project", "free documentation license", "nats")),
    "text-linux": (4e6, ("linux", "gpl", "nats")),
    "text-sonnets": (8e6, ("sonnets", "public domain", "nats")),
    "text-war-and-peace": (8e6, ("war and peace", "public domain", "nats")),
    "translator-multi30k": (13e6, ("multi30k", "non-commercial", "bleu")),
    "writer-unipen": (4e6, ("unipen", "cc by 4.0", "zenodo", "error rate", "nats")),
}

MODELS = shipped_models()
FIRST = [spec.shipped[0] for spec in TASKS.values()]
"""One model of each task, where several have nothing more to show."""


@pytest.fixture(scope="module")
def load() -> Callable[[str], PretrainedModel]:
    """Loads a model in fp32, once."""
    loaded: dict[str, PretrainedModel] = {}

    def once(name: str) -> PretrainedModel:
        if name not in loaded:
            loaded[name] = multimodal.load(name, precision="fp32")
        return loaded[name]

    return once


def test_every_task_and_every_model_has_its_row():
    assert set(USES) == set(TASKS)
    assert set(CARDS) == set(MODELS) == {name for row in TASKS.values() for name in row.shipped}


@pytest.mark.parametrize("name", MODELS)
def test_its_folder_is_small_in_16_bit_and_holds_nothing_else(name):
    folder, (largest, _) = PRETRAINED / name, CARDS[name]
    assert {entry.name for entry in folder.iterdir()} == {CARD, CONFIG, WEIGHTS}
    assert (folder / WEIGHTS).stat().st_size <= largest
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert kinds <= {torch.float16, torch.bfloat16, torch.int64}


@pytest.mark.parametrize("name", MODELS)
def test_its_card_states_what_has_to_be_known(name):
    card = (PRETRAINED / name / CARD).read_text(encoding="utf-8")
    assert card.startswith("---\n")
    assert "\nlicense: " in card
    assert f"\n# {name}\n" in card
    for stated in CARDS[name][1]:
        assert stated in card.lower(), stated


@pytest.mark.parametrize("name", MODELS)
def test_it_loads_by_its_name_as_the_class_of_its_task(load, name):
    model = load(name)
    (spec,) = (row for row in TASKS.values() if name in row.shipped)
    assert type(model) is imported(spec.model)
    assert spec.name == model.TASK
    assert not model.network.training


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_again_it_is_the_same(load, name, tmp_path):
    model = load(name)
    again = multimodal.load(model.save_pretrained(tmp_path / "again", "a card"), precision="fp32")
    assert again.to_config() == model.to_config()
    theirs = again.network.state_dict()
    for tensor, weights in model.network.state_dict().items():
        torch.testing.assert_close(theirs[tensor], weights, rtol=1e-3, atol=1e-3)
    assert (tmp_path / "again" / CARD).read_text() == "a card"
    use = USES[model.TASK]
    assert use.answers(again, use.items[:1]) == use.answers(model, use.items[:1])


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("fault", ["missing", "unexpected", "of another shape", "not finite"])
def test_weights_that_do_not_fit_are_refused(name, fault, tmp_path):
    checkpoint = read_checkpoint(name)
    tensors = dict(checkpoint.tensors)
    tensor = next(n for n, values in tensors.items() if values.is_floating_point())
    if fault == "missing":
        del tensors[tensor]
    elif fault == "unexpected":
        tensors["another.weight"] = torch.zeros(2)
    elif fault == "of another shape":
        tensors[tensor] = torch.zeros(1, 2, 3)
    else:
        tensors[tensor] = tensors[tensor].float() * 1e30  # beyond 16 bit, not beyond 32
    dtype = torch.float32 if fault == "not finite" else None
    folder = save_checkpoint(tmp_path / "damaged", checkpoint.config, tensors, dtype=dtype)
    if fault == "not finite":
        from safetensors.torch import load_file, save_file

        whole = load_file(folder / WEIGHTS)
        whole[tensor][(0,) * whole[tensor].dim()] = torch.inf
        save_file(whole, folder / WEIGHTS)
    with pytest.raises(UserError, match=fault):
        multimodal.load(folder)


@pytest.mark.parametrize("name", FIRST)
def test_a_checkpoint_for_another_task_is_refused(name, tmp_path):
    folder = shutil.copytree(PRETRAINED / name, tmp_path / "copy")
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps({**config, "task": "oracle"}), encoding="utf-8")
    spec = task_of(read_checkpoint(name).config["task"])
    with pytest.raises(UserError, match="'oracle', not for"):
        imported(spec.model).from_pretrained(folder)
    with pytest.raises(UserError, match="no task 'oracle'"):
        multimodal.load(folder)


@pytest.mark.parametrize("name", FIRST)
def test_a_config_without_a_part_names_the_file(name, tmp_path):
    checkpoint = read_checkpoint(name)
    config = {key: value for key, value in checkpoint.config.items() if key != "network"}
    config.pop("decoder", None)
    folder = save_checkpoint(tmp_path / "less", config, checkpoint.tensors)
    with pytest.raises(UserError, match=r"config\.json: incomplete"):
        multimodal.load(folder)


@pytest.mark.parametrize("task", TASKS)
def test_a_batch_changes_no_answer(load, task):
    use, model = USES[task], load(TASKS[task].shipped[0])
    alone = [use.answers(model, [item])[0] for item in use.items]
    assert use.answers(model, use.items) == alone
    assert use.answers(model, use.items[::-1]) == alone[::-1]


@pytest.mark.parametrize("task", [task for task, use in USES.items() if use.seeded])
def test_one_seed_gives_the_same_again_and_another_something_else(load, task):
    use, model = USES[task], load(TASKS[task].shipped[0])
    assert use.seeded is not None
    first = use.seeded(model, use.items, 7)
    assert use.seeded(model, use.items, 7) == first
    assert use.seeded(model, use.items, 8) != first


@pytest.mark.parametrize("task", TASKS)
def test_input_that_cannot_be_is_one_line(load, task):
    use = USES[task]
    with pytest.raises(UserError, match=use.complaint) as caught:
        use.wrong(load(TASKS[task].shipped[0]))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", FIRST)
def test_it_can_be_built_from_its_config_alone(load, name):
    model = load(name)
    config: dict[str, Any] = json.loads(json.dumps(model.to_config()))
    again = type(model).from_config(config)
    assert again.network.state_dict().keys() == model.network.state_dict().keys()
    assert json.loads(json.dumps(again.to_config())) == config


def test_the_hub_gets_what_a_folder_would_hold(load, monkeypatch):
    seen: dict[str, Any] = {}

    def push(folder: Path, repository: str) -> str:
        seen["files"] = {entry.name for entry in folder.iterdir()}
        return f"https://example.org/{repository}"

    monkeypatch.setattr("multimodal.pretrained_model.push_to_hub", push)
    model = load("sentiment-sst2")
    assert model.push_to_hub("me/mine", card="a card") == "https://example.org/me/mine"
    assert seen["files"] == {CARD, CONFIG, WEIGHTS}
