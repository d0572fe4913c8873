"""Captioned pictures that travel: written here, read elsewhere with the Hub's tools, and back."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, Image, Value, load_dataset
from PIL import Image as Pillow

from multimodal.captioning.data import read_captions
from pipelines.caption.containers import Reading, read_hub_dataset, read_parquet, read_tar
from pipelines.caption.outputs import Output
from pipelines.caption.rows import CaptionRow

COLOURS = ("red", "blue", "lime")
ROW = CaptionRow("", "a dog", score=-1.0, words=("a", "dog"), word_scores=(-0.5, -1.0))


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


def colour_of(data: bytes) -> tuple[int, ...]:
    return Pillow.open(io.BytesIO(data)).getpixel((0, 0))


RGB = [colour_of(png(colour)) for colour in COLOURS]


@pytest.fixture
def decoys(tmp_path, monkeypatch):
    """A working directory with other pictures under the names of ours."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    for colour in COLOURS:
        (place / f"{colour}.png").write_bytes(png("black"))
    monkeypatch.chdir(place)


def pushed(folder: Path) -> Path:
    """The layout that `push_to_hub` makes: shards below data/, pictures embedded, names kept.

    Written without `datasets`, which would keep names of the working directory instead of bytes.
    """
    (folder / "data").mkdir(parents=True)
    features = Features({"image": Image(), "caption": Value("string")})
    for split, colours in {"train": COLOURS[:2], "test": COLOURS[2:]}.items():
        rows = [
            {"image": {"bytes": png(each), "path": f"{each}.png"}, "caption": f"all {each}"}
            for each in colours
        ]
        table = pa.Table.from_pylist(rows, features.arrow_schema)
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.mark.parametrize("streaming", [False, True])
def test_what_we_write_is_read_anywhere_with_its_pictures(streaming, tmp_path, decoys):
    photos = tmp_path / "photos"
    photos.mkdir()
    for colour in COLOURS:
        (photos / f"{colour}.png").write_bytes(png(colour))
    rows = [
        replace(
            ROW, source=str(photos / f"{colour}.png"), text=f"all {colour}", picture=png(colour)
        )
        for colour in COLOURS
    ]
    written = tmp_path / "captions.dataset"
    Output(written).write(rows)
    for row in rows:
        Path(row.source).unlink()
    moved = written.rename(tmp_path / "moved")
    cache = str(tmp_path / "cache")
    table = load_dataset(str(moved), split="train", streaming=streaming, cache_dir=cache)
    back = [(row["caption"], row["image"].getpixel((0, 0))) for row in table]
    captions = [f"all {colour}" for colour in COLOURS]
    assert back == list(zip(captions, RGB, strict=True))
    (shard,) = moved.rglob("*.parquet")
    assert str(tmp_path).encode() not in shard.read_bytes().replace(str(photos).encode(), b"")
    assert [colour_of(item.image) for item in read_parquet(str(shard), Reading())] == RGB


def test_a_pushed_data_set_is_captioned_by_the_bytes_in_its_rows(tmp_path, decoys, monkeypatch):
    folder = pushed(tmp_path / "pushed")

    def local(name: str, *, streaming: bool) -> object:
        assert name == "owner/photos"
        cache = str(tmp_path / "cache")
        return load_dataset(str(folder), streaming=streaming, cache_dir=cache)

    monkeypatch.setattr("datasets.load_dataset", local)
    items = list(read_hub_dataset("owner/photos", Reading()))
    assert [colour_of(item.image) for item in items] == RGB
    assert [item.error for item in items] == [None] * 3


def test_a_pushed_data_set_is_learnt_from_by_the_bytes_in_its_rows(tmp_path, decoys):
    folder = pushed(tmp_path / "pushed")
    for split, colours in {"train": COLOURS[:2], "test": COLOURS[2:]}.items():
        photos = read_captions(folder, split)
        found = {photo.captions: colour_of(photo.image) for photo in photos}
        assert found == {(f"all {each}",): colour_of(png(each)) for each in colours}


def test_a_shard_of_webdataset_is_read_by_both_and_captions_keep_their_pictures(tmp_path):
    shard = tmp_path / "shard-000000.tar"
    with tarfile.open(shard, "w") as tar:
        for number, colour in enumerate(COLOURS):
            told = {"n": number}
            for ending, data in (
                ("png", png(colour)),
                ("txt", f"all {colour}".encode()),
                ("json", json.dumps(told).encode()),
            ):
                member = tarfile.TarInfo(f"{number:06}.{ending}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    items = list(read_tar(str(shard), Reading()))
    assert [colour_of(item.image) for item in items] == RGB
    rows = [
        replace(ROW, source=item.name, text=f"said of {colour}", picture=item.image)
        for item, colour in zip(items, COLOURS, strict=True)
    ]
    written = tmp_path / "captions.dataset"
    Output(written).write(rows)
    cache = str(tmp_path / "cache")
    theirs = load_dataset("webdataset", data_files=str(shard), split="train", cache_dir=cache)
    ours = load_dataset(str(written), split="train", cache_dir=cache)
    for number, (their, our) in enumerate(zip(theirs, ours, strict=True)):
        assert their["png"].getpixel((0, 0)) == our["image"].getpixel((0, 0)) == RGB[number]
        assert our["caption"] == f"said of {COLOURS[number]}"
        assert our["path"].endswith(f"{their['__key__']}.png")
