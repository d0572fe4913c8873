#!/usr/bin/env bash
# gradio serves functions as MCP tools; @gr.mcp.tool(structured_output=True) asks for structured
# content.
# Expected: the structured content is what the function returned, {"words": ["two", "dogs"]}, and the
# text is the same as JSON. Seen: the text is Python's notation, which is no JSON, and the structured
# content holds that text once more, in a list of the protocol's own text blocks.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile gradio==6.31.0 mcp==1.30.0
cd "$place"
GRADIO_ANALYTICS_ENABLED=False "$place/env/bin/python" - <<'PY'
import json
from importlib.metadata import version

import gradio as gr
import httpx


@gr.mcp.tool(structured_output=True)
def caption(photo: str) -> dict:
    """Caption a photo."""
    return {"words": ["two", "dogs"]}


with gr.Blocks() as page:
    gr.api(caption)
_, address, _ = page.launch(mcp_server=True, prevent_thread_lock=True, quiet=True)
call = {"name": "caption", "arguments": {"photo": "a.jpg"}}
answer = httpx.post(
    f"{address}gradio_api/mcp/",
    json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call},
    headers={"Accept": "application/json, text/event-stream"},
    timeout=120,
)
result = json.loads(answer.text.partition("data: ")[2])["result"]
page.close()
text = result["content"][0]["text"]
print("gradio", version("gradio"), "mcp", version("mcp"))
print("text:", text)
print("structured:", result["structuredContent"])
try:
    json.loads(text)
    is_json = True
except ValueError:
    is_json = False
assert not is_json
assert result["structuredContent"]["result"][0]["text"] == text
PY
