"""Random numbers that are functions of a seed and a place: the same with and without torch."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def derived_seed(*parts: int | str) -> int:
    """Mix a seed and a place in the run into another seed, below 2³².

    With `derived_seed(seed, "crop", epoch, batch)` the randomness of every batch is its own, the
    same wherever the run was interrupted and however many processes share it.
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=4).digest(), "little")


def uniforms(
    seeds: Sequence[int],
    samples: int | npt.NDArray[np.int64],
    length: int,
    start: int = 0,
) -> npt.NDArray[np.float64]:
    """Numbers in [0, 1), (seeds, samples, length), each a function of its own three indices.

    `samples` is how many there are, or the numbers of those that are wanted; the last index counts
    from `start` on.

    One SplitMix64 generator per seed and sample (Steele, Lea and Flood, 2014, "Fast splittable
    pseudorandom number generators"), started at a scrambled function of the two.

    Args:
        seeds: one for each row.
        samples: of each seed.
        length: numbers of each sample.
        start: the index of the first.
    """
    seed = np.array([seed % 2**64 for seed in seeds], dtype=np.uint64)[:, None, None]
    numbers = np.arange(samples) if isinstance(samples, int) else samples
    sample = (numbers + 1).astype(np.uint64)[:, None]
    step = np.arange(start + 1, start + length + 1, dtype=np.uint64)
    stream = _scramble(_scramble(seed) + sample * _GOLDEN)
    bits = _scramble(stream + step * _GOLDEN) >> np.uint64(32)
    return bits.astype(np.float64) * 2.0**-32


def _scramble(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def normals(seed: int, samples: int, size: int) -> npt.NDArray[np.float32]:
    """Numbers from N(0, 1), (samples, size), as independent of each other as `uniforms`.

    Args:
        seed: of all.
        samples: how many rows.
        size: numbers of each.
    """
    # The complement's stream, for the numbers of the seed itself are the uniform ones.
    numbers = uniforms([~seed], samples, size)[0].clip(min=2.0**-33)
    normal = [NormalDist().inv_cdf(number) for number in numbers.ravel().tolist()]
    return np.array(normal, np.float32).reshape(samples, size)
