"""The same files in Node and in Chromium, and the page that is made of them.

ONNX Runtime Web is not fetched by tests: the variable ONNXRUNTIME_WEB names its unpacked package.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from multimodal.errors import UserError
from multimodal.portable.file import ModelFile
from multimodal.strokes import Drawing
from pipelines.site.build import build_site, copy_runtime, icon, write_page

TASKS = (
    "language-model",
    "sketcher",
    "handwriting-generator",
    "recognizer",
    "handwriting-recognizer",
    "translator",
    "captioner",
)
SHAPE = Drawing([[(0, 0), (40, 0), (40, 40)], [(0, 40), (0, 0)]])


@pytest.fixture(scope="module")
def runtime() -> Path:
    package = os.environ.get("ONNXRUNTIME_WEB", "")
    if not package or not Path(package).is_dir():
        pytest.skip("ONNXRUNTIME_WEB does not name the unpacked package onnxruntime-web")
    return Path(package) / "dist"


def jobs(task: str, file: Any) -> None:
    """Ten of each."""
    photos = list(np.random.default_rng(0).integers(0, 256, (10, 64, 64, 3), np.uint8))
    match task:
        case "language-model":
            file.generate_batch(["abc"] * 10, length=60, seed=1)
        case "sketcher":
            file.draw_many([("duck", 10)], seed=1, temperature=0.8)
        case "handwriting-generator":
            file.write_lines([f"line {n}" for n in range(10)], seed=1, num_candidates=1, attempts=1)
        case "recognizer":
            file.predict_steps(SHAPE)
        case "handwriting-recognizer":
            file.read([SHAPE] * 10)
        case "translator":
            file.translate(["a cat runs"] * 5 + ["the dog sleeps"] * 5, to="de")
        case "captioner":
            file.file.run(photos=photos, **file.search_options({}).search)


@pytest.fixture(scope="module")
def recordings(pairs, tmp_path_factory) -> Path:
    """For each task a file, what went in and what came out."""
    folder = tmp_path_factory.mktemp("recordings")
    for task in TASKS:
        shutil.copyfile(pairs.path(task), folder / f"{task}.onnx")
        _, file = pairs(task)
        session = file.file._session
        recorded: list[tuple[dict[str, np.ndarray], list[np.ndarray]]] = []

        class Recorder:
            def run(self, names, feed, session=session, recorded=recorded):
                found = session.run(names, feed)
                recorded.append((feed, found))
                return found

            def __getattr__(self, name, session=session):
                return getattr(session, name)

        file.file._session = Recorder()
        jobs(task, file)
        feed, found = recorded[0]
        names = [output.name for output in session.get_outputs()]
        told = {
            "inputs": {name: as_json(value) for name, value in feed.items()},
            "outputs": {n: as_json(value) for n, value in zip(names, found, strict=True)},
        }
        (folder / f"{task}.json").write_text(json.dumps(told))
    (folder / "tasks.json").write_text(json.dumps(TASKS))
    return folder


def as_json(value: np.ndarray) -> dict[str, Any]:
    data = [None if number == -np.inf else number for number in value.ravel().tolist()]
    return {"type": value.dtype.name, "dims": list(value.shape), "data": data}


def test_node_says_the_same(recordings, runtime):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = Path(__file__).with_name("parity.mjs")
    command = ["node", str(script), str(runtime), str(recordings)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    apart = {row["task"]: row["apart"] for row in map(json.loads, done.stdout.splitlines())}
    assert set(apart) == set(TASKS)
    assert max(apart.values()) < 1e-3, apart


@pytest.fixture(scope="module")
def site(pairs, runtime, tmp_path_factory) -> Path:
    """The page with small models."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "models").mkdir()
    (folder / "ort").mkdir()
    copy_runtime(folder / "ort", runtime)
    manifests = {}
    for task in ("sketcher", "recognizer", "handwriting-generator", "captioner"):
        shutil.copyfile(pairs.path(task), folder / "models" / f"{task}.onnx")
        manifests[task] = ModelFile(pairs.path(task)).manifest
    write_page(folder, manifests)
    return folder


