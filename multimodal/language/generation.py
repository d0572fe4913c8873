"""Writing on: many texts at once, token by token, in constant time and memory for each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from multimodal.language.model import LanguageNetwork
from multimodal.language.options import BLOCK, TextGenerationOptions
from multimodal.recurrent.generation.hypotheses import Frontier
from multimodal.recurrent.generation.sampling import Sampler
from multimodal.recurrent.generation.trees import take_rows
from multimodal.seeds import derived_seed


class TextGenerator:
    """Texts that are being written on, each by one token at every step.

    The rules of choosing are those of the generation engine; what the engine keeps of every step,
    to find its best hypotheses, a text of any length cannot keep.

    Args:
        network: what writes.
        prompts: what each of B texts begins with, (T,) tokens, at least one.
        options: how to choose. Every text has random numbers of its own, which depend on the seed
            and on its place among the texts alone.
        reserved: tokens that are never written.
    """

    def __init__(
        self,
        network: LanguageNetwork,
        prompts: Sequence[Tensor],
        options: TextGenerationOptions,
        reserved: Sequence[int],
    ) -> None:
        self._network = network
        self._options = options
        device = network.readout.weight.device
        self._reserved = torch.tensor(reserved, dtype=torch.int64, device=device)
        self._seed = int(torch.randint(2**62, ())) if options.seed is None else options.seed
        self._count = len(prompts)
        self._rows = torch.arange(self._count, device=device)
        self._steps = 0
        self._last = self._rows
        with torch.inference_mode():
            self._logits, self._state = network.prefill(prompts)

    @torch.inference_mode()
    def step(self) -> tuple[Tensor, Tensor]:
        """Write one token in every text.

        Returns:
            The tokens (B,), and the logarithm of each one's probability in nats, as the model gives
            it: before temperature, top_k and top_p.
        """
        if self._steps:
            self._logits, self._state = self._network.step(self._last, self._state)
        place = self._steps % BLOCK
        if place == 0:
            self._sampler = self._next_sampler()
        logits = self._logits.float().index_fill(-1, self._reserved, -torch.inf)
        written = self._rows[:, None, None].expand(-1, 1, 1 + place)  # a length, no content
        totals = logits.new_zeros(len(self._rows), 1)
        choice = self._sampler.choose(
            Frontier(self._rows, written, totals), logits.log_softmax(-1)[:, None]
        )
        self._last = choice.tokens[:, 0]
        self._steps += 1
        return self._last, choice.log_probs[:, 0]

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """Go on with these rows (R,) of the last step alone: the other texts are finished."""
        rows = rows.to(self._rows.device)
        self._rows, self._last = self._rows[rows], self._last[rows]
        self._state = take_rows(self._state, rows)

    def _next_sampler(self) -> Sampler:
        seeds = [derived_seed(self._seed, text, self._steps) for text in range(self._count)]
        return Sampler(self._options.sampling, seeds, self._rows.device)
