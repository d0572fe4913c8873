"""A sketcher in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np

from multimodal.errors import UserError
from multimodal.portable.file import Array, ModelFile
from multimodal.seeds import normals, uniforms
from multimodal.sketching.options import DrawingOptions
from multimodal.sketching.prompts import parse_prompt
from multimodal.sketching.scenes import draw_prompt
from multimodal.sketching.sequences import continued, drawing_of, rows_of
from multimodal.strokes import Drawing

BATCH_SIZE = 250  # drawings in one batch
SCALES_IN_FRAME = 8.2  # see `multimodal.sketching.sketcher`
UNIFORMS = 4  # random numbers of a point
TEMPERATURE = 0.4  # of points that are not chosen from drafts


class PortableSketcher:
    """A category becomes drawings; see `multimodal.sketching.sketcher.Sketcher`.

    Args:
        file: made for "sketcher".
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.categories = tuple(str(name) for name in file["categories"])
        self.rough = frozenset(file["rough"])
        self.scale = float(file["scale"])
        self.limit = int(file["limit"])
        self.latent_size = int(file["latent_size"])
        self.options = DrawingOptions(temperature=TEMPERATURE, drafts=1)

    @property
    def frame(self) -> float:
        """How large drawings are, on their larger side."""
        return SCALES_IN_FRAME * self.scale

    def draw(self, prompt: str, count: int = 1, **changes: Any) -> list[Drawing]:
        """Draw a prompt; see `Sketcher.draw`."""
        return draw_prompt(self, parse_prompt(prompt, self.categories), count, **changes)

    def draw_many(self, wanted: Sequence[tuple[str, int]], **changes: Any) -> list[list[Drawing]]:
        """Draw so many of each category, all at once; see `Sketcher.draw_many`."""
        options = self._changed(changes)
        drawn: Counter[int] = Counter()
        labels: list[int] = []
        numbers: list[int] = []
        for category, count in wanted:
            if count < 1:
                raise UserError(f"{category}: at least one must be drawn, not {count}")
            label = self._label(category)
            labels += [label] * count
            numbers += range(drawn[label], drawn[label] + count)
            drawn[label] += count
        found = iter(self._drawn(labels, numbers, options))
        return [[next(found) for _ in range(count)] for _, count in wanted]

    def complete(
        self, drawing: Drawing, n: int = 1, category: str | None = None, **changes: Any
    ) -> list[Drawing]:
        """Finish an unfinished drawing in several ways; see `Sketcher.complete`."""
        options = self._changed(changes)
        begun = rows_of(drawing)
        room = self.limit - len(begun)
        if room < 1:
            raise UserError(f"a drawing of {len(begun)} points and more cannot be gone on with")
        if n < 1:
            raise UserError(f"n: must be at least 1, not {n}")
        points = min(options.max_points or room, room)
        rows, counts, nats = self._run(
            [self._label(category)] * n,
            begun,
            random_numbers(options.seed, n, points),
            options.temperature,
            np.zeros((n, self.latent_size), np.float32),
        )
        order = np.argsort(nats, kind="stable")
        return [continued(drawing, rows[number, : counts[number]]) for number in order]

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
        options = self.options.changed(changes)
        if options.drafts > 1:
            raise UserError(f"drafts: {self.file.path} takes points as they come; only 1 can be")
        return options

    def _label(self, category: str | None) -> int:
        if category in self.categories:
            return self.categories.index(category)
        if category is None:
            return len(self.categories)
        near = get_close_matches(category, self.categories, n=3) or self.categories[:3]
        raise UserError(f"no category {category!r}; there is {', '.join(near)}")

    def _drawn(
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
    """(drawings, points, 4) in [0, 1), as `Sketcher` draws them."""
    return uniforms([seed], drawings, points * UNIFORMS).reshape(drawings, points, UNIFORMS)
