"""What the processor and the allocator are asked for."""

import ctypes
import os
import sys
from types import SimpleNamespace

import pytest
import torch

from multimodal import processor


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
    processor.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_how_threads_wait_is_the_users_to_decide(allocator):
    os.environ["OMP_WAIT_POLICY"] = "ACTIVE"
    processor.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_fewer_kernels_are_kept_unless_the_user_says_otherwise(allocator):
    processor.prepare()
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) < 1024
    os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "1024"
    processor.prepare()
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "1024"


def test_freed_memory_is_kept(allocator):
    processor.prepare()
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
    processor.prepare()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_other_systems_are_left_alone(monkeypatch, allocator):
    monkeypatch.setattr(sys, "platform", "darwin")
    processor.prepare()
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
    assert processor.computes_bf16("cpu") is native
    assert not processor.computes_bf16("mps")
