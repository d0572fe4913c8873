import errno

import numpy as np
import pytest
import torch

from multimodal import cache
from multimodal.cache import cached
from multimodal.errors import UserError


def never():
    raise AssertionError("computed again")
    yield


def test_parts_fill_the_whole_one_after_the_other_in_half_precision(tmp_path):
    rows = torch.arange(24.0).view(4, 2, 3) / 7
    whole = cached(tmp_path / "new" / "rows.npy", (4, 2, 3), iter([rows[:1], rows[1:]]))
    assert whole.dtype == np.float16
    np.testing.assert_array_equal(whole, rows.half().numpy())


def test_what_is_there_is_not_computed_again(tmp_path):
    path = tmp_path / "rows.npy"
    cached(path, (1, 2), [torch.tensor([3.0, 4.0])])
    assert cached(path, (1, 2), never()).tolist() == [[3.0, 4.0]]
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows.npy"]


def test_what_was_not_finished_is_begun_again(tmp_path):
    path = tmp_path / "rows.npy"

    def broken():
        yield torch.tensor([1.0])
        raise UserError("a clip that cannot be read")

    with pytest.raises(UserError, match="a clip that cannot be read"):
        cached(path, (2,), broken())
    assert not path.exists()
    assert cached(path, (2,), [torch.tensor([5.0, 6.0])]).tolist() == [5.0, 6.0]


def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "write_array_header_1_0", full)
    with pytest.raises(UserError, match=r"rows\.npy: cannot be written: No space left on device"):
        cached(tmp_path / "rows.npy", (1,), [torch.zeros(1)])
