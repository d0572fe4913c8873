"""Serve the tools: over standard input and output, or beside the page."""

from __future__ import annotations

import io
import os
import secrets
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.shared import Shared
from demo.tools import build_server

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PLACE = "/gradio_api/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ENVELOPE = 2**16  # bytes of a request around the files in it
BASE64 = 4 / 3


def serve_stdio(shared: Shared) -> None:
    """Answer on standard output what is asked on standard input, until that ends."""
    with _own_output() as output:
        anyio.run(_serve, shared, output)


async def _serve(shared: Shared, output: io.TextIOWrapper) -> None:
    server = build_server(shared, local=True)
    async with stdio_server(stdout=anyio.wrap_file(output)) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


@contextmanager
def _own_output() -> Iterator[io.TextIOWrapper]:
    """Standard output for the protocol alone: whatever else prints, prints to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    output = io.TextIOWrapper(os.fdopen(kept, "wb"), encoding="utf-8", newline="\n")
    try:
        yield output
    finally:
        output.flush()
        os.dup2(kept, 1)
        output.close()


class ToolsBesideThePage:
    """An ASGI app for `PLACE`, which lets in whom the page lets in.

    Args:
        shared: what the page was built with.
        visitors: names and passwords, asked for by HTTP basic authentication; None for everybody.
        loopback: whether only this machine can ask, so that other names of it are refused: a
            page elsewhere could otherwise be given one of them.
    """

    def __init__(
        self, shared: Shared, visitors: Sequence[tuple[str, str]] | None, *, loopback: bool
    ) -> None:
        names = [f"{name}{port}" for name in LOOPBACK for port in ("", ":*")]
        security = TransportSecuritySettings(
            enable_dns_rebinding_protection=loopback,
            allowed_hosts=names,
            allowed_origins=[f"http://{name}" for name in names],
        )
        self._visitors = visitors
        self._manager = StreamableHTTPSessionManager(
            build_server(shared, local=False),
            stateless=True,
            security_settings=security,
            max_request_body_size=int(shared.limits.unpacked_bytes * BASE64) + ENVELOPE,
        )

    def app_options(self) -> dict[str, Any]:
        """What `gradio.Blocks.launch` takes as `app_kwargs`."""
        routes = [Route(place, self) for place in (PLACE, f"{PLACE}/")]
        return {"routes": routes, "lifespan": self._lifespan()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._visitors is None or _known(Request(scope), self._visitors):
            await self._manager.handle_request(scope, receive, send)
            return
        header = {"WWW-Authenticate": "Basic"}
        await Response("Please give a name and a password.", 401, header)(scope, receive, send)

    def _lifespan(self) -> Callable[[Any], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def lifespan(_: Any) -> AsyncIterator[None]:
            async with self._manager.run():
                yield

        return lifespan


def _known(request: Request, visitors: Sequence[tuple[str, str]]) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = b64decode(encoded, validate=True)
    except ValueError:
        return False
    pairs = [f"{name}:{password}".encode() for name, password in visitors]
    return any([secrets.compare_digest(given, pair) for pair in pairs])  # noqa: C419
