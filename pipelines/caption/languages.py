"""Captions in another language, beside the English ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UserError
from multimodal.portable.translations import PortableTranslator
from pipelines.caption.rows import CaptionRow
from pipelines.journal import fingerprint
from pipelines.models import open_model

if TYPE_CHECKING:
    from multimodal.translation.translator import Translator

ENGLISH = "en"  # what captioners write


class RowTranslator:
    """Gives rows a translation of their captions.

    Args:
        translator: who translates.
        language: the code of the language.

    Raises:
        UserError: the translator does not know it, or it is English.
    """

    def __init__(self, translator: Translator, language: str) -> None:
        if language == ENGLISH:
            raise UserError("--language en: captions are English already; name another language")
        for code in (ENGLISH, language):
            if code not in translator.languages:
                known = ", ".join(translator.languages)
                raise UserError(f"--language {language}: the translator knows {known}")
        self.language = language
        self._translator: Translator | PortableTranslator = translator

    @classmethod
    def load(cls, language: str, source: str | Path | None) -> RowTranslator:
        """One with a translator by its name; the shipped one when None.

        Raises:
            UserError: there is no such translator, or as for the class.
        """
        return cls(open_model("translator", source), language)

    def __call__(self, rows: Sequence[CaptionRow]) -> list[CaptionRow]:
        """The same rows; equal captions are translated once, rows without one have none."""
        texts = list(dict.fromkeys(row.text for row in rows if row.text))
        found = self._translator.translate(texts, to=self.language, source=ENGLISH)
        by_text = {text: translation.text for text, translation in zip(texts, found, strict=True)}
        return [
            replace(row, language=self.language, translation=by_text.get(row.text, ""))
            for row in rows
        ]

    @property
    def fingerprint(self) -> str:
        """What tells one translator from another: its weights, their precision, its subwords."""
        translator = self._translator
        if isinstance(translator, PortableTranslator):
            return translator.file.digest
        merges = translator.vocabulary.merges
        return fingerprint(translator.network.state_dict(), translator.options, merges)
