#!/usr/bin/env bash
# A photo of a phone has 4 MB or more, and half as much again in base64; MCP has no other way to hand
# in a picture over HTTP.
# Expected: the server takes it, or its documentation of pictures says that it will not. Seen: by
# default every request of more than 4 MiB is refused with status 413, before any tool sees it, and a
# client's call ends in a transport error that names no size.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile mcp==1.30.0 httpx==0.28.1
cd "$place"
"$place/env/bin/python" - <<'PY'
import asyncio
from importlib.metadata import version

import httpx
from mcp.server.fastmcp import FastMCP

server = FastMCP("photos", json_response=True, stateless_http=True)


@server.tool()
def count(photo: str) -> int:
    """Count the letters of a photo in base64."""
    return len(photo)


async def status(size: int) -> int:
    call = {"name": "count", "arguments": {"photo": "A" * size}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    kinds = {"Accept": "application/json, text/event-stream"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        return (await web.post("/mcp", json=body, headers=kinds)).status_code


async def ask() -> list[int]:
    async with server.session_manager.run():
        return [await status(size) for size in (3 * 2**20, 5 * 2**20)]


app = server.streamable_http_app()
seen = asyncio.run(ask())
print("mcp", version("mcp"), "3 MiB and 5 MiB:", seen)
assert seen == [200, 413]
PY
