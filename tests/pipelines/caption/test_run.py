"""Whole runs of ``multimodal caption``: killed, stopped, out of space, and resumed."""

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from multimodal.captioning.captioner import Captioner
from multimodal.errors import UserError
from pipelines.caption import caption_images
from pipelines.caption.journal import Journal
from pipelines.caption.outputs import WRITERS
from pipelines.caption.rows import CaptionRow
from pipelines.caption.run import Files, caption, fingerprint
from pipelines.commands import INTERRUPTED

FAST = ("--batch-size", 2, "--beam-size", 1)
LIMIT = "resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"


def left(folder: Path) -> list[str]:
    """What a run has left, its output apart and the record of what it was asked."""
    names = {path.name for path in folder.iterdir()}
    return sorted(name for name in names - {"out.jsonl", "log"} if not name.endswith(".asked"))


def wait_until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# ---- accidents ----


def kill_and_resume(command, inputs, out: Path, kills: int) -> None:
    """Kill a run at random moments until so many have hit; the end is that of an unbroken run."""
    for _ in range(2):  # the second time everything is warm
        out.unlink(missing_ok=True)
        begin = time.monotonic()
        assert command(inputs, "-o", out, *FAST).start().wait() == 3
        longest = time.monotonic() - begin
    expected = out.read_bytes()
    assert len(expected.splitlines()) == 24
    out.unlink()
    moments = random.Random(kills)
    hits = 0
    while hits < kills:
        run = command(inputs, "-o", out, *FAST, "--resume").start()
        run.process.join(moments.uniform(0.1, 0.9) * longest)
        run.process.kill()
        hits += run.wait() == -signal.SIGKILL
        if out.exists():
            assert out.read_bytes() == expected
            out.unlink()
    assert command(inputs, "-o", out, *FAST, "--resume").start().wait() in {0, 3}
    assert out.read_bytes() == expected
    assert left(out.parent) == []


def test_killed_three_times_it_ends_as_if_unbroken(command, many, tmp_path):
    kill_and_resume(command, many, tmp_path / "out.jsonl", 3)


@pytest.mark.slow
def test_killed_twenty_times_it_ends_as_if_unbroken(command, many, tmp_path):
    kill_and_resume(command, many, tmp_path / "out.jsonl", 20)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_with_one_line_and_the_run_goes_on(command, many, tmp_path, sent):
    out = tmp_path / "out.jsonl"
    journal = Journal.path_beside(out)
    run = command(many, "-o", out, *FAST).start()
    wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 2)
    os.kill(run.process.pid, sent)
    assert run.wait() == INTERRUPTED
    (line,) = run.lines
    assert line.startswith("interrupted: ")
    assert line.endswith("go on with the same command and --resume")
    assert left(tmp_path) == [journal.name]
    assert command(many, "-o", out, *FAST, "--resume").start().wait() == 3
    assert len(out.read_text().splitlines()) == 24
    assert left(tmp_path) == []


@pytest.mark.parametrize("limit", [3_000, 6_500])
def test_a_full_disk_is_said_and_what_is_done_is_kept(command, checkpoint, many, tmp_path, limit):
    out = tmp_path / "out.jsonl"
    full = command(many, "-o", out, *FAST, before=LIMIT.format(limit)).start()
    assert full.wait() == 2
    (line,) = full.lines
    assert "cannot be written: File too large; what is done is kept: go on with --resume" in line
    assert not out.exists()
    resumed = command(many, "-o", out, *FAST, "--resume").start()
    assert resumed.wait() == 3
    list(caption([many], checkpoint, Files(tmp_path / "whole.jsonl"), batch_size=2, beam_size=1))
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_disk_that_is_full_only_in_the_end_loses_nothing(
    checkpoint, photos, tmp_path, monkeypatch
):
    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    files = Files(tmp_path / "out.csv")
    with monkeypatch.context() as patched:
        patched.setitem(WRITERS, ".csv", fill)
        with pytest.raises(UserError, match="No space left on device; what is done is kept"):
            list(caption(photos, checkpoint, files))
    assert left(tmp_path) == [".out.csv.journal"]
    monkeypatch.setattr(Captioner, "caption_preprocessed", None)  # nothing is left to caption
    assert len(list(caption(photos, checkpoint, Files(files.output, resume=True)))) == len(photos)
    assert left(tmp_path) == ["out.csv"]


