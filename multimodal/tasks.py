"""The one table that says what every task is; a new task is one row here and a room of its own.

From it come `multimodal.load`, `multimodal.available_models` and the `load_…` functions, the
commands `train`, `evaluate`, `export`, `average` and `pack`, and the models that they know by name.
A row names classes by the strings that import them, so that nothing heavy is imported with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from multimodal.errors import UserError, offered


@dataclass(frozen=True)
class DataOption:
    """An option of `train` beside the recipe's settings, such as the column of a table.

    Attributes:
        name: the keyword of the training's `from_data`; with dashes, the command's option.
        help: what it is, for the command line.
        many: whether it is a list, its entries separated by commas.
        default: what is taken where it is not given.
    """

    name: str
    help: str
    many: bool = False
    default: str = "none"


@dataclass(frozen=True)
class Measure:
    """The figure by which a task's models are compared while they are developed.

    Attributes:
        name: as people call it.
        figure: its key among what `evaluate` gives, or among those of every direction.
        higher_is_better: which way.
    """

    name: str
    figure: str
    higher_is_better: bool = True


@dataclass(frozen=True)
class TaskSpec:
    """A row of the table.

    Attributes:
        name: in checkpoints and on the command line.
        title: what goes in and what comes out.
        model: "module:Class" of the `PretrainedModel`.
        recipe: "module:Class" of the settings of its training, a dataclass.
        training: "module:Class" of the `multimodal.training.Task`, with a classmethod `from_data`.
        data: the help text of `--data`.
        example: a command that tries a trained model, without its `--model`.
        data_options: what `from_data` takes beside the data.
        evaluation: "module:function" that measures a model on a split of data; None for one of the
            evaluations that `multimodal evaluate` brings along.
        measure: by which an exported file in 8 bit is compared with one in fp32, if there is one.
        shipped: the models in the package, the usual one first.
        prefix: of the names of shipped models, which are found without it, too.
        exporter: "module:function" that makes an ONNX graph of a model in fp32, if there is one.
        portable: "module:Class" that runs such a file.
    """

    name: str
    title: str
    model: str
    recipe: str
    training: str
    data: str
    example: str = ""
    data_options: tuple[DataOption, ...] = ()
    evaluation: str | None = None
    measure: Measure | None = None
    shipped: tuple[str, ...] = ()
    prefix: str = ""
    exporter: str | None = None
    portable: str | None = None

    @property
    def label(self) -> str:
        """The name as running text."""
        return self.name.replace("-", " ")

    @property
    def loader(self) -> str:
        """The name of its function in `multimodal`."""
        return f"load_{self.name.replace('-', '_')}"

    def default(self) -> str:
        """Return the name of the model that is loaded where none is named.

        Raises:
            UserError: none ships.
        """
        if not self.shipped:
            raise UserError(f"no {self.label} ships with this version: name a folder or a Hub id")
        return self.shipped[0]

    def choices(self) -> str:
        """Return what a model can be named by, for help texts."""
        short = (name.removeprefix(self.prefix) for name in self.shipped)
        return ", ".join([*short, "a folder or a Hub id"])

    def full_name(self, source: str | Path) -> str | Path:
        """Return the full name of a shipped model, with or without its prefix, in any case.

        Anything else is returned as it is. A folder named like a model is meant by its path, as in
        `./sonnets`.
        """
        if not isinstance(source, str):
            return source
        names = {name.removeprefix(self.prefix): name for name in self.shipped}
        names |= {name: name for name in self.shipped}
        return names.get(source.lower(), source)


TASKS: dict[str, TaskSpec] = {
    spec.name: spec
    for spec in (
        TaskSpec(
            name="captioner",
            title="Photo to sentence",
            model="multimodal.captioning.captioner:Captioner",
            recipe="multimodal.captioning.recipe:CaptionerRecipe",
            training="multimodal.captioning.training:CaptionerTask",
            data="Captioned photos: a folder, a table or a Hub id.",
            example="multimodal caption photo.jpg",
            data_options=(
                DataOption("images", "The photos.", default="beside their captions"),
                DataOption(
                    "image_column", "The table's column of photos.", default="by usual names"
                ),
                DataOption(
                    "caption_column", "The table's column of captions.", default="by usual names"
                ),
            ),
            measure=Measure("CIDEr", "cider"),
            shipped=("captioner-open-world", "captioner-flickr8k"),
            exporter="multimodal.exporting.captioner:exported",
            portable="multimodal.portable.captions:PortableCaptioner",
        ),
        TaskSpec(
            name="sketcher",
            title="Prompt to drawing",
            model="multimodal.sketching.sketcher:Sketcher",
            recipe="multimodal.sketching.recipe:SketcherRecipe",
            training="multimodal.sketching.training:SketcherTask",
            data="A Quick, Draw! folder, or a sketch-rnn .npz file.",
            example="multimodal sketch duck",
            shipped=("sketcher-quickdraw",),
            exporter="multimodal.exporting.sketcher:exported",
            portable="multimodal.portable.sketches:PortableSketcher",
        ),
        TaskSpec(
            name="recognizer",
            title="Drawing to category",
            model="multimodal.recognition.drawings.recognizer:Recognizer",
            recipe="multimodal.recognition.drawings.recipe:RecognizerRecipe",
            training="multimodal.recognition.drawings.training:RecognizerTask",
            data="Labelled drawings: a folder of <category>.ndjson.",
            example="multimodal recognize drawing.svg",
            shipped=("recognizer-live", "recognizer-quickdraw"),
            exporter="multimodal.exporting.recognizer:exported",
            portable="multimodal.portable.guesses:PortableRecognizer",
        ),
        TaskSpec(
            name="video-recognizer",
            title="Video to label",
            model="multimodal.recognition.videos.recognizer:VideoRecognizer",
            recipe="multimodal.recognition.videos.recipe:VideoRecipe",
            training="multimodal.recognition.videos.training:VideoTask",
            data="A folder of videos for each label; or of <category>.ndjson, to be rendered.",
            example="multimodal recognize video.gif",
            shipped=("clip-recognizer-quickdraw",),
        ),
        TaskSpec(
            name="language-model",
            title="Beginning to text",
            model="multimodal.language.language_model:LanguageModel",
            recipe="multimodal.language.recipe:LanguageModelRecipe",
            training="multimodal.language.training:LanguageModelTask",
            data="A text file, a folder, a pattern such as 'src/**/*.c', or a Hub id.",
            example="multimodal generate-text",
            shipped=("text-sonnets", "text-war-and-peace", "text-latex", "text-linux"),
            prefix="text-",
            exporter="multimodal.exporting.language_model:exported",
            portable="multimodal.portable.language_model:PortableLanguageModel",
        ),
        TaskSpec(
            name="handwriting-generator",
            title="Text to handwriting",
            model="multimodal.handwriting.generator:HandwritingGenerator",
            recipe="multimodal.handwriting.recipe:HandwritingGeneratorRecipe",
            training="multimodal.handwriting.training:HandwritingGeneratorTask",
            data="Handwriting: a folder of lines.parquet and so on, or IAM-OnDB's.",
            example="multimodal handwrite Hello",
            shipped=("writer-unipen",),
            exporter="multimodal.exporting.handwriting_generator:exported",
            portable="multimodal.portable.handwriting_generator:PortableHandwritingGenerator",
        ),
        TaskSpec(
            name="handwriting-recognizer",
            title="Handwriting to text",
            model="multimodal.recognition.handwriting.recognizer:HandwritingRecognizer",
            recipe="multimodal.recognition.handwriting.recipe:HandwritingRecognizerRecipe",
            training="multimodal.recognition.handwriting.training:HandwritingRecognizerTask",
            data="Handwriting: a folder of lines.parquet and words.parquet, or IAM-OnDB's.",
            example="multimodal read note.svg",
            measure=Measure("CER", "cer", higher_is_better=False),
            shipped=("reader-unipen",),
            exporter="multimodal.exporting.handwriting_recognizer:exported",
            portable="multimodal.portable.handwriting_recognizer:PortableHandwritingRecognizer",
        ),
        TaskSpec(
            name="text-classifier",
            title="Sentence to mood",
            model="multimodal.recognition.texts.classifier:TextClassifier",
            recipe="multimodal.recognition.texts.recipe:TextClassifierRecipe",
            training="multimodal.recognition.texts.training:TextClassifierTask",
            data="Labelled texts: .csv, .tsv, .jsonl or .parquet; a folder or a Hub id.",
            example="multimodal classify-text 'a sentence'",
            data_options=(
                DataOption(
                    "text_column",
                    "The column of texts, by name or number.",
                    default="by usual names",
                ),
                DataOption(
                    "label_column",
                    "The column of labels, by name or number.",
                    default="by usual names",
                ),
            ),
            shipped=("sentiment-sst2",),
        ),
        TaskSpec(
            name="translator",
            title="Sentence to another language",
            model="multimodal.translation.translator:Translator",
            recipe="multimodal.translation.recipe:TranslatorRecipe",
            training="multimodal.translation.training:TranslatorTask",
            data="Parallel text: a folder of <split>.<language> files, a table or a Hub id.",
            example="multimodal translate 'two dogs run'",
            data_options=(
                DataOption("languages", "Those to learn, such as en,de.", many=True, default="all"),
            ),
            measure=Measure("mean BLEU", "bleu"),
            shipped=("translator-multi30k",),
            exporter="multimodal.exporting.translator:exported",
            portable="multimodal.portable.translations:PortableTranslator",
        ),
    )
}
"""By name, in the order of the help."""


def task_of(name: str) -> TaskSpec:
    """Return a row by the name of its task.

    Raises:
        UserError: there is no such task; the line says which are near.
    """
    if name not in TASKS:
        raise UserError(f"no task {name!r}; {offered(name, TASKS)}")
    return TASKS[name]


def full_name(source: str | Path) -> str | Path:
    """Return the full name behind a short name of a shipped model of any task."""
    for spec in TASKS.values():
        source = spec.full_name(source)
    return source


def imported(place: str) -> Any:
    """Import what "module:name" names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
