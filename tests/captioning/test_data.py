import io
import json
import string
from pathlib import Path

import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.captioning.data import CaptionedPhoto, read_captions
from multimodal.errors import UserError
from multimodal.splits import split_by_hash

# What split_by_hash makes of img0.png … img39.png; everything else is train.
DEV = ["img2.png", "img8.png", "img25.png", "img33.png", "img37.png"]
TEST = ["img10.png", "img12.png", "img16.png"]
NAMES = [f"img{number}.png" for number in range(40)]


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (2, 2), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def add_photos(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return folder


def write(path: Path, *lines: object) -> Path:
    """Text as it stands, anything else as JSON, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def names(source: Path | str, split: str, **options: object) -> list[str]:
    return [photo.name for photo in read_captions(source, split, **options)]


def error(source: Path | str, split: str = "train", **options: object) -> str:
    with pytest.raises(UserError) as caught:
        read_captions(source, split, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- splits ----


def test_the_hash_splits_the_same_photos_for_ever():
    assert [name for name in NAMES if split_by_hash(name) == "dev"] == DEV
    assert [name for name in NAMES if split_by_hash(name) == "test"] == TEST
    assert {split_by_hash(name) for name in NAMES} == {"train", "dev", "test"}


@settings(max_examples=25, deadline=None)
@given(st.sets(st.text(string.ascii_letters + string.digits, min_size=1), min_size=1, max_size=30))
def test_the_hash_puts_every_photo_into_one_split_whatever_its_company(
    tmp_path_factory: pytest.TempPathFactory, stems: set[str]
):
    every = sorted(f"{stem[:40]}{number}.png" for number, stem in enumerate(sorted(stems)))
    folder = add_photos(tmp_path_factory.mktemp("hash"), *every)
    table = write(folder / "all.csv", "image,caption", *(f"{name},a dog" for name in every))
    seen: list[str] = []
    for split in ("train", "dev", "test"):
        if any(split_by_hash(name) == split for name in every):
            seen += names(table, split)
    assert sorted(seen) == every


def test_other_names_of_dev_and_an_unknown_split(tmp_path: Path):
    add_photos(tmp_path, "a.png")
    table = write(tmp_path / "t.csv", "image,caption,split", "a.png,a dog,validation")
    for split in ("dev", "val", "valid", "validation", "VAL"):
        assert names(table, split) == ["a.png"]
    assert "no split 'holdout': choose one of train, dev, test" in error(table, "holdout")
    assert error(table, "test").endswith("no photo in a test split (there are: validation)")


def test_an_empty_split_is_an_error(tmp_path: Path):
    add_photos(tmp_path, "p0.png")
    table = write(tmp_path / "t.csv", "image,caption", "p0.png,a dog")
    assert "no photo in a dev split (names divide it, a tenth each: add" in error(table, "dev")
    holed = write(tmp_path / "h.csv", "image,caption,split", "p0.png,a dog,train", "p0.png,a cat,")
    assert "h.csv, line 3: the split is empty; use train, training" in error(holed)


# ---- Flickr8k ----


def test_flickr8k_itself(shared: Path):
    splits = {
        name: read_captions(shared / "data" / "flickr8k", name) for name in ("train", "dev", "test")
    }
    assert {name: len(photos) for name, photos in splits.items()} == {
        "train": 6000,
        "dev": 1000,
        "test": 1000,
    }
    photos = [photo for part in splits.values() for photo in part]
    assert len({photo.name for photo in photos}) == 8000
    assert {len(photo.captions) for photo in photos} == {5}
    first = splits["test"][0]
    assert first.name == "3385593926_d3e9c21170.jpg"
    assert first.captions[0] == "The dogs are in the snow in front of a fence ."
    assert isinstance(first.image, Path)
    assert first.image.name == first.name


@pytest.fixture
def flickr8k(tmp_path: Path) -> Path:
    write(
        tmp_path / "Flickr8k.token.txt",
        "a.jpg#0\tA dog runs .",
        "a.jpg#1\tA brown dog",
        "b.jpg#0\tTwo cats .",
        "gone.jpg.1#0\tA photo that nobody has .",
    )
    write(tmp_path / "Flickr_8k.trainImages.txt", "b.jpg")
    write(tmp_path / "Flickr_8k.devImages.txt", "a.jpg")
    return tmp_path


@pytest.mark.parametrize("folder", ["images", "Flicker8k_Dataset", "Flickr8k_Dataset"])
def test_flickr8k_layout(flickr8k: Path, folder: str):
    photos = add_photos(flickr8k / folder, "a.jpg", "b.jpg")
    assert read_captions(flickr8k, "dev") == [
        CaptionedPhoto("a.jpg", photos / "a.jpg", ("A dog runs .", "A brown dog"))
    ]
    assert names(flickr8k, "train") == ["b.jpg"]
    assert "no photo in a test split (there are: dev, train" in error(flickr8k, "test")


def test_flickr8k_with_photos_elsewhere(flickr8k: Path, tmp_path: Path):
    photos = add_photos(tmp_path / "elsewhere", "a.jpg")
    assert read_captions(flickr8k, "dev", images=photos)[0].image == photos / "a.jpg"
    assert "nowhere: there is no such folder" in error(flickr8k, images=tmp_path / "nowhere")


def test_flickr8k_names_what_is_missing(flickr8k: Path):
    add_photos(flickr8k / "images", "a.jpg")
    write(flickr8k / "Flickr_8k.trainImages.txt", "a.jpg", "b.jpg")
    message = error(flickr8k)
    assert "Flickr8k.token.txt, line 3: photo 'b.jpg' is missing; looked in" in message
    assert str(flickr8k / "images") in message
    (flickr8k / "images" / "a.jpg").unlink()
    assert "photo 'a.jpg' (and 1 more) is missing" in error(flickr8k)


def test_flickr8k_faults_in_captions(flickr8k: Path):
    add_photos(flickr8k / "images", "a.jpg", "b.jpg", "c.jpg")
    write(flickr8k / "Flickr_8k.trainImages.txt", "b.jpg", "c.jpg")
    assert "trainImages.txt, line 2: photo 'c.jpg' lacks a caption" in error(flickr8k)
    write(flickr8k / "Flickr8k.token.txt", "a.jpg#0\tA dog", "b.jpg#0\t  ")
    assert "token.txt, line 2: photo 'b.jpg' lacks a caption" in error(flickr8k)
    write(flickr8k / "Flickr8k.token.txt", "a.jpg A dog")
    assert "token.txt, line 1: expected photo#number" in error(flickr8k)


# ---- COCO and Karpathy ----


def coco(*photos: tuple[int, str, list[str]]) -> dict[str, object]:
    return {
        "images": [{"id": number, "file_name": name} for number, name, _ in photos],
        "annotations": [
            {"id": 10 * number + place, "image_id": number, "caption": caption}
            for number, _, captions in photos
            for place, caption in enumerate(captions)
        ],
    }


@pytest.mark.parametrize("parent", ["", "images"])
def test_coco_folder(tmp_path: Path, parent: str):
    photos = add_photos(tmp_path / parent, "train2017/1.jpg", "val2017/2.jpg")
    annotations = tmp_path / "annotations"
    write(annotations / "captions_train2017.json", coco((1, "1.jpg", ["A man.\n", "A boy."])))
    write(annotations / "captions_val2017.json", coco((2, "2.jpg", ["A bus."])))
    write(annotations / "instances_val2017.json", {"categories": []})
    assert read_captions(tmp_path, "train") == [
        CaptionedPhoto("1.jpg", photos / "train2017/1.jpg", ("A man.", "A boy."))
    ]
    assert names(tmp_path, "dev") == ["2.jpg"]
    assert "there are: train, val" in error(tmp_path, "test")


def test_coco_folder_of_several_years_asks_which(tmp_path: Path):
    add_photos(tmp_path, "train2017/1.jpg", "train2014/9.jpg")
    annotations = tmp_path / "annotations"
    write(annotations / "captions_train2014.json", coco((9, "9.jpg", ["old"])))
    write(annotations / "captions_train2017.json", coco((1, "1.jpg", ["new"])))
    named = annotations / "captions_*2017.json"
    both = "captions_train2014.json, captions_train2017.json"
    assert f"holds several years ({both}); name one, such as {named}" in error(tmp_path)
    assert names(named, "train") == ["1.jpg"]
    assert names(annotations / "captions_*2014.json", "train") == ["9.jpg"]


def test_coco_reads_no_split_that_nobody_wants(tmp_path: Path):
    add_photos(tmp_path / "val2017", "2.jpg")
    write(tmp_path / "annotations/captions_train2017.json", "broken")
    write(tmp_path / "annotations/captions_val2017.json", coco((2, "2.jpg", ["A bus."])))
    assert names(tmp_path, "dev") == ["2.jpg"]
    assert "captions_train2017.json: not JSON" in error(tmp_path)


def test_one_coco_file_is_split_by_hash(tmp_path: Path):
    add_photos(tmp_path / "train2017", *NAMES)
    rows = ((number, name, [f"photo {number}"]) for number, name in enumerate(NAMES))
    file = write(tmp_path / "annotations/captions_train2017.json", coco(*rows))
    assert names(file, "dev") == DEV
    assert names(file, "test") == TEST
    assert read_captions(file, "dev")[0].captions == ("photo 2",)


def test_coco_photo_without_caption(tmp_path: Path):
    file = write(add_photos(tmp_path, "p0.png") / "c.json", coco((1, "p0.png", [])))
    assert "c.json: photo 'p0.png' lacks a caption" in error(file)


def test_karpathy_splits(tmp_path: Path):
    def entry(name: str, split: str, **more: str) -> dict[str, object]:
        sentences = [{"raw": f"{name} is here. ", "tokens": []}, {"raw": "Second", "tokens": []}]
        return {"filename": name, "split": split, "sentences": sentences, **more}

    add_photos(tmp_path, "val2014/r.jpg", "images/t.jpg", "v.jpg")
    file = write(
        tmp_path / "dataset_coco.json",
        {
            "images": [
                entry("t.jpg", "train"),
                entry("r.jpg", "restval", filepath="val2014"),
                entry("v.jpg", "val"),
            ]
        },
    )
    assert names(file, "train") == ["t.jpg", "r.jpg"]
    assert read_captions(file, "train")[1] == CaptionedPhoto(
        "r.jpg", tmp_path / "val2014/r.jpg", ("r.jpg is here.", "Second")
    )
    assert (
        names(file, "train", images=add_photos(tmp_path / "flat", "t.jpg", "r.jpg"))[1] == "r.jpg"
    )
    assert names(file, "dev") == ["v.jpg"]
    assert "there are: restval, train, val" in error(file, "test")


@pytest.mark.parametrize(
    "content",
    [{"a": 1}, {}, [], 3, {"images": [{}], "annotations": []}, {"images": [{"split": "val"}]}],
)
def test_json_of_another_kind(tmp_path: Path, content: object):
    file = write(tmp_path / "x.json", content)
    assert f"{file}: neither COCO captions nor Karpathy's splits" in error(file)


# ---- tables ----


def test_csv_merges_the_rows_of_a_photo_in_order(tmp_path: Path):
    add_photos(tmp_path, "p0.png", "sub/p1.png")
    table = tmp_path / "t.csv"
    table.write_bytes(
        b"\xef\xbb\xbfImage,Caption\r\n"
        b'p0.png,"A dog, running"\r\n'
        b'sub/p1.png,"Two\r\nlines and ""quotes"""\r\n'
        b"p0.png, B\xc3\xa9b\xc3\xa9 \r\n"
    )
    assert read_captions(table, "train") == [
        CaptionedPhoto("p0.png", tmp_path / "p0.png", ("A dog, running", "Bébé")),
        CaptionedPhoto("sub/p1.png", tmp_path / "sub/p1.png", ('Two\nlines and "quotes"',)),
    ]


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.csv", ","), ("t.csv", "|")])
def test_delimiters(tmp_path: Path, name: str, mark: str):
    add_photos(tmp_path, "p0.png")
    table = write(tmp_path / name, f"file{mark}text", f'p0.png{mark}"a{mark}b"')
    assert read_captions(table, "train")[0].captions == (f"a{mark}b",)


