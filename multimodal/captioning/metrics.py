"""How good captions are: BLEU, ROUGE-L, CIDEr and CIDEr-D without Java, METEOR with it.

The figures are those of coco-caption (Chen et al. 2015, "Microsoft COCO Captions", arXiv
1504.00325; on the package index: pycocoevalcap), so that they can stand beside published ones.
One set of n-gram counts serves BLEU and both CIDErs; `CaptionReward` is the same CIDEr-D and BLEU
over token sequences, fast enough to be the reward of self-critical training.
"""

import math
import shutil
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from multimodal.captioning.tokenizer import tokenize
from multimodal.errors import UserError

NGram = tuple[Hashable, ...]

MAX_ORDER = 4
ROUGE_BETA = 1.2
CIDER_SIGMA = 6.0
CIDER_SCALE = 10.0


@dataclass(frozen=True)
class PhotoScores:
    """What one caption gets; the field names mean what they mean in `CaptionScores`."""

    cider: float
    cider_plain: float
    rouge_l: float


@dataclass(frozen=True)
class CaptionScores:
    """What a set of captions gets against its references; higher is better everywhere.

    Attributes:
        bleu1, bleu2, bleu3, bleu4: BLEU over the whole set, 0 to 1 (Papineni et al. 2002).
        rouge_l: mean ROUGE-L, 0 to 1 (Lin 2004).
        cider: mean CIDEr as coco-caption reports it, 0 to 10. Its formula is CIDEr-D's.
        cider_plain: mean CIDEr as first defined, 0 to 10 (Vedantam, Zitnick, Parikh 2015, eq. 2
            and 3, without stemming): neither clipped nor penalised for length.
        meteor: METEOR 1.5 over the whole set, 0 to 1 (Denkowski, Lavie 2014), or None.
        per_photo: the scores that are defined for one caption, by photo.
    """

    bleu1: float
    bleu2: float
    bleu3: float
    bleu4: float
    rouge_l: float
    cider: float
    cider_plain: float
    meteor: float | None
    per_photo: Mapping[str, PhotoScores]

    @property
    def cider_d(self) -> float:
        """CIDEr-D (Vedantam, Zitnick, Parikh 2015, eq. 5): the figure that `cider` holds."""
        return self.cider


def count_ngrams(tokens: Sequence[Hashable]) -> Counter[NGram]:
    """Count the n-grams of 1 to 4 tokens; the length of a key is its order."""
    counts: Counter[NGram] = Counter()
    for order in range(1, MAX_ORDER + 1):
        counts.update(zip(*(tokens[start:] for start in range(order)), strict=False))
    return counts


@dataclass(frozen=True, slots=True)
class _Vector:
    """A sentence by its n-grams: their counts, their tf-idf norm by order, the number of tokens."""

    counts: Mapping[NGram, int]
    norms: tuple[float, ...]
    length: int


class _Consensus:
    """The references of a set of photos as tf-idf vectors, and what CIDEr makes of them.

    Vedantam, Zitnick, Parikh 2015, "CIDEr: Consensus-based Image Description Evaluation": a
    sentence is the vector of its n-gram counts, each weighted by the logarithm of how rare the
    n-gram is among the photos. With a single photo every weight is zero, and so is every score.
    """

    def __init__(self, references: Mapping[str, Sequence[Sequence[Hashable]]]) -> None:
        counts = {name: [count_ngrams(r) for r in tokens] for name, tokens in references.items()}
        photos_with: Counter[NGram] = Counter()
        for of_photo in counts.values():
            photos_with.update(set().union(*of_photo))
        self._rarest = math.log(len(references))
        self._idf = {ngram: self._rarest - math.log(n) for ngram, n in photos_with.items()}
        self.vectors = {name: [self.vector(c) for c in counts[name]] for name in counts}

    def vector(self, counts: Mapping[NGram, int]) -> _Vector:
        squares = [0.0] * MAX_ORDER
        length = 0
        for ngram, count in counts.items():
            squares[len(ngram) - 1] += (count * self._idf.get(ngram, self._rarest)) ** 2
            if len(ngram) == 1:
                length += count
        return _Vector(counts, tuple(map(math.sqrt, squares)), length)

    def cider(self, name: str, hypothesis: _Vector) -> float:
        """CIDEr: the mean cosine over the orders and the references (eq. 2 and 3), times 10."""
        return CIDER_SCALE * fmean(
            self._cosine(hypothesis, reference, clip=False) for reference in self.vectors[name]
        )

    def cider_d(self, name: str, hypothesis: _Vector) -> float:
        """CIDEr-D: clipped, and fading with the difference in length (eq. 5), times 10."""
        return CIDER_SCALE * fmean(
            self._cosine(hypothesis, reference, clip=True)
            * math.exp(-((hypothesis.length - reference.length) ** 2) / (2 * CIDER_SIGMA**2))
            for reference in self.vectors[name]
        )

    def _cosine(self, hypothesis: _Vector, reference: _Vector, *, clip: bool) -> float:
        products = [0.0] * MAX_ORDER
        for ngram, found in hypothesis.counts.items():
            expected = reference.counts.get(ngram)
            if expected:
                found = min(found, expected) if clip else found
                products[len(ngram) - 1] += found * expected * self._idf[ngram] ** 2
        total = 0.0
        for product, a, b in zip(products, hypothesis.norms, reference.norms, strict=True):
            if product:
                total += product / (a * b)
        return total / MAX_ORDER


