"""Recurrent networks that look, draw and write.

import multimodal

captioner = multimodal.load_captioner()
print(captioner.caption("beach.jpg").text)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.language.language_model import LanguageModel
    from multimodal.recognition.clips.recognizer import ClipRecognizer
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.recognition.texts.classifier import TextClassifier
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator


def load_language_model(source: str | Path | None = None) -> LanguageModel:
    """Load the shipped language model, another one, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.language.language_model import SHIPPED, LanguageModel

    return LanguageModel.load(source or SHIPPED)


def load_captioner(source: str | Path | None = None) -> Captioner:
    """Load the shipped captioner, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.captioning.captioner import SHIPPED, Captioner

    return Captioner.load(source or SHIPPED)


def load_clip_recognizer(source: str | Path | None = None) -> ClipRecognizer:
    """Load the shipped recognizer of clips, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, it is damaged, or it goes with another
            encoder than the shipped captioner's.
    """
    from multimodal.recognition.clips.recognizer import SHIPPED, ClipRecognizer

    return ClipRecognizer.load(source or SHIPPED)


def load_handwriting_recognizer(source: str | Path | None = None) -> HandwritingRecognizer:
    """Load the shipped handwriting recognizer, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.recognition.handwriting.recognizer import SHIPPED, HandwritingRecognizer

    return HandwritingRecognizer.load(source or SHIPPED)


def load_recognizer(source: str | Path | None = None) -> Recognizer:
    """Load the shipped recognizer, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.recognition.drawings.recognizer import SHIPPED, Recognizer

    return Recognizer.load(source or SHIPPED)


def load_sketcher(source: str | Path | None = None) -> Sketcher:
    """Load the shipped sketcher, one from a folder or the Hugging Face Hub, or a `.gen.json` file.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.sketching.sketcher import SHIPPED, Sketcher

    return Sketcher.load(source or SHIPPED)


def load_text_classifier(source: str | Path | None = None) -> TextClassifier:
    """Load the shipped classifier of sentences, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.recognition.texts.classifier import SHIPPED, TextClassifier

    return TextClassifier.load(source or SHIPPED)


def load_translator(source: str | Path | None = None) -> Translator:
    """Load the shipped translator, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.translation.translator import SHIPPED, Translator

    return Translator.load(source or SHIPPED)


def load_handwriting_generator(source: str | Path | None = None) -> HandwritingGenerator:
    """Load the shipped handwriting generator, or one from a folder or the Hugging Face Hub.

    Raises:
        multimodal.errors.UserError: when there is none, or it is damaged.
    """
    from multimodal.handwriting.generator import SHIPPED, HandwritingGenerator

    return HandwritingGenerator.load(source or SHIPPED)
