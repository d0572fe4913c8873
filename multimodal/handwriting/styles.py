"""A hand as a small file: whose it is (an embedding), how fast it moves, and a sample to begin from.

A style tells the network in two ways whose hand to write. The embedding is what it learnt of a
writer; for somebody it never saw, it is found by gradient with the network frozen (`learn_hand`). The
primer is a line of that hand which the network reads before it writes on (Graves 2013, section 5.6).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from multimodal.checkpoints import disk_errors
from multimodal.errors import UserError
from multimodal.handwriting.alphabet import CHARACTERS, encode
from multimodal.handwriting.batches import batch_of
from multimodal.handwriting.likelihood import batch_nats, script_nats
from multimodal.handwriting.lines import LEVELLED, Rows, Script, levelled, usable
from multimodal.handwriting.model import WriterNetwork
from multimodal.strokes import Drawing, to_stroke3
from multimodal.strokes.handwritten import SPREAD

FORMAT = 1
EPSILON = 0.9
"""How far strokes may stray when points are left out: what UNIPEN's lines here were thinned by."""

LEAST_SAMPLE = 3  # points
LONGEST_SAMPLE = 1000
PRIMER = (8, 30)
"""The fewest and the most characters of a sample that is written on from."""

STEPS, RATE, PULL = 40, 0.08, 1e-3


@dataclass(frozen=True)
class Primer:
    """A sample of a hand to be written on from.

    Attributes:
        text: what it says.
        rows: dx, dy, pen lifted after, in the data's units; the first row is the first point.
    """

    text: str
    rows: tuple[tuple[float, float, int], ...]

    @property
    def array(self) -> Rows:
        """The rows (N, 3)."""
        return np.array(self.rows, dtype=np.float32)


