"""What inputs name: every kind of them, in an order that never changes."""

import csv
import inspect
import io
import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, Features, Value
from datasets import Image as Picture
from PIL import Image

from multimodal.errors import UserError
from pipelines.caption.inputs import (
    count_inputs,
    find_pictures,
    read_inputs,
    require_inputs,
    sample_pictures,
)
from pipelines.caption.items import Item


def files(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"picture")
    return [str(folder / name) for name in names]


def names(*inputs: object) -> list[str]:
    return [item.name for item in read_inputs(inputs)]


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


# ---- files, folders, patterns ----


def test_files_stay_in_their_order_and_a_folder_becomes_the_pictures_below_it(tmp_path):
    files(tmp_path, "b.png", "a.jpg", "notes.txt", "deep/c.webp", "a/z.jpg")
    inside = [str(tmp_path / name) for name in ("a/z.jpg", "a.jpg", "b.png", "deep/c.webp")]
    assert names("z.jpg", tmp_path, "y.jpg") == ["z.jpg", *inside, "y.jpg"]


def test_a_folder_is_listed_in_the_order_of_its_paths(tmp_path):
    files(tmp_path, "a-b/1.jpg", "a/2.jpg", "a.jpg", "B/3.jpg", "b/0.jpg")
    assert [Path(name) for name in names(tmp_path)] == find_pictures([tmp_path])


def test_hidden_files_are_left_out_and_pictures_nobody_can_open_are_not(tmp_path):
    files(tmp_path, ".a.jpg", ".git/b.jpg", "phone.HEIC", "raw.CR2", "x.mp4")
    assert [Path(name).name for name in names(tmp_path)] == ["phone.HEIC", "raw.CR2"]


def test_links_are_followed_but_no_folder_is_read_twice(tmp_path):
    files(tmp_path, "real/a.jpg")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "real/up").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    found = [str(Path(name).relative_to(tmp_path)) for name in names(tmp_path)]
    assert found == ["again/a.jpg", "self.jpg"]


