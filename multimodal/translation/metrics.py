"""Translations against what people wrote: BLEU and chrF, as `sacrebleu` computes them.

BLEU (Papineni et al. 2002) with sacrebleu's own tokenisation (13a) and chrF (Popović 2015); Post
2018, "A call for clarity in reporting BLEU scores". Both sides are put into lower case first, as
the published figures on Multi30k are, and the signatures say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from multimodal.errors import UserError


@dataclass(frozen=True)
class TranslationScores:
    """The figures of one direction.

    Attributes:
        bleu: from 0 to 100.
        chrf: chrF2, from 0 to 100.
        signature: how BLEU was computed, in sacrebleu's words; "case:lc" is lower case.
    """

    bleu: float
    chrf: float
    signature: str


def score_translations(translations: Sequence[str], references: Sequence[str]) -> TranslationScores:
    """Compare translations with one reference each, in lower case.

    sacrebleu itself scores as many sentences as the shorter list has, and takes an empty reference
    for no reason to be brief.

    Raises:
        UserError: there is nothing, there are more of one than of the other, or a reference is
            empty.
    """
    if len(translations) != len(references) or not references:
        raise UserError(
            f"{len(translations)} translations and {len(references)} references: there must be as "
            "many of both, and one at least"
        )
    empty = next((n for n, text in enumerate(references, 1) if not text.strip()), None)
    if empty is not None:
        raise UserError(f"reference {empty} is empty: write it, or leave both of the pair out")
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    bleu, chrf = BLEU(lowercase=True), CHRF(lowercase=True)
    scored = bleu.corpus_score(list(translations), [list(references)])
    return TranslationScores(
        bleu=float(scored.score),
        chrf=float(chrf.corpus_score(list(translations), [list(references)]).score),
        signature=str(bleu.get_signature()),
    )
