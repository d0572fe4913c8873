"""Settings of a recipe; what training itself does is tested with the captioner's training."""

import json
import math
from dataclasses import dataclass
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.checkpoints import CONFIG, WEIGHTS
from multimodal.errors import UserError
from pipelines.train import train_model, with_settings


@dataclass(frozen=True)
class Recipe:
    steps: int = 3
    rate: float = 0.5
    file: str = ""
    cell: Literal["rnn", "lstm"] = "lstm"


def error(*settings: str) -> str:
    with pytest.raises(UserError) as caught:
        with_settings(Recipe(), settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_settings_change_fields_by_name():
    changed = with_settings(Recipe(), ["steps=7", "rate=1e-3", "file=a=b c", "cell=rnn"])
    assert changed == Recipe(7, 0.001, "a=b c", "rnn")
    assert with_settings(Recipe(), []) == Recipe()


def test_of_a_setting_given_twice_the_last_counts():
    assert with_settings(Recipe(), ["steps=1", "steps=2"]).steps == 2


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ("stpes=7", "no such setting; did you mean steps?"),
        ("steps", "write name=value"),
        ("steps:7", "write name=value"),
        ("=7", "steps, rate, file, cell"),
        ("", "write name=value"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(setting, answer):
    assert error(setting).startswith(f"--set {setting}: ")
    assert answer in error(setting)


def test_a_value_of_another_kind_is_named():
    assert error("steps=2.5") == "--set steps=2.5: '2.5' is no whole number"
    assert error("rate=fast") == "--set rate=fast: 'fast' is no number"


def test_a_choice_that_there_is_not_is_answered_with_the_choices():
    assert error("cell=gru") == "--set cell=gru: choose one of rnn, lstm"


def test_the_captioners_recipe_takes_settings():
    recipe = with_settings(CaptionerRecipe(), ["cell=gru", "attention=none", "precision=bf16"])
    assert (recipe.cell, recipe.attention, recipe.precision) == ("gru", None, "bf16")
    assert recipe.decoder.attention is None
    with pytest.raises(UserError, match="choose one of rnn, gru, lstm"):
        with_settings(CaptionerRecipe(), ["cell=transformer"])
    with pytest.raises(UserError, match=r"^batch_size: must be at least 1, not 0$"):
        with_settings(CaptionerRecipe(), ["batch_size=0"])
    with pytest.raises(UserError, match=r"^learning_rate: must be above 0, not nan$"):
        with_settings(CaptionerRecipe(), [f"learning_rate={math.nan}"])


def test_data_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        train_model("captioner", tmp_path / "nowhere", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_file_of_captions_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(UserError, match=r"no\.tsv"):
        train_model("captioner", data, tmp_path / "run", [f"language={tmp_path / 'no.tsv'}"])


def test_a_finished_run_is_not_trained_over(data, quick_settings, tmp_path):
    train_model("captioner", data, tmp_path / "run", quick_settings)
    with pytest.raises(UserError, match="finished run"):
        train_model("captioner", data, tmp_path / "run", quick_settings)


def test_a_captioner_that_says_more_differs_in_its_last_bias_alone(data, checkpoint, run, tmp_path):
    out = tmp_path / "varied"
    options = ["--photos", 30, "--uses", 2, "--limit", 3, "--rounds", 3]
    options += ["--length-penalty", 0.3, "--detected-weight", 0.2]
    code, printed, _ = run(
        "adjust-vocabulary", checkpoint, "--data", data, "--output", out, *options
    )
    assert code == 0
    assert printed.count("words said") == 3
    former, varied = load_file(checkpoint / WEIGHTS), load_file(out / WEIGHTS)
    changed = {name for name in former if not torch.equal(former[name], varied[name])}
    assert changed == {"decoder.readout.bias"}
    config = json.loads((out / CONFIG).read_text())["generation"]
    assert (config["length_penalty"], config["detected_weight"]) == (0.3, 0.2)
    assert Captioner.from_pretrained(out).caption(next((data / "images").iterdir())).text


def test_what_cannot_be_varied_is_named(data, checkpoint, run, tmp_path):
    out = tmp_path / "varied"
    code, _, said = run("adjust-vocabulary", tmp_path / "none", "--data", data, "--output", out)
    assert (code != 0, "none" in said) == (True, True)
    code, _, said = run(
        "adjust-vocabulary", checkpoint, "--data", tmp_path / "none", "--output", out
    )
    assert (code != 0, "none" in said) == (True, True)
    code, _, said = run(
        "adjust-vocabulary", checkpoint, "--data", data, "--output", out, "--limit", 0
    )
    assert (code != 0, said.count("\n"), "limit" in said) == (True, 1, True)
    assert not out.exists()