def test_jsonl_takes_a_text_or_a_list_and_absolute_paths(tmp_path: Path):
    add_photos(tmp_path, "p0.png", "p1.png")
    table = write(
        tmp_path / "deep" / "t.jsonl",
        {"image": str(tmp_path / "p0.png"), "captions": "one", "split": "train"},
        "",
        {"image": str(tmp_path / "p1.png"), "captions": ["two", "three"], "split": "train"},
    )
    assert [photo.captions for photo in read_captions(table, "train")] == [
        ("one",),
        ("two", "three"),
    ]


def test_columns_are_named_by_the_caller_or_numbered(tmp_path: Path):
    photos = add_photos(tmp_path / "photos", "p0.png")
    table = write(tmp_path / "t.csv", "caption_0,caption_1,photo,note", "one,two,p0.png,three")
    options = {"images": photos, "image_column": "photo"}
    assert read_captions(table, "train", **options)[0].captions == ("one", "two")
    options["caption_column"] = "note"
    assert read_captions(table, "train", **options)[0].captions == ("three",)


def test_unknown_columns(tmp_path: Path):
    table = write(add_photos(tmp_path, "p0.png") / "t.csv", "scene,says", "p0.png,a dog")
    there = "out of: scene, says"
    assert f"known to hold the images; name a image_column {there}" in error(table)
    assert f"no column 'foto'; name a image_column {there}" in error(table, image_column="foto")
    assert f"hold the captions; name a caption_column {there}" in error(table, image_column="scene")
    assert f"no column 'x'; name a caption_column {there}" in error(
        table, image_column="scene", caption_column="x"
    )


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("t.csv", ["image,caption", "p0.png,a dog, running"], "line 2: too many cells; quote"),
        ("t.csv", ["image,caption", "p0.png,"], "line 2: photo 'p0.png' lacks a caption"),
        ("t.csv", ["image,caption", "p0.png"], "line 2: photo 'p0.png' lacks a caption"),
        ("t.csv", ["image,caption", 'p0.png,"open'], "line 2: unexpected end of data"),
        ("t.csv", ["image,caption"], "there are no rows"),
        ("t.csv", ["image,caption", "p9.png,a", "p4.png,b"], "'p9.png' (and 1 more) is missing"),
        ("t.csv", ["image,caption", ",a dog"], "line 2: column 'image' names no photo"),
        ("t.csv", ["image,caption", "x" * 301 + ",a dog"], "is missing"),
        (
            "t.jsonl",
            ['{"image": "p0.png", "caption": []}'],
            "line 1: photo 'p0.png' lacks a caption",
        ),
        ("t.jsonl", ['{"image": "p0.png", "caption": 3}'], "line 1: a caption is a text, not 3"),
        ("t.jsonl", ['{"image": "p0.png"'], "line 1: not JSON"),
        ("t.jsonl", ["[1, 2]"], "line 1: expected an object"),
    ],
)
def test_faults_in_tables(tmp_path: Path, name: str, lines: list[str], message: str):
    table = write(add_photos(tmp_path, "p0.png") / name, *lines)
    reported = error(table)
    assert reported.startswith(str(table))
    assert message in reported


