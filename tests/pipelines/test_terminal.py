"""Commands in a real terminal, at two widths: what somebody sees, line by line."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

pexpect = pytest.importorskip("pexpect")
pyte = pytest.importorskip("pyte")

ROOT = Path(__file__).resolve().parents[2]

# One process for all commands: importing torch takes longer than any of them.
DRIVER = """
import json, os, sys
from pipelines import cli, progress
progress.PATIENCE = progress.EVERY = 0.0
for environment, arguments in json.loads(sys.argv[1]):
    os.environ.update(environment)
    sys.argv = ["multimodal", *arguments]
    code = 0
    try:
        cli.main()
    except SystemExit as left:
        code = left.code or 0
    for name in environment:
        del os.environ[name]
    sys.stderr.flush()
    print(f"[left with {code}]", flush=True)
"""


def in_terminal(columns: int, script: list[str], **options):
    environment = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR")}
    return pexpect.spawn(
        sys.executable,
        script,
        dimensions=(400, columns),
        env={**environment, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        timeout=300,
        **options,
    )


def seen(raw: bytes, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 400)
    pyte.ByteStream(screen).feed(raw)
    return [line.rstrip() for line in screen.display]


@pytest.fixture(scope="module", params=[100, 60])
def left(request, captioner, photos, tmp_path_factory):
    """What each of some commands left on the screen, and the bytes behind it."""
    folder = tmp_path_factory.mktemp("terminal")
    model = str(captioner.save_pretrained(folder / "captioner"))
    (folder / "texts.txt").write_text("so good\nnot bad\n")
    (folder / "gone.csv").touch()
    pictures = [*map(str, photos[:3])]
    out, texts = str(folder / "c.jsonl"), str(folder / "texts.txt")
    commands = {
        "caption": ["caption", *pictures, "--model", model],
        "caption to a file": ["caption", *pictures, "--model", model, "-o", out],
        "plain": ["caption", *pictures, "--model", model],
        "in CI": ["caption", *pictures, "--model", model],
        "a sentence": ["classify-text", "not bad at all", "--every-word"],
        "texts": ["classify-text", texts],
        "a mixture": ["classify-text", "good", texts],
        "help": ["--help"],
    }
    asked = {"plain": {"NO_COLOR": "1"}, "in CI": {"CI": "true"}}
    given = json.dumps([[asked.get(name, {}), command] for name, command in commands.items()])
    child = in_terminal(request.param, ["-c", DRIVER, given])
    child.expect(pexpect.EOF)
    child.close()
    parts = re.split(rb"\[left with \d+\]\r\n", child.before)
    assert len(parts) == len(commands) + 1, child.before.decode()
    return {
        name: (list(filter(None, seen(raw, request.param))), raw)
        for name, raw in zip(commands, parts, strict=False)
    }


def joined(lines: list[str]) -> str:
    return "".join(lines)


def test_rows_begin_their_lines_and_no_bar_is_left_among_them(left, photos):
    lines, raw = left["caption"]
    assert b"\x1b[2K" in raw  # there was a bar
    for photo in photos[:3]:
        # A terminal breaks long lines where they end: whatever begins a row begins a line.
        assert any(str(photo).startswith(line) or line.startswith(str(photo)) for line in lines)
    assert not re.search(r"pictures/s|failed|\d/\d", joined(lines).replace(str(photos[0]), ""))


def test_a_file_is_summed_up_in_one_line_of_the_whole(left):
    lines, _ = left["caption to a file"]
    said = joined(lines)
    found = re.match(r"3 captioned, 0 failed in 00:(\d\d), ([\d.]+) pictures/s; see ", said)
    assert found, said
    assert float(found[2]) <= 3 / max(int(found[1]), 1e-9)


@pytest.mark.parametrize("name", ["plain", "in CI"])
def test_who_asks_for_plain_lines_gets_no_bar(left, name):
    lines, raw = left[name]
    assert b"\x1b" not in raw
    assert joined(lines) == joined(left["caption"][0])


def test_the_words_of_a_sentence_stand_behind_its_label(left):
    (line,), raw = left["a sentence"]
    assert re.fullmatch(r"(positive|negative)\s+0\.\d\d\s+not bad at all", line)
    assert b"?" not in raw
    assert b"1/0" not in raw


def test_texts_are_rows(left):
    lines, _ = left["texts"]
    assert [line.split()[-1] for line in lines] == ["good", "bad"]


def test_a_mixture_of_texts_and_files_is_answered_in_one_line(left):
    lines, _ = left["a mixture"]
    assert joined(lines).startswith("multimodal: 'good' is a text and ")


def test_help_lists_commands_by_what_people_do_first(left):
    lines, _ = left["help"]
    text = "\n".join(lines)
    headings = ["Caption", "Draw", "Write", "Read", "Train", "Tools"]
    places = [text.index(f"─ {heading} ─") for heading in headings]
    assert places == sorted(places)
    assert places[0] < text.index(" caption ") < places[1] < text.index(" sketch ")
    assert "Commands" not in text


def test_ctrl_c_leaves_a_line_of_its_own():
    command = [
        "-m",
        "pipelines.cli",
        "generate-text",
        "--model",
        "sonnets",
        "--length",
        "0",
        "--seed",
        "1",
    ]
    child = in_terminal(100, command)
    child.expect(r"\w+ \w+")  # it writes
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert b"Traceback" not in child.before
    assert list(filter(None, seen(child.before, 100)))[-1] == "interrupted"
