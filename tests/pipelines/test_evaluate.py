import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.data import read_captions
from multimodal.captioning.metrics import evaluate_captions
from multimodal.errors import UserError
from pipelines.evaluate.captioner import FIGURES, evaluate_captioner, require_words

KEYS = {
    "failed",
    *FIGURES,
    "images",
    "words_used",
    "split",
    "beam_size",
    "length_penalty",
    "detected_weight",
}
KEYS |= {"seconds", "images_per_second"}


def without_time(scores: dict) -> dict:
    return {name: value for name, value in scores.items() if "second" not in name}


def test_the_figures_are_those_of_the_captions(checkpoint, data):
    scores = evaluate_captioner(checkpoint, data, "test")
    assert scores.keys() == KEYS - {"meteor"}
    photos = read_captions(data, "test")
    captions = Captioner.from_pretrained(checkpoint).caption([photo.image for photo in photos])
    expected = evaluate_captions(
        {photo.name: caption.text for photo, caption in zip(photos, captions, strict=True)},
        {photo.name: photo.captions for photo in photos},
    )
    for name in ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider"):
        assert scores[name] == getattr(expected, name)
    assert scores["images"] == len(photos)
    assert scores["words_used"] == len({word for c in captions for word in c.words})
    assert scores["images_per_second"] == pytest.approx(len(photos) / scores["seconds"])


def test_a_run_is_repeated_to_the_last_digit(checkpoint, data):
    first, again = (evaluate_captioner(checkpoint, data, "dev") for _ in range(2))
    assert without_time(first) == without_time(again)


def test_the_batch_size_changes_the_speed_alone(checkpoint, data):
    figures = [evaluate_captioner(checkpoint, data, "dev", batch_size=size) for size in (1, 32)]
    assert without_time(figures[0]) == pytest.approx(without_time(figures[1]))


def test_options_of_the_search_are_taken_and_reported(checkpoint, data):
    scores = evaluate_captioner(checkpoint, data, "dev", beam_size=1, length_penalty=0.5)
    assert (scores["beam_size"], scores["length_penalty"]) == (1, 0.5)
    assert scores["split"] == "dev"
    with pytest.raises(UserError, match="beams"):
        evaluate_captioner(checkpoint, data, "dev", beams=5)


def test_every_caption_can_be_written(checkpoint, data, tmp_path):
    path = tmp_path / "captions.jsonl"
    evaluate_captioner(checkpoint, data, "dev", captions=path)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [Path(record["path"]).name for record in records] == [
        photo.name for photo in read_captions(data, "dev")
    ]
    assert all(record["caption"] for record in records)


def test_a_place_for_captions_that_cannot_be_is_refused_first(tmp_path):
    with pytest.raises(UserError, match="its folder does not exist"):
        evaluate_captioner("nowhere", "nowhere", captions=tmp_path / "no" / "captions.jsonl")


def test_a_photo_that_cannot_be_opened_is_named(checkpoint, data, tmp_path):
    broken = shutil.copytree(data, tmp_path / "broken")
    (broken / "images" / "red-ring-dev1.jpg").write_text("not a picture")
    path = tmp_path / "captions.jsonl"
    scores = evaluate_captioner(checkpoint, broken, "dev", captions=path)
    assert (scores["images"], scores["failed"]) == (len(read_captions(data, "dev")), 1)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    failed = {record["path"]: record["error"] for record in records if record["error"]}
    assert failed.keys() == {"red-ring-dev1.jpg"}
    for photo in broken.glob("images/*-dev*"):
        photo.write_text("not a picture")
    with pytest.raises(UserError, match="no photo could be captioned"):
        evaluate_captioner(checkpoint, broken, "dev")


def test_pictures_inside_a_table_are_called_by_their_rows(checkpoint, data, tmp_path):
    photos = [photo.read_bytes() for photo in sorted(data.glob("images/*-dev*"))[:3]]
    cells = [{"bytes": photos[0], "path": "a.jpg"}, {"bytes": photos[1], "path": None}]
    cells.append({"bytes": b"broken", "path": "c.jpg"})
    table = pa.table({"image": cells, "caption": ["a", "b", "c"], "split": ["test"] * 3})
    pq.write_table(table, tmp_path / "t.parquet")
    path = tmp_path / "captions.jsonl"
    scores = evaluate_captioner(checkpoint, tmp_path / "t.parquet", "test", captions=path)
    assert (scores["images"], scores["failed"]) == (3, 1)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = [record["path"] for record in records]
    assert (names[0], names[2]) == ("a.jpg", "c.jpg")
    assert names[1].endswith("#1")
    assert [record["error"] is None for record in records] == [True, True, False]


def test_the_place_of_photos_and_columns_can_be_told(checkpoint, data, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("picture,words,split\nred-square-dev0.jpg,A red square .,test\n")
    where = {"images": data / "images", "image_column": "picture", "caption_column": "words"}
    assert evaluate_captioner(checkpoint, table, where=where)["images"] == 1


def test_a_reference_without_a_word_is_refused_by_name():
    require_words("a.jpg", ["A dog runs.", "Dog"])
    for empty in ("...", " - ! "):
        with pytest.raises(UserError, match=r"a\.jpg: reference caption 2 of 2 has no word"):
            require_words("a.jpg", ["A dog runs.", empty])
