"""Recurrent networks that look, draw and write.

import multimodal

multimodal.available_models()                            # ["captioner-flickr8k", …]
captioner = multimodal.load("captioner-flickr8k")        # by name; or a folder, or a Hub id
captioner = multimodal.load_captioner()                  # the usual one, and its type is known
print(captioner.caption("beach.jpg").text)

Nothing heavy is imported before it is used: classes and functions come from `multimodal.tasks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multimodal.tasks import TASKS, TaskSpec, imported, task_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multimodal.captioning.captioner import Captioner
    from multimodal.handwriting.generator import HandwritingGenerator
    from multimodal.language.language_model import LanguageModel
    from multimodal.pretrained_model import PretrainedModel
    from multimodal.recognition.drawings.recognizer import Recognizer
    from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
    from multimodal.recognition.texts.classifier import TextClassifier
    from multimodal.recognition.videos.recognizer import VideoRecognizer
    from multimodal.sketching.sketcher import Sketcher
    from multimodal.translation.translator import Translator

    load_captioner = Captioner.from_pretrained
    load_video_recognizer = VideoRecognizer.from_pretrained
    load_handwriting_generator = HandwritingGenerator.from_pretrained
    load_handwriting_recognizer = HandwritingRecognizer.from_pretrained
    load_language_model = LanguageModel.from_pretrained
    load_recognizer = Recognizer.from_pretrained
    load_sketcher = Sketcher.from_pretrained
    load_text_classifier = TextClassifier.from_pretrained
    load_translator = Translator.from_pretrained

__version__ = "0.1.0"


def available_models(task: str | None = None) -> list[str]:
    """Return the names of the models in the package, in alphabetical order.

    Args:
        task: of one task, such as "language-model"; of all unless given.

    Raises:
        UserError: there is no such task.
    """
    from multimodal.checkpoints import shipped_models

    specs = TASKS.values() if task is None else [task_of(task)]
    named = {name for spec in specs for name in spec.shipped}
    return [name for name in shipped_models() if name in named]


def load(source: str | Path, **options: Any) -> PretrainedModel:
    """Load any model, as the class of its task.

    Args:
        source: the name of a shipped model, a folder, or a repository of the Hugging Face Hub.
        **options: of the class's `from_pretrained`, such as precision.

    Raises:
        UserError: there is none, or it is damaged.
    """
    from multimodal.checkpoints import read_task

    model: PretrainedModel = imported(task_of(read_task(source)).model).from_pretrained(
        source, **options
    )
    return model


def _loader(spec: TaskSpec) -> Callable[..., PretrainedModel]:
    def load_one(source: str | Path | None = None, **options: Any) -> PretrainedModel:
        model: PretrainedModel = imported(spec.model).from_pretrained(source, **options)
        return model

    load_one.__name__ = load_one.__qualname__ = spec.loader
    load_one.__doc__ = f"Load a {spec.label}; see `PretrainedModel.from_pretrained`."
    return load_one


_CLASSES = {spec.model.partition(":")[2]: spec.model for spec in TASKS.values()}
_LOADERS = {spec.loader: spec for spec in TASKS.values()}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return imported(_CLASSES[name])
    if name in _LOADERS:
        return _loader(_LOADERS[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(["__version__", "available_models", "load", *_CLASSES, *_LOADERS])
