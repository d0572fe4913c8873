import datasets
import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.recognition.texts.data import LabelledTexts, TrainingTexts, answer_weights
from multimodal.recognition.texts.tables import Columns
from multimodal.recognition.texts.tokenizer import Tokenizer


def read(source, split="train"):
    return LabelledTexts.read(source, split, Columns())


def test_splits_are_those_of_the_files(data):
    assert [len(read(data, split)) for split in ("train", "dev", "test")] == [120, 40, 40]
    assert read(data).classes == ("bad", "good")
    assert read(str(data / "*.tsv"), "dev").texts == read(data, "dev").texts


def test_one_file_is_parted_by_what_its_texts_say(tmp_path):
    path = tmp_path / "all.csv"
    rows = [f"text number {n},{n % 3}" for n in range(300)]
    path.write_text("\n".join(["text,label", *rows, *rows]) + "\n")
    parts = {split: read(path, split) for split in ("train", "dev", "test")}
    assert sum(map(len, parts.values())) == 600
    assert not set(parts["train"].texts) & set(parts["dev"].texts)
    assert not set(parts["train"].texts) & set(parts["test"].texts)
    assert 0 < len(parts["dev"]) < 100


def test_without_a_dev_file_a_part_of_train_is_it(tmp_path):
    lines = [f"text {n}\t{n % 2}" for n in range(200)]
    (tmp_path / "train.tsv").write_text("\n".join(lines))
    (tmp_path / "test.tsv").write_text("other\t1\nmore\t0\n")
    assert len(read(tmp_path)) + len(read(tmp_path, "dev")) == 200
    assert not set(read(tmp_path).texts) & set(read(tmp_path, "dev").texts)


def test_rows_without_a_label_are_left_out(tmp_path):
    (tmp_path / "test.csv").write_text("sentence,label\na,1\nb,\n,1\nc,-1\nd,0\n")
    assert read(tmp_path, "test").texts == ("a", "d")


def test_numbers_are_in_the_order_of_numbers():
    labels = LabelledTexts(("a",) * 4, ("10", "9", "b", "a"))
    assert labels.classes == ("9", "10", "a", "b")
    assert labels.numbers(labels.classes).tolist() == [1, 0, 3, 2]
    assert labels.renamed({"b": "a"}).classes == ("9", "10", "a")
    with pytest.raises(UserError, match="the label '10' is not known; known are 9"):
        labels.numbers(("9",))


def test_data_sets_keep_the_names_of_their_labels(monkeypatch):
    features = datasets.Features(
        {"sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = [{"sentence": f"s {n}", "label": n % 2} for n in range(60)]
    tables = {
        "train": datasets.Dataset.from_list(rows, features),
        "test": datasets.Dataset.from_list([{"sentence": "x", "label": 1}], features),
    }
    monkeypatch.setattr(datasets, "load_dataset", lambda name: tables)
    assert read("owner/name").classes == ("no", "yes")
    assert read("owner/name", "test").labels == ("yes",)
    assert len(read("owner/name")) + len(read("owner/name", "dev")) == 60


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "gone.csv", "no such file"),
        (lambda folder: folder, "holds no table"),
        (lambda folder: f"{folder}/*.csv", "holds no table"),
    ],
)
def test_nothing_to_read_is_one_line(tmp_path, make, reason):
    with pytest.raises(UserError, match=reason):
        read(make(tmp_path))


def test_no_such_split(data, tmp_path):
    with pytest.raises(UserError, match="no split 'x'"):
        read(data, "x")
    (tmp_path / "train.tsv").write_text("a\t1\nb\t0\n")
    with pytest.raises(UserError, match="no labelled text in its test split"):
        read(tmp_path, "test")


def test_weights_grow_to_the_last_piece():
    weights = answer_weights(torch.tensor([1, 3]), 4, 0.6)
    expected = torch.tensor([[1.0, 0, 0, 0], [0.2, 0.4, 1.0, 0]])
    torch.testing.assert_close(weights, expected)


def test_batches_hold_every_text_once_and_go_on_in_the_middle():
    texts = [["w"] * (1 + n % 7) for n in range(23)]
    labels = np.arange(23)
    tokenizer = Tokenizer.build(["w"], "words", buckets=4, min_count=1)
    training = TrainingTexts(
        texts, labels, tokenizer, batch_size=5, partial_loss_weight=0.3, seed=1
    )
    batches = list(training.batches(0, 0, 0, 1))
    assert len(batches) == training.steps_per_epoch() == 5
    assert sorted(torch.cat([batch.labels for batch in batches]).tolist()) == list(range(23))
    for batch in batches:
        assert batch.tokens.lengths.tolist() == [1 + n % 7 for n in batch.labels.tolist()]
    again = list(training.batches(0, 3, 0, 1))
    assert [batch.labels.tolist() for batch in again] == [b.labels.tolist() for b in batches[3:]]
    halves = [list(training.batches(0, 0, rank, 2)) for rank in range(2)]
    for whole, *parts in zip(batches, *halves, strict=True):
        joined = [label for part in parts for label in part.labels.tolist()]
        assert sorted(joined) == sorted(whole.labels.tolist())
    other = list(training.batches(1, 0, 0, 1))
    assert [b.labels.tolist() for b in other] != [b.labels.tolist() for b in batches]


def test_some_texts_take_turns():
    tokenizer = Tokenizer.build(["a"], "words", 8, 1)
    turns = [np.r_[:4, 4:9], np.r_[:4, 9:14]]
    training = TrainingTexts(
        [["a"] * (1 + n % 3) for n in range(14)],
        np.arange(14),
        tokenizer,
        batch_size=4,
        partial_loss_weight=0.3,
        seed=1,
        turns=turns,
    )
    epochs = [list(training.batches(epoch, 0, 0, 1)) for epoch in range(3)]
    assert {len(batches) for batches in epochs} == {training.steps_per_epoch()}
    come = [sorted(torch.cat([batch.labels for batch in each]).tolist()) for each in epochs]
    assert come == [turns[0].tolist(), turns[1].tolist(), turns[0].tolist()]
