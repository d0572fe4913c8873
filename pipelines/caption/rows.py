"""The row of an input: its caption, or why there is none."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.captioning.caption import Caption, Recognition
from multimodal.errors import UserError
from pipelines.output import clean, dump_json
from pipelines.tally import UNSURE

if TYPE_CHECKING:
    from pipelines.caption.decoding import Opened

__all__ = [
    "CaptionRow",
    "as_line",
    "as_record",
    "clean",
    "dump_json",
    "from_journal",
    "to_journal",
    "translated",
]

WORDLESS = "the captioner has no word for it"
BRIGHTEST = 255  # attention is kept in 8 bits, every map up to its own maximum


def require_calibrated(captioner: object, min_confidence: float | None) -> None:
    """Refuse to withhold captions by a confidence that the captioner does not tell.

    Args:
        captioner: of any kind.
        min_confidence: asked for; None withholds nothing.

    Raises:
        UserError: the captioner was not calibrated.
    """
    if min_confidence is not None and getattr(captioner, "confidence", None) is None:
        raise UserError("--min-confidence: this captioner was not calibrated; try --min-score")


@dataclass(frozen=True)
class CaptionRow(Caption):
    """What a run says of one input; every input has exactly one.

    Attributes:
        digest: what the network saw, hashed; two pictures that look the same to it have the same
            digest and caption. Empty where nothing could be opened.
        thumbnail: a small JPEG, where a report is wanted.
        stamp: what tells the file that was read from a later one of its name; empty where nothing
            could be read.
        picture: the file that was captioned, byte by byte, where the output holds pictures.
        language: the code of the language of `translation`, where one is wanted.
        translation: the caption in that language.
    """

    digest: str = ""
    thumbnail: bytes = b""
    stamp: str = ""
    picture: bytes = b""
    language: str = ""
    translation: str = ""

    @classmethod
    def failed(cls, name: str, reason: str) -> CaptionRow:
        """The row of an input that cannot be opened."""
        return cls(name, "", -inf, error=reason)

    @classmethod
    def of(cls, caption: Caption, opened: Opened) -> CaptionRow:
        """The row of an input that was captioned."""
        row = cls(**vars(caption), digest=opened.digest).belonging_to(opened)
        return row if row.text else replace(row, error=WORDLESS)

    def belonging_to(self, opened: Opened) -> CaptionRow:
        """The same caption for an input that looks the same."""
        return replace(
            self,
            source=opened.name,
            thumbnail=opened.thumbnail,
            stamp=opened.stamp,
            picture=opened.picture,
        )

    def sure(self, min_score: float | None, min_confidence: float | None = None) -> CaptionRow:
        """The same row, or one without its caption where it is less sure than asked for."""
        if self.error is not None:
            return self
        if min_score is not None and self.score < min_score:
            reason = f"{UNSURE}its score {self.score:.3f} is below {min_score:g}"
        elif min_confidence is not None and (self.confidence or 0.0) < min_confidence:
            sure = self.confidence or 0.0
            reason = f"{UNSURE}its confidence {sure:.3f} is below {min_confidence:g}"
        else:
            return self
        nothing: dict[str, Any] = {"words": (), "word_scores": (), "alternatives": ()}
        nothing |= {"support": (), "confidence": None}
        return replace(self, text="", **nothing, attention=None, error=reason)


def as_record(caption: Caption) -> dict[str, Any]:
    """A caption as one line of JSON has it; every picture of a run has the same keys."""
    return {
        "path": caption.source,
        "caption": caption.text or None,
        **translated(caption),
        "score": caption.score if caption.score > -inf else None,
        "words": [list(pair) for pair in zip(caption.words, caption.word_scores, strict=True)],
        "support": list(caption.support),
        "confidence": caption.confidence,
        "alternatives": [{"caption": c.text, "score": c.score} for c in caption.alternatives],
        "objects": [{"name": o.name, "probability": o.probability} for o in caption.objects],
        "unmentioned": [list(words) for words in caption.unmentioned],
        "error": caption.error,
    }


def translated(caption: Caption) -> dict[str, str | None]:
    """The column of the translation, such as "caption_de", where the run has one."""
    if not isinstance(caption, CaptionRow) or not caption.language:
        return {}
    return {f"caption_{caption.language}": caption.translation or None}


def as_line(caption: Caption) -> str:
    """A caption as a line of a JSON lines file."""
    return dump_json(as_record(caption)) + "\n"


def to_journal(row: CaptionRow) -> dict[str, Any]:
    """All of a row, as JSON."""
    record = as_record(row) | {"digest": row.digest}
    if row.language:
        record |= {"language": row.language, "translation": row.translation}
    if row.stamp:
        record["stamp"] = row.stamp
    for name, data in (("thumbnail", row.thumbnail), ("picture", row.picture)):
        if data:
            record[name] = b64encode(data).decode()
    if row.attention is not None:
        brightest = row.attention.max((1, 2), keepdims=True).clip(min=1e-12)
        levels = np.rint(row.attention / brightest * BRIGHTEST).astype(np.uint8)
        record["attention"] = [list(levels.shape), b64encode(levels.tobytes()).decode()]
    return record


def from_journal(record: Mapping[str, Any]) -> CaptionRow:
    """The row behind its JSON; its attention maps have a maximum of 1 each, in 8 bits.

    Raises:
        KeyError, TypeError, ValueError: that is no row.
    """
    name, score = record["path"], record["score"]
    attention = None
    if "attention" in record:
        shape, levels = record["attention"]
        flat = np.frombuffer(b64decode(levels), np.uint8)
        attention = np.divide(flat.reshape(shape), BRIGHTEST, dtype=np.float32)
    return CaptionRow(
        source=name,
        text=record["caption"] or "",
        score=-inf if score is None else score,
        words=tuple(word for word, _ in record["words"]),
        word_scores=tuple(score for _, score in record["words"]),
        attention=attention,
        alternatives=tuple(Caption(name, a["caption"], a["score"]) for a in record["alternatives"]),
        support=tuple(record.get("support", ())),
        confidence=record.get("confidence"),
        objects=tuple(Recognition(o["name"], o["probability"]) for o in record["objects"]),
        unmentioned=tuple(map(tuple, record["unmentioned"])),
        error=record["error"],
        digest=record["digest"],
        thumbnail=b64decode(record.get("thumbnail", "")),
        stamp=record.get("stamp", ""),
        picture=b64decode(record.get("picture", "")),
        language=record.get("language", ""),
        translation=record.get("translation", ""),
    )
