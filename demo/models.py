"""The models behind the page: each is loaded once, when it is first asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

import multimodal
from multimodal.errors import UserError

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.language.language_model import LanguageModel
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.recognition.texts.classifier import TextClassifier
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator

TRANSLATOR = "translator-multi30k"
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "cs": "Čeština"}

T = TypeVar("T")


class Models:
    """The shipped models, for threads: whoever asks first loads, the others wait for the same one.

    Importing torch takes longer than opening the page, so it happens here, not at the top of files.

    Args:
        language_models: folders or Hub ids of language models, to be offered beside those that
            ship.
    """

    def __init__(self, language_models: Sequence[str] = ()) -> None:
        self._added = {_short_name(model): model for model in language_models}
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._loaded: dict[str, Any] = {}

    @property
    def captioner(self) -> Captioner:
        """Photo → sentence."""
        return self._once("captioner", multimodal.load_captioner)

    @property
    def sketcher(self) -> Sketcher:
        """Prompt → drawing."""
        return self._once("sketcher", multimodal.load_sketcher)

    @property
    def recognizer(self) -> Recognizer:
        """Drawing → category, after every stroke."""
        return self._once("recognizer", multimodal.load_recognizer)

    @property
    def text_classifier(self) -> TextClassifier:
        """Sentence → mood."""
        return self._once("text classifier", multimodal.load_text_classifier)

    @property
    def handwriting_generator(self) -> HandwritingGenerator:
        """Text → handwriting; words that the recognizer misreads are written anew."""
        return self._once("handwriting generator", self._judged_generator)

    @property
    def handwriting_recognizer(self) -> HandwritingRecognizer:
        """Handwriting → text."""
        return self._once("handwriting recognizer", multimodal.load_handwriting_recognizer)

    def language_model(self, model: str) -> LanguageModel:
        """Text → more text.

        Args:
            model: one of `language_models`.
        """
        if model not in self.language_models():
            known = ", ".join(self.language_models()) or "none yet"
            raise UserError(f"There is no language model {model!r}. These are here: {known}.")
        source = self._added.get(model, model)
        return self._once(f"language model {model}", lambda: multimodal.load_language_model(source))

    def language_models(self) -> list[str]:
        """The language models that ship, and others that were asked for, by their short names."""
        own = [name.removeprefix("text-") for name in shipped() if name.startswith("text-")]
        return [*own, *(name for name in self._added if name not in own)]

    @property
    def translator(self) -> Translator:
        """English sentence → the same in one of `languages`."""
        return self._once("translator", multimodal.load_translator)

    def languages(self) -> dict[str, str]:
        """The languages that sentences can be had in, by their codes, English first."""
        if TRANSLATOR not in shipped():
            return {"en": LANGUAGES["en"]}
        config = files("multimodal").joinpath("pretrained", TRANSLATOR, "config.json")
        known = json.loads(config.read_text(encoding="utf-8"))["languages"]
        codes = ["en", *sorted(code for code in known if code != "en")]
        return {code: LANGUAGES.get(code, code) for code in codes}

    def warm_up(self) -> Thread:
        """Load what most visitors will ask for.

        The captioner is there when this returns, for the first tab is its own; the others are
        loaded beside the server's own start.
        """
        import torch

        torch.set_num_threads(1)  # every job has a core; several jobs run at a time
        _ = self.captioner
        thread = Thread(target=self._load_others, name="load models", daemon=True)
        thread.start()
        return thread

    def _load_others(self) -> None:
        _ = self.sketcher, self.recognizer

    def _judged_generator(self) -> HandwritingGenerator:
        from pipelines.handwrite import read_back

        generator = multimodal.load_handwriting_generator()
        generator.judge = read_back(self.handwriting_recognizer)
        return generator

    def _once(self, name: str, load: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if name not in self._loaded:
                self._loaded[name] = load()
            loaded: T = self._loaded[name]
            return loaded


def _short_name(model: str) -> str:
    """What a folder such as runs/shakespeare/best is called."""
    parts = [part for part in model.rstrip("/").split("/") if part not in {"best", "last"}]
    return parts[-1] if parts else model


def shipped() -> list[str]:
    """The names of the folders in `multimodal/pretrained`, without importing torch for it."""
    folders = files("multimodal").joinpath("pretrained").iterdir()
    return sorted(f.name for f in folders if f.joinpath("config.json").is_file())
