"""The command line: what it prints, what it writes, and with which code it leaves."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import typer
from PIL import Image

from multimodal.captioning.captioner import Captioner
from pipelines import cli
from pipelines.commands import SOME_FAILED, app

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Left:
    """How a command left."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a mistake that the user can mend."""
        assert self.code == cli.USER_ERROR
        (line,) = self.err.splitlines()
        assert line.startswith("multimodal: ")
        return line


@pytest.fixture
def run(monkeypatch, capsys) -> Callable[..., Left]:
    def leave(*arguments: object) -> Left:
        monkeypatch.setattr(sys, "argv", ["multimodal", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        return Left(left.value.code or 0, *capsys.readouterr())

    return leave


def in_a_fresh_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


# ---- a fresh start ----


def test_importing_the_package_is_cheap():
    heavy = "{'torch', 'torchvision', 'datasets', 'gradio', 'numpy', 'PIL'}"
    code = f"import sys, multimodal; print({heavy} & set(sys.modules))"
    assert in_a_fresh_python("-c", code).stdout == "set()\n"


def test_help_lists_the_jobs_without_torch():
    code = (
        "import sys; from pipelines import cli; sys.argv = ['multimodal', '--help']\n"
        "try: cli.main()\n"
        "finally: print('torch' in sys.modules)"
    )
    done = in_a_fresh_python("-c", code)
    assert done.returncode == 0
    for job in ("caption", "train", "evaluate", "benchmark"):
        assert job in done.stdout
    assert done.stdout.endswith("False\n")


def test_options_are_made_of_the_command_that_is_asked_for_alone():
    only = cli.asked_for(app, ["caption"])
    assert [command.name for command in only.registered_commands] == ["caption"]
    assert only.registered_groups == []
    group = cli.asked_for(app, ["train", "captioner"])
    assert [group.name for group in group.registered_groups] == ["train"]
    for arguments in ([], ["--help"], ["captoin"]):
        assert cli.asked_for(app, arguments) is app


def test_the_module_is_a_program():
    done = in_a_fresh_python("-m", "pipelines.cli", "caption")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("multimodal: nothing to caption")
    assert done.stderr.count("\n") == 1


# ---- caption ----


def test_a_line_for_each_picture(run, checkpoint, photos):
    left = run("caption", *photos[:2], "--model", checkpoint)
    expected = Captioner.from_pretrained(checkpoint).caption(photos[:2])
    assert (left.code, left.err) == (0, "")
    assert left.out.splitlines() == [f"{c.source}\t{c.text}\t{c.score:.2f}" for c in expected]


def test_a_line_for_each_sentence_that_is_asked_for(run, checkpoint, photos):
    left = run("caption", photos[0], "--model", checkpoint, "--n-best", 2)
    best = Captioner.from_pretrained(checkpoint).caption(photos[0], n_best=2)
    assert left.out.splitlines() == [
        f"{photos[0]}\t{each.text}\t{each.score:.2f}" for each in (best, *best.alternatives)
    ]


def test_a_folder_is_captioned_whole(run, checkpoint, photos, data):
    left = run("caption", data / "images", "--model", checkpoint, "--beam-size", 1)
    assert left.code == 0
    assert len(left.out.splitlines()) == len(list((data / "images").iterdir()))


def test_the_samples_need_no_file_and_no_network(run, checkpoint, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)  # a call would fail
    left = run("caption", "--samples", "--model", checkpoint)
    assert left.code == 0
    assert "lion.jpg\t" in left.out


def test_what_fails_is_told_and_the_rest_is_captioned(run, checkpoint, photos, tmp_path):
    left = run("caption", tmp_path / "gone.jpg", photos[0], "--model", checkpoint)
    assert left.code == SOME_FAILED
    assert left.out.startswith(f"{photos[0]}\t")
    assert len(left.out.splitlines()) == 1
    first, summary = left.err.splitlines()
    assert first.startswith(f"{tmp_path / 'gone.jpg'}: ")
    assert summary == "1 captioned, 1 failed"


def test_captions_are_written_as_json_lines(run, checkpoint, photos, tmp_path):
    path = tmp_path / "captions.jsonl"
    left = run(
        "caption", *photos, tmp_path / "gone.jpg", "-o", path, "--model", checkpoint, "--n-best", 2
    )
    assert left.code == SOME_FAILED
    assert left.out == ""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [record["path"] for record in records] == [*map(str, photos), f"{tmp_path}/gone.jpg"]
    assert all(len(record["alternatives"]) == 1 for record in records[:-1])
    assert records[-1]["error"]
    assert left.err.splitlines()[-1] == f"6 captioned, 1 failed; see {path}"


def test_an_output_that_is_there_stays(run, checkpoint, photos, tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text("precious")
    command = ("caption", photos[0], "-o", path, "--model", checkpoint)
    assert "--overwrite" in run(*command).complaint
    assert path.read_text() == "precious"
    assert run(*command, "--overwrite").code == 0
    assert json.loads(path.read_text())["caption"]


def test_the_worst_errors_are_summed_up(run, checkpoint, photos, tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    broken = (tmp_path / "gone.jpg", tmp_path / "a.jpg", tmp_path / "b.jpg")
    command = ("caption", *broken, photos[0], "--model", checkpoint)
    left = run(*command, "-o", tmp_path / "out.csv")
    assert (left.code, left.out) == (SOME_FAILED, "")
    assert left.err.splitlines() == [
        f"{tmp_path / 'a.jpg'}: is empty (0 bytes) (and 1 other)",
        f"{tmp_path / 'gone.jpg'}: no such file or directory",
        f"1 captioned, 3 failed; see {tmp_path / 'out.csv'}",
    ]
    assert run(*command, "--strict").code == 1
    again = run(*command, "-o", tmp_path / "out.csv", "--resume")
    assert (again.code, again.err) == (
        0,
        f"{tmp_path / 'out.csv'}: is there and complete; nothing is left to do\n",
    )


def test_captions_that_are_not_sure_enough_are_withheld(run, checkpoint, photos):
    left = run("caption", *photos, "--min-score", 0, "--model", checkpoint)
    assert (left.code, left.out) == (0, "")
    *reasons, summary = left.err.splitlines()
    assert all("not sure enough" in reason for reason in reasons)
    assert summary == f"0 captioned, {len(photos)} withheld, 0 failed"


def test_withheld_captions_hide_no_failure(run, checkpoint, photos, tmp_path):
    out = tmp_path / "out.csv"
    command = ("caption", "gone.jpg", *photos, "--min-score", 0, "--model", checkpoint, "-o", out)
    left = run(*command)
    assert left.code == SOME_FAILED
    assert left.err.splitlines() == [
        "gone.jpg: no such file or directory",
        f"0 captioned, {len(photos)} withheld, 1 failed; see {out}",
    ]


def test_a_name_cannot_write_to_the_terminal(run, checkpoint, photos):
    left = run("caption", "\x1b[2Jgone\n.jpg", photos[0], "--model", checkpoint)
    assert "\x1b" not in left.err
    assert len(left.err.splitlines()) == 2


def test_a_sheet_shows_all_pictures(run, checkpoint, photos, tmp_path):
    left = run("caption", *photos, "--sheet", tmp_path / "sheet.png", "--model", checkpoint)
    assert left.code == 0
    assert len(left.out.splitlines()) == len(photos)
    assert left.err == f"6 captioned, 0 failed; see {tmp_path / 'sheet.png'}\n"
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > sheet.height


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--samples"),
        (("photo.jpg", "--model", "no/such/folder"), "no/such/folder"),
        (("photo.jpg", "-o", "captions.txt"), ".jsonl"),
        (("photo.jpg", "--sheet", "sheet.doc"), "sheet.doc"),
        (("photo.jpg", "--n-best", "9", "--model", "CHECKPOINT"), "n_best=9"),
    ],
)
def test_a_mistake_is_one_line(run, checkpoint, arguments, named):
    filled = [checkpoint if argument == "CHECKPOINT" else argument for argument in arguments]
    assert named in run("caption", *filled).complaint


def test_an_option_that_there_is_not_is_refused(run):
    left = run("caption", "--beams", 5)
    assert left.code == 2
    assert "--beams" in left.err
    assert "Traceback" not in left.err


# ---- train ----


def test_training_ends_with_the_best_captioner(run, data, quick_settings, tmp_path):
    options = [argument for setting in quick_settings for argument in ("--set", setting)]
    left = run("train", "captioner", "--data", data, "--output", tmp_path / "run", *options)
    assert left.code == 0
    best = tmp_path / "run" / "best"
    assert left.out.startswith(f"{best}: the best captioner")
    assert Captioner.from_pretrained(best).network.decoder.config.hidden_size == 8


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("layers=3", "there are 50, such as cell, attention"),
        ("epochs", "--set epochs: write name=value"),
        ("epochs=many", "'many' is no whole number"),
        ("cell=transformer", "rnn, gru, lstm"),
        ("samples=1", "samples: must be at least 2"),
    ],
)
def test_a_bad_setting_is_answered_with_what_there_is(run, data, tmp_path, setting, named):
    left = run("train", "captioner", "--data", data, "--output", tmp_path / "run", "--set", setting)
    assert named in left.complaint
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["encoder=perceptron", "encoder_weights=gone.pth"])
def test_an_encoder_that_cannot_be_had_is_named(run, data, tmp_path, option):
    arguments = ["--set", "encoder_weights=random", "--set", option]
    left = run("train", "captioner", "--data", data, "--output", tmp_path / "run", *arguments)
    assert option.partition("=")[2] in left.complaint


