"""Names of splits, and the split of what states none."""

import pytest

from multimodal.errors import UserError
from multimodal.splits import require_split, split_by_hash, split_by_name, stated_split


@pytest.mark.parametrize("name", ["dev", "val", "valid", "validation", " Dev ", "VALIDATION"])
def test_every_name_of_dev_is_accepted(name):
    assert require_split(name) == split_by_name(name) == "dev"


def test_what_is_no_split_is_one_line():
    with pytest.raises(UserError, match=r"^no split 'all': choose one of train, dev, test$"):
        require_split("all")
    assert split_by_name("all") is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("ptb.train", "train"),
        ("val/news-2019", "dev"),
        ("test_2016_flickr", "test"),
        ("train-test", None),
        ("trainer", None),
        ("notes", None),
    ],
)
def test_the_split_that_a_name_states(name, split):
    assert stated_split(name) == split


def test_one_in_so_many_is_dev_and_one_is_test():
    # The last digits of SHA-1: "b" e9d71f…4e98, "e" 58e6b3…c49b, as numbers modulo 10 and 20.
    assert [split_by_hash(key) for key in ("a", "b", "e")] == ["train", "test", "dev"]
    keys = [str(number) for number in range(4000)]
    splits = [split_by_hash(key) for key in keys]
    for split in ("dev", "test"):
        assert splits.count(split) == pytest.approx(400, rel=0.2)
    assert split_by_hash("\udcff") in ("train", "dev", "test")  # a file's name that is no Unicode