@pytest.mark.parametrize("name", ["train", "Training", "TRAIN", " train ", "restval"])
@pytest.mark.parametrize("column", ["split", "Split", "SPLIT"])
def test_splits_by_every_name_and_in_every_case(tmp_path: Path, column: str, name: str):
    add_photos(tmp_path, "a.png", "b.png", "c.png")
    others = {"dev": "Validation", "test": "evaluation"}
    rows = [f"a.png,x,{name}", f"b.png,x,{others['dev']}", f"c.png,x,{others['test']}"]
    table = write(tmp_path / "t.csv", f"image,caption,{column}", *rows)
    assert [names(table, split) for split in ("train", "dev", "test")] == [
        ["a.png"],
        ["b.png"],
        ["c.png"],
    ]


@pytest.mark.parametrize("stated", [None, "", "holdout", 3])
def test_a_row_whose_split_is_not_known_is_named(tmp_path: Path, stated: object):
    add_photos(tmp_path, "a.png", "b.png")
    rows = [{"image": "a.png", "caption": "x", "split": "train"}]
    rows.append({"image": "b.png", "caption": "x", "split": stated})
    assert "t.jsonl, line 2: the split" in error(write(tmp_path / "t.jsonl", *rows))
    rows[1].pop("split")
    assert "t.jsonl, line 2: the split is empty" in error(write(tmp_path / "t.jsonl", *rows))


