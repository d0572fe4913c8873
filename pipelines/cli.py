"""The command line of the jobs, whose commands are in `pipelines.commands`.

``multimodal`` is `demo.cli`, which adds the commands of the demo.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from copy import copy
from importlib import import_module
from pkgutil import iter_modules

from multimodal.processor import configure_runtime

configure_runtime()  # before anything imports torch

import typer  # noqa: E402

from multimodal.errors import TrainingStoppedError, UserError  # noqa: E402
from pipelines import commands  # noqa: E402
from pipelines.commands.tasks import register_all  # noqa: E402

USER_ERROR = 2  # exit code

for module in iter_modules(commands.__path__, f"{commands.__name__}."):
    import_module(module.name)
register_all()


def main() -> None:
    """Run the command line; what a user can mend is said in one line, with exit code 2."""
    end_as_by_ctrl_c()
    try:
        asked_for(commands.app, sys.argv[1:])()
    except UserError as error:
        typer.echo(f"multimodal: {error}", err=True)
        stopped = isinstance(error, TrainingStoppedError)
        sys.exit(commands.INTERRUPTED if stopped else USER_ERROR)


def end_as_by_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, with nothing temporary left behind.

    A second one acts at once. A signal that is ignored, as by ``nohup``, stays ignored.
    """

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def asked_for(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Return an app of the one command that is asked for; all of it where there is none such.

    typer makes the options of every command at each start, which takes as long as importing NumPy.
    """
    only, asked = copy(app), arguments[:1]
    only.registered_commands = [job for job in app.registered_commands if job.name in asked]
    only.registered_groups = [group for group in app.registered_groups if group.name in asked]
    return only if only.registered_commands or only.registered_groups else app


if __name__ == "__main__":
    main()