class CaptionReward:
    """CIDEr-D of sampled sentences, and BLEU beside it: the reward of self-critical training.

    Rennie et al. 2017, "Self-critical Sequence Training for Image Captioning". Tokens may be ids or
    words; an end token counts like any other, if hypotheses and references both carry it.

        reward = CaptionReward({"a.jpg": [[4, 8, 2], [4, 9, 2]], "b.jpg": [[5, 2]]})
        reward.score(["a.jpg", "a.jpg"], [[4, 8, 2], [5, 2]])  # (2,)

    Args:
        references: the token sequences of every photo; how rare an n-gram is, is counted over them.
        bleu_weight: what the mean of a sentence's BLEU-1 to BLEU-4 counts against CIDEr-D.
        unigram_weight: what its BLEU-1 counts besides.

    Raises:
        UserError: there are no photos, or a photo has no references.
    """

    def __init__(
        self,
        references: Mapping[str, Sequence[Sequence[Hashable]]],
        bleu_weight: float = 0.0,
        unigram_weight: float = 0.0,
    ) -> None:
        _require_references(references)
        self._consensus = _Consensus(references)
        self._bleu_weight = bleu_weight
        self._unigram_weight = unigram_weight

    def score(
        self, names: Sequence[str], hypotheses: Sequence[Sequence[Hashable]]
    ) -> npt.NDArray[np.float64]:
        """Score N sentences, each against the references of its own photo.

        Args:
            names: the photo of every sentence (N); a photo may come up several times.
            hypotheses: the tokens of every sentence (N).

        Returns:
            CIDEr-D (N,), 0 to 10, and the weighted BLEU on top; an empty sentence gets 0.

        Raises:
            UserError: a photo is not among the references.
        """
        for name in names:
            if name not in self._consensus.vectors:
                raise UserError(f"{name}: no reference captions to reward a caption of this photo")
        pairs = zip(names, hypotheses, strict=True)
        return np.array([self._reward(*pair) for pair in pairs], dtype=np.float64)

    def _reward(self, name: str, hypothesis: Sequence[Hashable]) -> float:
        vector = self._consensus.vector(count_ngrams(hypothesis))
        reward = self._consensus.cider_d(name, vector)
        if self._bleu_weight or self._unigram_weight:
            bleu = _bleu([(vector, self._consensus.vectors[name])])
            reward += self._bleu_weight * fmean(bleu) + self._unigram_weight * bleu[0]
        return reward


def evaluate_captions(
    hypotheses: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    *,
    meteor: bool = False,
) -> CaptionScores:
    """Score one caption per photo against its references, as coco-caption does.

    Args:
        hypotheses: a raw sentence per photo; one without a single word scores 0.
        references: the raw reference sentences of the same photos, one or more each.
        meteor: compute METEOR too; it takes Java and the package's extra `meteor`.

    Returns:
        The scores of the set and of every photo. The order of the photos does not matter.

    Raises:
        UserError: there are no captions, the photos of both sides differ, a photo has no
            references, or METEOR was asked for and cannot run.
    """
    _require_references(references)
    _require_same_photos(hypotheses, references)
    words = {name: tokenize(sentence) for name, sentence in hypotheses.items()}
    expected = {name: [tokenize(s) for s in references[name]] for name in words}

    consensus = _Consensus(expected)
    vectors = {name: consensus.vector(count_ngrams(tokens)) for name, tokens in words.items()}
    per_photo = {
        name: PhotoScores(
            cider=consensus.cider_d(name, vectors[name]),
            cider_plain=consensus.cider(name, vectors[name]),
            rouge_l=_rouge_l(words[name], expected[name]),
        )
        for name in words
    }
    bleu1, bleu2, bleu3, bleu4 = _bleu((vectors[name], consensus.vectors[name]) for name in words)
    return CaptionScores(
        bleu1=bleu1,
        bleu2=bleu2,
        bleu3=bleu3,
        bleu4=bleu4,
        rouge_l=fmean(scores.rouge_l for scores in per_photo.values()),
        cider=fmean(scores.cider for scores in per_photo.values()),
        cider_plain=fmean(scores.cider_plain for scores in per_photo.values()),
        meteor=_meteor(words, expected) if meteor else None,
        per_photo=per_photo,
    )


