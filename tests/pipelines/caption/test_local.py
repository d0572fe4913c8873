"""The engine of this machine: one row for each picture, in order, in batches that never change."""

import io
import json
import resource
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from multimodal.captioning.caption import Caption
from multimodal.errors import UserError
from pipelines.caption import caption_images
from pipelines.caption.decoding import Opened, OpenedAhead, Opener
from pipelines.caption.inputs import read_inputs
from pipelines.caption.items import Item
from pipelines.caption.journal import Journal
from pipelines.caption.rows import as_line

ASKED = {"model": "tiny", "options": {"beam_size": 2}}


@pytest.fixture
def described(captioner, monkeypatch) -> list[list[str]]:
    """The names of every batch that the network gets to see."""
    batches: list[list[str]] = []
    describe = type(captioner).caption_preprocessed

    def watch(self, names, views, options):
        batches.append(list(names))
        return describe(self, names, views, options)

    monkeypatch.setattr(type(captioner), "caption_preprocessed", watch)
    return batches


def run(captioner, inputs, path, *, resume=False, **options) -> list[str]:
    """The lines of a run with a journal."""
    with Journal(path, ASKED) as journal:
        journal.begin(resume=resume)
        options = {"batch_size": 4, "beam_size": 1, "journal": journal, **options}
        given = list(caption_images(inputs, captioner, **options))
        assert [as_line(row) for row in journal] == [as_line(row) for row in given]
    return [as_line(row) for row in given]


# ---- rows ----


def test_every_picture_has_its_row_in_order(captioner, many):
    names = [item.name for item in read_inputs([many, "gone.jpg"])]
    rows = list(caption_images([many, "gone.jpg"], captioner, batch_size=7, workers=3))
    assert [row.source for row in rows] == names
    assert len(rows) == 25
    for row, expected in zip(rows[::4], captioner.captions(names[::4]), strict=True):
        assert (row.text, row.error) == (expected.text, expected.error)
        assert row.score == pytest.approx(expected.score, rel=1e-5)


def test_batches_are_filled_across_folders_with_pictures_that_are_new(captioner, many, described):
    rows = list(caption_images([many / "0", "gone.jpg", many / "1"], captioner, batch_size=8))
    looks = {row.digest for row in rows if not row.error}
    assert [len(batch) for batch in described[:-1]] == [8] * (len(described) - 1)
    assert sum(map(len, described)) == len(looks) < sum(not row.error for row in rows)


def test_the_same_picture_twice_is_captioned_once_and_has_two_rows(captioner, photos, described):
    inputs = [photos[0], photos[1], photos[0]] * 2
    rows = list(caption_images(inputs, captioner, batch_size=2))
    assert described == [[str(photos[0]), str(photos[1])]]
    assert [row.source for row in rows] == [str(path) for path in inputs]
    assert [row.text for row in rows] == [rows[n].text for n in (0, 1, 0)] * 2
    assert [row.word_scores for row in rows] == [rows[n].word_scores for n in (0, 1, 0)] * 2


def test_broken_pictures_without_end_do_not_fill_the_memory(captioner):
    endless = caption_images(["gone.jpg"] * 100, captioner, batch_size=1)
    assert next(endless).error  # long before the hundred are read
    assert len(list(endless)) == 99


def test_withheld_captions_are_so_for_duplicates_as_well(captioner, photos):
    rows = list(caption_images([photos[0]] * 3, captioner, min_score=0.0, batch_size=1))
    assert [row.text for row in rows] == [""] * 3
    assert len({(row.score, row.error) for row in rows}) == 1
    assert str(rows[0].error).startswith("not sure enough")


@pytest.mark.parametrize("option", [{"batch_size": 0}, {"workers": 0}, {"beams": 3}])
def test_an_option_that_cannot_be_is_refused(captioner, photos, option):
    with pytest.raises(UserError, match=next(iter(option))):
        list(caption_images(photos, captioner, **option))


# ---- pictures opened ahead ----


def test_pictures_are_opened_side_by_side_and_come_in_their_order():
    together = threading.Barrier(3, timeout=20)

    def slow(item: Item) -> Opened:
        together.wait()  # goes on only when three are opened at a time
        return Opened(item.name)

    items = [Item(str(number)) for number in range(9)]
    assert [o.name for o in OpenedAhead(items, slow, workers=3, ahead=4)] == list("012345678")


def test_no_more_is_opened_than_may_wait():
    opened = []

    def note(item: Item) -> Opened:
        opened.append(item.name)
        return Opened(item.name)

    endless = (Item("x") for _ in iter(int, 1))
    ahead = iter(OpenedAhead(endless, note, workers=2, ahead=5))
    next(ahead)
    deadline = time.monotonic() + 20
    while len(opened) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert 6 <= len(opened) <= 5 + 2 * 2 + 1  # those that wait, and one under way
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "read inputs"]


