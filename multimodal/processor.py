"""What this processor and its memory allocator can be asked for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from threading import Semaphore
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from multimodal.errors import UserError

if TYPE_CHECKING:
    import torch

Precision: TypeAlias = Literal["auto", "bf16", "fp32"]
"""Of the arithmetic: "auto" is bf16 where the device computes it natively, else fp32."""

Part = TypeVar("Part")
Result = TypeVar("Result")

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8  # mallopt's own, <malloc.h>
_NEVER = 2**31 - 1
_AT_A_TIME = 2**28
_KERNELS = 200
_WORTH_A_THREAD = 8  # photos or sentences
_WORKERS = 4  # of more most would wait for Python, which is spoken by one thread at a time


def configure_runtime() -> None:
    """Settle what has to be settled before torch is imported; called by the command line.

    Threads that wait for each other sleep instead of spinning: two spinning threads on a machine
    whose cores are busy run several times slower. And glibc keeps the memory that is freed: it
    would return every large tensor to the system and fetch it again, page by page, at the next
    step, which costs a convolutional network half of its speed. And oneDNN keeps fewer of the
    kernels that it builds for every shape: a translator's batches have so many that the usual 1,024
    take more than 10 GB.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_KERNELS))
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_MMAP_MAX, 0)
            mallopt(_TRIM_THRESHOLD, _NEVER)
            mallopt(_TOP_PAD, _AT_A_TIME)


def share_memory(arenas: int) -> None:
    """Let all threads take their memory from a few arenas.

    For servers: of many threads that compute in turn, each would keep for itself what it needed at
    its worst.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_ARENA_MAX, arenas)


def give_back_memory() -> None:
    """Return free memory to the system, which `configure_runtime` keeps for every thread.

    For threads that needed very much for once.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def computes_bf16(device: str = "cpu") -> bool:
    """Whether a device ("cpu", "cuda", …) multiplies 16-bit brain floats natively."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device == "cpu" and native and _unrolls_bf16()


def require_bf16(device: str = "cpu") -> None:
    """See to it that a network can learn in bf16.

    Raises:
        UserError: torch has no LSTM of that type for this processor.
    """
    if device == "cpu" and not _unrolls_bf16():
        raise UserError(
            "precision=bf16: torch unrolls no LSTM in bf16 on this processor, which lacks AVX-512 "
            "(or ONEDNN_MAX_CPU_ISA forbids it): take precision=auto or precision=fp32"
        )


@cache
def _unrolls_bf16() -> bool:
    """Whether the fused LSTM does; where oneDNN has no kernel for it, torch has no other way."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        try:
            torch.nn.LSTM(8, 8)(torch.zeros(1, 1, 8))
        except RuntimeError:
            return False
    return True


def torch_dtype(precision: Precision, device: str = "cpu") -> torch.dtype:
    """The type in which a network computes."""
    import torch

    if precision == "bf16" or (precision == "auto" and computes_bf16(device)):
        return torch.bfloat16
    return torch.float32


def parallel_map(work: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Do the same work on several parts, as many at a time as torch may use threads.

    Each has its share of them. For work of many small operations: what takes microseconds gains
    little from a second thread, which has to be woken up for it, but two such works do. Gradients,
    inference mode and autocast are for all as the caller has them.

    Args:
        work: must change nothing that its parts have in common.
        parts: of about the same size.

    Returns:
        What the work gives for every part, in their order.
    """
    import torch

    threads = torch.get_num_threads()
    workers = min(threads, len(parts), _WORKERS)
    if workers < 2:
        return [work(part) for part in parts]
    begun = Semaphore(0)
    gradients, inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    mixed, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def begin(part: Part) -> Result:
        torch.get_num_threads()  # a new thread takes the number for all at its first question
        torch.set_num_threads(threads // workers)
        begun.release()
        with (
            torch.inference_mode(inference),
            torch.set_grad_enabled(gradients),
            torch.autocast("cpu", dtype, enabled=mixed),
        ):
            return work(part)

    try:
        with ThreadPoolExecutor(workers, "side by side") as pool:
            working = [pool.submit(begin, part) for part in parts]
            for _ in range(workers):
                begun.acquire()
            torch.set_num_threads(threads)  # what other threads that begin meanwhile take over
            return [work.result() for work in working]
    finally:
        torch.set_num_threads(threads)  # a worker may have begun late


def split_batch(count: int, most: int | None = None) -> list[slice]:
    """Cut so many items into equal parts for `parallel_map`.

    Args:
        count: at least one; a few are not worth a thread.
        most: in a part; no limit when None.
    """
    import torch

    workers = min(torch.get_num_threads(), _WORKERS, count // _WORTH_A_THREAD)
    parts = max(1, workers, -(-count // (most or count)))
    bounds = [count * number // parts for number in range(parts + 1)]
    return [slice(begin, end) for begin, end in pairwise(bounds)]