# ---- what is there already ----


def test_an_output_that_is_there_stays(checkpoint, photos, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("precious")
    with pytest.raises(UserError, match=r"out\.jsonl: is there already.*--overwrite"):
        list(caption(photos, checkpoint, Files(out)))
    assert out.read_text() == "precious"
    list(caption(photos, checkpoint, Files(out, overwrite=True)))
    assert len(out.read_text().splitlines()) == len(photos)
    assert left(tmp_path) == []


def test_an_interrupted_run_is_not_forgotten_silently(checkpoint, photos, tmp_path):
    out = tmp_path / "out.jsonl"
    rows = caption(photos, checkpoint, Files(out), batch_size=2)
    next(rows)
    rows.close()
    assert left(tmp_path) == [".out.jsonl.journal"]
    with pytest.raises(UserError, match="--resume, or begin anew with --overwrite"):
        list(caption(photos, checkpoint, Files(out)))
    with pytest.raises(UserError, match="was begun with batch_size 2, not 3"):
        list(caption(photos, checkpoint, Files(out, resume=True), batch_size=3))
    with pytest.raises(UserError, match="was begun with beam_size 3, not 2"):
        list(caption(photos, checkpoint, Files(out, resume=True), batch_size=2, beam_size=2))
    with pytest.raises(UserError, match="was begun with inputs"):
        list(caption(photos[1:], checkpoint, Files(out, resume=True), batch_size=2))
    list(caption(photos, checkpoint, Files(out, overwrite=True), batch_size=3))
    assert len(out.read_text().splitlines()) == len(photos)


def test_a_captioner_is_told_from_every_other(captioner, checkpoint):
    first, again = (Captioner.from_pretrained(checkpoint, precision="fp32") for _ in range(2))
    assert fingerprint(first) == fingerprint(again)
    again.network.decoder.readout.bias.data[3] += 1
    assert fingerprint(first) != fingerprint(again)
    assert fingerprint(first) != fingerprint(
        Captioner.from_pretrained(checkpoint, precision="bf16")
    )


def test_what_is_finished_is_left_alone(checkpoint, photos, tmp_path):
    files = Files(tmp_path / "out.jsonl", tmp_path / "out.html", resume=True)
    assert not files.finished
    list(caption(photos, checkpoint, files))
    assert files.finished
    files.report.unlink()
    assert not files.finished
    with pytest.raises(UserError, match=r"out\.jsonl: is there already"):
        files.require(photos)


def test_a_finished_run_is_complete_only_if_nothing_is_new(checkpoint, photos, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in photos[:3]:
        (folder / photo.name).write_bytes(photo.read_bytes())
    first, second, third = sorted(folder.iterdir())
    again = Files(tmp_path / "out.jsonl", resume=True)
    list(caption([folder], checkpoint, Files(again.output)))
    done = again.output.read_bytes()

    def refusal(inputs=(folder,), **options) -> str:
        with pytest.raises(UserError, match="begin anew with --overwrite") as caught:
            list(caption(inputs, checkpoint, again, **options))
        assert again.output.read_bytes() == done
        return str(caught.value)

    assert list(caption([folder], checkpoint, again)) == []
    assert list(caption([first, second, third], checkpoint, again)) == []
    assert "had beam_size 3, not 2" in refusal(beam_size=2)
    assert "1 picture is gone since it finished, such as " in refusal([first, second])
    (folder / "new.jpg").write_bytes(photos[3].read_bytes())
    assert f"1 picture is new since it finished, such as {folder / 'new.jpg'}" in refusal()
    (folder / "new.jpg").unlink()
    second.write_bytes(photos[4].read_bytes())
    assert f"1 picture is changed since it finished, such as {second}" in refusal()
    again.record.unlink()
    assert "nothing tells what the finished run was asked" in refusal()


def test_a_picture_that_changed_is_not_resumed_with_its_former_caption(
    checkpoint, photos, tmp_path
):
    copies = [tmp_path / photo.name for photo in photos]
    for photo, copy in zip(photos, copies, strict=True):
        copy.write_bytes(photo.read_bytes())
    files = Files(tmp_path / "out.jsonl")
    rows = caption(copies, checkpoint, files, batch_size=2)
    next(rows)
    rows.close()
    copies[0].write_bytes(photos[1].read_bytes())
    with pytest.raises(UserError, match="has changed since it was captioned"):
        list(caption(copies, checkpoint, Files(files.output, resume=True), batch_size=2))


def test_sidecars_of_a_run_with_a_higher_bar_are_gone(checkpoint, photos, tmp_path):
    texts = tmp_path / "texts"
    list(caption(photos, checkpoint, Files(texts)))
    assert len(list(texts.glob("*.txt"))) == len(photos)
    list(caption(photos, checkpoint, Files(texts, overwrite=True), min_score=0.0))
    assert list(texts.glob("*.txt")) == []
    assert len((texts / "errors.jsonl").read_text().splitlines()) == len(photos)
    list(caption(photos, checkpoint, Files(texts, overwrite=True)))
    assert len(list(texts.glob("*.txt"))) == len(photos)
    assert not (texts / "errors.jsonl").exists()


def test_confidence_is_asked_only_of_calibrated_captioners(checkpoint, photos, tmp_path):
    files = Files(tmp_path / "out.jsonl")
    with pytest.raises(UserError, match="min-confidence: this captioner was not calibrated"):
        list(caption(photos, checkpoint, files, min_confidence=0.5))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="min-confidence: this captioner was not calibrated"):
        next(caption_images([photos[0]], Captioner.from_pretrained(checkpoint), min_confidence=0.5))


def test_a_row_below_the_least_confidence_says_so_and_keeps_no_words():
    row = CaptionRow("a.jpg", "a dog", -0.5, ("a", "dog"), (-0.1, -0.9), confidence=0.4)
    assert row.sure(None, 0.4) == row
    withheld = row.sure(None, 0.5)
    assert (withheld.text, withheld.words, withheld.confidence) == ("", (), None)
    assert withheld.error == "not sure enough: its confidence 0.400 is below 0.5"


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (Files(Path("c.doc")), r"c\.doc: unknown ending"),
        (Files(Path("no/c.csv")), r"no/c\.csv: its folder does not exist"),
        (Files(None, Path("r.pdf")), r"r\.pdf: a report is a page"),
        (Files(Path("c.dataset"), fill=True), "--fill is for a folder of text files"),
        (Files(Path("c.csv"), annotations=Path("a.json")), "--annotations number COCO results"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_the_work(tmp_path, monkeypatch, files, named):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=named):
        files.require(["-"])


@pytest.mark.parametrize("name", ["c.jsonl", "c.csv", "c.parquet", "c.json", "c.dataset", "c"])
def test_every_output_is_the_same_after_an_interruption(checkpoint, photos, tmp_path, name):
    def contents(folder: Path) -> dict[str, bytes]:
        paths = [folder, *folder.rglob("*")]
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths if p.is_file()}

    inputs = [str(tmp_path / f"{number}.jpg") for number in range(len(photos) + 1)]
    for photo, copy in zip(photos, inputs, strict=False):
        Path(copy).write_bytes(photo.read_bytes())
    whole, broken = tmp_path / "whole" / name, tmp_path / "broken" / name
    whole.parent.mkdir()
    broken.parent.mkdir()
    list(caption(inputs, checkpoint, Files(whole), batch_size=2))
    rows = caption(inputs, checkpoint, Files(broken), batch_size=2)
    next(rows)
    rows.close()
    list(caption(inputs, checkpoint, Files(broken, resume=True), batch_size=2))
    assert contents(whole) == contents(broken) != {}
    assert left(broken.parent) == ([] if name == "out.jsonl" else [name])


def test_workers_may_change_between_runs(checkpoint, photos, tmp_path):
    files = Files(tmp_path / "out.jsonl")
    rows = caption(photos, checkpoint, files, batch_size=2, workers=1)
    next(rows)
    rows.close()
    resumed = caption(photos, checkpoint, Files(files.output, resume=True), batch_size=2, workers=3)
    found = [row.source for row in resumed]
    assert found == [json.loads(line)["path"] for line in files.output.read_text().splitlines()]
