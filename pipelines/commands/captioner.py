"""The commands of captioning: caption, train, evaluate and benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines import commands

Model = Annotated[str | None, commands.model_option("captioner")]

if TYPE_CHECKING:
    from pipelines.caption.rows import CaptionRow
    from pipelines.caption.run import Files
    from pipelines.tally import Tally

Engine = Literal["local", "ray"]
Data = Annotated[str, commands.data_option("captioner")]
Images = Annotated[
    Path | None, typer.Option(help="The photos.", show_default="beside their captions")
]
ImageColumn = Annotated[
    str | None, typer.Option(help="The table's column of photos.", show_default="by usual names")
]
CaptionColumn = Annotated[
    str | None, typer.Option(help="The table's column of captions.", show_default="by usual names")
]
Naming = Annotated[
    bool | None,
    typer.Option(
        "--naming/--no-naming", help="Name what the classifier is sure of.", show_default="naming"
    ),
]
RepetitionWeight = Annotated[
    float | None,
    typer.Option(min=0, help="What it counts that people seldom repeat a word.", show_default="1"),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Pictures at a time.")]


@commands.app.command("caption")
def caption_command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pictures, folders, patterns, lists (.txt or -), tables (.csv .jsonl .parquet), "
            "tar shards, zip archives, data sets (a folder or a Hub name)."
        ),
    ] = None,
    *,
    samples: Annotated[
        bool, typer.Option("--samples", help="Photos of installed packages.")
    ] = False,
    output: Annotated[
        Path | None,
        commands.output_option(
            "Write here: .jsonl, .csv, .parquet, .json (COCO results), .dataset (pictures "
            "and captions for datasets), or a folder of .txt files."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page to look at here (.html).")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    overwrite: commands.Overwrite = False,
    fill: Annotated[
        bool, typer.Option("--fill", help="Write text files only where there is none.")
    ] = False,
    annotations: Annotated[
        Path | None, typer.Option(help="COCO annotations that number the pictures (for .json).")
    ] = None,
    image_column: ImageColumn = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with code 1, not 3, if pictures failed.")
    ] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw all pictures with their captions here.")
    ] = None,
    model: Model = None,
    beam_size: commands.BeamSize = None,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, help="Sentences for each picture, a row each.", show_default="1"),
    ] = None,
    naming: Naming = None,
    repetition_weight: RepetitionWeight = None,
    must_mention: Annotated[
        list[str] | None,
        typer.Option(help="A word that every sentence has; commas between alternatives."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Withhold captions with a lower score; those did not fail.")
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The same for captions with a lower confidence."),
    ] = None,
    batch_size: BatchSize = 32,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Threads (with ray: actors).", show_default="one a core"),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(case_sensitive=False, help="This machine, or a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(help="The cluster's head.", show_default="a local Ray")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Another language for every caption as well, such as de.")
    ] = None,
    translator: Annotated[str | None, commands.model_option("translator")] = None,
) -> None:
    """Caption pictures: one row for each, with the file, the sentence and its score.

    An interrupted run goes on when the same command is given with --resume.
    """
    from pipelines.caption.containers import Reading
    from pipelines.caption.inputs import require_inputs, sample_pictures
    from pipelines.caption.run import Files, caption
    from pipelines.progress import with_progress
    from pipelines.sheet import require_sheet, save_sheet
    from pipelines.tally import Tally, describe_passed_over

    if translator and not language:
        raise UserError("--translator: translates into a --language; name one, such as de")
    sources = [*(inputs or []), *map(str, sample_pictures() if samples else [])]
    files = Files(output, report, resume, overwrite, fill, annotations)
    require_inputs(sources)
    files.require(sources)
    if sheet:
        require_sheet(sheet)
    was_finished = files.finished
    options = commands.given(
        beam_size=beam_size,
        n_best=n_best,
        naming=naming,
        repetition_weight=repetition_weight,
        must_mention=[words.split(",") for words in must_mention] if must_mention else None,
        min_score=min_score,
        min_confidence=min_confidence,
        workers=workers,
        language=language,
        translator=translator,
    )
    reading = Reading(image_column)
    options |= {"engine": engine, "address": ray_address, "batch_size": batch_size}
    rows = caption(sources, model, files, reading=reading, **options)
    tally, for_sheet = Tally(), []
    try:
        for row in with_progress(rows, sources, tally, printed=not files.places):
            if sheet:
                for_sheet.append(row)
            if not files.places:
                _show(row)
    except KeyboardInterrupt:
        _say_how_to_go_on(files, tally)
        raise typer.Exit(commands.INTERRUPTED) from None
    if was_finished:
        typer.echo(f"{files.places[0]}: is there and complete; nothing is left to do", err=True)
        return
    if sheet:
        save_sheet(for_sheet, sheet)
    _sum_up(
        tally,
        [*files.places, *([sheet] if sheet else [])],
        describe_passed_over(reading.passed_over),
    )
    if tally.failed:
        raise typer.Exit(1 if strict else commands.SOME_FAILED)


@commands.app.command("adjust-vocabulary")
def adjust_vocabulary_command(
    model: Annotated[str, typer.Argument(help="A shipped captioner, a folder or a Hub id.")],
    data: Data,
    out: Annotated[Path, commands.output_option("The folder of the new captioner.")],
    *,
    photos: Annotated[
        int | None, typer.Option(help="So many of the training split.", show_default="2000")
    ] = None,
    uses: Annotated[
        int | None, typer.Option(help="Say every word of so many of them.", show_default="1")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(help="Nats by which a logit may rise.", show_default="1")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="How often all is written.", show_default="3")
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Of the new captioner's search.")
    ] = None,
    detected_weight: Annotated[
        float | None, typer.Option(help="What detected words count in it beside the decoder.")
    ] = None,
    images: Images = None,
    image_column: ImageColumn = None,
    caption_column: CaptionColumn = None,
) -> None:
    """Let a captioner say words that it knows and never says, where they fit best."""
    from multimodal.captioning.logit_adjustment import LogitAdjustmentOptions
    from pipelines.train.logit_adjustment import adjust_vocabulary

    folder = adjust_vocabulary(
        model,
        data,
        out,
        LogitAdjustmentOptions(
            **commands.given(photos=photos, uses=uses, limit=limit, rounds=rounds)
        ),
        search=commands.given(length_penalty=length_penalty, detected_weight=detected_weight),
        where={"images": images, "image_column": image_column, "caption_column": caption_column},
        report=typer.echo,
    )
    typer.echo(f"{folder}: the captioner that says more; multimodal evaluate captioner shows what")


@commands.app.command("calibrate")
def calibrate_command(
    model: Annotated[str, typer.Argument(help="A captioner with a list of words: a folder.")],
    data: Data,
    out: Annotated[Path, commands.output_option("The folder of the new captioner.")],
    *,
    images: Images = None,
    image_column: ImageColumn = None,
    caption_column: CaptionColumn = None,
) -> None:
    """Calibrate a captioner: which photos are in-domain, and how sure it may be."""
    from pipelines.train.calibration import calibrate_captioner

    where = {"images": images, "image_column": image_column, "caption_column": caption_column}
    folder = calibrate_captioner(model, data, out, where=where)
    typer.echo(f"{folder}: the calibrated captioner")


@commands.evaluate.command("captioner")
def evaluate_captioner_command(
    data: Data,
    *,
    model: Model = None,
    split: commands.Split = "test",
    json_file: commands.ScoresFile = None,
    captions: Annotated[Path | None, typer.Option(help="Write every caption here.")] = None,
    objects: Annotated[
        Path | None,
        typer.Option(help="JSON of the COCO objects in every photo, by file name: measure CHAIR."),
    ] = None,
    meteor: Annotated[bool, typer.Option("--meteor", help="METEOR as well (needs Java).")] = False,
    beam_size: commands.BeamSize = None,
    naming: Naming = None,
    repetition_weight: RepetitionWeight = None,
    batch_size: BatchSize = 32,
    images: Images = None,
    image_column: ImageColumn = None,
    caption_column: CaptionColumn = None,
) -> None:
    """Compare a captioner's sentences with what people wrote."""
    from pipelines.evaluate.captioner import evaluate_captioner

    scores = evaluate_captioner(
        model,
        data,
        split,
        meteor=meteor,
        batch_size=batch_size,
        captions=captions,
        objects=objects,
        where={"images": images, "image_column": image_column, "caption_column": caption_column},
        **commands.given(beam_size=beam_size, naming=naming, repetition_weight=repetition_weight),
    )
    commands.report_scores(scores, json_file)


