"""What is said of a run."""

import pytest

from multimodal.terminal import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (12345, "12,345 lines")]
)
def test_one_is_no_plural(number, said):
    assert counted(number, "line") == said
