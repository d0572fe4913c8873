"""What a finished run was asked, against what a later one finds."""

import json
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from pipelines.caption.items import Item
from pipelines.caption.record import require_unchanged

HEAD = {"record": 1, "beam_size": 5}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("record") / ".rows.jsonl.asked"


def write(place, pictures):
    lines = [json.dumps(HEAD), *(json.dumps(picture) for picture in pictures)]
    place.write_text("\n".join(lines) + "\n")


def found(place, items):
    try:
        require_unchanged(place, {"beam_size": 5}, items)
    except UserError as error:
        return str(error)
    return ""


def missing(names):
    """Pictures that are not there, whose stamp is empty."""
    return (Item(name, f"/nowhere/{name}") for name in names)


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_any_order_is_the_same(place, former, now):
    write(place, [[name, ""] for name in former])
    assert found(place, missing(now)) == ""


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.sets(st.sampled_from("abcdefgh")))
def test_new_and_gone_are_counted(place, former, now):
    write(place, [[name, ""] for name in former])
    said = found(place, missing(sorted(now)))
    for kind, names in (("new", now - set(former)), ("gone", set(former) - now)):
        told = f"{len(names)} picture{'s are' if len(names) != 1 else ' is'} {kind} since"
        assert (told in said) == bool(names)


def test_a_changed_picture_among_many(place):
    write(place, [["a", ""], ["b", "an older stamp"], ["c", ""]])
    assert "1 picture is changed since it finished, such as b" in found(place, missing("cab"))


def test_a_record_that_is_cut_off_is_none(place):
    write(place, [["a", ""]])
    place.write_text(place.read_text() + '["b", ')
    assert "nothing tells what the finished run was asked" in found(place, missing("ab"))
    place.write_text("")
    assert "nothing tells what the finished run was asked" in found(place, missing("ab"))


def test_many_pictures_that_are_as_before_take_no_memory(place):
    # pathlib interns names; the table of all interned strings may grow by megabytes at one of them.
    names = [sys.intern(f"{number:06}.jpg") for number in range(20_000)]
    write(place, [[name, ""] for name in names])
    tracemalloc.start()
    try:
        assert found(place, missing(names)) == ""
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000  # 20,000 names and stamps take some megabytes