@commands.benchmark.command("captioner")
def benchmark_captioner_command(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Photos and folders.")] = None,
    *,
    model: Model = None,
    photos: Annotated[int, typer.Option(min=32, help="How many photos to time.")] = 96,
) -> None:
    """Time captioning at several batch sizes, and against the matrix products alone."""
    from pipelines.benchmark.captioner import benchmark_captioner

    commands.echo_lines(benchmark_captioner(model, inputs or [], photos))


@commands.benchmark.command("caption-batch")
def benchmark_caption_batch_command(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Photos and folders.")] = None,
    *,
    model: Model = None,
    pictures: Annotated[int, typer.Option(min=32, help="How many pictures to caption.")] = 128,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="BLIP-base and ViT-GPT2 as well (the bench extra).")
    ] = False,
) -> None:
    """Time whole runs over many pictures, against a plain loop."""
    from pipelines.benchmark.caption_batch import benchmark_caption_batch

    commands.echo_lines(benchmark_caption_batch(model, inputs or [], pictures, rivals=rivals))


def _show(row: CaptionRow) -> None:
    from multimodal.images import ImageError

    if row.error is not None:
        typer.echo(ImageError(row.source, row.error), err=True)
        return
    others = ((other.text, "", other.score) for other in row.alternatives)
    for text, translation, score in [(row.text, row.translation, row.score), *others]:
        cells = [row.source, text, *([translation or ""] if row.language else []), f"{score:.2f}"]
        typer.echo("\t".join(cells))


def _say_how_to_go_on(files: Files, tally: Tally) -> None:
    on = "; go on with the same command and --resume" if files.places else ""
    commands.say_interrupted(f"{counted(tally.done, 'picture')} done ({tally}){on}")


def _sum_up(tally: Tally, places: Sequence[Path], passed_over: str) -> None:
    """The worst errors, where they were not shown as they came, and one line about all."""
    if passed_over:
        typer.echo(passed_over, err=True)
    if places:
        for line in tally.worst():
            typer.echo(line, err=True)
    if places or tally.failed or tally.withheld:
        where = f"; see {', '.join(map(str, places))}" if places else ""
        typer.echo(f"{tally}{where}", err=True)
