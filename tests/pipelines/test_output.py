"""Where a job writes."""

import pytest

from multimodal.errors import UserError
from pipelines.output import require_place


def test_a_place_that_cannot_be_is_refused_in_one_line(tmp_path):
    with pytest.raises(UserError, match="its folder does not exist"):
        require_place(tmp_path / "gone" / "scores.json")
    with pytest.raises(UserError, match="is a folder"):
        require_place(tmp_path)
