"""Many visitors at once, on loopback: behind ``multimodal benchmark demo``.

The server runs in a process of its own, as `multimodal demo` starts it. Every visitor asks for one
job after the other, of all kinds, and says whether an answer came, a polite refusal, or an error.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from multimodal.errors import UserError
from pipelines.caption.inputs import sample_pictures

PAUSE = (0.2, 1.0)  # seconds between two jobs of a visitor, at least and at most
PATIENCE = 300.0  # seconds for one answer
LOOKS = 1.0  # seconds between two looks at the server's memory
FULL = re.compile(r"queue is full", re.IGNORECASE)
SCRIBBLE = [[[20, 80], [40, 30], [80, 30], [100, 80], [20, 80]], [[55, 80], [55, 60], [70, 60]]]
JOBS: dict[str, dict[str, Any]] = {
    "caption": {"photo": "PHOTO"},
    "caption_many": {"files": ["PHOTO", "PHOTO", "PHOTO"]},
    "draw": {"prompt": "a duck"},
    "guess": {"drawing": SCRIBBLE},
    "complete": {"drawing": SCRIBBLE, "category": "house"},
    "morph": {"first": "a pig", "last": "a duck"},
    "write": {"model": "MODEL", "prompt": "Shall I", "length": 200},
    "models": {},
}


@dataclass
class Findings:
    """What visitors met.

    Attributes:
        seconds: of every answered job, by its kind.
        refused: jobs that the full queue refused.
        errors: what else went wrong, word for word.
        memory: (seconds since the start, megabytes) of the server, where the system tells.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    errors: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The lines of a report."""
        yield "job            answered   median s   95 % within s"
        every = [second for found in self.seconds.values() for second in found]
        for name, found in [*sorted(self.seconds.items()), ("all", every)]:
            last = quantiles(found, n=20)[-1] if len(found) > 1 else max(found, default=0.0)
            yield f"{name:14} {len(found):8}   {median(found or [0]):8.2f}   {last:13.2f}"
        yield f"{self.refused} refused because the queue was full, {len(self.errors)} errors"
        yield from sorted(set(self.errors))[:5]
        if self.memory:
            third = len(self.memory) // 3
            parts = self.memory[:third], self.memory[third : 2 * third], self.memory[2 * third :]
            most = [max((size for _, size in part), default=0.0) for part in parts]
            yield "memory, MB, at most, by thirds of the time: " + ", ".join(
                f"{m:.0f}" for m in most
            )


def benchmark_demo(visitors: int, seconds: float, model: str | None = None) -> Iterator[str]:
    """Let visitors use a fresh server for a while; gives the lines of a report.

    Args:
        visitors: at a time.
        seconds: how long.
        model: a language model to offer beside those that ship.
    """
    began = time.perf_counter()
    with running_server(model) as (address, process):
        yield f"the page was there after {time.perf_counter() - began:.1f} s"
        findings = asyncio.run(_visit(address, process, visitors, seconds))
    yield f"{visitors} visitors for {seconds:g} s"
    yield from findings.lines()


@contextmanager
def running_server(model: str | None = None) -> Iterator[tuple[str, int]]:
    """Run ``multimodal demo`` on a free port; gives its address and its process number.

    Raises:
        UserError: it does not start; it has said why on the standard error.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "demo.cli", "demo", "--port", str(port)]
    command += ["--language-model", model] if model else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            line = server.stdout.readline() if server.stdout else ""
            found = re.search(r"http://\S+", line)
            if not found:
                raise UserError("the page did not start; the line above says why")
            yield found[0].rstrip("/"), server.pid
        finally:
            server.terminate()


async def _visit(address: str, process: int, visitors: int, seconds: float) -> Findings:
    import httpx

    findings = Findings()
    # An idle connection is let go before the server (after 5 s) does, or they meet half-way.
    limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits) as web:
        offered = (await web.get("/gradio_api/info")).json()["named_endpoints"]
        jobs = _offered_jobs(offered)
        end = time.monotonic() + seconds
        watch = asyncio.create_task(_watch_memory(process, findings))
        crowd = [_visitor(web, jobs, findings, end, seed) for seed in range(visitors)]
        await asyncio.gather(*crowd)
        watch.cancel()
    return findings


def _offered_jobs(endpoints: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The jobs that this server has; a text only where there is a model for it."""
    jobs = {name: dict(job) for name, job in JOBS.items() if f"/{name}" in endpoints}
    if "write" in jobs:
        parameters = endpoints["/write"]["parameters"]
        language_models = next(p for p in parameters if p["parameter_name"] == "model")["type"][
            "enum"
        ]
        if language_models:
            jobs["write"]["model"] = language_models[0]
        else:
            del jobs["write"]
    return jobs


async def _visitor(
    web: Any, jobs: Mapping[str, dict[str, Any]], findings: Findings, end: float, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    photos = [await _upload(web, path) for path in sample_pictures()]
    while time.monotonic() < end:
        name = chance.choice(list(jobs))
        began = time.monotonic()
        problem = await _ask(web, name, _filled(jobs[name], chance, photos))
        if problem is None:
            findings.seconds[name].append(time.monotonic() - began)
        elif FULL.search(problem):
            findings.refused += 1
        else:
            findings.errors.append(f"{name}: {problem}")
        await asyncio.sleep(chance.uniform(*PAUSE))


def _filled(value: Any, chance: random.Random, photos: Sequence[dict[str, Any]]) -> Any:
    """A job with photos in their places."""
    if value == "PHOTO":
        return chance.choice(photos)
    if isinstance(value, dict):
        return {key: _filled(part, chance, photos) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, chance, photos) for part in value]
    return value


async def _upload(web: Any, path: Path) -> dict[str, Any]:
    answer = await web.post("/gradio_api/upload", files={"files": (path.name, path.read_bytes())})
    (place,) = answer.json()
    return {"path": place, "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


async def _ask(web: Any, name: str, arguments: dict[str, Any]) -> str | None:
    """Ask for one job as any client can; gives what went wrong, if anything."""
    answer = await web.post(f"/gradio_api/call/v2/{name}", json=arguments)
    if answer.status_code != 200:
        return str(answer.text)
    event = answer.json()["event_id"]
    kind = ""
    async with web.stream("GET", f"/gradio_api/call/{name}/{event}") as lines:
        async for line in lines.aiter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            if line.startswith("data: ") and kind == "complete":
                return None
            if line.startswith("data: ") and kind == "error":
                return str(json.loads(line.removeprefix("data: ")))
    return "the connection ended before the answer"


async def _watch_memory(process: int, findings: Findings) -> None:
    began = time.monotonic()
    status = Path(f"/proc/{process}/status")
    while status.is_file():  # only Linux has it
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
        if found:
            findings.memory.append((time.monotonic() - began, int(found[1]) / 1024))
        await asyncio.sleep(LOOKS)
