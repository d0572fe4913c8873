"""A beginning → more text; a text → how probable it is, and what the cells make of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.atomic import write_text
from multimodal.errors import UserError
from pipelines.output import require_place
from pipelines.sources import require_file

if TYPE_CHECKING:
    from rich.console import Console

    from multimodal.language.heatmap import HeatMap
    from multimodal.language.language_model import LanguageModel, ScoredText

SURPRISE = ((0.7, ""), (2.3, "yellow"), (4.6, "dark_orange"), (float("inf"), "bold red"))
"""Colours of log-probabilities down to so many nats below 0: p of about 1/2, 1/10, 1/100."""


def write_files(
    language_model: LanguageModel,
    folder: Path,
    prompt: str,
    count: int,
    *,
    overwrite: bool,
    **options: Any,
) -> list[Path]:
    """Write texts into files of a folder, 1.txt, 2.txt and so on, all at once.

    Args:
        language_model: who writes.
        folder: made if need be.
        prompt: what every text begins with.
        count: how many.
        overwrite: whether files that are there are replaced.
        **options: of writing; see `TextGenerationOptions`.

    Raises:
        UserError: a file is there already or cannot be written, or an option is out of range.
    """
    files = [folder / f"{number:0{len(str(count))}}.txt" for number in range(1, count + 1)]
    for file in files:
        if file.exists() and not overwrite:
            raise UserError(f"{file}: exists already; add --overwrite to replace it")
    texts = language_model.generate_batch([prompt] * count, **options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror or error}") from error
    for file, text in zip(files, texts, strict=True):
        write_text(file, prompt + text)
    return files


def show(pieces: Iterable[tuple[str, float]], console: Console, *, surprise: bool) -> None:
    """Show pieces of text as they come.

    Args:
        pieces: each with its log-probability in nats.
        console: where.
        surprise: whether each is coloured by it.
    """
    from rich.text import Text

    for piece, log_prob in pieces:
        if surprise:
            style = next(style for nats, style in SURPRISE if -log_prob <= nats)
            console.print(Text(piece, style), end="", soft_wrap=True)
        else:
            console.file.write(piece)
            console.file.flush()
    console.file.write("\n")


def score_file(
    language_model: LanguageModel, path: Path, output: Path | None = None, *, adapt: bool = False
) -> ScoredText:
    """Tell how probable a text file is.

    Args:
        language_model: who has read it.
        path: a text file.
        output: where to write every piece and its log-probability, as JSON lines.
        adapt: see `LanguageModel.score`.

    Raises:
        UserError: a file cannot be read or written, or a character is not known.
    """
    from multimodal.language.data import read_file

    require_file(path, "a text file")
    if output:
        require_place(output)
    with _naming(path):
        scored = language_model.score(read_file(path), adapt=adapt)
    if output:
        lines = zip(scored.pieces, scored.log_probs.tolist(), strict=True)
        write_text(
            output,
            "".join(
                json.dumps({"text": piece, "log_prob": log_prob}, ensure_ascii=False) + "\n"
                for piece, log_prob in lines
            ),
        )
    return scored


def trace_file(
    language_model: LanguageModel, path: Path, output: Path, unit: str | None = None
) -> list[str]:
    """Draw what cells do while a text file is read, as an HTML page.

    Args:
        language_model: who reads.
        path: a text file.
        output: where the page is written.
        unit: which cell, "layer:unit", both from 1; without it, for every feature of the text
            (quotes, lines, brackets, …) the one that follows it best.

    Returns:
        What is on the page, a line for each heat map.

    Raises:
        UserError: there is no such cell, a file cannot be read or written, or a character is not
            known.
    """
    from multimodal.language.data import read_file
    from multimodal.language.heatmap import html_page

    require_file(path, "a text file")
    require_place(output)
    with _naming(path):
        maps = list(_heat_maps(language_model, read_file(path), unit))
    write_text(output, html_page(f"Cells over {path.name}", maps))
    return [heat_map.title for heat_map in maps]


def _heat_maps(language_model: LanguageModel, text: str, unit: str | None) -> Iterator[HeatMap]:
    from multimodal.language.heatmap import HeatMap
    from multimodal.language.interpretation import find_cells

    config = language_model.network.config
    place = None if unit is None else _place(unit, config.layers, config.hidden_size)
    trace = language_model.trace(text)

    def heat_map(title: str, layer: int, cell: int) -> HeatMap:
        values = trace.activations[:, layer, cell].tolist()
        return HeatMap(f"{title}layer {layer + 1}, unit {cell + 1}", trace.pieces, values)

    if place is not None:
        yield heat_map("", *place)
        return
    for found in find_cells(trace):
        yield heat_map(
            f"{found.feature}, correlation {found.correlation:+.2f}: ", found.layer, found.unit
        )


def _place(unit: str, layers: int, units: int) -> tuple[int, int]:
    layer, _, number = unit.partition(":")
    if not (layer.isdecimal() and number.isdecimal()):
        raise UserError(f"--unit {unit}: write layer:unit, such as 1:{units}")
    place = int(layer) - 1, int(number) - 1
    if not (0 <= place[0] < layers and 0 <= place[1] < units):
        raise UserError(f"--unit {unit}: there are {layers} layers of {units} units, from 1")
    return place


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let a complaint about a text name its file, not its role."""
    try:
        yield
    except UserError as error:
        line = str(error)
        raise UserError(
            line if str(path) in line else f"{path}: {line.removeprefix('text: ')}"
        ) from error
