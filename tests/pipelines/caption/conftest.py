"""Runs of the command in processes of their own, which start at once and may be killed."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FORKED = multiprocessing.get_context("forkserver")  # imports once, and computes nothing
FORKED.set_forkserver_preload(["pipelines.cli", "pipelines.caption.run", "torchvision"])

CODE = """
import os, resource, sys
out = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
os.dup2(out, 1)
os.dup2(out, 2)
{before}
sys.argv = {argv!r}
from pipelines.cli import main
main()
"""


@dataclass
class Command:
    """``multimodal caption`` in a process of its own; both outputs go to a file."""

    log: Path
    arguments: list[str]
    before: str = ""
    process: BaseProcess = field(init=False)

    def start(self) -> "Command":
        argv = ["multimodal", "caption", *self.arguments]
        code = CODE.format(log=str(self.log), argv=argv, before=self.before)
        self.process = FORKED.Process(target=exec, args=(code, {}))
        self.process.start()
        return self

    def wait(self, seconds: float = 100) -> int:
        self.process.join(seconds)
        assert self.process.exitcode is not None, "it hangs"
        return self.process.exitcode

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def command(tmp_path, checkpoint) -> Callable[..., Command]:
    def make(*arguments: object, before: str = "") -> Command:
        words = [*map(str, arguments), "--model", str(checkpoint)]
        return Command(tmp_path / "log", words, before)

    return make


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """Two dozen pictures in two folders, some of them twice, some broken."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    random = np.random.default_rng(3)
    for number in range(24):
        path = folder / f"{number % 2}" / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 11 == 5:
            path.write_bytes(b"no picture")
        elif number % 7 == 6:
            path.write_bytes(
                (folder / f"{(number - 6) % 2}" / f"{number - 6:02d}.png").read_bytes()
            )
        else:
            pixels = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST).save(path)
    return folder