@pytest.mark.parametrize(
    "columns", ["caption,caption_2,caption_3", "caption,caption.1,caption.2", "Text,text 2,text-3"]
)
def test_every_column_of_captions_is_read(tmp_path: Path, columns: str):
    add_photos(tmp_path, "a.png", "b.png")
    table = write(tmp_path / "t.csv", f"image,{columns}", "a.png,one,two,three", "b.png,one,,")
    captions = [photo.captions for photo in read_captions(table, "train")]
    assert captions == [("one", "two", "three"), ("one",)]


def test_a_quotation_mark_in_a_tsv_is_a_character(tmp_path: Path):
    add_photos(tmp_path, "a.png", "b.png")
    rows = ["image\tcaption", 'a.png\ta 12" screen', 'b.png\t"quoted" dog']
    captions = [p.captions for p in read_captions(write(tmp_path / "t.tsv", *rows), "train")]
    assert captions == [('a 12" screen',), ('"quoted" dog',)]
    rows[1] = "a.png\ta\tdog"
    assert "line 2: too many cells; a caption holds a tab" in error(
        write(tmp_path / "u.tsv", *rows)
    )
    rows[1:2] = ["a.png\ta", "dog"]
    assert "line 3: too few cells; a caption holds a line" in error(
        write(tmp_path / "v.tsv", *rows)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_tables_in_every_encoding(tmp_path: Path, encoding: str, mark: str):
    add_photos(tmp_path, "a.png")
    table = tmp_path / "t.csv"
    table.write_bytes(f"IMAGE{mark}Caption\r\na.png{mark}ein Bär\r\n".encode(encoding))
    assert [photo.captions for photo in read_captions(table, "train")] == [("ein Bär",)]


def test_a_cell_may_be_long(tmp_path: Path):
    add_photos(tmp_path, "a.png")
    table = write(tmp_path / "t.csv", "image,caption", "a.png," + "dog " * 50_000)
    assert len(read_captions(table, "train")[0].captions[0]) == 199_999


def test_captions_of_kaggle(tmp_path: Path):
    add_photos(tmp_path, "Images/a.png", "Images/b.png")
    text = write(tmp_path / "captions.txt", "image,caption", "a.png,a dog", 'b.png,"two, dogs"')
    assert [p.captions for p in read_captions(text, "train")] == [("a dog",), ("two, dogs",)]
    bars = ["image_name| comment_number| comment", "a.png| 0| a dog .", "a.png| 4   A dog runs ."]
    table = write(tmp_path / "results.csv", *bars)
    photos = read_captions(table, "train", images=tmp_path / "Images")
    assert photos[0].captions == ("a dog .", "A dog runs .")
    tokens = write(tmp_path / "tokens.txt", "a.png#0\ta dog", "a.png#1\ta, b")
    assert read_captions(tokens, "train")[0].captions == ("a dog", "a, b")


def test_lists_of_json(tmp_path: Path):
    add_photos(tmp_path, "a.png", "b.png")
    blip = [{"image": "a.png", "caption": ["one", "two"]}, {"image": "b.png", "caption": "three"}]
    asked = {"from": "human", "value": "<image>\nWhat is it?"}
    turns = [asked, {"from": "gpt", "value": "a dog"}, asked, {"from": "gpt", "value": "Yes."}]
    llava = [{"id": "1", "image": "a.png", "conversations": turns}]
    kinds = {
        "blip": (blip, [("one", "two"), ("three",)]),
        "llava": (llava, [("a dog",)]),
        "by name": ({"a.png": ["one"], "b.png": "two"}, [("one",), ("two",)]),
    }
    for name, (content, expected) in kinds.items():
        photos = read_captions(write(tmp_path / f"{name}.json", content), "train")
        assert [photo.captions for photo in photos] == expected, name
    lines = "\n".join(json.dumps(row) for row in blip)
    photos = read_captions(write(tmp_path / "lines.json", lines), "train")
    assert [photo.captions for photo in photos] == [("one", "two"), ("three",)]


def test_photos_with_a_text_beside_each(tmp_path: Path):
    add_photos(tmp_path / "flat", "a.png", "deep/b.png")
    write(tmp_path / "flat/a.txt", "a dog", "", "a black dog")
    write(tmp_path / "flat/deep/b.png.txt", "a cat")
    photos = read_captions(tmp_path / "flat", "train")
    assert {photo.name: photo.captions for photo in photos} == {
        "a.png": ("a dog", "a black dog"),
        "deep/b.png": ("a cat",),
    }
    add_photos(tmp_path / "flat", "c.png")
    assert "c.png: has no .txt with a caption beside it" in error(tmp_path / "flat")
    write(tmp_path / "flat/errors.jsonl", {"path": str(tmp_path / "flat/c.png"), "caption": None})
    assert len(read_captions(tmp_path / "flat", "train")) == 2


def test_photos_and_texts_in_the_folders_of_splits(tmp_path: Path):
    add_photos(tmp_path, "training/a.png", "Val/b.png")
    write(tmp_path / "training/a.txt", "a dog")
    write(tmp_path / "Val/b.txt", "a cat")
    assert names(tmp_path, "train") == ["training/a.png"]
    assert names(tmp_path, "dev") == ["Val/b.png"]


def test_text_that_is_not_utf8(tmp_path: Path):
    table = tmp_path / "t.csv"
    table.write_bytes("image,caption\np0.png,bébé\n".encode("latin-1"))
    assert "t.csv: not UTF-8 (byte 22)" in error(table)


# ---- image folders, Parquet, the Hub ----


def test_image_folder_is_split_by_hash_whatever_its_photos_are_called(tmp_path: Path):
    every = ["test-1.png", "train_station.png", *NAMES]
    add_photos(tmp_path, *every)
    write(tmp_path / "metadata.csv", "file_name,text", *(f"{name},NA" for name in every))
    read = [name for split in ("train", "dev", "test") for name in names(tmp_path, split)]
    assert sorted(read) == sorted(every)
    assert names(tmp_path, "dev") == DEV
    assert read_captions(tmp_path, "dev")[0].captions == ("NA",)


def test_image_folder_with_a_folder_for_each_split(tmp_path: Path):
    for split in ("train", "validation"):
        add_photos(tmp_path / split, "a.png")
        write(tmp_path / split / "metadata.jsonl", {"file_name": "a.png", "caption": split})
    assert read_captions(tmp_path, "dev") == [
        CaptionedPhoto("validation/a.png", tmp_path / "validation/a.png", ("validation",))
    ]
    assert "there are: train, validation" in error(tmp_path, "test")


def test_image_folder_lists_corrupt_photos_and_misses_absent_ones(tmp_path: Path):
    (tmp_path / "p0.png").write_bytes(b"not a picture")
    write(tmp_path / "metadata.jsonl", {"file_name": "p0.png", "caption": ["a", "b"]})
    assert read_captions(tmp_path, "train")[0].image == tmp_path / "p0.png"
    (tmp_path / "p0.png").unlink()
    assert "metadata.jsonl, line 1: photo 'p0.png' is missing" in error(tmp_path)


def embedded(columns: dict[str, list[object]], pictures: list[bytes]):
    import datasets

    cells = [{"bytes": picture, "path": None} for picture in pictures]
    table = datasets.Dataset.from_dict({"image": cells, **columns})
    return table.cast_column("image", datasets.Image())


def test_parquet_with_pictures_inside(tmp_path: Path):
    pictures = [png(shade) for shade in range(40)] + [b"not a picture"]
    file = tmp_path / "photos [1].parquet"
    embedded({"caption": [f"shade {shade}" for shade in range(41)]}, pictures).to_parquet(file)
    read = {split: read_captions(file, split) for split in ("train", "dev", "test")}
    photos = [photo for part in read.values() for photo in part]
    assert sorted(photo.image for photo in photos) == sorted(pictures)
    assert all(split_by_hash(photo.name) == split for split in read for photo in read[split])
    shades = {photo.image: photo.captions for photo in photos}
    assert shades[pictures[7]] == ("shade 7",)


def test_parquet_folder_keeps_its_splits_and_leaves_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    data = tmp_path / "set" / "data"
    write(data.parent / "README.md", "---", "license: other", "---")
    write(data / "notes.txt", "not a table")
    embedded({"text": ["one", "two"]}, [png(1), png(2)]).to_parquet(data / "train-0-of-1.parquet")
    embedded({"text": ["three"]}, [png(3)]).to_parquet(data / "test-0-of-1.parquet")
    capfd.readouterr()
    assert [photo.captions for photo in read_captions(data.parent, "train")] == [("one",), ("two",)]
    assert [photo.image for photo in read_captions(data.parent, "test")] == [png(3)]
    assert "test" in error(data.parent, "dev")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_parquet_faults(tmp_path: Path):
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"not parquet")
    assert f"{broken}: `datasets` cannot load it" in error(broken)
    file = tmp_path / "c.parquet"
    embedded({"caption": [None], "split": ["train"]}, [png()]).to_parquet(file)
    assert "c.parquet, train row 0: photo" in error(file)
    assert "name a caption_column out of: image, caption, split" in error(file, caption_column="x")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch):
    """The Hub as it answers: a dictionary of tables for every name."""
    import datasets

    sets: dict[str, object] = {}
    monkeypatch.setattr(datasets, "load_dataset", lambda name, **options: sets[name])
    return sets


