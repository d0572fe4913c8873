"""The commands of captioning: caption, train, evaluate and benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands import (
    SOME_FAILED,
    Model,
    Run,
    ScoresFile,
    Settings,
    app,
    benchmark,
    evaluate,
    given,
    report_scores,
    require_scores_place,
    train,
)

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Caption

Data = Annotated[str, typer.Option(help="Captioned photos: a folder, a table or a Hub id.")]
Images = Annotated[Path | None, typer.Option(help="The photos, if not beside their captions.")]
ImageColumn = Annotated[str | None, typer.Option(help="The table's column of photos.")]
CaptionColumn = Annotated[str | None, typer.Option(help="The table's column of captions.")]
BeamSize = Annotated[int | None, typer.Option(min=1, help="Hypotheses kept; 1 is greedy.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Pictures at a time.")]


@app.command("caption")
def caption_command(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Pictures and folders.")] = None,
    *,
    samples: Annotated[
        bool, typer.Option("--samples", help="Photos of installed packages.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write JSON lines to this file.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw all pictures with their captions here.")
    ] = None,
    model: Model = None,
    beam_size: BeamSize = None,
    n_best: Annotated[int | None, typer.Option(min=1, help="Sentences for each picture.")] = None,
    batch_size: BatchSize = 32,
) -> None:
    """Caption pictures: one line for each, with the file, the sentence and its score."""
    from pipelines.caption import JsonLines, caption_pictures, find_pictures, sample_pictures
    from pipelines.sheet import require_sheet, save_sheet

    pictures = find_pictures([*(inputs or []), *(sample_pictures() if samples else [])])
    if sheet:
        require_sheet(sheet)
    writer = JsonLines(output, overwrite=overwrite) if output else None
    options = given(beam_size=beam_size, n_best=n_best)
    captions = caption_pictures(model, pictures, batch_size=batch_size, **options)
    done = []
    for caption in writer.write(captions) if writer else captions:
        done.append(caption)
        _show(caption, to_file=writer is not None)
    if sheet:
        save_sheet(done, sheet)
    failed = sum(caption.error is not None for caption in done)
    places = ", ".join(str(place) for place in (output, sheet) if place)
    if places or failed:
        summary = f"{len(done) - failed} captioned, {failed} failed"
        typer.echo(f"{summary}; see {places}" if places else summary, err=True)
    if failed:
        raise typer.Exit(SOME_FAILED)


@train.command("captioner")
def train_captioner_command(
    data: Data,
    out: Run,
    settings: Settings = None,
    *,
    images: Images = None,
    image_column: ImageColumn = None,
    caption_column: CaptionColumn = None,
) -> None:
    """Train a captioner on captioned photos."""
    from pipelines.train.captioner import train_captioner

    where = {"images": images, "image_column": image_column, "caption_column": caption_column}
    best = train_captioner(data, out, settings or [], **where)
    typer.echo(f"{best}: the best captioner; try: multimodal caption photo.jpg --model {best}")


@evaluate.command("captioner")
def evaluate_captioner_command(
    data: Data,
    *,
    model: Model = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    json_file: ScoresFile = None,
    captions: Annotated[Path | None, typer.Option(help="Write every caption here.")] = None,
    meteor: Annotated[bool, typer.Option("--meteor", help="METEOR as well (needs Java).")] = False,
    beam_size: BeamSize = None,
    batch_size: BatchSize = 32,
    images: Images = None,
    image_column: ImageColumn = None,
    caption_column: CaptionColumn = None,
) -> None:
    """Compare a captioner's sentences with what people wrote."""
    from pipelines.evaluate.captioner import evaluate_captioner

    require_scores_place(json_file)
    scores = evaluate_captioner(
        model,
        data,
        split,
        meteor=meteor,
        batch_size=batch_size,
        captions=captions,
        where={"images": images, "image_column": image_column, "caption_column": caption_column},
        **given(beam_size=beam_size),
    )
    report_scores(scores, json_file)


@benchmark.command("captioner")
def benchmark_captioner_command(
    inputs: Annotated[list[Path] | None, typer.Argument(help="Photos and folders.")] = None,
    *,
    model: Model = None,
    photos: Annotated[int, typer.Option(min=32, help="How many photos to time.")] = 96,
) -> None:
    """Time captioning at several batch sizes, and against the bare matrix products."""
    from pipelines.benchmark.captioner import benchmark_captioner

    for line in benchmark_captioner(model, inputs or [], photos):
        typer.echo(line)


def _show(caption: Caption, *, to_file: bool) -> None:
    if caption.error is not None:
        typer.echo(f"{caption.source}: {caption.error}", err=True)
    elif not to_file:
        typer.echo(f"{caption.source}\t{caption.text}\t{caption.score:.2f}")
