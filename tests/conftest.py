"""What every test may ask for."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from multimodal import processor

settings.register_profile("untimed", deadline=None)  # a busy machine is nobody's mistake
settings.load_profile("untimed")

# Shells start background jobs deaf to Ctrl-C, nohup deafens them to the end of the terminal, and
# what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference figures beside the checkout; skips if absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder of data and reference figures is not beside the checkout")
    return folder


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """Sets how many threads torch may use; afterwards it is as before."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def bf16_lstm() -> None:
    """Skips where torch unrolls no LSTM in bf16: on processors without AVX-512."""
    if not processor._unrolls_bf16():
        pytest.skip("torch unrolls no LSTM in bf16 on this processor")
