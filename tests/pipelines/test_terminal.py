"""Every command in a real terminal, at two widths: what somebody sees, line by line."""

import json
import os
import re
import runpy
import sys
from pathlib import Path

import pytest
import typer

import demo.cli  # noqa: F401 - registers all commands
from multimodal.strokes import Drawing, save_drawings
from pipelines.commands import app

pexpect = pytest.importorskip("pexpect")
pyte = pytest.importorskip("pyte")

ROOT = Path(__file__).resolve().parents[2]
HANDWRITING = runpy.run_path(str(ROOT / "tests/handwriting/conftest.py"))
LANGUAGE = runpy.run_path(str(ROOT / "tests/language/conftest.py"))

# One process for all commands: importing torch takes longer than any of them.
# All large imports come first: what an interrupt leaves half imported fails the next command.
DRIVER = """
import json, os, sys, torch, torchvision.models
from demo import cli
from multimodal.handwriting import styles
from multimodal.handwriting.options import HandwritingOptions
from pipelines import progress
styles.STEPS = HandwritingOptions.attempts = 1
progress.PATIENCE = progress.EVERY = 0.0
for environment, arguments in json.load(open(sys.argv[1])):
    os.environ.update(environment)
    sys.argv = ["multimodal", *arguments]
    code = 0
    print("[begins]", flush=True)
    try:
        cli.main()
    except SystemExit as left:
        code = left.code or 0
    for name in environment:
        del os.environ[name]
    sys.stderr.flush()
    print(f"[left with {code}]", flush=True)
"""
BAR = re.compile(r"\w/s, | left\b|[█━╸]|\d/\?|%\|")
NOWHERE = "no-such-thing"
INPUTS = ["captioner", "code", "data", "language", "line", "mine", "photos", "texts", "writer"]


def leaves(command, *names):
    """All commands, each by its whole name."""
    if not hasattr(command, "commands"):
        return {" ".join(names): command}
    nested = [leaves(each, *names, name) for name, each in command.commands.items()]
    return {name: each for found in nested for name, each in found.items()}


COMMANDS = leaves(typer.main.get_command(app))


