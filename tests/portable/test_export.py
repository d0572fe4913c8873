"""What `multimodal export` refuses, and what it costs to keep weights in 8 bit."""

import pytest

from multimodal.errors import UserError
from multimodal.portable.options import changed
from pipelines.commands.export import export_command
from pipelines.export import Measured, measured, require_file

OPTIONS = {"beam_size": 3, "n_best": 1, "length_penalty": 0.6}


def test_a_place_that_cannot_be_is_refused_before_the_work(tmp_path):
    there = tmp_path / "model.onnx"
    there.write_bytes(b"mine")
    for path, reason in [
        (tmp_path / "model.bin", "ends in .onnx"),
        (tmp_path / "none" / "model.onnx", "its folder does not exist"),
        (there, "is there already"),
    ]:
        with pytest.raises(UserError, match=reason):
            require_file(path, overwrite=False)
    require_file(there, overwrite=True)
    assert there.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "give a model and --output"),
        ({"model": "sonnets"}, "give a model and --output"),
        ({"model": "sonnets", "site": "folder"}, "takes the shipped models"),
    ],
)
def test_options_that_do_not_go_together_are_refused(given, reason, tmp_path):
    if "site" in given:
        given = {**given, "site": tmp_path / "site"}
    options = {"model": None, "output": None, "int8": False, "data": None, "site": None}
    with pytest.raises(UserError, match=reason):
        export_command(**{**options, "runtime": None, "overwrite": False, **given})


def test_a_measure_is_of_fp32_and_of_8_bit_only(tmp_path):
    with pytest.raises(UserError, match="--data: measures what --int8 costs"):
        export_command(
            "sonnets",
            output=tmp_path / "model.onnx",
            int8=False,
            data="folder",
            site=None,
            runtime=None,
            overwrite=False,
        )
    with pytest.raises(UserError, match="no measure of a sketcher"):
        measured("sketcher", tmp_path, tmp_path, "folder")


@pytest.mark.parametrize(
    ("sign", "fp32", "int8", "refused"),
    [(1, 0.6, 0.597, False), (1, 0.6, 0.59, True), (-1, 0.1, 0.1005, False), (-1, 0.1, 0.12, True)],
)
def test_more_than_a_hundredth_lost_is_told(sign, fp32, int8, refused):
    cost = Measured("figure", sign, fp32, int8)
    assert ("too much is lost" in str(cost)) == refused


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"beam": 3}, "beam: no such option; a file has beam_size"),
        ({"beam_size": 0}, "beam_size must be a whole number from 1"),
        ({"n_best": 4}, "n_best=4 asks for more than beam_size=3"),
        ({"length_penalty": -1.0}, "length_penalty must be a number of at least 0"),
        ({"length_penalty": float("nan")}, "length_penalty must be a number of at least 0"),
    ],
)
def test_options_of_a_search_are_checked(changes, reason):
    with pytest.raises(UserError, match=reason):
        changed(OPTIONS, changes)


def test_options_that_are_not_given_are_the_files_own():
    assert changed(OPTIONS, {"beam_size": 5}) == {**OPTIONS, "beam_size": 5}