@pytest.fixture(scope="module")
def address(site, recordings) -> Iterator[str]:
    for name in recordings.iterdir():
        shutil.copyfile(name, site / name.name)
    shutil.copyfile(Path(__file__).with_name("parity.mjs"), site / "parity.mjs")
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(address) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_default_timeout(120_000)
        page.wrong = []
        page.on("console", lambda m: page.wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto(address)
        yield page
        browser.close()


def test_chromium_says_the_same(page):
    apart = page.evaluate(
        """async () => {
          const ort = await import("./ort/ort.wasm.min.mjs");
          const { replay } = await import("./parity.mjs");
          const found = {};
          for (const task of await (await fetch("tasks.json")).json()) {
            const bytes = new Uint8Array(await (await fetch(`${task}.onnx`)).arrayBuffer());
            const recorded = await (await fetch(`${task}.json`)).json();
            found[task] = (await replay(ort, bytes, recorded)).apart;
          }
          return found;
        }"""
    )
    assert set(apart) == set(TASKS)
    assert max(apart.values()) < 1e-3, apart


def test_the_page_draws_guesses_and_finishes(page):
    page.wait_for_function("document.querySelector('#sizes').textContent.includes('sketcher')")
    box = page.locator("#pad canvas").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 60 + 20 * step, box["y"] + 60 + 8 * step)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#guess').textContent.includes('kind')")
    page.click("#finish")
    page.wait_for_function("document.querySelectorAll('#tiles .tile').length === 6")
    assert page.wrong == []


def test_the_page_is_drawn_on_and_left_by_keyboard(page):
    page.focus("#pad canvas")
    before = int(page.locator("#pad .pad").get_attribute("data-strokes"))
    for key in (" ", "ArrowRight", "ArrowRight", "ArrowDown", " "):
        page.keyboard.press(key)
    assert int(page.locator("#pad .pad").get_attribute("data-strokes")) == before + 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"


def test_the_page_writes_by_hand(page):
    page.fill("#text", "Anna")
    page.press("#text", "Tab")
    page.locator("#letter button[type=submit]").click()
    page.wait_for_selector("#paper svg path", state="attached")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save G-code").last.click()
    assert "G1 Z0" in Path(download.value.path()).read_text()
    assert page.wrong == []


def test_the_page_says_what_cannot_be_written_or_read(page, tmp_path):
    page.fill("#text", "日")
    page.locator("#letter button[type=submit]").click()
    page.wait_for_function("document.querySelector('#status').textContent.includes('日')")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    page.set_input_files("#photo", tmp_path / "bad.png")
    page.wait_for_function("document.querySelector('#status').textContent.includes('bad.png')")


def test_the_page_captions_a_photo_as_python_does(page, pairs, tmp_path):
    squares = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    photo = tmp_path / "photo.png"
    Image.fromarray(np.kron(squares, np.ones((8, 8, 1), np.uint8))).save(photo)
    page.set_input_files("#photo", photo)
    page.wait_for_selector("#gaze .spoken")
    _, file = pairs("captioner")
    assert page.inner_text("#gaze .spoken").lower() == file.caption(photo).text
    page.locator("#gaze .chip").first.click()
    page.wait_for_selector("#gaze canvas.shown", state="attached")
    assert page.wrong == []


def test_a_browser_without_simd_is_told_so(page, address):
    other = page.context.browser.new_page()
    other.add_init_script("WebAssembly.validate = () => false")
    other.goto(address)
    other.wait_for_function("document.querySelector('#status').textContent.includes('SIMD')")
    assert other.inner_text("#status").endswith("please use a newer one.")
    assert other.locator("#tiles .tile").count() == 0
    other.close()


def test_a_file_that_is_damaged_foreign_or_of_another_task_is_refused(page):
    refused = page.evaluate(
        """async () => {
          const ort = await import("./ort/ort.wasm.min.mjs");
          const { openModel } = await import("./portable.js");
          const bytes = new Uint8Array(await (await fetch("sketcher.onnx")).arrayBuffer());
          const tried = [
            [bytes.slice(0, bytes.length / 2), "sketcher"],
            [new TextEncoder().encode("no model at all"), "sketcher"],
            [bytes, "captioner"],
          ];
          const opened = tried.map(([data, task]) => openModel(ort, data, task));
          return (await Promise.allSettled(opened)).map(({ reason }) => reason?.message);
        }"""
    )
    damaged = "not an ONNX model, or damaged or cut off"
    assert refused == [damaged, damaged, "a file for sketcher, not for captioner"]


def test_the_page_is_no_wider_than_a_phone(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_site_does_not_take_the_place_of_something_else(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        next(build_site(tmp_path / "file"))
    with pytest.raises(UserError, match="is there already"):
        next(build_site(tmp_path))
    with pytest.raises(UserError, match="holds something else"):
        next(build_site(tmp_path, overwrite=True))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_runtime_that_is_another_package_is_refused(tmp_path):
    with pytest.raises(UserError, match="not there; --runtime is for onnxruntime-web"):
        copy_runtime(tmp_path, tmp_path)
    (tmp_path / "other.tgz").write_bytes(b"another package")
    with pytest.raises(UserError, match=r"is not onnxruntime-web 1\.30\.0"):
        copy_runtime(tmp_path, tmp_path / "other.tgz")


def test_the_sign_of_the_page_has_its_size():
    assert icon(192).size == (192, 192)
    assert len(icon(192).getcolors(10_000)) > 2
