"""Train a captioner on your own photos, from a table, and try it.

    python examples/own_photos.py captions.csv runs/mine
    python examples/own_photos.py captions.csv runs/mine --set epochs=8    # any setting of training

The table has a column of files, `image`, and one of sentences, `caption`; photos with several
sentences have several rows. The training begins with the shipped captioner, whose terms then hold
for yours, too. Given again, the same command goes on with an interrupted training.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import multimodal

SETTINGS = (
    "init_from=captioner-flickr8k",
    "epochs=4",
    "fine_tuning_epochs=1",
    "self_critical_epochs=0",
)


def train(table: Path, out: Path, more: list[str]) -> Path:
    """Train on a table; returns the folder of the best captioner."""
    command = [sys.executable, "-m", "pipelines.cli", "train", "captioner"]
    given = [f"--set={setting}" for setting in SETTINGS]
    subprocess.run([*command, "--data", table, "--output", out, *given, *more], check=True)
    return out / "best"


def main(table: str, out: str, *more: str) -> None:
    """Train, then caption the first photo of the table before and after."""
    best = train(Path(table), Path(out), list(more))
    with Path(table).open(encoding="utf-8", newline="") as file:
        photo = Path(table).parent / next(csv.DictReader(file))["image"]
    print("before:", multimodal.load_captioner().caption(photo).text)
    print("after: ", multimodal.load_captioner(best).caption(photo).text)


if __name__ == "__main__":
    main(*sys.argv[1:])
