"""One server for all tests of the demo, as people start it; and a real browser to look at it."""

import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradio_client import Client
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A language model that learnt nothing but a small alphabet."""
    small = runpy.run_path(str(Path(__file__).parents[1] / "language" / "conftest.py"))
    return small["build_language_model"]().save_pretrained(
        tmp_path_factory.mktemp("models") / "babble"
    )


@contextmanager
def running(*options: str, ended_by: signal.Signals = signal.SIGINT) -> Iterator[str]:
    """Run ``multimodal demo``; gives its address, and fails if it does not end well."""
    command = [sys.executable, "-m", "demo.cli", "demo", "--port", str(free_port()), *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as server:
        try:
            lines = iter(server.stdout.readline, "")
            line = next((line for line in lines if "The demo is at" in line), "")
            assert line, "the server did not start"
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            server.send_signal(ended_by)
            assert server.wait(60) == 0


@pytest.fixture(scope="session")
def address(model: Path) -> Iterator[str]:
    """Of a server that runs for all tests."""
    mcp = ["--mcp"] if find_spec("mcp") else []
    with running("--language-model", str(model), *mcp) as place:
        yield place


@pytest.fixture(scope="session")
def client(address: str) -> "Client":
    """Talks to the server's API."""
    from gradio_client import Client

    return Client(address, verbose=False)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """An installed Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    chromium = next(filter(None, found), None)
    if chromium is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        # Chromium refuses to lock root in a sandbox, and containers run tests as root.
        opened = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """What a page asked for and complained about, while a test used it."""

    def __init__(self, page: "Page", address: str) -> None:
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        local = (address, "data:", "blob:")
        page.on("request", lambda r: r.url.startswith(local) or self.outside.append(r.url))

    def _heard(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@contextmanager
def _opened(browser: "Browser", address: str, **options: Any) -> Iterator["Page"]:
    """The demo, open; the test fails if it wrote an error to the console or asked outside."""
    context = browser.new_context(**options)
    opened = context.new_page()
    opened.set_default_timeout(90_000)  # a busy machine opens it slowly
    watched = Watched(opened, address)
    opened.goto(address)
    opened.get_by_role("tab", name="Caption").wait_for()
    yield opened
    context.close()
    assert watched.outside == []
    assert watched.complaints == []


@pytest.fixture
def page(browser: "Browser", address: str) -> Iterator["Page"]:
    """The demo, open."""
    with _opened(browser, address, viewport={"width": 1280, "height": 900}) as opened:
        yield opened


@pytest.fixture
def phone(browser: "Browser", address: str) -> Iterator["Page"]:
    """The demo on a narrow screen that is touched."""
    screen = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with _opened(browser, address, **screen) as opened:
        yield opened