def in_terminal(columns: int, script: list[str]):
    environment = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR")}
    return pexpect.spawn(
        sys.executable,
        script,
        dimensions=(400, columns),
        env={**environment, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        timeout=300,
    )


def seen(raw: bytes, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 400)
    pyte.ByteStream(screen).feed(raw)
    return [line.rstrip() for line in screen.display if line.strip()]


def driven(columns, commands, folder):
    """A terminal in which some commands run, each with variables of its environment."""
    script = folder / f"commands-{columns}.json"  # a command line cannot be as long
    script.write_text(json.dumps(commands))
    return in_terminal(columns, ["-c", DRIVER, str(script)])


def play(columns, commands, folder):
    """The code that each of some commands left with, and the bytes that it sent."""
    child = driven(columns, commands, folder)
    child.expect(pexpect.EOF)
    child.close()
    parts = re.findall(rb"\[begins\]\r\n(.*?)\[left with (\d+)\]\r\n", child.before, re.DOTALL)
    assert len(parts) == len(commands), child.before.decode()
    return [(int(code), raw) for raw, code in parts]


@pytest.fixture(scope="module")
def inputs(checkpoint, data, photos, tmp_path_factory):
    """The smallest input of every command, by names of files and of models that learnt nothing."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "texts.txt").write_text("so good\nnot bad\n")
    (folder / "lines.txt").write_text("two dogs run on the beach\n" * 30_000)
    (folder / "letter.txt").write_text("two dogs run on the beach\n" * 3000)
    (folder / "code.txt").write_text("a bad cab (b. d.)\n" * 60)
    drawing = Drawing([[(6 * n, 20 * (n % 2)) for n in range(40)]])
    save_drawings([drawing], folder / "line.svg")
    save_drawings([drawing, drawing], folder / "mine.ndjson", titles=["minimum one", "minimum two"])
    LANGUAGE["build_language_model"]().save_pretrained(folder / "language")
    HANDWRITING["build_generator"]().save_pretrained(folder / "writer")
    files = {path.stem: str(path) for path in folder.iterdir()}
    return {**files, "captioner": str(checkpoint), "data": str(data), "photos": photos[:3]}


def work(given, out):
    """Every command that has something to do in about a second, with what it is given."""
    tiny = ["layers=1", "embedding_size=4", "hidden_size=8", "streams=2", "steps=5", "epochs=2"]
    settings = [part for each in tiny for part in ("--set", each)]
    photos = [*map(str, given["photos"])]
    writer = ["--model", given["writer"]]
    return {
        "caption": [*photos, "--model", given["captioner"]],
        "sketch": ["a duck", "--drafts", "1", "--seed", "7", "-o", f"{out}/duck.svg"],
        "postcard": [
            *(photos[0], "--captioner", given["captioner"], "-o", f"{out}/cards"),
            *("--handwriting-generator", given["writer"]),
        ],
        "plot": [given["line"], "-o", f"{out}/line.gcode"],
        "handwrite": ["ab", *writer, "--seed", "1", "-o", f"{out}/ab.svg"],
        "learn-style": [given["mine"], *writer, "-o", f"{out}/mine.json"],
        "generate-text": ["--model", given["language"], "--length", "30", "--seed", "1"],
        "translate": [given["texts"], "--to", "de"],
        "read": [given["line"], given["line"]],
        "recognize": [given["line"], given["line"]],
        "classify-text": [given["texts"]],
        "train language-model": ["--data", given["code"], "--output", f"{out}/run", *settings],
        "evaluate language-model": ["--data", given["code"], "--model", given["language"]],
        "average": [given["language"], given["language"], "-o", f"{out}/mean"],
        "adjust-vocabulary": [
            *(given["captioner"], "--data", given["data"], "-o", f"{out}/varied"),
            *("--photos", "6", "--rounds", "1"),
        ],
        "benchmark captioner": [*photos, "--model", given["captioner"], "--photos", "32"],
        "pack": [given["language"], "-o", f"{out}/packed"],
    }


def mistaken(command, out) -> list[str]:
    """What asks a command for things that there are not."""
    words = []
    for param in command.params:
        if param.param_type_name == "argument":
            words += [NOWHERE] * (param.required or param.name == "inputs")
        elif param.name in ("out", "output"):
            words += [param.opts[0], f"{out}/{NOWHERE}"] * param.required
        elif param.required or param.name in ("data", "model", "language_models"):
            words += [param.opts[0], NOWHERE]
    return words or [f"--{NOWHERE}"]


@pytest.fixture(scope="module", params=[(100, "NO_COLOR"), (60, "CI")], ids=["100", "60"])
def left(request, inputs, tmp_path_factory):
    """Code, lines and bytes of each command: watched, in plain lines, and given what there is not.

    Before these, a few others.
    """
    columns, plain = request.param
    outs = [tmp_path_factory.mktemp("out") for _ in range(3)]
    captions = work(inputs, outs[2])["caption"]
    asked = {
        "caption to a file": [{}, ["caption", *captions, "-o", f"{outs[2]}/c.jsonl"]],
        "a sentence": [{}, ["classify-text", "not bad at all", "--every-word"]],
        "a mixture": [{}, ["classify-text", "good", inputs["texts"]]],
        "help": [{}, ["--help"]],
    }
    for kind, environment, out in (("watched", {}, outs[0]), ("plain", {plain: "1"}, outs[1])):
        for name, words in work(inputs, out).items():
            asked[kind, name] = [environment, [*name.split(), *words]]
    for name, command in COMMANDS.items():
        asked["mistaken", name] = [{}, [*name.split(), *mistaken(command, outs[2])]]
    played = zip(asked, play(columns, [*asked.values()], outs[2]), strict=True)
    return {key: (code, seen(raw, columns), raw) for key, (code, raw) in played}


def joined(lines: list[str]) -> str:
    return "".join(lines)


def squeezed(lines: list[str]) -> str:
    """What was said, without numbers, which times are, and what a bar adds to the last line."""
    return re.sub(r" in \d\d:\d\d, [\d.]+ \w+/s|[\d.,]+|\s+", "", joined(lines))


def of_kind(left, kind: str):
    return {key[1]: found for key, found in left.items() if key[0] == kind}


def test_every_command_is_run():
    assert len(COMMANDS) > 35
    assert {name.split()[0] for name in COMMANDS} - {"demo", "mcp", "calibrate", "export"} == {
        name.split()[0] for name in work(dict.fromkeys(INPUTS, "a" * 3), "out")
    }


def test_rows_and_bars_never_mix(left):
    plain = of_kind(left, "plain")
    for name, (code, lines, _) in of_kind(left, "watched").items():
        assert code == 0, lines
        assert not [line for line in lines if BAR.search(line) and " captioned" not in line], name
        assert squeezed(lines) == squeezed(plain[name][1]), name


def test_who_asks_for_plain_lines_gets_no_bar(left):
    for name, (code, lines, raw) in of_kind(left, "plain").items():
        assert code == 0, lines
        assert b"\x1b" not in raw, name
        assert not re.search(rb"\r(?!\n)", raw.replace(b"\r\r\n", b"\r\n")), name


def test_there_were_bars(left):
    watched = of_kind(left, "watched")
    for name in ("caption", "postcard", "classify-text"):
        assert b"\x1b[2K" in watched[name][2], name
    assert b"\x1b" in watched["train language-model"][2]


def test_a_mistake_is_answered_in_a_line(left):
    for name, (code, lines, raw) in of_kind(left, "mistaken").items():
        assert code in (1, 2, 3), (name, lines)
        assert b"Traceback" not in raw, (name, lines)
        assert b"\x1b[2K" not in raw or NOWHERE in joined(lines), name
        assert lines, name


def test_rows_begin_their_lines(left, inputs):
    _, lines, _ = left["watched", "caption"]
    for photo in map(str, inputs["photos"]):
        # A terminal breaks long lines where they end: whatever begins a row begins a line.
        assert any(photo.startswith(line) or line.startswith(photo) for line in lines)


def test_a_file_is_summed_up_in_one_line_of_the_whole(left):
    _, lines, _ = left["caption to a file"]
    said = re.sub(r"\s+", "", joined(lines))  # a line may break at any of its spaces
    found = re.match(r"3captioned,0failedin00:(\d\d),([\d.]+)pictures/s;see", said)
    assert found, said
    assert float(found[2]) <= 3 / max(int(found[1]), 1e-9)


def test_the_words_of_a_sentence_stand_behind_its_label(left):
    _, (line,), raw = left["a sentence"]
    assert re.fullmatch(r"(positive|negative)\s+0\.\d\d\s+not bad at all", line)
    assert b"?" not in raw
    assert b"1/0" not in raw


def test_texts_are_rows(left):
    _, lines, _ = left["watched", "classify-text"]
    assert [line.split()[-1] for line in lines] == ["good", "bad"]


def test_a_mixture_of_texts_and_files_is_answered_in_one_line(left):
    _, lines, _ = left["a mixture"]
    assert joined(lines).startswith("multimodal: 'good' is a text and ")


def test_help_lists_commands_by_what_people_do_first(left):
    _, lines, _ = left["help"]
    text = "\n".join(lines)
    headings = ["Caption", "Draw", "Write", "Read", "Train", "Tools"]
    places = [text.index(f"{heading}:\n") for heading in headings]
    assert places == sorted(places)
    assert places[0] < text.index(" caption ") < places[1] < text.index(" sketch ")
    assert "Commands" not in text


# ---- Ctrl-C ----


def endless(given, out):
    """Commands that would go on for minutes."""
    photos = [*map(str, given["photos"])]
    many = {"captioner": given["captioner"], "writer": given["writer"]}
    train = work(given, out)["train language-model"]
    return {
        "caption": [*photos * 300, "--model", many["captioner"]],
        "classify-text": [given["lines"], "-o", f"{out}/rows.csv"],
        "translate": [given["lines"], "--to", "de", "-o", f"{out}/lines.txt"],
        "generate-text": ["--model", given["language"], "--length", "0", "--seed", "1"],
        "sketch": ["a duck", "-n", "3000", "-o", f"{out}/ducks.ndjson"],
        "handwrite": ["--file", given["letter"], "-o", f"{out}/page.svg"],
        "read": [given["line"]] * 900,
        "recognize": [given["line"]] * 3000,
        "postcard": [
            *(*photos * 100, "--captioner", many["captioner"], "-o", f"{out}/cards"),
            *("--handwriting-generator", many["writer"]),
        ],
        "train language-model": [*train, "--set", "epochs=100000"],
    }


def test_ctrl_c_leaves_a_line_of_its_own(inputs, tmp_path):
    columns = 60
    commands = endless(inputs, tmp_path)
    given = [[{}, [*name.split(), *words]] for name, words in commands.items()]
    child = driven(columns, given, tmp_path)
    for name in commands:
        child.expect_exact("[begins]\r\n")
        ended = child.expect([pexpect.TIMEOUT, r"\[left.*"], timeout=1.5)
        assert not ended, (name, child.before)  # it is at work
        child.sendintr()
        child.expect(r"\[left with (\d+)\]\r\n")
        raw = child.before
        lines = seen(raw, columns)
        assert child.match[1] == b"130", (name, lines)
        assert b"Traceback" not in raw, (name, lines)
        assert not [line for line in lines if BAR.search(line)], (name, lines)
        own = "multimodal: stopped after" if name.startswith("train") else "interrupted"
        assert [line for line in lines if line.startswith(own)], (name, lines)
    child.expect(pexpect.EOF)
    child.close()
