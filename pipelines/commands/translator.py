"""The commands of translation: translate, train, evaluate and benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multimodal.errors import UserError
from pipelines import commands

Model = Annotated[str | None, commands.model_option("translator")]

if TYPE_CHECKING:
    from multimodal.translation.translation import Translation
    from multimodal.translation.translator import Translator

Data = Annotated[str, commands.data_option("translator")]
Languages = Annotated[
    str, typer.Option(help="Which languages of the data, such as en,de or en=English,de=German.")
]
ChannelWeight = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="How much it counts that a translation can be read back; 0 is fastest.",
        show_default="the model's, 0.5",
    ),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Sentences at a time.")]


@commands.app.command("translate")
def translate_command(
    text: Annotated[str, typer.Argument(help="A sentence, or a file with one a line (- reads).")],
    *,
    to: Annotated[
        str, typer.Option(help="The language to write: de, en or fr, or one of --model.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="The language of the text.", show_default="told by its words"),
    ] = None,
    output: Annotated[
        Path | None, commands.output_option("Write the lines of a file here.")
    ] = None,
    model: Model = None,
    beam_size: commands.BeamSize = None,
    channel_weight: ChannelWeight = None,
    n_best: Annotated[
        int | None, typer.Option(min=1, help="Translations of a sentence.", show_default="1")
    ] = None,
    alignment: Annotated[
        Path | None, typer.Option(help="Draw which word looked at which here (.png .svg .pdf).")
    ] = None,
    batch_size: BatchSize = 32,
) -> None:
    """Translate sentences that describe what a photo shows, or a file of them line by line.

    The shipped translator learnt from captions of photos in English, German and French; it warns
    where a sentence is unlike them.
    """
    from pipelines.alignment import require_alignment
    from pipelines.models import open_model
    from pipelines.translate import names_file

    is_file = names_file(text)
    if is_file and (alignment or n_best):
        raise UserError("--alignment and --n-best: are for a single sentence, not for a file")
    if output and not is_file:
        raise UserError(f"--output {output}: is for a file of sentences; a sentence is printed")
    if alignment:
        require_alignment(alignment)
    translator = open_model("translator", model)
    options = commands.given(beam_size=beam_size, channel_weight=channel_weight, n_best=n_best)
    if is_file:
        _translate_file(translator, text, output, to, source, {**options, "batch_size": batch_size})
    else:
        _show(translator, translator.translate(text, to, source, **options), alignment)


@commands.evaluate.command("translator")
def evaluate_translator_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[
        str, typer.Option(help="train, dev, test, or a file's name as far as its language.")
    ] = "test",
    json_file: commands.ScoresFile = None,
    directions: Annotated[
        str, typer.Option(help="Such as en-de,en-fr.", show_default="all that there are")
    ] = "",
    languages: Languages = "",
    translations: Annotated[
        Path | None, typer.Option(help="A folder for what was written.")
    ] = None,
    beam_size: commands.BeamSize = None,
    channel_weight: ChannelWeight = None,
    batch_size: BatchSize = 32,
) -> None:
    """Compare translations with what people wrote: BLEU and chrF, in lower case."""
    from pipelines.evaluate.translator import evaluate_translator

    scores = evaluate_translator(
        model,
        data,
        split,
        directions=commands.listed(directions),
        languages=commands.listed(languages),
        translations=translations,
        batch_size=batch_size,
        **commands.given(beam_size=beam_size, channel_weight=channel_weight),
    )
    commands.report_scores(scores, json_file)


@commands.benchmark.command("translator")
def benchmark_translator_command(
    file: Annotated[Path | None, typer.Argument(help="Sentences, one a line.")] = None,
    *,
    model: Model = None,
    to: Annotated[str, typer.Option(help="The language to write.")] = "de",
    sentences: Annotated[int, typer.Option(min=1, help="How many to time.")] = 256,
) -> None:
    """Time translating one sentence at a time and many, and against the matrix products alone."""
    from pipelines.benchmark.translator import benchmark_translator

    commands.echo_lines(benchmark_translator(model, file, to, sentences))


def _translate_file(
    translator: Translator,
    text: str,
    output: Path | None,
    to: str,
    source: str | None,
    options: Mapping[str, Any],
) -> None:
    from pipelines.translate import translate_file

    account = translate_file(translator, text, output, to=to, language=source, **options)
    for error in account.errors:
        typer.echo(error, err=True)
    where = f"; see {output}" if output else ""
    typer.echo(f"{account}{where}", err=True)
    if account.errors:
        raise typer.Exit(commands.SOME_FAILED)


def _show(translator: Translator, translation: Translation, alignment: Path | None) -> None:
    from pipelines.alignment import draw_alignment
    from pipelines.translate import warning

    if translation.alternatives:
        for each in (translation, *translation.alternatives):
            typer.echo(f"{each.text}\t{each.score:.2f}")
    else:
        typer.echo(translation.text)
    if translation.unknown:
        typer.echo(f"never seen in training: {', '.join(translation.unknown)}", err=True)
    if translation.unusual:
        limit = translator.domains[translation.source_language].limit
        typer.echo(warning(translation, limit), err=True)
    if alignment:
        draw_alignment(translation, alignment)
        typer.echo(f"{alignment}: where every word looked", err=True)
