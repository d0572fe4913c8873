"""The recipe of a captioner of the wider world: its parts, in their order, and going on."""

from pathlib import Path

import pytest

from multimodal.captioning.recipe import CaptionerRecipe
from multimodal.errors import UserError
from pipelines.train import open_world_captioner as recipe
from pipelines.train import with_settings


def test_every_part_is_one_stage_of_the_captioners_recipe():
    stages = (
        *("language_epochs", "detection_epochs", "epochs"),
        *("fine_tuning_epochs", "self_critical_epochs"),
    )
    found = []
    for part in recipe.PARTS:
        chosen = with_settings(CaptionerRecipe(), recipe.settings_of(part, "former", "a.tsv,b.tsv"))
        assert (chosen.init_from, chosen.language) == ("former", "a.tsv,b.tsv")
        assert chosen.encoder == "efficientnet_lite2"
        found.append([name for name in stages if getattr(chosen, name)])
    assert found == [
        *(["language_epochs"], ["detection_epochs"]),
        *(["epochs"], ["self_critical_epochs"], ["self_critical_epochs"]),
    ]


def test_each_part_begins_with_the_one_before_and_what_is_done_is_not_done_again(
    tmp_path, monkeypatch
):
    trained, calibrated = [], []

    def train(task: str, data: str, folder: Path, settings: list[str]) -> None:
        start = next(s for s in settings if s.startswith("init_from="))
        trained.append((task, data, folder.name, start.removeprefix("init_from=")))
        if folder.name == "cross-entropy" and len(trained) == 3:
            raise UserError("stopped")

    monkeypatch.setattr(recipe, "train_model", train)
    monkeypatch.setattr(recipe, "calibrate_captioner", lambda *given: calibrated.append(given))
    with pytest.raises(UserError, match="stopped"):
        recipe.train_in_parts("data", "text", tmp_path)
    recipe.train_in_parts("data", "text", tmp_path)
    assert [name for *_, name, _ in trained] == [
        *("language", "detection", "cross-entropy", "cross-entropy", "self-critical"),
        "self-critical again",
    ]
    starts = [start for *_, start in trained]
    assert starts[0] == "captioner-flickr8k"
    assert starts[1] == str(tmp_path / "language" / "last")
    assert starts[2] == starts[3] == str(tmp_path / "detection" / "last")
    assert starts[4] == str(tmp_path / "cross-entropy" / "best")
    assert starts[5] == str(tmp_path / "self-critical" / "best")
    best = str(tmp_path / "self-critical again" / "best")
    assert calibrated == [(best, "data", tmp_path / "captioner")]
