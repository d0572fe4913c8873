"""The one table of tasks: what comes from it, and that a new task is one row and one module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import multimodal
from multimodal.errors import UserError, offered
from multimodal.tasks import TASKS, TaskSpec, imported, task_of
from pipelines import commands
from pipelines.commands.tasks import register
from pipelines.evaluate import evaluate_model
from pipelines.train import train_model

TOY = '''
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.training import Stage, Task, TrainingOptions


class Doubler(PretrainedModel):
    """A number becomes another."""

    TASK = "doubler"
    PRECISION = "fp32"

    def __init__(self, network, name):
        self.network = network.eval()
        self.name = name

    @classmethod
    def from_config(cls, config):
        return cls(nn.Linear(1, 1), str(config["name"]))

    def to_config(self):
        return {"name": self.name}

    def answer(self, number):
        return self.network(torch.tensor([[float(number)]])).item()


@dataclass(frozen=True)
class DoublerRecipe:
    epochs: int = 40
    learning_rate: float = 0.2


def numbers(data, split):
    rows = [line.split(",") for line in Path(data, f"{split}.csv").read_text().splitlines()]
    if not rows:
        raise UserError(f"{data}: nothing to {split} on")
    return torch.tensor([[float(x), float(y)] for x, y in rows])


class Doubling(Stage):
    name = "doubling"

    def __init__(self, recipe, pairs):
        self.pairs = pairs
        self.options = TrainingOptions(recipe.epochs, recipe.learning_rate, precision="fp32")

    def steps_per_epoch(self):
        return 1

    def batches(self, epoch, start, rank, world):
        yield self.pairs

    def loss(self, model, batch):
        return {"loss": (model(batch[:, :1]) - batch[:, 1:]).square().mean()}


class DoublerTask(Task):
    metric = "error"
    higher_is_better = False

    def __init__(self, recipe, train, dev, name):
        torch.manual_seed(0)
        self.model, self.dev, self.name = nn.Linear(1, 1), dev, name
        self.stages = [Doubling(recipe, train)]
        self.config = {"recipe": asdict(recipe), "name": name}

    @classmethod
    def from_data(cls, recipe, given, *, name="unnamed"):
        given.note("all is learnt from")
        return cls(recipe, numbers(given.data, "train"), numbers(given.data, "dev"), name)

    def validate(self, model):
        return {"error": (model(self.dev[:, :1]) - self.dev[:, 1:]).abs().mean().item()}

    def pretrained(self, model):
        return Doubler(model, self.name)


def evaluate(model, data, split):
    doubler = Doubler.from_pretrained(model)
    pairs = numbers(data, split).tolist()
    return {"error": sum(abs(doubler.answer(x) - y) for x, y in pairs) / len(pairs)}
'''


@pytest.fixture
def toy(tmp_path, monkeypatch) -> TaskSpec:
    """A task of which the table knew nothing: one module, and one row."""
    from multimodal.tasks import DataOption

    (tmp_path / "toy_room.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    spec = TaskSpec(
        name="doubler",
        title="Number to number",
        model="toy_room:Doubler",
        recipe="toy_room:DoublerRecipe",
        training="toy_room:DoublerTask",
        data="Pairs of numbers: <split>.csv.",
        data_options=(DataOption("name", "What to call it."),),
        evaluation="toy_room:evaluate",
    )
    monkeypatch.setitem(TASKS, "doubler", spec)
    yield spec
    sys.modules.pop("toy_room", None)


@pytest.fixture
def pairs(tmp_path) -> Path:
    for split, numbers in (("train", range(-5, 6)), ("dev", (0.5, 2.5)), ("test", (1.5, -3))):
        text = "".join(f"{x},{2 * x}\n" for x in numbers)
        (tmp_path / f"{split}.csv").write_text(text)
    return tmp_path


def test_a_new_task_is_one_row_and_one_module(toy, pairs, tmp_path):
    told: list[str] = []
    best = train_model("doubler", pairs, tmp_path / "run", ["epochs=60"], told.append, name="mine")
    assert told == ["all is learnt from"]
    model: Any = multimodal.load(best)
    assert (type(model).__name__, model.name) == ("Doubler", "mine")
    assert model.answer(10) == pytest.approx(20, abs=1)
    assert evaluate_model("doubler", best, pairs)["error"] < 0.3
    again = multimodal.load(model.save_pretrained(tmp_path / "again"))
    assert torch.equal(again.network.weight, model.network.weight)
    with pytest.raises(UserError, match="no doubler ships with this version"):
        type(model).from_pretrained()
    with pytest.raises(UserError, match="for 'doubler', not for 'captioner'"):
        multimodal.load_captioner(best)


def test_its_commands_come_from_the_row(toy, pairs, tmp_path, monkeypatch):
    for group in (commands.train, commands.evaluate):
        monkeypatch.setattr(group, "registered_commands", [*group.registered_commands])
    register(toy)
    run, out = CliRunner(), tmp_path / "run"
    command = ["train", "doubler", "--data", str(pairs), "--output", str(out), "--name", "mine"]
    trained = run.invoke(commands.app, command)
    assert trained.exit_code == 0, trained.output
    assert f"{out / 'best'}: the best doubler\n" in trained.output
    assert multimodal.load(out / "best").name == "mine"
    command = ["evaluate", "doubler", "--data", str(pairs), "--model", str(out / "best")]
    measured = run.invoke(commands.app, [*command, "--json", str(tmp_path / "figures.json")])
    assert measured.exit_code == 0, measured.output
    assert json.loads((tmp_path / "figures.json").read_text())["error"] < 1
    helped = run.invoke(commands.app, ["train", "--help"]).output
    assert "Train a doubler (number to number)." in helped


def test_a_run_writes_the_file_that_repeats_it(toy, pairs, tmp_path):
    settings = ["epochs=7", "learning_rate=0.01"]
    best = train_model("doubler", pairs, tmp_path / "one", settings, name="mine")
    recipe = tmp_path / "one" / "recipe.toml"
    again = train_model("doubler", None, tmp_path / "two", config=recipe)
    one, two = multimodal.load(best), multimodal.load(again)
    assert torch.equal(one.network.weight, two.network.weight)
    assert two.name == "mine"
    assert (tmp_path / "two" / "recipe.toml").read_text() == recipe.read_text()
    # What is said at the call goes before what the file says.
    third = train_model("doubler", pairs, tmp_path / "three", ["epochs=2"], config=recipe)
    assert not torch.equal(multimodal.load(third).network.weight, one.network.weight)
    with pytest.raises(UserError, match=r"recipe\.toml: a recipe for doubler, not for captioner$"):
        train_model("captioner", None, tmp_path / "four", config=recipe)
    with pytest.raises(UserError, match=r"^--data: name what to learn from$"):
        train_model("doubler", None, tmp_path / "four")
    assert not (tmp_path / "four").exists()


def test_all_settings_are_listed(toy, monkeypatch):
    monkeypatch.setattr(commands.train, "registered_commands", [])
    register(toy)
    listed = CliRunner().invoke(commands.app, ["train", "doubler", "--list-settings"])
    assert listed.exit_code == 0, listed.output
    assert "epochs" in listed.output
    assert "learning_rate" in listed.output


def test_importing_multimodal_imports_nothing_heavy():
    code = """