def _require_references(references: Mapping[str, Sequence[object]]) -> None:
    if not references:
        raise UserError("no reference captions: captions can't be scored without any")
    for name, of_photo in references.items():
        if isinstance(of_photo, str):
            raise UserError(f"{name}: give the reference captions as a list, not as one string")
        if not of_photo:
            raise UserError(f"{name}: no reference captions; give one or leave the photo out")


def _require_same_photos(hypotheses: Mapping[str, str], references: Mapping[str, object]) -> None:
    for have, others, lacking in (
        (hypotheses, references, "a caption but no reference captions"),
        (references, hypotheses, "reference captions but no caption"),
    ):
        if only := sorted(have.keys() - others.keys()):
            more = f" (and {len(only) - 1} more)" if len(only) > 1 else ""
            raise UserError(f"{only[0]}{more}: {lacking}; score the same photos on both sides")


def _bleu(sentences: Iterable[tuple[_Vector, Sequence[_Vector]]]) -> list[float]:
    """BLEU of orders 1 to 4 (Papineni et al. 2002), counts pooled over all sentences.

    The reference length is that of the reference nearest in length, the shorter of two as near.
    """
    length = reference_length = 0
    guessed = [0] * MAX_ORDER
    correct = [0] * MAX_ORDER
    for hypothesis, references in sentences:
        length += hypothesis.length
        nearest = min((abs(r.length - hypothesis.length), r.length) for r in references)
        reference_length += nearest[1]
        for ngram, found in hypothesis.counts.items():
            guessed[len(ngram) - 1] += found
            correct[len(ngram) - 1] += min(found, max(r.counts.get(ngram, 0) for r in references))

    # coco-caption's two constants keep a set without any match from dividing by zero
    tiny, small = 1e-15, 1e-9
    ratio = (length + tiny) / (reference_length + small)
    brevity = math.exp(min(0.0, 1 - 1 / ratio))
    precisions = [(c + tiny) / (g + small) for c, g in zip(correct, guessed, strict=True)]
    return [
        brevity * math.prod(precisions[:order]) ** (1 / order) for order in range(1, MAX_ORDER + 1)
    ]


def _rouge_l(hypothesis: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """ROUGE-L (Lin 2004) from the best precision and the best recall over the references."""
    common = [_longest_common_subsequence(hypothesis, r) for r in references]
    if not any(common):
        return 0.0
    precision = max(common) / len(hypothesis)
    recall = max(c / len(r) for c, r in zip(common, references, strict=True) if c)
    weight = ROUGE_BETA**2
    return (1 + weight) * precision * recall / (recall + weight * precision)


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table at a time (Hyyrö 2004).

    Bit i of `row` is zero where the subsequence with the first i + 1 words grows by word i.
    """
    places: dict[str, int] = {}
    for i, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << i
    every = (1 << len(first)) - 1
    row = every
    for word in second:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & every
    return len(first) - row.bit_count()


def _meteor(
    words: Mapping[str, Sequence[str]], references: Mapping[str, Sequence[Sequence[str]]]
) -> float:
    """METEOR 1.5 by the Java program that pycocoevalcap brings."""
    try:
        from pycocoevalcap.meteor.meteor import Meteor
    except ImportError:
        raise UserError(
            "METEOR needs the package pycocoevalcap: pip install 'multimodal-rnn[meteor]'"
        ) from None
    if shutil.which("java") is None:
        raise UserError("METEOR needs Java: install a Java runtime and put `java` on the PATH")
    with _closing_java(Meteor()) as scorer:
        try:
            score, _ = scorer.compute_score(
                {name: [" ".join(r) for r in of_photo] for name, of_photo in references.items()},
                {name: [" ".join(sentence)] for name, sentence in words.items()},
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"METEOR's Java program broke off: {error}; try `java -version`"
            ) from None
    return float(score)


@contextmanager
def _closing_java(scorer: Any) -> Iterator[Any]:
    """End the scorer's Java process with its pipes; the package leaves both to the interpreter."""
    try:
        yield scorer
    finally:
        scorer.meteor_p.kill()
        scorer.meteor_p.wait()
        for pipe in (scorer.meteor_p.stdin, scorer.meteor_p.stdout, scorer.meteor_p.stderr):
            # what was not yet sent to a process that broke off can't be sent any more
            with suppress(OSError):
                pipe.close()
        # after a failure it is still held, and the scorer's finaliser would wait for it for ever
        if scorer.lock.locked():
            scorer.lock.release()
