"""A sketcher and held-out drawings → figures: the job behind ``multimodal evaluate sketcher``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from multimodal.terminal import counted

if TYPE_CHECKING:
    from multimodal.sketching.measures import DrawingMetrics
    from multimodal.sketching.sequences import LabelledSequences
    from multimodal.sketching.sketcher import Sketcher


def evaluate_sketcher(
    model: str | Path | None,
    data: str | Path,
    split: str = "test",
    note: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Measure how well a sketcher predicts the drawings of a split, category by category.

    A decoder of magenta's learnt from drawings of another size, so that the scale of the data's
    own training split takes the place of its own.

    Args:
        model: a folder, a Hub id, one of magenta's `.gen.json` files, or None for the shipped one.
        data: drawings; see `multimodal.sketching.data.read_sketches`.
        split: train, dev or test.
        note: is told, a line each, what is left out.

    Returns:
        `n_max`, the paper's N_max; overall and for each of `categories`: `reconstruction_loss` (the
        paper's L_R, its pen states unmasked up to N_max), `reconstruction_loss_masked`, `kl` (0 for
        a decoder alone), `nats_per_point` (whose end counts as well), `drawings`, `seconds`. They
        are measured with the mean of each drawing's z; of a network that also draws without,
        `without_latent` holds the same figures, measured so.

    Raises:
        UserError: when the data cannot be read, or shows nothing that the sketcher knows.
    """
    from multimodal.sketching.data import read_sketches
    from multimodal.sketching.measures import joined
    from multimodal.sketching.sequences import LabelledSequences
    from multimodal.sketching.sketcher import Sketcher

    source = model
    sketcher = Sketcher.from_pretrained(source, precision="fp32")
    scale = _scale(sketcher, source, data)
    drawings = read_sketches(data, split)
    _note_unknown_categories(sketcher, drawings, note)
    categories: dict[str, dict[str, Any]] = {}
    found: list[list[DrawingMetrics]] = []
    for name in sketcher.categories:
        of_name = {name: drawings.get(name, [])}
        sequences = LabelledSequences(of_name, sketcher.categories, sketcher.limit)
        if sequences.left_out:
            note(
                f"{name}: {counted(sequences.left_out, 'drawing')} of more than "
                f"{sketcher.limit} rows left out"
            )
        if len(sequences):
            begin = time.perf_counter()
            found.append(_measured(sketcher, sequences, scale))
            categories[name] = _figures(found[-1], time.perf_counter() - begin)
    if not found:
        raise UserError(f"{data}: no drawing in the {split} split of what this sketcher draws")
    overall = [joined(parts) for parts in zip(*found, strict=True)]
    seconds = sum(figures["seconds"] for figures in categories.values())
    figures = _figures(overall, seconds)
    return {"n_max": sketcher.limit, "split": split, **figures, "categories": categories}


def _scale(sketcher: Sketcher, source: str | Path | None, data: str | Path) -> float:
    from multimodal.sketching.data import read_sketches
    from multimodal.sketching.magenta import is_decoder_file
    from multimodal.sketching.sequences import LabelledSequences, scale_of

    if source is None or not is_decoder_file(source):
        return sketcher.scale
    drawings = read_sketches(data, "train")
    sequences = LabelledSequences(drawings, sketcher.categories, sketcher.limit)
    if not len(sequences):
        raise UserError(f"{data}: no drawing in the train split of what this decoder draws")
    return scale_of(sequences.rows)


def _measured(
    sketcher: Sketcher, sequences: LabelledSequences, scale: float
) -> list[DrawingMetrics]:
    """With z, where there is one; then without, where that is known."""
    from multimodal.sketching.measures import measure

    config = sketcher.network.config
    ways = [bool(config.latent_size)]
    if config.latent_size and config.latent_optional:
        ways.append(False)
    return [
        measure(sketcher.network, sequences, scale, sketcher.limit, latent=way, whole=True)
        for way in ways
    ]


def _figures(measures: list[DrawingMetrics], seconds: float) -> dict[str, Any]:
    first, *others = [of_way.means for of_way in measures]
    figures: dict[str, Any] = {**first, "seconds": seconds}
    for without in others:
        del without["kl"]
        figures["without_latent"] = without
    return figures


def _note_unknown_categories(
    sketcher: Sketcher, drawings: dict[str, Any], note: Callable[[str], object]
) -> None:
    unknown = [name for name in drawings if name not in sketcher.categories]
    if unknown:
        few = ", ".join(unknown[:5]) + ("" if len(unknown) <= 5 else ", …")
        note(f"{len(unknown)} categories that this sketcher does not draw are left out: {few}")
