"""Whatever happens to the inputs while they are captioned, each row is of its own picture."""

import csv
import io
import json
import os
import random
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, Features, Value
from datasets import Image as ImageFeature
from PIL import Image

from multimodal.captioning.captioner import Captioner
from multimodal.errors import UserError
from multimodal.images import open_image
from pipelines.caption.containers import Reading
from pipelines.caption.inputs import read_inputs
from pipelines.caption.items import Item
from pipelines.caption.run import Files, caption_to_files
from pipelines.tally import describe_passed_over


def png(number: int) -> bytes:
    """A picture that is told from others by its colour."""
    file = io.BytesIO()
    colour = (number % 251, number // 251 * 40, 7)
    Image.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


def number_of(content: bytes | str) -> int:
    red, green, _ = open_image(content).getpixel((0, 0))
    return red + green // 40 * 251


@pytest.fixture
def reader(captioner, monkeypatch) -> Captioner:
    """A captioner whose sentence is the number of the picture."""

    def describe(names, views, options):
        captions = []
        for name, view in zip(names, views, strict=True):
            red, green, _ = map(int, view[0, 0])
            said = str(red + green // 40 * 251)
            captions.append(
                captioner_module.Caption(name, said, -1.0, words=(said,), word_scores=(-1.0,))
            )
        return captions

    import multimodal.captioning.captioner as captioner_module

    monkeypatch.setattr(captioner, "caption_preprocessed", describe)
    monkeypatch.setattr(captioner, "preprocess", lambda picture: np.asarray(picture))
    return captioner


def disturb(folder: Path, luck: random.Random, numbers: list[int]) -> None:
    """Rename, swap, delete or add a picture."""
    paths = sorted(folder.rglob("*.png"))
    kind = luck.choice(["rename", "swap", "delete", "add", "replace"])
    one, other = luck.choice(paths), luck.choice(paths)
    if kind == "rename":
        one.rename(one.with_name(f"{luck.random()}.png"))
    elif kind == "swap" and one != other:
        between = one.with_suffix(".between")
        one.rename(between)
        other.rename(one)
        between.rename(other)
    elif kind == "delete" and len(paths) > 3:
        one.unlink()
    else:
        numbers.append(max(numbers) + 1)
        unfinished = one.with_suffix(".unfinished")
        unfinished.write_bytes(png(numbers[-1]))
        unfinished.replace(one if kind == "replace" else one.with_name(f"{luck.random()}.png"))


def as_table(folder: Path, name: str) -> Path:
    table = folder.parent / name
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path"])
        rows.writerows([os.path.relpath(p, folder.parent)] for p in sorted(folder.rglob("*.png")))
    return table


@pytest.mark.parametrize("kind", ["folder", "table", "tar", "parquet"])
@pytest.mark.parametrize("seed", range(6))
def test_every_row_is_of_its_own_picture(reader, tmp_path, kind, seed):
    """In `.dataset` the caption stands beside the very bytes that were captioned."""
    luck = random.Random(seed)
    folder = tmp_path / "photos"
    numbers = list(range(40))
    for number in numbers:
        place = folder / str(number % 3) / f"{luck.random()}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png(number))
    source = folder
    if kind == "table":
        source = as_table(folder, "t.csv")
    elif kind == "tar":
        source = tmp_path / "t.tar"
        with tarfile.open(source, "w") as tar:
            tar.add(folder, "p")
    elif kind == "parquet":
        source = tmp_path / "t.parquet"
        pq.write_table(pa.table({"image": [p.read_bytes() for p in folder.rglob("*.png")]}), source)
    output = tmp_path / "out.dataset"
    rows = []
    for row in caption_to_files([source], reader, Files(output), batch_size=3, workers=2):
        rows.append(row)
        if luck.random() < 0.6:
            disturb(folder, luck, numbers)
            if kind in ("tar", "parquet") and source.exists():
                source.rename(source.with_suffix(".moved"))  # read on, and not there any more
    stored = pq.read_table(output / "data").to_pylist()
    assert [row["path"] for row in stored] == [row.source for row in rows]
    said = [row for row in stored if row["error"] is None]
    assert len(said) > 20
    for row in said:
        assert number_of(row["image"]["bytes"]) == int(row["caption"])
    assert all(row["image"] is None for row in stored if row["error"] is not None)


def test_an_interrupted_data_set_keeps_the_bytes_that_were_captioned(reader, tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    inputs = [str(tmp_path / f"{number}.png") for number in range(6)]
    output = tmp_path / "out.dataset"
    rows = caption_to_files(inputs, reader, Files(output), batch_size=2)
    next(rows)
    rows.close()
    rows = caption_to_files(inputs, reader, Files(output, resume=True), batch_size=2)
    next(rows)
    (tmp_path / "0.png").unlink()
    list(rows)
    stored = pq.read_table(output / "data").to_pylist()
    assert [number_of(row["image"]["bytes"]) for row in stored] == list(range(6))


# ---- names that open ----


def test_tables_in_two_folders_name_files_that_open(tmp_path, reader):
    for number, name in enumerate(("a", "b")):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "images/1.jpg").write_bytes(png(number))
        (tmp_path / name / "t.csv").write_text("path\nimages/1.jpg\n")
    tables = [str(tmp_path / name / "t.csv") for name in ("a", "b")]
    rows = list(caption_to_files(tables, reader, Files(tmp_path / "out.jsonl")))
    assert [number_of(row.source) for row in rows] == [int(row.text) for row in rows] == [0, 1]
    list(caption_to_files(tables, reader, Files(tmp_path, overwrite=True)))
    assert (tmp_path / "a/images/1.txt").read_text() == "0\n"
    assert (tmp_path / "b/images/1.txt").read_text() == "1\n"


# ---- columns ----


def saved(folder: Path, **columns: list[bytes]) -> Path:
    cells = {name: [{"bytes": c, "path": None} for c in data] for name, data in columns.items()}
    features = Features({name: ImageFeature() for name in columns} | {"n": Value("int64")})
    count = len(next(iter(columns.values())))
    Dataset.from_dict(cells | {"n": range(count)}, features=features).save_to_disk(str(folder))
    return folder


def images(*inputs: object, column: str | None = None) -> list[int]:
    return [number_of(item.image) for item in read_inputs(inputs, Reading(column))]


def test_the_picture_of_a_saved_data_set_is_the_one_called_so(tmp_path):
    both = saved(tmp_path / "both", conditioning_image=[png(1)], image=[png(2)])
    assert images(both) == [2]
    assert images(both, column="conditioning_image") == [1]
    assert images(saved(tmp_path / "one", mask=[png(3)])) == [3]
    (odd,) = read_inputs([saved(tmp_path / "odd", left=[png(1)], right=[png(2)])])
    assert odd.error == "has several columns of pictures; name an --image-column: left, right"
    (gone,) = read_inputs([both], Reading("nothing"))
    assert "has no column 'nothing' (there are: conditioning_image, image, n)" in gone.error


def test_splits_of_a_saved_data_set(tmp_path):
    data = Dataset.load_from_disk(str(saved(tmp_path / "one", image=[png(4)])))
    DatasetDict(train=data, test=data).save_to_disk(str(tmp_path / "both"))
    assert images(tmp_path / "both") == [4, 4]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_tables_are_read_as_in_training(tmp_path, mark, encoding):
    (tmp_path / "bär.png").write_bytes(png(5))
    table = tmp_path / "t.csv"
    table.write_bytes(f"Id{mark}File_Name{mark}Image\r\n1{mark}bär.png{mark}\r\n".encode(encoding))
    assert images(table) == [5]
    assert images(table.rename(tmp_path / "t.tsv")) == [5]


def test_keys_in_any_case_and_null_in_one_column(tmp_path):
    (tmp_path / "a.png").write_bytes(png(6))
    rows = [{"IMAGE": "a.png"}, {"image": None, "Path": "a.png"}, {"File": " ", "img": "a.png"}]
    table = tmp_path / "t.jsonl"
    table.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-16")
    assert images(table) == [6, 6, 6]
    columns = {"image": [None, png(7)], "path": ["a.png", None]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert images(tmp_path / "t.parquet") == [6, 7]


def test_a_long_cell_and_a_stray_quotation_mark_swallow_no_rows(tmp_path):
    (tmp_path / "a.png").write_bytes(png(8))
    long = "x" * 200_000
    (tmp_path / "t.csv").write_text(f"path,text\na.png,{long}\na.png,b\n")
    (tmp_path / "t.tsv").write_text('path\ttext\na.png\ta 12" screen\na.png\tb\na.png\t"c"\n')
    assert images(tmp_path / "t.csv") == [8, 8]
    assert images(tmp_path / "t.tsv") == [8, 8, 8]


# ---- nothing is passed over in silence ----


def tar_of(path: Path, *members: tuple[str, bytes | str | None, bytes], mode: str = "w") -> Path:
    """A tar of (name, content or the name of what it links to, type)."""
    with tarfile.open(path, mode) as tar:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if isinstance(content, bytes):
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            else:
                member.linkname = content or ""
                tar.addfile(member)
    return path


def found(*inputs: Path) -> dict[str, int | str]:
    """What is found under which name: the number of a picture, or an error."""
    items = list(read_inputs(inputs))
    return {
        Path(item.name).name: number_of(item.image) if item.error is None else item.error
        for item in items
    }


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_links_in_a_tar_get_the_picture_that_they_lead_to(tmp_path, mode):
    tar = tar_of(
        tmp_path / "t.tar",
        ("p/soft.png", "../q/one.png", tarfile.SYMTYPE),
        ("p/hard.png", "q/one.png", tarfile.LNKTYPE),
        ("p/twice.png", "soft.png", tarfile.SYMTYPE),
        ("p/gone.png", "nothing.png", tarfile.SYMTYPE),
        ("p/circle.png", "circle.png", tarfile.SYMTYPE),
        ("q/one.png", png(1), tarfile.REGTYPE),
        ("q/two.png", png(2), tarfile.REGTYPE),
        mode=mode,
    )
    assert found(tar) == {
        **{"one.png": 1, "two.png": 2, "soft.png": 1, "hard.png": 1, "twice.png": 1},
        "gone.png": "is a link to p/nothing.png, which is not there",
        "circle.png": "is a link to p/circle.png, which is not there",
    }


def test_tars_one_behind_the_other_are_read_to_the_end(tmp_path):
    parts = [tar_of(tmp_path / f"{n}.tar", (f"{n}.png", png(n), tarfile.REGTYPE)) for n in range(3)]
    whole = tmp_path / "all.tar"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert found(whole) == {"0.png": 0, "1.png": 1, "2.png": 2}
    whole.write_bytes(parts[0].read_bytes() + b"x" * 512)
    assert "is damaged or cut off" in found(whole)["all.tar"]


def test_what_macos_packs_along_is_no_picture(tmp_path):
    tar = tar_of(
        tmp_path / "t.tar",
        ("._a.png", b"x", tarfile.REGTYPE),
        ("p/.hidden/b.png", b"x", tarfile.REGTYPE),
        ("a.png", png(1), tarfile.REGTYPE),
    )
    assert found(tar) == {"a.png": 1}


def test_what_gets_no_row_is_counted_by_kind(tmp_path):
    for name in ("a.png", "a.txt", "b.txt", "c.JSON", "README", ".hidden.txt"):
        (tmp_path / name).write_bytes(png(1))
    tar_of(tmp_path / "t.tar", ("x.cls", b"1", tarfile.REGTYPE), ("x.png", png(2), tarfile.REGTYPE))
    reading = Reading()
    assert len(list(read_inputs([tmp_path], reading))) == 2
    assert (
        describe_passed_over(reading.passed_over)
        == "5 files passed over: 2 .txt, 1 .cls, 1 .json, 1 without an ending"
    )
    assert describe_passed_over({}) == ""
    assert describe_passed_over({".txt": 1}) == "1 file passed over: 1 .txt"


def test_tables_of_pictures_beside_a_picture_are_read(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "preview.png").write_bytes(png(1))
    pq.write_table(pa.table({"image": [png(2)]}), tmp_path / "data/train.parquet")
    pq.write_table(pa.table({"path": ["preview.png"]}), tmp_path / "captions.parquet")
    reading = Reading()
    assert [number_of(item.image) for item in read_inputs([tmp_path], reading)] == [1, 2]
    assert describe_passed_over(reading.passed_over) == "1 file passed over: 1 .parquet"


@pytest.mark.parametrize("name", ["a.pjpeg", "a.jpg_large", "a.JPG_LARGE"])
def test_pictures_under_other_endings_are_found(tmp_path, name):
    (tmp_path / name).write_bytes(png(3))
    assert found(tmp_path) == {name: 3}


@pytest.mark.parametrize("name", ["a.hif", "a.rw2", "a.HEIC", "a.srw"])
def test_pictures_that_nobody_here_can_open_have_a_row(tmp_path, name):
    (tmp_path / name).write_bytes(b"ftyp")
    assert list(read_inputs([tmp_path])) == [Item(str(tmp_path / name), str(tmp_path / name))]


def test_coco_results_are_refused_before_the_work(tmp_path):
    (tmp_path / "000000000003.jpg").write_bytes(png(1))
    (tmp_path / "cover.jpg").write_bytes(png(2))
    with pytest.raises(UserError, match=r"cover\.jpg: has no number in its name"):
        Files(tmp_path / "out.json").require([tmp_path])
