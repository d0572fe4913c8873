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
