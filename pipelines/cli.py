"""The command line of the jobs, whose commands are in `pipelines.commands`.

``multimodal`` is `demo.cli`, which adds the commands of the demo.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

from multimodal.processor import configure_runtime

configure_runtime()  # before anything imports torch

import typer  # noqa: E402

from multimodal.errors import UserError  # noqa: E402
from pipelines import commands  # noqa: E402
from pipelines.commands.tasks import register_all  # noqa: E402

USER_ERROR = 2  # exit code

for module in iter_modules(commands.__path__, f"{commands.__name__}."):
    import_module(module.name)
register_all()


def main() -> None:
    """Run the command line; what a user can mend is said in one line, with exit code 2."""
    try:
        commands.app()
    except UserError as error:
        typer.echo(f"multimodal: {error}", err=True)
        sys.exit(USER_ERROR)


if __name__ == "__main__":
    main()
