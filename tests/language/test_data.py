import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.language.data import (
    Passage,
    SplitFractions,
    characters_of,
    encode_passages,
    in_pieces,
    joined,
    read_file,
    read_splits,
    smallest_type,
    split_of,
    token_before,
)
from multimodal.vocabulary import ByteVocabulary, CharacterVocabulary, WordVocabulary


def texts(source, dev: float = 0.1, test: float = 0.1) -> dict[str, str]:
    return {
        name: joined(found)
        for name, found in read_splits(source, SplitFractions(dev, test)).items()
    }


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def error(source, *split_fractions: float) -> str:
    with pytest.raises(UserError) as caught:
        texts(source, *split_fractions)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- splits by fraction ----


def test_a_file_is_cut_in_two_places(tmp_path):
    write(tmp_path, a_txt="0123456789" * 2)
    assert texts(tmp_path / "a.txt") == {"train": "0123456789012345", "dev": "67", "test": "89"}
    assert texts(str(tmp_path / "a.txt"), 0.25, 0) == {"train": "012345678901234", "dev": "56789"}


def test_the_cut_is_nanogpts(shared):
    splits = texts(shared / "data" / "text" / "tinyshakespeare.txt", 0.1, 0)
    assert {name: len(text) for name, text in splits.items()} == {"train": 1003854, "dev": 111540}


@pytest.mark.parametrize(("dev", "test"), [(1.0, 0.0), (0.5, 0.5), (-0.1, 0.1)])
def test_shares_that_leave_nothing_are_refused(dev, test):
    with pytest.raises(UserError, match="shares below 1"):
        SplitFractions(dev, test)


# ---- files, folders, patterns ----


def test_the_files_of_a_folder_follow_each_other(tmp_path):
    write(tmp_path, b_txt="b\n", a_txt="a", sub__c_txt="c\n", _hidden="x")
    assert texts(tmp_path, 0, 0) == {"train": "a\nb\nc\n"}


def test_a_pattern_chooses_files(tmp_path):
    write(tmp_path, src__b_c="b\n", src__deep__a_c="a\n", src__a_h="h\n", x_c="x\n")
    assert texts(f"{tmp_path}/src/**/*.c", 0, 0) == {"train": "b\na\n"}
    assert texts(f"{tmp_path}/*.c", 0, 0) == {"train": "x\n"}
    assert "no text file" in error(f"{tmp_path}/*.tex")


@pytest.mark.parametrize(
    "names",
    [
        ("ptb_train_txt", "ptb_valid_txt", "ptb_test_txt"),
        ("train__a_txt", "val__a_txt", "test__a_txt"),
    ],
)
def test_splits_that_files_state_are_used(tmp_path, names):
    write(tmp_path, **dict(zip(names, ("one\n", "two\n", "three\n"), strict=True)))
    assert texts(tmp_path) == {"train": "one\n", "dev": "two\n", "test": "three\n"}


def test_a_single_file_is_cut_whatever_its_name(tmp_path):
    write(tmp_path, train_txt="0123456789")
    assert set(texts(tmp_path / "train.txt")) == {"train", "dev", "test"}


def test_line_breaks_stay_and_a_byte_order_mark_goes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert read_file(tmp_path / "a.txt") == "a\r\nb\r\n"


# ---- what is wrong is named ----


def test_what_is_not_there_is_named(tmp_path):
    assert error(tmp_path / "no.txt") == f"{tmp_path}/no.txt: no such file, folder or data set"
    assert "no text file" in error(tmp_path)
    write(tmp_path, empty_txt="")
    assert error(tmp_path / "empty.txt").endswith("empty.txt: holds no text")


def test_a_file_that_is_no_utf8_is_named_with_the_place(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"first\nsecond \xe9 line\n")
    assert "latin.txt: line 2, byte 13: not UTF-8" in error(tmp_path)


def test_a_character_that_is_not_known_is_named_with_file_and_line(tmp_path):
    write(tmp_path, a_txt="abc\nabc\nab€\n", b_txt="abc\n")
    vocabulary = CharacterVocabulary("\nabc")
    test = split_of(read_splits(tmp_path, SplitFractions(0, 0.5)), "test")
    with pytest.raises(UserError, match=rf"{tmp_path}/a.txt: line 3: .*'€' \(U\+20AC\)$"):
        encode_passages(test, vocabulary)


