"""Commands are run alike; the fixtures of the captioner and the translator serve their jobs."""

import runpy
import sys
from pathlib import Path

import pytest

from pipelines import cli

_TESTS = Path(__file__).parents[1]
_FIXTURES = runpy.run_path(str(_TESTS / "captioning" / "conftest.py"))
captioner = _FIXTURES["captioner"]
checkpoint = _FIXTURES["checkpoint"]
data = _FIXTURES["data"]
draw_weights = _FIXTURES["draw_weights"]
photos = _FIXTURES["photos"]

_TRANSLATION = runpy.run_path(str(_TESTS / "translation" / "conftest.py"))
parallel_data = _TRANSLATION["parallel_data"]
translator = _TRANSLATION["translator"]
translator_run = _TRANSLATION["translator_run"]


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command; its code and what it printed."""

    def leave(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["multimodal", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0, *capsys.readouterr()

    return leave


@pytest.fixture
def quick_settings() -> list[str]:
    """Those of a captioner that is trained in a moment."""
    first = ["encoder=shufflenet_v2_x0_5", "encoder_weights=random", "num_augmentations=1"]
    epochs = ["epochs=1", "fine_tuning_epochs=0", "self_critical_epochs=0"]
    return [*first, *epochs, "batch_size=500", "hidden_size=8", "embedding_size=8", "min_count=1"]
