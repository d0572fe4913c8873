"""Files against the models that they were made of: a cold start, and work that goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from multimodal.errors import UserError
from pipelines.export import export_file

FEWEST = 7  # pairs of a comparison
CAPTIONER, SKETCHER, TEXT = "captioner-open-world", "sketcher-quickdraw", "sonnets"
LENGTH = 200  # characters of a text

# A process counts its parent's memory at its start as its own: so it gets a parent that is small.
MEASURE = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(code)
"""


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        seconds: of processor time.
        megabytes: of memory at its peak.
    """

    seconds: float
    megabytes: float


def benchmark_portable(
    photo: Path | None = None, pairs: int = FEWEST, *, int8: bool = False
) -> Iterator[str]:
    """Time the commands with a file and with the model in turns, then both at work.

    Args:
        photo: what is captioned; a plain one unless given.
        pairs: how often each is timed.
        int8: whether the files' weights are of 8 bit.

    Returns:
        A line for each comparison: medians of processor time, and the ratio of the file to the
        model.

    Raises:
        UserError: there are too few pairs, or the photo is not there.
    """
    if pairs < FEWEST:
        raise UserError(f"pairs: at least {FEWEST}, not {pairs}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shown = photo or _plain_photo(folder / "photo.png")
        if not shown.is_file():
            raise UserError(f"{shown}: no such photo")
        files = {name: folder / f"{name}.onnx" for name in (CAPTIONER, SKETCHER, TEXT)}
        for name, path in files.items():
            yield export_file(name, path, int8=int8)
        yield _cold(shown, files[CAPTIONER], pairs)
        yield from _warm(files, pairs)


def _cold(photo: Path, file: Path, pairs: int) -> str:
    """One photo by a process of its own: processor time and memory."""
    run = [sys.executable, "-m", "pipelines.cli", "caption", str(photo)]
    model = [*run, "--model", CAPTIONER, "--no-naming"]
    portable = [*run, "--model", str(file)]
    costs = [(process_cost(portable), process_cost(model)) for _ in range(pairs)]
    ours, theirs = zip(*costs, strict=True)
    seconds = median(a.seconds / b.seconds for a, b in costs)
    memory = median(a.megabytes / b.megabytes for a, b in costs)
    return (
        f"one photo from a cold start, {pairs} pairs: file {_cost(ours)}, model {_cost(theirs)};"
        f" {seconds:.2f} of the processor time, {memory:.2f} of the memory"
    )


def process_cost(command: Sequence[str]) -> Cost:
    """What a command takes, from its start to its end.

    Raises:
        UserError: it fails.
    """
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-c", MEASURE, *command], stdout=subprocess.PIPE, check=False
    )
    if child.returncode:
        raise UserError(f"{' '.join(command)}: failed")
    seconds, memory = json.loads(child.stdout)
    return Cost(seconds, memory / (2**20 if sys.platform == "darwin" else 2**10))


def _cost(costs: Sequence[Cost]) -> str:
    seconds = median(cost.seconds for cost in costs)
    return f"{seconds:.2f} s and {median(cost.megabytes for cost in costs):.0f} MB"


def _warm(files: dict[str, Path], pairs: int) -> Iterator[str]:
    """Work that goes on, in turns: the model in its usual precision, and the file."""
    from multimodal import load_captioner, load_language_model, load_sketcher
    from multimodal.portable import Portable

    photos = [_noise(number) for number in range(32)]
    model, file = load_captioner(), Portable.load(files[CAPTIONER])
    for count in (1, 32):
        some = photos[:count]
        jobs = _captions(model, some, naming=False), _captions(file, some)
        yield _compared(f"captions, {count} at a time", jobs, pairs)
    drawing, drawing_file = load_sketcher(), Portable.load(files[SKETCHER])
    for count in (1, 100):
        jobs = _sketches(drawing, count), _sketches(drawing_file, count)
        yield _compared(f"sketches, {count} at a time", jobs, pairs)
    language_model, language_model_file = load_language_model(TEXT), Portable.load(files[TEXT])
    for count in (1, 256):
        jobs = _texts(language_model, count), _texts(language_model_file, count)
        yield _compared(f"texts of {LENGTH} characters, {count} at a time", jobs, pairs)


def _captions(captioner: Any, photos: Sequence[Any], **how: Any) -> Callable[[], object]:
    return lambda: captioner.caption(photos, **how)


def _sketches(sketcher: Any, count: int) -> Callable[[], object]:
    return lambda: sketcher.draw_many([("duck", count)], seed=1)


def _texts(language_model: Any, count: int) -> Callable[[], object]:
    return lambda: language_model.generate_batch([""] * count, length=LENGTH, seed=1)


def _compared(
    what: str, jobs: tuple[Callable[[], object], Callable[[], object]], pairs: int
) -> str:
    """Medians of the model and of the file, in turns."""
    model, file = jobs
    for job in (model, file):
        job()
    times = [(_time(model), _time(file)) for _ in range(pairs)]
    ratio = median(a / b for a, b in times)
    ours, theirs = median(b for _, b in times), median(a for a, _ in times)
    return (
        f"{what}: file {ours * 1e3:.1f} ms, model {theirs * 1e3:.1f} ms;"
        f" {ratio:.2f} times the model's throughput"
    )


def _time(job: Callable[[], object]) -> float:
    """Seconds of processor time, which what else the machine does leaves as they are."""
    begin = process_time()
    job()
    return process_time() - begin


def _plain_photo(path: Path) -> Path:
    Image.fromarray(_noise(0)).save(path)
    return path


def _noise(seed: int) -> np.ndarray:
    """A picture of coloured squares."""
    squares = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), np.uint8)
    return np.kron(squares, np.ones((64, 64, 1), np.uint8))
