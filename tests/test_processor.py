"""What the processor and the allocator are asked for."""

import ctypes
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident
from types import SimpleNamespace

import pytest
import torch

from multimodal import processor
from multimodal.errors import UserError


class Allocator:
    """A C library whose mallopt takes notes."""

    def __init__(self) -> None:
        self.asked: dict[int, int] = {}

    def mallopt(self, option: int, value: int) -> int:
        self.asked[option] = value
        return 1


@pytest.fixture
def allocator(monkeypatch):
    """A machine with Linux and glibc, and an environment that says nothing."""
    allocator = Allocator()
    monkeypatch.setattr(ctypes, "CDLL", lambda _: allocator)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "environ", {})
    return allocator


def test_waiting_threads_sleep(allocator):
    processor.configure_runtime()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_how_threads_wait_is_the_users_to_decide(allocator):
    os.environ["OMP_WAIT_POLICY"] = "ACTIVE"
    processor.configure_runtime()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_fewer_kernels_are_kept_unless_the_user_says_otherwise(allocator):
    processor.configure_runtime()
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) < 1024
    os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "1024"
    processor.configure_runtime()
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "1024"


def test_freed_memory_is_kept(allocator):
    processor.configure_runtime()
    mmap_max, trim_threshold, top_pad = (allocator.asked.pop(option) for option in (-4, -1, -2))
    assert mmap_max == 0
    assert trim_threshold >= 2**30
    assert top_pad >= 2**20
    assert not allocator.asked


def test_threads_share_a_few_arenas(allocator):
    processor.share_memory(2)
    assert allocator.asked == {-8: 2}


def test_a_c_library_without_mallopt_is_left_alone(monkeypatch, allocator):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    processor.configure_runtime()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_other_systems_are_left_alone(monkeypatch, allocator):
    monkeypatch.setattr(sys, "platform", "darwin")
    processor.configure_runtime()
    assert not allocator.asked


@pytest.mark.parametrize(
    ("precision", "native", "dtype"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", True, torch.bfloat16),
        ("bf16", False, torch.bfloat16),
        ("fp32", True, torch.float32),
        ("fp32", False, torch.float32),
    ],
)
def test_the_type_of_the_arithmetic(monkeypatch, precision, native, dtype):
    asked = []
    monkeypatch.setattr(processor, "computes_bf16", lambda device: asked.append(device) or native)
    assert processor.torch_dtype(precision, "cuda") == dtype
    assert asked == (["cuda"] if precision == "auto" else [])


@pytest.mark.parametrize(
    ("avx512", "amx", "native"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_a_processor_multiplies_bf16_by_avx512_or_amx(monkeypatch, avx512, amx, native):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(processor, "_unrolls_bf16", lambda: True)
    assert processor.computes_bf16("cpu") is native
    assert not processor.computes_bf16("mps")


def test_without_a_kernel_for_lstms_bf16_is_refused_and_never_chosen(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(processor, "_unrolls_bf16", lambda: False)
    assert not processor.computes_bf16("cpu")
    assert processor.torch_dtype("auto") == torch.float32
    with pytest.raises(UserError, match="precision=bf16: torch unrolls no LSTM in bf16 on this"):
        processor.require_bf16("cpu")
    processor.require_bf16("cuda")


X86 = platform.machine().lower() in {"x86_64", "amd64"}


@pytest.mark.skipif(not X86, reason="oneDNN names the instructions of this kind of processor alone")
def test_a_processor_without_avx512_trains_in_fp32_and_refuses_bf16(tmp_path):
    """oneDNN is told that it has AVX2 alone, which every machine can play."""
    code = (
        "import torch; before = torch.get_rng_state()\n"
        "from multimodal import processor\n"
        "assert processor.torch_dtype('auto') == torch.float32\n"
        "assert torch.equal(before, torch.get_rng_state())\n"
        "processor.require_bf16()"
    )
    limited = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=limited, capture_output=True, text=True, check=False
    )
    last = ended.stderr.splitlines()[-1]
    assert "UserError: precision=bf16: torch unrolls no LSTM in bf16" in last


@pytest.fixture
def threads(set_threads):
    """Torch with four threads."""
    set_threads(4)
    return 4


def test_parts_are_worked_on_at_the_same_time_and_come_back_in_order(threads):
    together = Barrier(2, timeout=60)

    def work(part: int) -> tuple[int, int]:
        together.wait()  # nobody gets on alone
        return part, torch.get_num_threads()

    assert processor.parallel_map(work, [3, 1]) == [(3, 2), (1, 2)]
    assert torch.get_num_threads() == threads


def test_more_parts_than_threads_wait_for_their_turn(threads):
    assert processor.parallel_map(lambda part: part * part, range(50)) == [n * n for n in range(50)]
    assert processor.parallel_map(str, []) == []
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == threads


def test_a_part_is_worked_on_as_its_caller_computes(threads):
    def modes(_: int) -> tuple[bool, bool, bool, torch.dtype]:
        return (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.is_autocast_enabled("cpu"),
            torch.get_autocast_dtype("cpu"),
        )

    contexts = [
        torch.enable_grad(),
        torch.no_grad(),
        torch.inference_mode(),
        torch.autocast("cpu", torch.float16),
    ]
    for context in contexts:
        with context:
            assert processor.parallel_map(modes, [0, 1]) == [modes(0)] * 2


def test_what_goes_wrong_in_a_part_is_raised(threads):
    with pytest.raises(ZeroDivisionError):
        processor.parallel_map(lambda part: 1 // part, [1, 0, 1])
    assert torch.get_num_threads() == threads


def test_one_thread_works_by_itself(monkeypatch, set_threads):
    monkeypatch.setattr(processor, "ThreadPoolExecutor", None)
    set_threads(1)
    caller = get_ident()
    assert processor.parallel_map(lambda _: get_ident(), [1, 2]) == [caller, caller]


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [
        (1, None, [1]),
        (15, None, [15]),
        (17, None, [8, 9]),
        (100, None, [25, 25, 25, 25]),
        (100, 20, [20, 20, 20, 20, 20]),
        (7, 3, [2, 2, 3]),
    ],
)
def test_shares_are_worth_a_thread_and_no_larger_than_they_may_be(threads, count, most, sizes):
    parts = processor.split_batch(count, most)
    assert [part.stop - part.start for part in parts] == sizes
    assert [n for part in parts for n in range(count)[part]] == list(range(count))
