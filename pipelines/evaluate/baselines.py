"""What a text can be predicted by without a network: n-grams, gzip and xz.

The n-gram is interpolated Kneser-Ney with three discounts (Chen and Goodman 1999, section 3), over
characters. Its counts live in sorted arrays, one order at a time, so that twenty orders of a text
of millions of characters take the memory of three.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

ORDERS = (5, 20)
FEW = 3  # counts from here on share a discount


def baseline_figures(train: str, held_out: str) -> dict[str, float]:
    """Bits per character of a text by every baseline, each of which has seen the training text.

    A compressor's figure is what the text adds to the compressed training text: gzip remembers the
    last 32 KB of it, xz all.
    """
    bits = {f"{n}-gram": b for n, b in zip(ORDERS, ngram_bits(train, held_out), strict=True)}
    known, seen = held_out.encode(), train.encode()
    for name, compress in (("gzip", _gzip), ("xz", _xz)):
        added = compress(seen + known) - compress(seen)
        bits[name] = 8 * added / len(held_out)
    return bits


def ngram_bits(train: str, held_out: str, orders: tuple[int, ...] = ORDERS) -> list[float]:
    """Bits per character of a text by n-grams of several orders, in growing order.

    Args:
        train: what the counts are of.
        held_out: what is predicted; it begins without a context.
        orders: n, at least 1.
    """
    probabilities = enumerate(_kneser_ney(train, held_out, max(orders)), 1)
    return [-float(np.log2(p).mean()) for order, p in probabilities if order in orders]


def _kneser_ney(train: str, held_out: str, highest: int) -> Iterator[Floats]:
    """The probabilities of a text's characters (N,) by n-grams of order 1, 2, … `highest`.

    Of a lower order counts after how many characters a gram was seen, not how often: a model of
    order n is therefore the orders below it by that count, and one step by the plain count.
    """
    codes = np.frombuffer((train + held_out).encode("utf-32-le"), "<u4").astype(np.int64)
    alphabet, codes = np.unique(codes, return_inverse=True)
    size = len(train)
    lower: Floats = np.full(len(held_out), 1 / len(alphabet))
    contexts: Integers = np.zeros(len(codes) + 1, dtype=np.int64)
    grams = codes
    for order in range(1, min(highest, size - 1, len(held_out)) + 1):
        longer = _extended(grams, codes, order)
        step = _Order(contexts, grams, size, order)
        yield step.interpolated(lower, np.ones(size - order + 1, dtype=bool))
        lower = step.interpolated(lower, _first_of_each(longer[: size - order]))
        contexts, grams = grams, longer


class _Order:
    """The grams of one length, as numbers: of the training text, then of the text after it.

    Args:
        contexts: the number of the gram that lacks the last character, for every place.
        grams: the number of the gram that begins at every place.
        size: the length of the training text.
        order: the length of a gram.
    """

    def __init__(self, contexts: Integers, grams: Integers, size: int, order: int) -> None:
        self._contexts = contexts
        self._grams = grams
        self._size = size
        self._order = order

    def interpolated(self, lower: Floats, counted: npt.NDArray[np.bool_]) -> Floats:
        """Probabilities (N,), from those of the order below.

        Args:
            lower: (N,).
            counted: which of the training text's grams count, by the place that they begin at.
        """
        counts = np.bincount(
            self._grams[: len(counted)][counted], minlength=int(self._grams.max(initial=0)) + 1
        )
        discounts = _discounts(counts)[np.minimum(counts, FEW)]
        context_of = np.zeros(len(counts), dtype=np.int64)
        context_of[self._grams] = self._contexts[: len(self._grams)]
        totals = np.bincount(context_of, counts, minlength=int(self._contexts.max()) + 1)
        taken = np.bincount(context_of, discounts, minlength=len(totals))
        gram = self._grams[self._size :]
        context = self._contexts[self._size :][: len(gram)]
        total = totals[context]
        predicted = slice(self._order - 1, None)  # the first characters lack such a context
        found = lower.copy()
        own = counts[gram] - discounts[gram] + taken[context] * lower[predicted]
        np.divide(own, total, out=found[predicted], where=total > 0)
        return found


def _extended(grams: Integers, codes: Integers, order: int) -> Integers:
    """Numbers of the grams that are one character longer than `order`, at every place."""
    keys = grams[:-1] * (int(codes.max()) + 1) + codes[order:]
    numbers: Integers = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return numbers


def _first_of_each(longer: Integers) -> npt.NDArray[np.bool_]:
    """At which places a gram follows a character that it was not seen to follow before.

    The gram at place i + 1 follows the character at place i: together they are `longer` at i. What
    the text begins with follows nothing, and counts.
    """
    first = np.zeros(len(longer) + 1, dtype=bool)
    first[0] = True
    first[np.unique(longer, return_index=True)[1] + 1] = True
    return first


def _discounts(counts: Integers) -> Floats:
    """What is taken from a gram that was seen 0, 1, 2, and 3 times or more (equation 26)."""
    seen = [float((counts == number).sum()) for number in range(1, FEW + 2)]
    if not all(seen):
        return np.array([0, 0.5, 0.5, 0.5])  # a text too short for the estimate
    y = seen[0] / (seen[0] + 2 * seen[1])
    estimates = [n - (n + 1) * y * seen[n] / seen[n - 1] for n in range(1, FEW + 1)]
    return np.array([0.0, *(min(max(d, 0.0), n) for n, d in enumerate(estimates, 1))])


def _gzip(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def _xz(content: bytes) -> int:
    return len(lzma.compress(content, preset=9))
