"""A sketcher in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from multimodal.errors import UserError
from multimodal.portable.file import Array, ModelFile
from multimodal.seeds import normals, uniforms
from multimodal.sketching.base import SketcherBase
from multimodal.sketching.options import DrawingOptions
from multimodal.sketching.sequences import Rows, drawing_of
from multimodal.strokes import Drawing

BATCH_SIZE = 250  # drawings in one batch
UNIFORMS = 4  # random numbers of a point
TEMPERATURE = 0.4  # of points that are not chosen from candidates


class PortableSketcher(SketcherBase):
    """A category becomes drawings; see `multimodal.sketching.sketcher.Sketcher`.

    Args:
        file: made for "sketcher".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.categories = tuple(str(name) for name in file["categories"])
        self.low_quality = frozenset(file["low_quality"])
        self.scale = float(file["scale"])
        self.limit = int(file["limit"])
        self.latent_size = int(file["latent_size"])
        self.options = DrawingOptions(temperature=TEMPERATURE, num_candidates=1)

    def _endings(
        self, begun: Rows, n: int, label: int, room: int, options: DrawingOptions
    ) -> list[Array]:
        rows, counts, nats = self._run(
            [label] * n,
            begun.astype(np.float32),
            random_numbers(options.seed, n, room),
            options.temperature,
            np.zeros((n, self.latent_size), np.float32),
        )
        return [rows[number, : counts[number]] for number in np.argsort(nats, kind="stable")]

    def variations(self, *_: Any, **__: Any) -> NoReturn:
        """Cannot be done by a file.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.file.path}: draws and completes; the model itself also varies")

    def interpolate(self, *_: Any, **__: Any) -> NoReturn:
        """Cannot be done by a file.

        Raises:
            UserError: always.
        """
        raise UserError(f"{self.file.path}: draws and completes; the model itself also morphs")

    def _changed(self, changes: Mapping[str, Any]) -> DrawingOptions:
        options = super()._changed(changes)
        if options.num_candidates > 1:
            raise UserError(f"num_candidates: {self.file.path} takes points as they come; 1 alone")
        return options

    def _draw_labelled(
        self, labels: Sequence[int], numbers: Sequence[int], options: DrawingOptions
    ) -> Iterator[Drawing]:
        most = options.max_points or self.limit
        for start in range(0, len(labels), BATCH_SIZE):
            some = slice(start, start + BATCH_SIZE)
            which = list(numbers[some])
            draws = random_numbers(options.seed, max(which) + 1, most)[which]
            latents = normals(options.seed, max(which) + 1, self.latent_size)[which]
            nothing = np.zeros((0, 3), np.float32)
            rows, counts, _ = self._run(labels[some], nothing, draws, options.temperature, latents)
            yield from (drawing_of(row[:count]) for row, count in zip(rows, counts, strict=True))

    def _run(
        self, labels: Sequence[int], begun: Array, draws: Array, temperature: float, latents: Array
    ) -> tuple[Array, Array, Array]:
        """Rows (B, T, 3), counts and nats per point (B,) of what goes on from rows (P, 3)."""
        padded = np.concatenate([begun, np.zeros((0 if len(begun) else 1, 3), np.float32)])
        found = self.file.run(
            categories=labels,
            begun=np.repeat(padded[None], len(labels), 0),
            lengths=np.full(len(labels), len(begun)),
            uniforms=draws,
            temperature=temperature,
            **({"latents": latents} if self.latent_size else {}),
        )
        return found["rows"], found["counts"], found["nats_per_point"]


def random_numbers(seed: int, drawings: int, points: int) -> Array:
    """(drawings, points, 4) in [0, 1), as `Sketcher` draws them.

    Args:
        seed: of all.
        drawings: how many.
        points: of each.
    """
    return uniforms([seed], drawings, points * UNIFORMS).reshape(drawings, points, UNIFORMS)
