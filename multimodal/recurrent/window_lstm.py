"""An LSTM that is led over a text by a sliding window (Graves 2013, equations 46-53).

What the window showed at the step before is an input of the next step, and so no fused kernel can
unroll it. `WindowLSTM.unroll` walks through time by itself, with a gradient derived by hand: all
that does not hang on the step before, in both directions, is computed for all steps at once.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from multimodal.recurrent.attention import GaussianWindow


class WindowState(NamedTuple):
    """Where an LSTM with a window stands: hidden and cell state, what it sees, and where.

    Attributes:
        h: (B, H).
        c: (B, H).
        seen: (B, D), w.
        places: (B, K), κ.
    """

    h: Tensor
    c: Tensor
    seen: Tensor
    places: Tensor

    def rows(self, rows: Tensor) -> WindowState:
        """The same for some of the sequences, or for several copies of them: rows (B',)."""
        return WindowState(*(part[rows] for part in self))


class Unrolled(NamedTuple):
    """What a whole sequence gives.

    Attributes:
        hidden: (B, T, H), of 16 bit where the products are.
        seen: (B, T, D), likewise.
        places: (B, T, K), without a gradient.
    """

    hidden: Tensor
    seen: Tensor
    places: Tensor


class WindowLSTM(nn.Module):
    """An LSTM whose inputs are a point, what its window shows of the text, and a constant.

        lstm = WindowLSTM(input_size=4, memory_size=64, constant_size=32, hidden_size=256)
        unrolled, state = lstm.unroll(points, memory, constant)     # (B, T, 4), (B, U, 64), (B, 32)
        state = lstm.step(point, memory, lstm.project(constant), state)          # (B, 4), …

    Args:
        input_size: F, the features of one step.
        memory_size: D, the features of one cell of the text.
        constant_size: S, the features that stay the same for a whole sequence.
        hidden_size: H.
        components: K, of the window.
        pace: see `GaussianWindow`.
    """

    def __init__(
        self,
        input_size: int,
        memory_size: int,
        constant_size: int,
        hidden_size: int,
        components: int = 6,
        pace: float = 0.1,
    ) -> None:
        super().__init__()
        self.sizes = (input_size, memory_size, hidden_size)
        self.hidden_size = hidden_size
        bound = 1 / math.sqrt(hidden_size)
        columns = input_size + memory_size + hidden_size
        # The gates stand in torch's order: input, forget, candidate, output.
        self.weight = nn.Parameter(torch.empty(4 * hidden_size, columns).uniform_(-bound, bound))
        self.constant = nn.Linear(constant_size, 4 * hidden_size)
        self.window = GaussianWindow(hidden_size, components, pace)
        with torch.no_grad():
            self.constant.bias[hidden_size : 2 * hidden_size] += 1  # forget little at first

    def initial_state(self, batch: int) -> WindowState:
        """Nothing remembered or seen, the window on the first cell."""
        _, memory_size, hidden_size = self.sizes
        zeros = self.weight.new_zeros(batch, hidden_size)
        seen = self.weight.new_zeros(batch, memory_size)
        return WindowState(zeros, zeros, seen, self.window.start(batch))

    def project(self, constant: Tensor) -> Tensor:
        """What a constant (B, S) adds to the sums of the gates at every step: (B, 4 H)."""
        projected: Tensor = self.constant(constant)
        return projected

    def unroll(
        self,
        inputs: Tensor,
        memory: Tensor,
        constant: Tensor,
        state: WindowState | None = None,
    ) -> tuple[Unrolled, WindowState]:
        """Read whole sequences, with a gradient for all but the state before.

        Args:
            inputs: (B, T, F).
            memory: (B, U, D), zero behind the end of each text.
            constant: (B, S).
            state: the state before the first step.

        Returns:
            What all steps give, and the state after the last.
        """
        kind = inputs.device.type
        mixed = torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if mixed else self.weight.dtype
        before = state or self.initial_state(len(inputs))
        projection = self.window.projection
        added = self.project(constant)
        hidden, seen, places, cell = _Unroll.apply(
            inputs, memory, added, self.weight, projection.weight, projection.bias, before, dtype
        )
        exact = self.weight.dtype
        after = WindowState(hidden[-1].to(exact), cell, seen[-1].to(exact), places[-1])
        by_sequence = (part.transpose(0, 1) for part in (hidden, seen, places))
        return Unrolled(*by_sequence), after

    def step(self, inputs: Tensor, memory: Tensor, added: Tensor, state: WindowState) -> Step:
        """One step on.

        Args:
            inputs: (B, F).
            memory: (B, U, D).
            added: (B, 4 H) from `project`.
            state: where the sequences stand.
        """
        read = torch.cat([inputs, state.seen, state.h], 1)
        i, f, g, o = (added + F.linear(read, self.weight)).chunk(4, 1)
        c = f.sigmoid() * state.c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        seen, weights, places = self.window(h, state.places, memory)
        return Step(WindowState(h, c, seen, places), weights)


class Step(NamedTuple):
    """What one step gives: the new state, and the window's weights φ (B, U)."""

    state: WindowState
    weights: Tensor


class _Unroll(torch.autograd.Function):
    """All steps forwards, and the gradient backwards through time; time stands first in here.

    The products run in `dtype`, all else in the type of the weights. `columns` (T + 1, B,
    F + D + H) holds what each step reads: the point, what was seen, and h of the step before.
    """

    @staticmethod
    def forward(  # noqa: PLR0913 - autograd sees only what it is handed one by one
        ctx: Any,
        inputs: Tensor,
        memory: Tensor,
        added: Tensor,
        weight: Tensor,
        window_weight: Tensor,
        window_bias: Tensor,
        state: WindowState,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        with torch.autocast(inputs.device.type, enabled=False):
            run = _Forward(weight.dtype, inputs, memory, state, dtype)
            run.walk(weight, added.to(weight.dtype), window_weight, window_bias)
        ctx.save_for_backward(weight, window_weight)
        ctx.run = run
        ctx.types = (inputs.dtype, memory.dtype, added.dtype)
        ctx.mark_non_differentiable(run.places, run.cells[-1])
        read = run.columns[1:, :, run.features :]
        return read[..., -run.size :], read[..., : -run.size], run.places, run.cells[-1]

    @staticmethod
    def backward(ctx: Any, hidden: Tensor, seen: Tensor, *_: Tensor) -> tuple[Any, ...]:
        weight, window_weight = ctx.saved_tensors
        run: _Forward = ctx.run
        ctx.run = None
        gates, exponents, looks = _backward(run, weight, window_weight, hidden, seen)
        features = run.memory.shape[2]
        flat = gates.flatten(0, 1)  # (T B, 4 H)
        read = run.columns[:-1].flatten(0, 1)
        size = run.size
        inputs_needed, memory_needed = ctx.needs_input_grad[:2]
        to_inputs = to_memory = None
        if inputs_needed:
            first = run.columns.shape[2] - features - size
            to_inputs = (gates @ weight[:, :first].to(gates.dtype)).transpose(0, 1)
            to_inputs = to_inputs.to(ctx.types[0])
        if memory_needed:
            shown = run.weights().permute(1, 2, 0)  # (B, U, T)
            to_memory = torch.bmm(shown, looks.transpose(0, 1)).to(ctx.types[1])
        flat_exponents = exponents.flatten(0, 1)
        return (
            to_inputs,
            to_memory,
            gates.sum(0, dtype=weight.dtype).to(ctx.types[2]),
            (flat.T @ read).to(weight.dtype),
            flat_exponents.T @ run.hidden.flatten(0, 1),
            flat_exponents.sum(0),
            None,
            None,
        )


class _Forward:
    """The way forwards, and what of it the way back needs."""

    def __init__(
        self,
        exact: torch.dtype,
        inputs: Tensor,
        memory: Tensor,
        state: WindowState,
        dtype: torch.dtype,
    ) -> None:
        batch, steps, features = inputs.shape
        self.size = size = state.h.shape[1]
        self.memory = memory.detach().to(exact)
        self.cells_of_text = torch.arange(memory.shape[1], device=inputs.device, dtype=exact)
        self.columns = inputs.new_empty(
            steps + 1, batch, features + memory.shape[2] + size, dtype=dtype
        )
        self.columns[:-1, :, :features] = inputs.transpose(0, 1)
        self.columns[0, :, features:-size] = state.seen
        self.columns[0, :, -size:] = state.h
        self.columns[-1, :, :features] = 0
        self.features = features
        new = self.memory.new_empty
        self.gates = new(steps, batch, 4, size)
        self.cells = new(steps + 1, batch, size)
        self.cells[0] = state.c
        self.hidden = new(steps, batch, size)
        self.seen = new(steps, batch, memory.shape[2])
        self.start = state.places.to(exact)
        self.places = new(steps, batch, state.places.shape[1])
        self.exponentials = new(steps, batch, 3 * state.places.shape[1])
        self.within = new(steps, batch, 3 * state.places.shape[1])

    def walk(
        self, weight: Tensor, added: Tensor, window_weight: Tensor, window_bias: Tensor
    ) -> None:
        """Go through all steps."""
        turned = weight.to(self.columns.dtype).T
        window_turned = window_weight.T.contiguous()
        size, features, limit = self.size, self.features, GaussianWindow.LARGEST_EXPONENT
        added = added.view(len(added), 4, size)
        places = self.start
        minus_cells = -self.cells_of_text
        for step, columns in enumerate(self.columns[:-1].unbind(0)):
            gates = torch.add(added, (columns @ turned).view_as(added), out=self.gates[step])
            gates[:, :2].sigmoid_()
            gates[:, 2].tanh_()
            gates[:, 3].sigmoid_()
            i, f, g, o = gates.unbind(1)
            cell = torch.mul(f, self.cells[step], out=self.cells[step + 1]).addcmul_(i, g)
            hidden = torch.mul(o, cell.tanh(), out=self.hidden[step])
            exponents = torch.addmm(window_bias, hidden, window_turned, out=self.within[step])
            exponentials = torch.exp(exponents.clamp(-limit, limit), out=self.exponentials[step])
            alpha, beta, pace = exponentials.chunk(3, 1)
            places = torch.add(places, pace, out=self.places[step])
            bells = places[:, :, None] + minus_cells  # (B, K, U)
            bells = bells.square_().mul_(beta[:, :, None]).neg_().exp_()
            shown = torch.bmm(alpha[:, None], bells)
            torch.bmm(shown, self.memory, out=self.seen[step][:, None])
            following = self.columns[step + 1]
            following[:, features:-size] = self.seen[step]
            following[:, -size:] = hidden

    def weights(self) -> Tensor:
        """φ of all steps: (T, B, U)."""
        alpha, beta, _ = self.exponentials.chunk(3, -1)
        away = self.places[..., None] - self.cells_of_text
        bells = (-beta[..., None] * away.square()).exp()
        weights: Tensor = (alpha[..., None, :] @ bells)[..., 0, :]
        return weights

    def sensitivities(self) -> Tensor:
        """Return the derivatives of w by α̂, β̂ and κ: (T, B, 3 K, D)."""
        # w = Σ_u Σ_k α exp(-β (κ - u)²) memory_u, with α = exp(α̂) and β = exp(β̂), so that
        # dφ/dα̂ = φ,  dφ/dβ̂ = -β (κ - u)² φ,  dφ/dκ = -2 β (κ - u) φ.
        alpha, beta, _ = self.exponentials.chunk(3, -1)  # (T, B, K) each
        away = self.places[..., None] - self.cells_of_text  # (T, B, K, U)
        bells = (-beta[..., None] * away.square()).exp_().mul_(alpha[..., None])
        scaled = away * -beta[..., None]
        weights = torch.cat([bells, bells * scaled * away, 2 * bells * scaled], -2)
        flat = weights.transpose(0, 1).flatten(1, 2)  # (B, T 3K, U)
        seen = torch.bmm(flat, self.memory)
        by_step: Tensor = seen.unflatten(1, (weights.shape[0], -1)).transpose(0, 1)
        return by_step


def _backward(
    run: _Forward, weight: Tensor, window_weight: Tensor, hidden: Tensor, seen: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the sums of the gates (T, B, 4 H), the exponents (T, B, 3 K) and w (T, B, D).

    Args:
        run: the way forwards.
        weight: of the gates.
        window_weight: of the window.
        hidden: (T, B, H), the gradient from above of h.
        seen: (T, B, D), likewise of what was seen.
    """
    # All local derivatives are known before the walk; only sums over time are left to its steps.
    dtype = run.columns.dtype
    back = weight[:, run.features :].to(dtype)  # (4 H, D + H)
    i, f, g, o = run.gates.unbind(2)  # (T, B, H) each
    bent = run.cells[1:].tanh()
    to_cell = o * (1 - bent.square())  # dh/dc, as h = o tanh c
    to_output = bent * o * (1 - o)  # dh/dô, where o = σ(ô)
    # dc/dî, dc/df̂ and dc/dĝ, as c = f c_{t-1} + i g with i = σ(î), f = σ(f̂), g = tanh ĝ
    from_cell = torch.stack(
        [g * i * (1 - i), run.cells[:-1] * f * (1 - f), i * (1 - g.square())], 2
    )
    components = run.places.shape[2]
    # An exponent that was clamped on the way forwards passes no gradient on.
    held = run.within.abs() > GaussianWindow.LARGEST_EXPONENT
    sensitivities = run.sensitivities()
    sensitivities[:, :, : 2 * components].masked_fill_(held[..., : 2 * components, None], 0)
    pace = run.exponentials[..., 2 * components :].masked_fill(held[..., 2 * components :], 0)
    # dκ/dκ̂ is the pace itself, exp(κ̂): κ_t = κ_{t-1} + exp(κ̂_t)
    steps, batch, size = hidden.shape
    gates = hidden.new_empty(steps, batch, 4, size, dtype=dtype)
    exponents = torch.empty_like(run.exponentials)
    looks = seen.to(run.seen.dtype, copy=True)
    above = hidden.to(run.hidden.dtype, copy=True)
    cell = torch.zeros_like(run.cells[0])  # dL/dc of the step after, through its forget gate
    places = torch.zeros_like(run.places[0])  # dL/dκ of all later steps, each of which adds to κ
    width = seen.shape[2]
    for step in reversed(range(steps)):
        look, h = looks[step], above[step]
        if step + 1 < steps:  # the next step read w and h of this one
            later = gates[step + 1].view(batch, -1) @ back
            look += later[:, :width]
            h += later[:, width:]
        # w_t → α̂, β̂ and κ; then κ → its exponent, and all exponents → h by the window's matrix
        to_window = torch.bmm(
            sensitivities[step], look[:, :, None], out=exponents[step][:, :, None]
        )[..., 0]
        places += to_window[:, 2 * components :]
        torch.mul(places, pace[step], out=exponents[step][:, 2 * components :])
        h.addmm_(exponents[step], window_weight)
        # h → c and ô; c → the other gates' sums, and through f to the cell before
        cell.addcmul_(h, to_cell[step])
        gates[step, :, :3] = cell[:, None] * from_cell[step]
        gates[step, :, 3] = h * to_output[step]
        cell *= f[step]
    return gates.flatten(2), exponents, looks
