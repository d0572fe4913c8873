"""Start the server, and leave nothing behind when it ends."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.gradio_import import without_stubs
from demo.janitor import sweeping
from multimodal.errors import UserError
from multimodal.processor import share_memory

if TYPE_CHECKING:
    from demo.shared import Shared

QUIET = {  # set before gradio is imported: nothing here asks the network for anything
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "100",  # remembered, though nobody looks; 10,000 otherwise
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How the page is served.

    Attributes:
        host: the address to listen on; 0.0.0.0 for the whole network.
        port: None: the first that is free from 7860.
        auth_file: lines of name:password; only these visitors are let in.
        root_path: where a proxy in front has put the page.
        mcp: serve the endpoints as MCP tools too.
        share: open a public link through gradio's tunnel.
        language_models: folders or Hub ids of language models to offer beside those that ship.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    auth_file: Path | None = None
    root_path: str | None = None
    mcp: bool = False
    share: bool = False
    language_models: tuple[str, ...] = ()


@contextmanager
def serving(options: ServeOptions | None = None, shared: Shared | None = None) -> Iterator[str]:
    """Serve the page as long as the context lasts.

    Visitors' files lie in a folder of their own, which is removed at the end.

    Args:
        options: where, and for whom.
        shared: the models and limits; new ones unless given.

    Yields:
        The address of the page.

    Raises:
        UserError: the port is taken, the file of passwords cannot be read, or MCP is not installed.
    """
    options = options or ServeOptions()
    visitors = read_visitors(options.auth_file) if options.auth_file else None
    share_memory(1)
    for model in options.language_models:
        require_language_model(model)
    if options.mcp:
        require_mcp("--mcp")
    if options.port is not None:
        require_free(options.host, options.port)
    with gradio_in_a_folder_of_its_own() as scratch:
        import gradio as gr

        from demo import look
        from demo.app import build, stylesheet
        from demo.models import Models
        from demo.shared import Shared

        shared = shared or Shared(Models(options.language_models))
        page = build(shared)
        app_options = _tools(options, visitors, shared) if options.mcp else None
        shared.models.warm_up()
        try:
            _, address, _ = page.launch(
                server_name=options.host,
                server_port=options.port,
                auth=visitors,
                root_path=options.root_path,
                mcp_server=False,  # the tools are our own
                app_kwargs=app_options,
                share=options.share,
                max_file_size=shared.limits.upload_bytes,
                state_session_capacity=shared.limits.sessions,
                theme=look.theme(),
                css=stylesheet(),
                footer_links=["api"],
                run_history=False,
                enable_monitoring=False,
                ssr_mode=False,
                inline=False,
                quiet=True,
                prevent_thread_lock=True,
            )
        except (OSError, ValueError) as error:  # all ports are taken, or nothing answers there
            raise UserError(f"--host {options.host}: cannot be served there: {error}") from error
        try:
            with sweeping(scratch, shared.limits.kept_seconds, page):
                yield address
        finally:
            page.close(verbose=False)
            gr.close_all(verbose=False)


def serve_tools(language_models: Sequence[str] = ()) -> None:
    """Serve the endpoints as MCP tools on standard input and output, until that ends.

    Args:
        language_models: folders or Hub ids of language models to offer beside those that ship.

    Raises:
        UserError: MCP is not installed.
    """
    require_mcp("mcp")
    with gradio_in_a_folder_of_its_own():
        from demo.app import build
        from demo.models import Models
        from demo.shared import Shared
        from demo.tool_server import serve_stdio

        shared = Shared(Models(language_models))
        build(shared)
        with suppress(KeyboardInterrupt):
            serve_stdio(shared)


def _tools(
    options: ServeOptions, visitors: Sequence[tuple[str, str]] | None, shared: Shared
) -> dict[str, Any]:
    from demo.tool_server import ToolsBesideThePage

    loopback = options.host in {"127.0.0.1", "localhost", "::1"}
    alone = loopback and not options.share and not options.root_path
    return ToolsBesideThePage(shared, visitors, loopback=alone).app_options()


def require_mcp(name: str) -> None:
    """See to it that MCP is installed.

    Raises:
        UserError: it is not; the name is what was asked for.
    """
    if find_spec("mcp") is None:
        raise UserError(f'{name}: needs more packages: pip install "multimodal-rnn[mcp]"')


@contextmanager
def gradio_in_a_folder_of_its_own() -> Iterator[Path]:
    """Let gradio be imported with settings of ours; visitors' files are removed at the end."""
    with tempfile.TemporaryDirectory(
        prefix="multimodal-demo-", ignore_cleanup_errors=True
    ) as scratch:
        os.environ.update(QUIET | {"GRADIO_TEMP_DIR": scratch})
        without_stubs()
        yield Path(scratch)


def serve(options: ServeOptions) -> None:
    """Serve the page until Ctrl-C."""
    with suppress(KeyboardInterrupt), serving(options) as address:
        print(f"The demo is at {address} (Ctrl-C ends it).", flush=True)  # noqa: T201
        while True:
            time.sleep(3600)


def require_free(host: str, port: int) -> None:
    """See to it that nobody listens on a port, before gradio is imported for nothing.

    Raises:
        UserError: it is taken, or there is no such host.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"--host {host} --port {port}: {reason}; choose another") from error


def require_language_model(model: str) -> None:
    """See to it that there is such a language model, before the page that offers it is opened.

    Raises:
        UserError: there is none, or it is damaged.
    """
    from multimodal.checkpoints import read_checkpoint

    try:
        read_checkpoint(model, task="language-model")
    except UserError as error:
        raise UserError(f"--language-model {model}: {error}") from error


def read_visitors(path: Path) -> list[tuple[str, str]]:
    """Names and passwords from a file with lines of name:password.

    Raises:
        UserError: it cannot be read, or a line is not of that form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from error
    visitors = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, password = line.partition(":")
        if not name or not password:
            raise UserError(f"{path}, line {number}: write name:password")
        visitors.append((name, password))
    if not visitors:
        raise UserError(f"{path}: nobody is named; write a line name:password for each visitor")
    return visitors
