#!/usr/bin/env bash
# Programs call a function of a gradio page over HTTP: POST /call/NAME, then GET its result. The function
# keeps no state, and every call is a visit of its own.
# Expected: nothing stays of a call whose result was fetched. Seen: every call leaves a session with a copy
# of the configuration of every component of the page, whether the function uses them or not, up to
# state_session_capacity, which is 10,000. On a page of 200 textboxes that is 444 KB a call, 4 GB in all.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile gradio==6.31.0
cd "$place"
GRADIO_ANALYTICS_ENABLED=False "$place/env/bin/python" - <<'PY'
import gc
import tracemalloc
from importlib.metadata import version

import gradio as gr
import httpx

BOXES, CALLS = 200, 20


def job() -> str:
    return "done"


with gr.Blocks() as page:
    for number in range(BOXES):
        gr.Textbox(label=f"Box {number}")
    gr.api(job)
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True)


def call():
    event = httpx.post(f"{address}gradio_api/call/job", json={"data": []}, timeout=120).json()["event_id"]
    assert "event: complete" in httpx.get(f"{address}gradio_api/call/job/{event}", timeout=120).text


def kept():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


call()
tracemalloc.start()
before = kept()
for _ in range(CALLS):
    call()
each = (kept() - before) / CALLS
sessions = page.state_holder.session_data
page.close()
copied = min(len(session.config_values) for session in sessions.values())
print("gradio", version("gradio"), len(sessions), "sessions of", copied, f"components, {each / 1000:.0f} KB a call")
assert len(sessions) == CALLS + 1
assert copied >= BOXES
assert each > 100_000
PY
