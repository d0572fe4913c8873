#!/usr/bin/env bash
# gradio takes the descriptions of a function's parameters from its docstring, for its API's page and
# for MCP clients. In the usual style a long description goes on in the next line, further in.
# Expected: the whole description. Seen: its first line alone, cut in the middle of the sentence, and so
# the language model that should use the tool does not learn the rest.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile gradio==6.31.0 mcp==1.30.0
cd "$place"
GRADIO_ANALYTICS_ENABLED=False "$place/env/bin/python" - <<'PY'
from importlib.metadata import version

import gradio as gr
import httpx


def guess(drawing: list, top: int) -> str:
    """Say what a drawing shows.

    Args:
        drawing: strokes in their order, of each a list of points; any unit, but
            y grows downwards.
        top: how many categories to name.
    """
    return "duck"


with gr.Blocks() as page:
    gr.api(guess)
_, address, _ = page.launch(mcp_server=True, prevent_thread_lock=True, quiet=True)
(tool,) = httpx.get(f"{address}gradio_api/mcp/schema", timeout=120).json()
page.close()
properties = tool["inputSchema"]["properties"]
seen = {name: each["description"] for name, each in properties.items()}
print("gradio", version("gradio"), seen)
assert seen["drawing"] == "strokes in their order, of each a list of points; any unit, but"
assert seen["top"] == "how many categories to name."
PY