def test_folders_may_be_deeper_than_python_calls(tmp_path):
    path = tmp_path
    for _ in range(300):
        path = path / "d"
        path.mkdir()
    files(path, "a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 200)
    try:
        assert names(tmp_path) == [str(path / "a.jpg")]
    finally:
        sys.setrecursionlimit(limit)
    (path / "a.jpg").unlink()
    while path != tmp_path:  # shutil would run out of calls
        path.rmdir()
        path = path.parent


def test_a_folder_that_cannot_be_read_is_a_row(tmp_path, monkeypatch):
    files(tmp_path, "a/x.jpg", "b/y.jpg", "c/z.jpg")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("b"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list(read_inputs([tmp_path]))
    assert [Path(item.name).name for item in found] == ["x.jpg", "b", "z.jpg"]
    assert found[1].error == "permission denied"


def test_patterns_are_spread_out_here_where_the_shell_did_not(tmp_path):
    inside = files(tmp_path, "p/a.jpg", "p/b.jpg", "q/c.png")
    assert names(tmp_path / "*" / "*.jpg") == inside[:2]
    assert names(tmp_path / "**" / "*.*") == inside
    assert names(tmp_path / "*") == inside
    odd = files(tmp_path, "p/[1].jpg")  # a name that looks like a pattern
    assert names(*odd) == odd


def test_a_name_that_is_no_unicode_survives(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")
    files(Path(name).parent, Path(name).name)
    assert names(tmp_path) == [name]


def test_nothing_to_caption_is_said(tmp_path):
    with pytest.raises(UserError, match="--samples"):
        require_inputs([])
    with pytest.raises(UserError, match="no picture"):
        require_inputs([tmp_path])
    with pytest.raises(UserError, match="no file fits"):
        require_inputs([tmp_path / "*.jpg"])
    require_inputs(["gone.jpg", "x" * 5000, "a\0b"])  # a row each


def test_pictures_are_counted_where_names_suffice(tmp_path):
    files(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "list.txt").write_text("c.jpg\n\nd.jpg\n")
    assert count_inputs([tmp_path, tmp_path / "list.txt", "e.jpg", tmp_path / "*.jpg"]) == 7
    assert count_inputs([tmp_path, "shard.tar"]) is None


def test_the_samples_are_on_every_machine():
    found = [path.name for path in sample_pictures()]
    assert {"cheetah1.jpg", "lion.jpg", "tower.jpg"} <= set(found)
    assert all(path.is_file() for path in sample_pictures())


# ---- lists ----


def test_a_list_has_a_path_a_line(tmp_path):
    files(tmp_path, "a b.jpg", "ü.jpg")
    (tmp_path / "list.txt").write_bytes("\ufeffa b.jpg\r\n\nü.jpg\n/gone.jpg\n".encode())
    beside = [Item(str(tmp_path / n), str(tmp_path / n)) for n in ("a b.jpg", "ü.jpg")]
    assert list(read_inputs([tmp_path / "list.txt"])) == [*beside, Item("/gone.jpg", "/gone.jpg")]


def test_prose_is_no_list_of_paths(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Anna,\nhow are you?\n")
    with pytest.raises(UserError, match=r"letter\.txt: is no picture and no list of paths"):
        require_inputs([letter])
    letter.write_text("Dear Anna,\ngone.jpg\n")  # which has a row that says so
    require_inputs([letter])
    letter.write_text(f"{tmp_path}\n")
    require_inputs([letter])
    letter.write_text("")
    require_inputs([letter])


def test_a_list_may_come_by_the_standard_input(monkeypatch):
    lines = io.BytesIO(b"a.jpg\ncaf\xe9.jpg\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=lines))
    assert names("-", "z.jpg") == ["a.jpg", os.fsdecode(b"caf\xe9.jpg"), "z.jpg"]


# ---- tables ----


@pytest.mark.parametrize("column", ["path", "File_Name", "image", "whatever it is called"])
def test_a_csv_names_pictures_in_a_column(tmp_path, column):
    files(tmp_path, "a,b.jpg")
    with (tmp_path / "t.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([[column], ["a,b.jpg"], ["/gone.jpg"], ["line\nbreak.jpg"]])
    found = list(read_inputs([tmp_path / "t.csv"]))
    here = str(tmp_path / "a,b.jpg")
    assert [item.name for item in found] == [here, "/gone.jpg", "line\nbreak.jpg"]
    assert found[0].image == here


def test_a_table_without_such_a_column_is_a_row_that_lists_what_there_is(tmp_path):
    (tmp_path / "t.csv").write_text("id,words\n1,x\n")
    (item,) = read_inputs([tmp_path / "t.csv"])
    assert item.name == str(tmp_path / "t.csv")
    assert "there are: id, words" in str(item.error)


def test_json_lines_name_pictures(tmp_path):
    lines = [{"file_name": "a.jpg", "n": 1}, {"n": 2}, 7, {"image": {"path": "b.jpg"}}]
    text = "\n".join([*map(json.dumps, lines), "{broken", json.dumps({"image": "c.jpg"})])
    (tmp_path / "t.jsonl").write_text(text)
    found = list(read_inputs([tmp_path / "t.jsonl"]))
    source = tmp_path / "t.jsonl"
    expected = ["a.jpg", f"{source}#1", f"{source}#2", "b.jpg", f"{source}#4", "c.jpg"]
    assert [item.name for item in found] == expected
    assert [item.error is None for item in found] == [True, False, False, True, False, True]


def test_parquet_holds_paths_bytes_or_both(tmp_path):
    columns = {
        "paths": pa.table({"id": [1, 2], "path": ["a.jpg", None]}),
        "bytes": pa.table({"bytes": [b"one", b"two"]}),
        "both": pa.table({"image": [{"bytes": b"x", "path": "a"}, {"bytes": None, "path": "b"}]}),
    }
    found = {}
    for name, table in columns.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        items = list(read_inputs([tmp_path / f"{name}.parquet"]))
        assert [Path(item.name).name for item in items[:1]] != [f"{name}.parquet"]
        found[name] = [item.image for item in items]
    assert found == {"paths": ["a.jpg", None], "bytes": [b"one", b"two"], "both": [b"x", "b"]}


@pytest.mark.parametrize(
    "name", ["t.csv", "t.jsonl", "t.parquet", "t.tar", "t.txt", "t.tar.gz", "t.zip"]
)
def test_what_is_missing_or_damaged_is_one_row(tmp_path, name):
    (gone,) = read_inputs([tmp_path / name])
    assert gone == Item(str(tmp_path / name), error="no such file or directory")
    if name not in {"t.txt", "t.csv", "t.jsonl"}:
        (tmp_path / name).write_bytes(b"\x1f\x8b damaged" * 99)
        (broken,) = read_inputs([tmp_path / name])
        assert str(broken.error).startswith("is damaged or cut off: ")
        assert "\n" not in str(broken.error)


# ---- shards and data sets ----


@pytest.fixture
def shard(tmp_path) -> Path:
    path = tmp_path / "0.tar"
    with tarfile.open(path, "w") as tar:
        for name in ("1.jpg", "1.json", "2.png", "../../etc/3.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 200 * len(name)
            tar.addfile(member, io.BytesIO(200 * name.encode()))
    return path


def test_a_shard_gives_its_pictures(shard):
    expected = [
        Item(f"{shard}/{n}", 200 * n.encode()) for n in ("1.jpg", "2.png", "../../etc/3.jpg")
    ]
    assert list(read_inputs([shard])) == expected


@pytest.mark.parametrize("harm", [lambda b: b[:4000], lambda b: b[:3584] + b"x" * 512 + b[4096:]])
def test_a_damaged_shard_gives_what_is_whole(shard, harm):
    shard.write_bytes(harm(shard.read_bytes()))
    first, broken = read_inputs([shard])
    assert first.image == 200 * b"1.jpg"
    assert broken.name == str(shard)
    assert broken.error


def test_a_member_that_claims_too_much_is_not_read(tmp_path):
    path = tmp_path / "bomb.tar"
    member = tarfile.TarInfo("bomb.jpg")
    member.size = 2**40
    path.write_bytes(member.tobuf() + bytes(1024))
    first, *_ = read_inputs([path])
    assert str(first.error).startswith("is too large (1099511627776 bytes")


def test_an_archive_gives_its_pictures_by_their_names_alone(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("b/1.jpg", "notes.txt", "../../etc/2.png", "__MACOSX/b/1.jpg", ".a/3.jpg"):
            archive.writestr(name, name.encode())
    inside = ("b/1.jpg", "../../etc/2.png")
    assert list(read_inputs([path])) == [Item(f"{path}/{n}", n.encode()) for n in inside]


def test_a_damaged_or_encrypted_member_is_a_row_and_the_others_are_read(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("harmed.jpg", "whole.jpg", "secret.jpg"):
            archive.writestr(name, name.encode())
    data = bytearray(path.read_bytes().replace(b"harmed.jpgharmed", b"harmed.jpgHARMED"))
    directory = data.rindex(b"PK\x01\x02")  # the entry of the last member; its flags
    data[directory + 8] |= 1
    path.write_bytes(data)
    harmed, whole, secret = read_inputs([path])
    assert str(harmed.error).startswith("is damaged or cut off: ")
    assert whole.image == b"whole.jpg"
    assert str(secret.error).startswith("is encrypted")


def test_a_member_is_never_unpacked_beyond_what_its_entry_says(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("claims.jpg", b"")
        archive.writestr("swells.jpg", bytes(10_000_000))
    data = bytearray(path.read_bytes())
    first, second = data.index(b"PK\x01\x02"), data.rindex(b"PK\x01\x02")
    data[first + 24 : first + 28] = (2**31).to_bytes(4, "little")
    data[second + 24 : second + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    claims, swells = read_inputs([path])
    assert str(claims.error).startswith("is too large (2147483648 bytes")
    assert str(swells.error).startswith("is damaged or cut off: ")


def test_a_folder_without_pictures_may_hold_tables_and_shards(tmp_path, shard):
    pq.write_table(pa.table({"bytes": [b"one"]}), tmp_path / "1.parquet")
    assert [item.image for item in read_inputs([tmp_path])][-1] == b"one"
    assert len(names(tmp_path)) == 4


def test_what_datasets_saved_is_read_split_by_split(tmp_path):
    rows = {"label": [0, 1], "photo": [{"bytes": png("red"), "path": None}] * 2}
    features = Features({"label": Value("int64"), "photo": Picture()})
    one = Dataset.from_dict(rows, features=features)
    broken = Dataset.from_dict({"label": [2], "photo": [{"bytes": b"x"}]}, features=features)
    DatasetDict({"train": one, "test": broken}).save_to_disk(tmp_path / "both")
    one.save_to_disk(tmp_path / "one")
    assert [item.image for item in read_inputs([tmp_path / "one"])] == [png("red")] * 2
    found = list(read_inputs([tmp_path / "both"]))
    assert [item.image for item in found] == [png("red"), png("red"), b"x"]
    assert [item.name for item in found] == [
        f"{tmp_path / 'both'}[{row}" for row in ("train]#0", "train]#1", "test]#0")
    ]


def test_a_name_of_the_hub_is_asked_for_there(monkeypatch):
    def load(name: str, *, streaming: bool) -> DatasetDict:
        assert (name, streaming) == ("owner/photos", True)
        return DatasetDict({"train": Dataset.from_dict({"path": ["a.jpg"]})})

    monkeypatch.setattr("datasets.load_dataset", load)
    assert names("owner/photos") == ["a.jpg"]
    assert names("gone/photo.jpg") == ["gone/photo.jpg"]  # a picture that is not there


def test_a_failing_hub_ends_the_run_so_that_it_can_be_resumed(monkeypatch):
    def fail(name: str, *, streaming: bool) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("datasets.load_dataset", fail)
    with pytest.raises(UserError, match=r"owner/photos: not to be had from the Hub: no route$"):
        names("owner/photos")
