"""Settings: their ranges, what the command line says of them, and the file that repeats them."""

import tomllib
from dataclasses import dataclass, fields, replace
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt, MultipleOf

from multimodal.errors import UserError
from multimodal.settings import Settings, read_toml, settings_of, to_toml
from multimodal.tasks import TASKS, imported
from pipelines.train import with_file


@dataclass(frozen=True)
class Recipe(Settings):
    epochs: Annotated[int, Ge(1), "Passes over the data."] = 16
    rate: Annotated[float, Gt(0), "The peak."] = 3e-3
    share: Annotated[float, Ge(0), Lt(1), "Dropped."] = 0.1
    side: Annotated[int, Ge(0), Le(64), MultipleOf(8), "Pixels."] = 32
    cell: Annotated[Literal["gru", "lstm"], "Of the layers."] = "lstm"
    most: Annotated[int | None, Ge(1), "Points."] = None
    name: str = 'a "b" \n c'
    whole: bool = True


@pytest.mark.parametrize(
    ("name", "value", "range_"),
    [
        ("epochs", 0, "at least 1"),
        ("rate", 0.0, "above 0"),
        ("rate", float("nan"), "above 0"),
        ("share", 1.0, "from 0 to below 1"),
        ("share", -0.1, "from 0 to below 1"),
        ("side", 72, "from 0 to 64 and a multiple of 8"),
        ("side", 12, "from 0 to 64 and a multiple of 8"),
        ("cell", "rnn", "one of gru, lstm"),
        ("most", 0, "at least 1"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(name, value, range_):
    with pytest.raises(UserError, match=rf"^{name}: must be {range_}, not "):
        Recipe(**{name: value})
    (setting,) = (each for each in settings_of(Recipe) if each.name == name)
    assert setting.range == range_


def test_changes_that_are_none_leave_a_setting_as_it_is():
    assert Recipe().changed({"epochs": 3, "share": None}) == Recipe(epochs=3)
    with pytest.raises(UserError, match=r"^epoch: no such option; did you mean epochs\?$"):
        Recipe().changed({"epoch": 3})


def test_a_file_says_all_settings_and_is_read_back(tmp_path):
    recipe = Recipe(epochs=3, rate=1e-5, cell="gru", whole=False)
    path = tmp_path / "recipe.toml"
    path.write_text(to_toml(recipe), encoding="utf-8")
    values = read_toml(path)
    assert set(values) == {field.name for field in fields(Recipe)}
    assert with_file(Recipe(), values, path) == recipe
    assert with_file(Recipe(), {"rate": 1}, path) == replace(Recipe(), rate=1.0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("epochs = 2.5", "epochs: 2.5 is no whole number$"),
        ("epochs = true", "epochs: True is no whole number$"),
        ('rate = "fast"', "rate: 'fast' is no number$"),
        ("epochs = 0", "epochs: must be at least 1, not 0$"),
        ('cell = "rnn"', "cell: choose one of gru, lstm$"),
        ("epoch = 3", r"epoch: no such setting; did you mean epochs\?$"),
    ],
)
def test_a_line_of_a_file_that_cannot_be_is_named(tmp_path, line, reason):
    path = tmp_path / "recipe.toml"
    path.write_text(line)
    with pytest.raises(UserError, match=rf"^{path}: {reason}"):
        with_file(Recipe(), read_toml(path), path)


def test_a_file_that_is_none_is_one_line(tmp_path):
    (tmp_path / "broken.toml").write_text("epochs = = 3")
    with pytest.raises(UserError, match=r"broken\.toml: no TOML: "):
        read_toml(tmp_path / "broken.toml")
    with pytest.raises(UserError, match=r"gone\.toml: cannot be read: "):
        read_toml(tmp_path / "gone.toml")


@pytest.mark.parametrize("task", TASKS)
def test_every_setting_of_every_recipe_has_a_range_that_its_default_keeps_and_help(task):
    recipe = imported(TASKS[task].recipe)
    assert {each.name for each in settings_of(recipe)} == {each.name for each in fields(recipe)}
    for setting in settings_of(recipe):
        setting.require(setting.default)
        assert setting.help.endswith((".", '."')), setting.name
        if setting.type in (int, float) and setting.name != "seed":
            assert setting.range, setting.name
    assert with_file(recipe(), tomllib.loads(to_toml(recipe())), "r") == recipe()