def test_hub_set_with_its_own_splits(hub: dict[str, object]):
    columns = {"caption_0": ["a"], "caption_1": ["b"]}
    hub["owner/name"] = {
        "train": embedded(columns, [png(1)]),
        "validation": embedded({**columns, "caption_0": ["c"]}, [png(2)]),
    }
    (photo,) = read_captions("owner/name", "dev")
    assert photo.captions == ("c", "b")
    assert photo.image == png(2)
    assert error("owner/name", "test").endswith("(there are: train, validation)")


def test_hub_set_with_a_column_of_splits_and_nested_captions(hub: dict[str, object]):
    sentences = [[{"raw": f"{word} 1"}, {"raw": f"{word} 2"}] for word in ("x", "y", "z")]
    columns = {"split": ["val", "train", "restval"], "sentences": sentences}
    hub["owner/name"] = {"test": embedded(columns, [png(1), png(2), png(3)])}
    assert [photo.captions for photo in read_captions("owner/name", "train")] == [
        ("y 1", "y 2"),
        ("z 1", "z 2"),
    ]
    assert "owner/name" in error("owner/name", "test")


def test_hub_photos_in_a_cache_are_split_by_content(hub: dict[str, object], tmp_path: Path):
    import datasets

    for machine in ("one", "other"):
        file = add_photos(tmp_path / machine, "x.png") / "x.png"
        table = datasets.Dataset.from_dict({"image": [str(file)], "caption": ["a dog"]})
        hub[f"owner/{machine}"] = {"train": table.cast_column("image", datasets.Image())}
    split = split_by_hash(names("owner/one", "train")[0])
    assert split == "train"
    assert names("owner/one", split) == names("owner/other", split)
    assert read_captions("owner/other", split)[0].image == tmp_path / "other" / "x.png"


def test_the_hub_that_cannot_be_reached(hub: dict[str, object]):
    assert error("owner/none").startswith("owner/none: `datasets` cannot load it")


# ---- what is not understood ----


def test_misspelt_paths_do_not_go_to_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import datasets

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: pytest.fail("went out"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for source in ("photos/captions.csv", "captions.csv", "/nowhere/at/all"):
        assert error(source).startswith(f"{source} is not there; known are a folder with Flickr8k")


def test_a_folder_or_file_of_nothing_known(tmp_path: Path):
    message = error(tmp_path)
    assert message.startswith(f"{tmp_path} holds no captions in a known form")
    for form in ("Flickr8k.token.txt", "annotations/", ".json", ".csv", ".parquet", "the Hub"):
        assert form in message
    assert "holds no captions" in error(write(tmp_path / "notes.txt", "a dog"))
    table = write(tmp_path / "photos" / "captions.csv", "image,caption\n")
    assert f"for its table, name that: {table};" in error(table.parent)
