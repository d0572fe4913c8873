"""A language model as one graph: beginnings and uniform numbers in, tokens out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from multimodal.exporting.loops import repeated
from multimodal.exporting.manifest import Exported, Input, graph_and_manifest, scalar
from multimodal.exporting.sampling import choose, restricted
from multimodal.exporting.strokes import chosen, put
from multimodal.language.data import token_before
from multimodal.language.language_model import LanguageModel
from multimodal.language.model import LanguageNetwork
from multimodal.recurrent.cells import State


class LanguageModelGraph(nn.Module):
    """Writes on behind texts.

    Args:
        network: what was learnt, in fp32.
        reserved: tokens that are never written.
    """

    banned: Tensor

    def __init__(self, network: LanguageNetwork, reserved: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        banned = torch.zeros(network.readout.out_features, dtype=torch.bool)
        banned[list(reserved)] = True
        self.register_buffer("banned", banned)

    def forward(
        self,
        prompts: Tensor,
        lengths: Tensor,
        uniforms: Tensor,
        temperature: Tensor,
        top_k: Tensor,
        top_p: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Draw T tokens behind each of B texts.

        Args:
            prompts: (B, P) int64, what each begins with, padded behind.
            lengths: (B,) int64 how many tokens of each count, at least one.
            uniforms: (B, T) float64 in [0, 1).
            temperature: () float32, above 0.
            top_k: () int64, at least one; the vocabulary's size for all.
            top_p: () float32, above 0; 1 for all.

        Returns:
            tokens (B, T) int64, and the natural logarithm of each one's probability (B, T).
        """
        network, banned = self.network, self.banned
        count, steps, most = prompts.shape[0], uniforms.shape[1], prompts.shape[1]
        flat, layers = _flat(network.recurrent.initial_state(count))

        def write(
            step: Tensor, state: Sequence[Tensor], results: Sequence[Tensor]
        ) -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
            (token, *flat), (tokens, nats) = state, results
            logits, after = network.step(token, _state(flat, layers))
            log_probs = logits.float().masked_fill(banned, -torch.inf).log_softmax(-1)
            allowed = restricted(log_probs / temperature, top_k, top_p)
            at = step + 1 - lengths  # (B,) which of its own tokens; below 0: in the prompt
            drawn = choose(allowed, chosen(uniforms, at))
            own = at >= 0
            tokens = put(tokens, at, own, drawn)
            nats = put(nats, at, own, log_probs.gather(1, drawn[:, None])[:, 0])
            given = prompts.index_select(1, (step + 1).clamp(max=most - 1)[None])[:, 0]
            token = torch.where(own, drawn, given)
            return at + 1 < steps, (token, *_flat(after)[0]), (tokens, nats)

        tokens, nats = repeated(
            write,
            steps + most,
            (prompts[:, 0], *flat),
            (torch.zeros(count, steps, dtype=torch.int64), torch.zeros(count, steps)),
        )
        return tokens, nats


def _flat(state: State) -> tuple[list[Tensor], int]:
    """A state's tensors in a row (no two the same tensor), and how many layers they are of."""
    return [tensor.clone() for layer in state for tensor in layer], len(state)


def _state(flat: Sequence[Tensor], layers: int) -> State:
    size = len(flat) // layers
    return tuple(tuple(flat[n * size : (n + 1) * size]) for n in range(layers))


def exported(language_model: LanguageModel) -> Exported:
    """Make a file of a model in fp32."""
    vocabulary = language_model.vocabulary
    one = {0: "texts"}
    size = len(vocabulary)
    inputs = {
        "prompts": Input(
            torch.zeros(2, 3, dtype=torch.int64),
            {**one, 1: "prompt"},
            f"(B, P), what each begins with, behind the token {token_before(vocabulary)}; padded",
        ),
        "lengths": Input(torch.tensor([3, 2]), one, "(B,), tokens of each, at least one"),
        "uniforms": Input(
            torch.rand(2, 4, dtype=torch.float64), {**one, 1: "steps"}, "(B, T), from 0 to below 1"
        ),
        "temperature": scalar(1.0, "(), above 0; usually 1"),
        "top_k": scalar(size, f"(), draw from the k most probable; {size} for all"),
        "top_p": scalar(1.0, "(), draw from the most probable that reach p; 1 for all"),
    }
    outputs = {
        "tokens": "(B, T), what is written, without the prompt",
        "log_probs": "(B, T), of every token, in nats",
    }
    graph = LanguageModelGraph(language_model.network, vocabulary.reserved)
    manifest = {
        "vocabulary": vocabulary.to_json(),
        "before": token_before(vocabulary),
        "cannot": ["stream", "score", "trace"],
    }
    return graph_and_manifest(language_model.TASK, graph, inputs, outputs, manifest)
