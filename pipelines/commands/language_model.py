"""The commands of text: write, train, evaluate and benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer

from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines import commands

Data = Annotated[str, commands.data_option("language-model")]
Model = Annotated[str | None, commands.model_option("language-model")]
Temperature = Annotated[
    float | None, typer.Option(help="Below 1 plays safe, above 1 is adventurous.", show_default="1")
]
TopK = Annotated[
    int | None, typer.Option(help="Draw from the k most probable only.", show_default="all")
]
TopP = Annotated[
    float | None, typer.Option(help="Draw from the most probable that reach p.", show_default="1")
]
Seed = Annotated[
    int | None, typer.Option(help="The same seed gives the same text.", show_default="any")
]
Adapt = Annotated[
    bool, typer.Option("--adapt", help="The weights follow the text that is scored, for this once.")
]


@commands.app.command("generate-text")
def generate_language_model_command(
    *,
    model: Model = None,
    prompt: Annotated[str, typer.Option(help="What the text begins with.")] = "",
    length: Annotated[
        int, typer.Option(min=0, help="How many characters to write; 0 for without end.")
    ] = 600,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    seed: Seed = None,
    stop: Annotated[str | None, typer.Option(help="End a text as soon as it holds this.")] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="How many texts, at once.")
    ] = 1,
    output: Annotated[
        Path | None,
        commands.output_option(
            "A folder for the texts, a .jsonl file for --score, a .html file for --trace."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace texts.")] = False,
    surprise: Annotated[
        bool, typer.Option("--surprise", help="Colour each character by its log-probability.")
    ] = False,
    score: Annotated[
        Path | None, typer.Option(help="Do not write; tell how probable this file is.")
    ] = None,
    adapt: Adapt = False,
    trace: Annotated[
        Path | None, typer.Option(help="Do not write; draw the cells over this file (needs -o).")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="Which cell of --trace, layer:unit.", show_default="the telling ones"),
    ] = None,
) -> None:
    """Write on behind a text, or look at one that is there."""
    if score and trace:
        raise UserError("--score and --trace: give one of them")
    if adapt and not score:
        raise UserError("--adapt: is for a text that is there, so give --score as well")
    if score:
        _score(model, score, output, surprise=surprise, adapt=adapt)
    elif trace:
        _trace(model, trace, output, unit)
    else:
        drawn = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
        options = {"length": length or None, **commands.given(**drawn, stop=stop)}
        if output or count > 1:
            _write_all(model, prompt, count, output, options, overwrite=overwrite)
        else:
            _stream(model, prompt, options, surprise=surprise)


@commands.evaluate.command("language-model")
def evaluate_language_model_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev, test or whole.")] = "test",
    json_file: commands.ScoresFile = None,
    adapt: Adapt = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="n-grams, gzip and xz as well.")
    ] = False,
    form: Annotated[
        str | None, typer.Option(help="Compare form instead: c, latex or sonnet.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Texts of --form.")] = 200,
    length: Annotated[int, typer.Option(min=1, help="Characters of each.")] = 2000,
    temperature: Annotated[float, typer.Option(help="Of --form.")] = 0.8,
    seed: Annotated[int, typer.Option(help="Of --form.")] = 0,
) -> None:
    """Measure how well a language model predicts a text, or the form of what it generates."""
    from pipelines.evaluate.language_model import evaluate_form, evaluate_language_model

    if form and adapt:
        raise UserError("--form and --adapt: give one of them")
    if form:
        options = {"temperature": temperature, "seed": seed}
        scores = evaluate_form(model, data, split, form, samples=samples, length=length, **options)
    else:
        scores = evaluate_language_model(model, data, split, adapt=adapt, baselines=baselines)
    commands.report_scores(scores, json_file)


@commands.benchmark.command("language-model")
def benchmark_language_model_command(settings: commands.Settings = None) -> None:
    """Time training and writing, against torch's own network and its matrix products alone."""
    from pipelines.benchmark.language_model import benchmark_language_model

    commands.echo_lines(benchmark_language_model(settings or []))


def _stream(model: str | None, prompt: str, options: Mapping[str, Any], *, surprise: bool) -> None:
    from rich.console import Console

    from pipelines.generate_text import show
    from pipelines.models import open_model

    pieces = open_model("language-model", model).stream(prompt, **options)
    first = list(islice(pieces, 1))  # whatever is wrong with the options is told before the prompt
    typer.echo(prompt, nl=False)
    show(chain(first, pieces), Console(highlight=False), surprise=surprise)


def _write_all(
    model: str | None,
    prompt: str,
    count: int,
    output: Path | None,
    options: Mapping[str, Any],
    *,
    overwrite: bool,
) -> None:
    from pipelines.generate_text import write_files
    from pipelines.models import open_model

    language_model = open_model("language-model", model)
    if output:
        files = write_files(language_model, output, prompt, count, overwrite=overwrite, **options)
        typer.echo(f"{counted(len(files), 'text')} in {output}", err=True)
    else:
        for number, text in enumerate(
            language_model.generate_batch([prompt] * count, **options), 1
        ):
            typer.echo(f"— {number}\n{prompt}{text}\n")


def _score(
    model: str | None, path: Path, output: Path | None, *, surprise: bool, adapt: bool
) -> None:
    from rich.console import Console

    from pipelines.generate_text import score_file, show
    from pipelines.models import open_model

    scorer = open_model("language-model", model, precision="fp32")
    scored = score_file(scorer, path, output, adapt=adapt)
    if surprise:
        pieces = zip(scored.pieces, scored.log_probs.tolist(), strict=True)
        show(pieces, Console(highlight=False), surprise=True)
    figures = scored.scores
    typer.echo(
        f"{path}: {figures.nats_per_character:.4f} nats, {figures.bits_per_character:.4f} bits per "
        f"character, perplexity {figures.perplexity:.3f}, "
        f"{counted(figures.characters, 'character')}"
    )


def _trace(model: str | None, path: Path, output: Path | None, unit: str | None) -> None:
    from pipelines.generate_text import trace_file
    from pipelines.models import open_model

    if output is None:
        raise UserError("--trace: name the page to write, such as -o cells.html")
    reader = open_model("language-model", model, precision="fp32")
    for line in trace_file(reader, path, output, unit):
        typer.echo(line)
