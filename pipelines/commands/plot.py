"""The command that plots: any drawing to a pen plotter's program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from multimodal.errors import UserError
from pipelines import commands

if TYPE_CHECKING:
    from pipelines.plot import Plot


@commands.app.command("plot")
def plot_command(
    drawing: Annotated[
        Path, typer.Argument(help="Any .svg; or .inkml .ndjson .npz .bin .json, in a grid.")
    ],
    *,
    output: Annotated[
        Path | None,
        commands.output_option("Ending in .gcode, .nc, .ngc, .hpgl, .plt or .svg."),
    ] = None,
    page: Annotated[
        str | None,
        typer.Option(
            help="A3 to A6, letter, postcard, or 120x80 (mm).",
            show_default="the drawing's own page",
        ),
    ] = None,
    margin: Annotated[float, typer.Option(help="Left free on all sides, in mm.")] = 0.0,
    true_size: Annotated[
        bool,
        typer.Option("--true-size", help="Keep the drawing's size instead of filling the page."),
    ] = False,
    pen: Annotated[float, typer.Option(help="The width of the pen, in mm.")] = 0.3,
    merge: Annotated[
        float, typer.Option(help="Join ends of strokes that are so near, in mm; 0 for none.")
    ] = 0.05,
    tolerance: Annotated[
        float, typer.Option(help="Leave out points while lines stray no farther, in mm.")
    ] = 0.02,
    order: Annotated[
        bool, typer.Option("--order/--keep-order", help="Shorten the way of the lifted pen.")
    ] = True,
    dialect: Annotated[
        Literal["grbl-servo", "grbl-z", "hpgl"] | None,
        typer.Option(
            case_sensitive=False,
            help="grbl-servo lifts by M3 S and M5, grbl-z by the Z axis.",
            show_default="by the ending",
        ),
    ] = None,
    feed: Annotated[float, typer.Option(help="Speed of drawing, in mm/min.")] = 1500.0,
    travel: Annotated[float, typer.Option(help="Speed of the lifted pen, in mm/min.")] = 3000.0,
    lift: Annotated[float, typer.Option(help="Seconds to lift or lower the pen.")] = 0.2,
    up: Annotated[
        float | None, typer.Option(help="S or Z of the lifted pen.", show_default="M5 or 5")
    ] = None,
    down: Annotated[
        float | None, typer.Option(help="S or Z of the lowered pen.", show_default="90 or 0")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Draw the page, with pen-up moves in red (.png).")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Tell what would leave the page, and write nothing; code 3 if any would.",
        ),
    ] = False,
    overwrite: commands.Overwrite = False,
) -> None:
    """Plot a drawing: merge, simplify and order its strokes, and write a plotter's program."""
    from pipelines import plot as jobs

    options = jobs.PlotOptions(
        page=page,
        margin=margin,
        true_size=true_size,
        pen=pen,
        merge=merge,
        tolerance=tolerance,
        order=order,
        dialect=dialect,
        feed=feed,
        travel=travel,
        lift=lift,
        up=up,
        down=down,
    )
    if output is None and preview is None and not check:
        raise UserError("plot: give --output, --preview or --check")
    if output is not None and not check:
        jobs.require_output(output, options, overwrite=overwrite)
    if preview is not None and not check:
        jobs.require_preview(preview, overwrite=overwrite)
    notes: list[str] = []
    plot = jobs.make_plot(drawing, options, notes)
    for note in notes:
        typer.echo(f"multimodal: warning: {note}", err=True)
    if check:
        _check(drawing, plot)
        return
    if plot.lost:
        typer.echo(f"multimodal: warning: {drawing}: cut off: {_edges(plot.lost)}", err=True)
    if output is not None:
        jobs.write_plot(plot, output)
    if preview is not None:
        jobs.write_preview(plot, preview)
    typer.echo(f"{output or preview}: {plot.told}")


def _check(drawing: Path, plot: Plot) -> None:
    """Tell whether a drawing stays on its page."""
    if plot.lost:
        typer.echo(f"{drawing}: would leave the page: {_edges(plot.lost)}")
        raise typer.Exit(commands.SOME_FAILED)
    if plot.tight:
        typer.echo(f"{drawing}: fits on the page, but not in its margin: {_edges(plot.tight)}")
        return
    typer.echo(f"{drawing}: fits; {plot.told}")


def _edges(away: dict[str, float]) -> str:
    return ", ".join(f"{far:.3g} mm beyond the {edge} edge" for edge, far in away.items())