def test_large_pictures_are_opened_one_at_a_time(photos, monkeypatch):
    monkeypatch.setattr("pipelines.caption.decoding.LARGE", 5000)
    at_work, most = [], [0]

    def view(picture: Image.Image) -> np.ndarray:
        at_work.append(picture.size)
        most[0] = max(most[0], len(at_work))
        time.sleep(0.01)
        at_work.pop()
        return np.asarray(picture)

    items = [Item(str(photo), str(photo)) for photo in photos]
    assert len(list(OpenedAhead(items, Opener(view, 64), 4, 8))) == len(photos)
    assert most == [1]


def test_an_error_of_the_inputs_comes_after_the_rows_before_it():
    def items():
        yield Item("a")
        raise UserError("the Hub is gone")

    ahead = iter(OpenedAhead(items(), lambda item: Opened(item.name), 1, 1))
    assert next(ahead).name == "a"
    with pytest.raises(UserError, match="the Hub is gone"):
        next(ahead)


# ---- a long run ----


def resident() -> int:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


@pytest.mark.slow
def test_twenty_thousand_rows_take_no_more_memory_than_four_thousand(
    captioner, tmp_path, monkeypatch
):
    def describe(self, names, views, options) -> list[Caption]:  # the network would take minutes
        words, scores = ("a", "dog") * 5, (-0.1,) * 10
        return [Caption(name, "a dog " * 5, -1.0, words, scores) for name in names]

    monkeypatch.setattr(type(captioner), "caption_preprocessed", describe)
    with tarfile.open(tmp_path / "pictures.tar", "w") as tar:
        for number in range(20_000):
            data = b"P6 2 1 255 " + bytes((number % 256, number // 256, 0, 9, 9, 9))
            member = tarfile.TarInfo(f"{number}.ppm")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
            tar.members.clear()
    sizes = []
    with Journal(tmp_path / "journal", ASKED) as journal:
        journal.begin(resume=False)
        rows = caption_images([tmp_path / "pictures.tar"], captioner, journal=journal)
        for number, row in enumerate(rows):
            assert row.source.endswith(f"/{number}.ppm")
            if number % 4_000 == 3_999:
                sizes.append(resident())
        assert len({row.digest for row in journal}) == len(sizes) * 4_000 == 20_000
    assert sizes[-1] - sizes[0] < 12, sizes


# ---- the journal ----


@pytest.fixture(scope="module")
def unbroken(captioner, many, tmp_path_factory) -> tuple[list[str], bytes]:
    path = tmp_path_factory.mktemp("unbroken") / "journal"
    lines = run(captioner, [many], path)
    return lines, path.read_bytes()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.floats(0, 1), tail=st.sampled_from([b"", b"\0" * 50, b'[{"path": "x"', b"garbage\n"]))
def test_wherever_it_is_cut_off_the_end_is_the_same(
    captioner, many, unbroken, described, tmp_path, cut, tail
):
    lines, journal = unbroken
    kept = journal[: int(cut * len(journal))]
    (tmp_path / "journal").write_bytes(kept + tail)
    described.clear()
    assert run(captioner, [many], tmp_path / "journal", resume=True) == lines
    assert (tmp_path / "journal").read_bytes() == journal
    done = [row["path"] for line in kept.splitlines(True)[1:-1] for row in json.loads(line)]
    assert not set(done) & {name for batch in described for name in batch}


def test_a_run_that_is_begun_anew_forgets(captioner, many, unbroken, tmp_path, described):
    (tmp_path / "journal").write_bytes(unbroken[1])
    assert run(captioner, [many], tmp_path / "journal") == unbroken[0]
    assert described


def test_what_was_asked_otherwise_is_refused(unbroken, tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(unbroken[1])
    other = {"model": "tiny", "options": {"beam_size": 3}}
    with (
        Journal(path, other) as journal,
        pytest.raises(UserError, match=r'options {"beam_size": 2}, not {"beam_size": 3}; resume'),
    ):
        journal.begin(resume=True)
    assert path.read_bytes() == unbroken[1]


def test_inputs_that_have_changed_are_refused(captioner, many, unbroken, tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(unbroken[1])
    with pytest.raises(UserError, match=r"00\.png: was captioned, but now there is .*01\.png"):
        run(captioner, [many / "1", many / "0"], path, resume=True)
    with pytest.raises(UserError, match="now there is nothing"):
        run(captioner, [many / "0"], path, resume=True)


def test_only_one_run_writes_a_journal(tmp_path):
    first, second = Journal(tmp_path / "j", ASKED), Journal(tmp_path / "j", ASKED)
    with first, ThreadPoolExecutor(1) as other:
        entering = other.submit(second.__enter__)
        with pytest.raises(UserError, match="another run is writing it"):
            entering.result()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "j").mkdir()
    with Journal(tmp_path / "j", ASKED) as journal, pytest.raises(UserError, match="--resume"):
        journal.begin(resume=False)
