"""What installing leaves behind in the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_wheel_holds_the_data_and_leaves_nothing_in_the_checkout(tmp_path):
    pytest.importorskip("hatchling")
    copy = tmp_path / "checkout"
    left_out = shutil.ignore_patterns(".*", "docs", "tests", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left_out)
    before = {path.relative_to(copy) for path in copy.rglob("*")}
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(tmp_path / "out"),
    ]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, timeout=600)
    assert {path.relative_to(copy) for path in copy.rglob("*")} == before
    (wheel,) = (tmp_path / "out").iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    tables = {path.relative_to(ROOT).as_posix() for path in (ROOT / "multimodal").rglob("*.tsv")}
    assert len(tables) >= 8
    assert tables <= names
    assert "multimodal/pretrained/sentiment-sst2/model.safetensors" in names
    assert "demo/pad.js" in names
    assert not any(name.startswith("tests/") for name in names)
