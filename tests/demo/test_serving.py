"""How the page is started, who is let in, and what is left of its visitors."""

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.janitor import forget, sweep
from demo.limits import Limits
from demo.models import Models
from demo.serving import read_visitors
from multimodal.errors import UserError

ROOT = Path(__file__).parents[2]


def test_visitors_are_read_from_lines_of_name_and_password(tmp_path):
    path = tmp_path / "visitors"
    path.write_text("# friends\nanna:a:b\n\nbert:c\n")
    assert read_visitors(path) == [("anna", "a:b"), ("bert", "c")]


@pytest.mark.parametrize(
    ("text", "told"), [("anna\n", "line 1: write name:password"), ("", "nobody is named")]
)
def test_a_file_without_visitors_is_refused(tmp_path, text, told):
    path = tmp_path / "visitors"
    path.write_text(text)
    with pytest.raises(UserError, match=told):
        read_visitors(path)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_visitors(tmp_path / "gone")


def test_the_janitor_removes_what_is_old_and_nothing_else(tmp_path):
    for name in ("old/photo.jpg", "young/photo.jpg", "kept/example.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    for path in (tmp_path / "old/photo.jpg", tmp_path / "kept/example.jpg", tmp_path / "old"):
        os.utime(path, (0, 0))
    sweep(tmp_path, 60, frozenset({tmp_path / "kept/example.jpg"}))
    sweep(tmp_path, -1, frozenset(tmp_path.rglob("*")))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"young/photo.jpg", "kept/example.jpg"}


def test_what_is_gone_is_forgotten(tmp_path):
    (tmp_path / "here.jpg").write_bytes(b"")
    here, gone = str(tmp_path / "here.jpg"), str(tmp_path / "gone.jpg")
    lists = [{here, gone}, {gone}, set()]
    events = {"comes back": set(), "waits": {"an event"}, "is gone": set()}
    queue = SimpleNamespace(
        pending_event_ids_session=events, pending_messages_per_session={"comes back": None}
    )
    forget(SimpleNamespace(temp_file_sets=lists, _queue=queue))
    forget(SimpleNamespace())  # another version of gradio may keep other books
    assert lists == [{here}, set(), set()]
    assert events == {"comes back": set(), "waits": {"an event"}}


def test_models_are_loaded_once_however_many_ask(monkeypatch):
    from concurrent.futures import ThreadPoolExecutor
    from time import sleep

    loaded = []

    def load() -> object:
        sleep(0.05)
        loaded.append(object())
        return loaded[-1]

    monkeypatch.setattr("multimodal.load_captioner", load)
    models = Models()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: models.captioner, range(8)))
    assert found == loaded * 8


def test_language_models_have_short_names_and_an_unknown_one_is_refused():
    models = Models(["runs/war-and-peace/best", "owner/plays"])
    assert {"war-and-peace", "plays"} <= set(models.language_models())
    with pytest.raises(UserError, match="There is no language model 'nobody'"):
        models.language_model("nobody")


def test_limits_say_what_they_want():
    limits = Limits(text=10)
    assert limits.require_text("a duck ", "prompt") == "a duck "
    assert limits.require_count(3.0, 9, "drawings") == 3
    for wrong in (0, 10, 2.5, None, "3", float("nan")):
        with pytest.raises(UserError, match="1 to 9 drawings"):
            limits.require_count(wrong, 9, "drawings")
    for wrong in (" ", None, ""):
        with pytest.raises(UserError, match="The prompt is empty"):
            limits.require_text(wrong, "prompt")
    with pytest.raises(UserError, match="has 11 characters"):
        limits.require_text("a" * 11, "prompt")
    with pytest.raises(UserError, match="heat from 0 to 1, not nan"):
        limits.require_number(float("nan"), 0, 1, "heat")


def test_opening_the_page_imports_no_torch():
    code = "import demo.app, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_taken_port_is_one_line(address):
    port = address.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "demo.cli", "demo", "--port", port]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"multimodal: --host 127.0.0.1 --port {port}: ")


@pytest.mark.slow
def test_strangers_stay_outside_a_proxy_may_move_the_page_and_nothing_is_left(
    tmp_path, monkeypatch
):
    import httpx

    running = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["running"]
    visitors, scratch = tmp_path / "visitors", tmp_path / "scratch"
    visitors.write_text("anna:secret\n")
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with (
        running("--auth-file", str(visitors), "--root-path", "/demo") as place,
        httpx.Client(base_url=place) as web,
    ):
        assert web.get("/config").status_code == 401
        assert web.post("/gradio_api/upload", files={"files": b"x"}).status_code == 401
        assert web.post("/login", data={"username": "anna", "password": "no"}).status_code == 400
        assert web.post("/login", data={"username": "anna", "password": "secret"}).is_success
        assert web.get("/config").json()["root"].endswith("/demo")
        (photo,) = web.post("/gradio_api/upload", files={"files": ("a.jpg", b"x")}).json()
        assert Path(photo).is_relative_to(scratch)
        folder = Path(photo).parent.parent  # holds the folders of all visitors
        assert web.get(f"/gradio_api/file={folder}").status_code in {403, 404}
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(os.name != "posix", reason="Windows ends processes without asking them")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_polite_kill_leaves_nothing_of_visitors_either(tmp_path, monkeypatch, name):
    import httpx

    running = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["running"]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(ended_by=getattr(signal, name)) as place:
        sent = httpx.post(f"{place}gradio_api/upload", files={"files": ("a.jpg", b"x")})
        assert Path(sent.json()[0]).is_relative_to(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_a_crowd_meets_no_error(model):
    from demo.load import benchmark_demo

    lines = list(benchmark_demo(8, 15, str(model)))
    assert any(line.endswith(" 0 errors") for line in lines), lines
