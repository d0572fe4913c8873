"""The voices by their short names, and how each of them is trained.

A voice `sonnets` is the shipped model `text-sonnets`; the others do not ship with this version.
"""

from __future__ import annotations

from pathlib import Path

from multimodal.checkpoints import shipped_models
from multimodal.errors import UserError

_SIZE = "--set embedding_size=128 --set hidden_size=544"  # below 8 MB in 16-bit

TRAINED_BY: dict[str, tuple[str, ...]] = {
    "sonnets": (
        "multimodal train text --data tinyshakespeare.txt --out runs/plays"
        " --set test_share=0 --set embedding_size=128 --set epochs=16",
        "multimodal train text --data sonnets.txt --out runs/sonnets --set start=runs/plays/best"
        " --set streams=16 --set epochs=9 --set learning_rate=1e-3",
    ),
    "war-and-peace": (
        "multimodal train text --data war_and_peace.txt --out runs/war-and-peace"
        f" {_SIZE} --set epochs=28 --set dropout=0.25 --set output_dropout=0.3"
        " --set input_dropout=0.05 --set weight_dropout=0.2",
    ),
    "latex": (
        "multimodal train text --data stacks_2015.tex --out runs/latex"
        f" {_SIZE} --set epochs=6 --set dropout=0.05 --set output_dropout=0.05"
        " --set input_dropout=0 --set weight_dropout=0.02",
    ),
    "linux": (
        "multimodal train text --data linux_2.6.37_core.c --out runs/linux"
        f" {_SIZE} --set epochs=12 --set dropout=0.1 --set output_dropout=0.15"
        " --set input_dropout=0 --set weight_dropout=0.05",
    ),
}


def find_voice(source: str | Path) -> str | Path:
    """The shipped model behind a voice's short name; anything else as it is.

    Raises:
        UserError: when that voice does not ship; the line names the command that trains it.
    """
    shipped = f"text-{source}"
    if shipped in shipped_models():
        return shipped
    name = str(source).removeprefix("text-")
    if name in TRAINED_BY and source not in shipped_models() and not Path(source).exists():
        commands = "; then ".join(TRAINED_BY[name])
        raise UserError(
            f"{source}: this voice does not ship with this version; train it: {commands}"
        )
    return source