import json, sys
before = set(sys.modules)
import multimodal
assert multimodal.__version__ and "load_captioner" in dir(multimodal)
loader = multimodal.load_captioner
print(json.dumps([name for name in sys.modules if name not in before]))
"""
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    modules = set(json.loads(printed))
    heavy = {"torch", "torchvision", "numpy", "PIL", "gradio", "datasets", "safetensors", "typer"}
    assert not modules & heavy
    assert {name for name in modules if name.startswith("multimodal")} == {
        *("multimodal", "multimodal.errors", "multimodal.tasks")
    }
    assert len(modules) < 120


def test_the_names_of_the_package_are_those_of_the_table():
    for spec in TASKS.values():
        assert spec.loader in dir(multimodal)
        name = spec.model.partition(":")[2]
        assert name in dir(multimodal)
        assert getattr(multimodal, name) is imported(spec.model)
        assert getattr(multimodal, spec.loader).__name__ == spec.loader
    assert {"load", "available_models", "__version__"} <= set(dir(multimodal))
    with pytest.raises(AttributeError, match="no attribute 'load_oracle'"):
        _ = multimodal.load_oracle


def test_type_checkers_are_told_of_every_row():
    text = Path(multimodal.__file__).read_text(encoding="utf-8")
    for spec in TASKS.values():
        module, _, name = spec.model.partition(":")
        assert f"    from {module} import {name}\n" in text
        assert f"    {spec.loader} = {name}.from_pretrained\n" in text


@pytest.mark.parametrize("spec", TASKS.values(), ids=lambda spec: spec.name)
def test_every_row_names_what_there_is(spec):
    from multimodal.pretrained_model import PretrainedModel

    assert issubclass(imported(spec.model), PretrainedModel)
    assert spec.name == imported(spec.model).TASK
    imported(spec.recipe)()
    assert callable(imported(spec.training).from_data)
    for place in (spec.exporter, spec.portable, spec.evaluation):
        assert place is None or callable(imported(place))


def test_models_by_task():
    assert multimodal.available_models("captioner") == [
        "captioner-flickr8k",
        "captioner-open-world",
    ]
    assert "text-sonnets" in multimodal.available_models("language-model")
    assert set(multimodal.available_models("translator")) < set(multimodal.available_models())
    assert multimodal.available_models() == sorted(multimodal.available_models())
    with pytest.raises(UserError, match=r"no task 'captoner'; did you mean captioner\?"):
        multimodal.available_models("captoner")


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"; did you mean captioner-flickr8k\b"):
        multimodal.load("captioner-flick8k")
    with pytest.raises(UserError, match="no task 'oracle'; there are captioner, "):
        task_of("oracle")


def test_at_most_three_names_are_offered_of_many():
    many = [f"size_{letter}" for letter in "abcdefghijkl"]
    assert offered("siz_a", many).count("size_") == 3
    assert offered("zzz", many) == "there are 12, such as size_a, size_b, size_c"
    assert offered("zzz", many[:2]) == "there are size_a, size_b"
    assert offered("zzz", []) == "there are none"


def test_short_names_are_those_of_the_row():
    spec = task_of("language-model")
    assert spec.full_name("sonnets") == "text-sonnets"
    assert spec.full_name("Sonnets") == spec.full_name("TEXT-sonnets") == "text-sonnets"
    assert spec.full_name("./sonnets") == "./sonnets"
    assert spec.full_name(Path("sonnets")) == Path("sonnets")
    assert task_of("captioner").full_name("flickr8k") == "flickr8k"
    model: Any = multimodal.load("sonnets", precision="fp32")
    assert isinstance(model.network, nn.Module)
    assert model.TASK == "language-model"
