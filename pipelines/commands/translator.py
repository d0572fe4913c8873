"""The commands of translation: translate, train, evaluate and benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import Run, Settings, train

Data = Annotated[
    str,
    typer.Option(help="Parallel text: a folder of <split>.<language> files, a table or a Hub id."),
]
Languages = Annotated[
    str, typer.Option(help="Which languages of the data, such as en,de or en=English,de=German.")
]


@train.command("translator")
def train_translator_command(
    data: Data, out: Run, settings: Settings = None, *, languages: Languages = ""
) -> None:
    """Train a translator on sentences in two or more languages."""
    from pipelines.train.translator import train_translator

    best = train_translator(data, out, settings or [], listed(languages))
    typer.echo(f'{best}: the best translator; try: multimodal translate "…" --model {best}')


def listed(languages: str) -> list[str]:
    """Codes between commas."""
    return [code for code in languages.split(",") if code.strip()]