def test_a_split_that_there_is_not_is_answered_with_what_there_is(tmp_path):
    write(tmp_path, a_txt="0123456789")
    splits = read_splits(tmp_path / "a.txt", SplitFractions(0.2, 0))
    with pytest.raises(UserError, match=r"'test'.*train, dev, whole"):
        split_of(splits, "test")
    assert joined(split_of(splits, "validation")) == "89"
    assert joined(split_of(splits, "whole")) == "0123456789"


# ---- ids ----


def test_passages_follow_each_other():
    passages = [Passage("ab", "1"), Passage("ba", "2")]
    assert encode_passages(passages, CharacterVocabulary("ab")).tolist() == [0, 1, 1, 0]


def test_before_a_text_stands_a_line_break():
    assert token_before(ByteVocabulary()) == 10
    assert token_before(CharacterVocabulary("ab\n")) == 2
    assert token_before(CharacterVocabulary("ab")) == 0
    assert token_before(WordVocabulary(["a", "\n"])) == 5


# ---- data sets ----


@pytest.fixture
def hub(monkeypatch):
    """Puts data sets into the place of those on the Hub."""
    datasets = pytest.importorskip("datasets")

    def put(**tables: dict) -> None:
        loaded = {name: datasets.Dataset.from_dict(table) for name, table in tables.items()}
        monkeypatch.setattr(datasets, "load_dataset", lambda name: loaded)

    return put


def test_the_splits_of_a_data_set_are_used(hub):
    hub(train={"text": ["one", "two\n"]}, validation={"text": ["three"]}, extra={"text": ["x"]})
    assert texts("owner/name") == {"train": "one\ntwo\n", "dev": "three\n"}


def test_a_lone_train_split_is_cut(hub):
    hub(train={"content": ["123456789"]})
    assert texts("owner/name") == {"train": "12345678", "dev": "9", "test": "\n"}


def test_a_data_set_without_text_is_refused(hub):
    hub(train={"a": ["1"], "b": ["2"]})
    assert error("owner/name") == "owner/name: no column named text or content, but a, b"


LINES = "Two dogs,  and a cat.\n\tÄpfel 雪 x\n\n" * 40


@given(size=st.integers(1, 200))
def test_a_text_in_pieces_has_the_same_tokens_and_lines(size):
    passage = Passage(LINES, "a.txt", line=7)
    pieces = list(in_pieces(passage, size))
    assert "".join(piece.text for piece in pieces) == LINES
    words = [word for piece in pieces for word in WordVocabulary.cut(piece.text)]
    assert words == WordVocabulary.cut(LINES)
    begins = np.cumsum([0, *(len(piece.text) for piece in pieces)])
    assert [p.line for p in pieces] == [7 + LINES.count("\n", 0, b) for b in begins[:-1].tolist()]


def test_an_unknown_character_is_named_in_the_line_where_it_stands():
    passage = Passage("aa\n" * 3 + "ab\n", "a.txt")
    with pytest.raises(UserError, match=r"a\.txt: line 4: .* 'b'"):
        encode_passages([passage], CharacterVocabulary("\na"))


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [(2, np.uint8), (256, np.uint8), (257, np.int16), (2**15, np.int16), (2**15 + 1, np.int32)],
)
def test_ids_take_no_more_bytes_than_they_need(tokens, expected):
    assert smallest_type(tokens) == expected
    ids = np.array([0, tokens - 1], np.int64)
    assert ids.astype(expected).tolist() == ids.tolist()
    torch.from_numpy(ids.astype(expected))


def test_a_large_text_takes_a_few_bytes_a_character():
    """2 GB of text would not fit otherwise: ids of 64 bits, and copies of them, were 28 bytes."""
    passages = [Passage("a line of text\n" * 2**18, "a.txt")]  # 4 million characters
    tracemalloc.start()
    try:
        texts = (piece.text for piece in in_pieces(passages[0]))
        vocabulary = CharacterVocabulary.build(texts)
        ids = encode_passages(passages, vocabulary, smallest_type(len(vocabulary)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ids) == characters_of(passages)
    assert ids.dtype == np.uint8
    pieces = 2**20 * 32  # those that are worked on, whatever the size of the text
    assert peak < 3 * len(ids) + pieces