# ---- evaluate and benchmark ----


def test_evaluation_prints_and_writes_its_figures(run, checkpoint, data, tmp_path):
    path = tmp_path / "scores.json"
    command = ["evaluate", "captioner", "--model", checkpoint, "--data", data]
    left = run(*command, "--split", "dev", "--beam-size", 2, "--json", path)
    assert left.code == 0
    assert left.out == path.read_text()
    scores = json.loads(left.out)
    assert {"bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider"} <= scores.keys()
    assert {"images", "beam_size", "seconds", "images_per_second"} <= scores.keys()
    assert (scores["images"], scores["beam_size"], scores["split"]) == (24, 2, "dev")


def test_a_place_for_figures_that_cannot_be_is_refused_first(run, tmp_path):
    path = tmp_path / "no" / "scores.json"
    left = run("evaluate", "captioner", "--data", "nowhere", "--json", path)
    assert str(path) in left.complaint


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--split", "holdout"), "holdout"),
        (("--data", "no-such-folder"), "no-such-folder"),
        (("--model", "no-such-model"), "no-such-model"),
    ],
)
def test_what_is_not_there_to_evaluate_is_named(run, checkpoint, data, arguments, named):
    command = ["evaluate", "captioner", "--data", data, "--model", checkpoint]
    assert named in run(*command, *arguments).complaint


def test_the_benchmark_prints_its_table(run, checkpoint, photos):
    left = run("benchmark", "captioner", *photos, "--model", checkpoint, "--photos", 32)
    assert left.code == 0
    assert "photos/s end to end" in left.out
    assert len(left.out.splitlines()) == 7


def test_a_name_under_a_heading_that_nobody_registered_is_no_command(monkeypatch):
    group = typer.main.get_command(app)
    monkeypatch.delitem(group.commands, "caption")
    with click.Context(group) as context:
        assert group.get_command(context, "caption") is None
        assert group.get_command(context, "no-such-job") is None
        assert group.get_command(context, "sketch").name == "sketch"