@dataclass(frozen=True)
class Style:
    """A hand.

    Attributes:
        name: what it is called.
        hand: the embedding.
        pace: how far it moves, in the data's units a character.
        primer: a sample to begin from, or None.
    """

    name: str
    hand: tuple[float, ...]
    pace: float
    primer: Primer | None = None

    def save(self, path: str | Path) -> Path:
        """Write a style as a small JSON file.

        Raises:
            UserError: the disk refuses.
        """
        path = Path(path)
        text = json.dumps({"format": FORMAT, "kind": "handwriting style", **asdict(self)})
        aside = path.with_name(f".unfinished-{path.name}")
        with disk_errors(path):
            aside.write_text(text + "\n", encoding="utf-8")
            aside.replace(path)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: no such file, or no style in it.
        """
        path = Path(path)
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            return cls._read(entry)
        except FileNotFoundError:
            raise UserError(f"{path}: no such style; a number or a file expected") from None
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise UserError(f"{path}: not a style of handwriting ({error})") from None

    @classmethod
    def _read(cls, entry: dict[str, Any]) -> Self:
        if entry["kind"] != "handwriting style" or entry["format"] != FORMAT:
            raise ValueError("another kind or format")
        found = entry["primer"]
        rows = () if found is None else tuple(
            (float(dx), float(dy), int(lifted)) for dx, dy, lifted in found["rows"]
        )
        primer = None if found is None else Primer(str(found["text"]), rows)
        hand = tuple(float(value) for value in entry["hand"])
        pace = float(entry["pace"])
        values = [pace, *hand, *(value for row in rows for value in row)]
        if not np.isfinite(values).all() or pace <= 0 or not hand:
            raise ValueError("a number that cannot be")
        if primer is not None and (not rows or not set(primer.text) <= set(CHARACTERS)):
            raise ValueError("a primer that cannot be written")
        return cls(str(entry["name"]), hand, pace, primer)


def samples_as_script(samples: Sequence[tuple[Drawing, str]]) -> Script:
    """Samples of one hand, in any unit, as pieces of the size that the network learnt from.

    Args:
        samples: what was written, one line each, and what it says.

    Raises:
        UserError: no samples, one without enough points, a text that cannot be written.
    """
    if not samples:
        raise UserError("no sample to learn a style from; ten lines are plenty")
    texts = [encode(" ".join(text.split())) for _, text in samples]
    for number, ((drawing, _), text) in enumerate(zip(samples, texts, strict=True), 1):
        if drawing.points < max(LEAST_SAMPLE, len(text) - 1) or len(text) < 2:
            raise UserError(
                f"sample {number}: {drawing.points} points for {len(text) - 1} characters of text"
            )
    rows = [to_stroke3(drawing.moved(*-drawing.strokes[0][0])) for drawing, _ in samples]
    spreads = [float(piece[:, 1].cumsum(0).std()) for piece in rows]
    factor = SPREAD / max(float(np.median(spreads)), 1e-6)
    pieces = []
    for number, ((drawing, _), text) in enumerate(zip(samples, texts, strict=True), 1):
        fine = drawing.moved(*-drawing.strokes[0][0]).scaled(factor).simplified(EPSILON)
        piece = to_stroke3(fine)
        if not usable(piece, "x" * (len(text) - 1), LONGEST_SAMPLE):
            raise UserError(f"sample {number}: not a single line of writing of at most 90 letters")
        pieces.append(levelled(piece) if len(text) > LEVELLED else piece)
    count = len(pieces)
    return Script(pieces, texts, np.zeros(count, dtype=np.int64), np.array(["lines"] * count))


def learn_hand(
    network: WriterNetwork,
    script: Script,
    scale: float,
    steps: int = STEPS,
    progress: Callable[[int, float], object] = lambda *_: None,
) -> Tensor:
    """Find the embedding (S,) under which pieces of one hand surprise least; the network stays.

    It begins from the known hand that foretells the pieces best, and is pulled to the middle of all.

    Args:
        network: what was learnt.
        script: pieces of the hand.
        scale: the network's unit.
        steps: of Adam.
        progress: is told the number of each step and the nats per point.
    """
    start = _nearest_hand(network, script, scale)
    middle = network.hands.weight.detach().mean(0)
    batch = batch_of(script.rows, script.texts, [0] * len(script), scale)
    points = int(script.lengths.sum())
    hand = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([hand], lr=RATE)
    learnt = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in learnt:
        weight.requires_grad_(False)
    try:
        memory = network.memory(batch.texts)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = RATE * (1 - step / steps)
            vectors, *_ = network.unroll(batch.points, memory, hand.expand(len(script), -1))
            nats = batch_nats(network.output, vectors, batch).total.sum() / points
            loss = nats + PULL * (hand - middle).square().sum()
            (hand.grad,) = torch.autograd.grad(loss, [hand])
            optimizer.step()
            progress(step, float(nats))
    finally:
        for weight in learnt:
            weight.requires_grad_(True)
    return hand.detach()


def pace_of(script: Script) -> float:
    """How far a hand moves, in the data's units a character: the median over its pieces."""
    widths = [np.ptp(rows[:, 0].cumsum(0)) for rows in script.rows]
    counts = [len(text) - 1 for text in script.texts]
    return float(np.median([w / n for w, n in zip(widths, counts, strict=True)])) or 1.0


def primer_of(script: Script) -> Primer | None:
    """The piece that is best written on from: of the usual pace, and neither long nor short."""
    least, most = PRIMER
    pace = pace_of(script)
    fitting = [
        (abs(np.ptp(rows[:, 0].cumsum(0)) / (len(text) - 1) - pace), number)
        for number, (rows, text) in enumerate(zip(script.rows, script.texts, strict=True))
        if least <= len(text) - 1 <= most
    ]
    if not fitting:
        return None
    number = min(fitting)[1]
    text = "".join(CHARACTERS[code - 1] for code in script.texts[number][:-1])
    rows = tuple((float(x), float(y), int(lifted)) for x, y, lifted in script.rows[number])
    return Primer(text, rows)


def _nearest_hand(network: WriterNetwork, script: Script, scale: float) -> Tensor:
    """The embedding, of a spread of known ones and nobody's, that foretells a few pieces best."""
    hands = network.hands.weight.detach()
    spread = torch.linspace(0, len(hands) - 1, min(12, len(hands))).round().long()
    some = script.some(3)
    nats = [
        float(script_nats(network, some, hands[number].expand(len(some), -1), scale).sum())
        for number in spread
    ]
    return hands[spread[int(np.argmin(nats))]]
