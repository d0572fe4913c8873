"""A sketcher in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        self.guided = bool(file["guided"])
        self.options = DrawingOptions(**file["options"])

    def _endings(
        self, begun: Rows, n: int, label: int, room: int, options: DrawingOptions
    ) -> list[Array]:
        anything = label == len(self.categories)
        found = self._run(
            [label] * n,
            begun.astype(np.float32),
            random_numbers(options.seed, n, room, 1 if anything else self._num_candidates(options)),
            options,
            np.zeros((n, self.latent_size), np.float32),
        )
        nats = found["nats_per_point"]
        if self.guided and not anything:
            nats = nats - found["nats_per_point_of_anything"]
        order = np.argsort(nats, kind="stable")
        return [found["rows"][number, : found["counts"][number]] for number in order]

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

    def _num_candidates(self, options: DrawingOptions) -> int:
        return options.num_candidates if self.guided else 1

    def _draw_labelled(
        self, labels: Sequence[int], numbers: Sequence[int], options: DrawingOptions
    ) -> Iterator[Drawing]:
        most = options.max_points or self.limit
        for start in range(0, len(labels), BATCH_SIZE):
            some = slice(start, start + BATCH_SIZE)
            which = list(numbers[some])
            draws = random_numbers(
                options.seed, np.array(which), most, self._num_candidates(options)
            )
            latents = normals(options.seed, max(which) + 1, self.latent_size)[which]
            nothing = np.zeros((0, 3), np.float32)
            found = self._run(labels[some], nothing, draws, options, latents)
            both = zip(found["rows"], found["counts"], strict=True)
            yield from (drawing_of(row[:count]) for row, count in both)

    def _run(
        self,
        labels: Sequence[int],
        begun: Array,
        draws: tuple[Array, Array],
        options: DrawingOptions,
        latents: Array,
    ) -> dict[str, Array]:
        """The graph's outputs for what goes on from rows (P, 3)."""
        padded = np.concatenate([begun, np.zeros((0 if len(begun) else 1, 3), np.float32)])
        return self.file.run(
            categories=labels,
            begun=np.repeat(padded[None], len(labels), 0),
            lengths=np.full(len(labels), len(begun)),
            uniforms=draws[0],
            choices=draws[1],
            watch=options.num_candidates > 1,
            temperature=options.temperature,
            **({"latents": latents} if self.latent_size else {}),
        )


def random_numbers(
    seed: int, drawings: int | Array, points: int, num_candidates: int
) -> tuple[Array, Array]:
    """Numbers in [0, 1) for candidates (B, T, D, 4) and choices (B, T), as `Sketcher` draws them.

    Args:
        seed: of all.
        drawings: how many, or the numbers of those that are wanted.
        points: T, of each.
        num_candidates: D, of each point; where there is one, none is chosen.
    """
    width = UNIFORMS * num_candidates + (num_candidates > 1)
    numbers = uniforms([seed], drawings, points * width)[0].reshape(-1, points, width)
    of_candidates = numbers[..., : UNIFORMS * num_candidates].reshape(
        -1, points, num_candidates, UNIFORMS
    )
    return of_candidates, numbers[..., -1]
