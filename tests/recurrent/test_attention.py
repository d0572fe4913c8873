"""Additive attention, against its formula written out with loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.recurrent.attention import AdditiveAttention

B, T, S, D, H, A = 2, 3, 4, 5, 6, 7


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return AdditiveAttention(memory_size=D, query_size=H, attention_size=A)


def look(attention, queries, memory):
    return attention(queries, attention.keys(memory), memory)


def dot(weights, vector) -> float:
    return sum(
        weight.item() * number.item() for weight, number in zip(weights, vector, strict=True)
    )


def test_it_computes_the_formula_of_bahdanau_cho_and_bengio(attention):
    queries, memory = torch.randn(B, T, H), torch.randn(B, S, D)
    contexts, weights = look(attention, queries, memory)
    w, b = attention.query_projection.weight, attention.query_projection.bias
    u, v = attention.memory_projection.weight, attention.energy.weight[0]
    for item in range(B):
        for step in range(T):
            energies = []
            for slot in range(S):
                compared = [
                    math.tanh(
                        dot(w[row], queries[item, step])
                        + b[row].item()
                        + dot(u[row], memory[item, slot])
                    )
                    for row in range(A)
                ]
                energies.append(sum(v[row].item() * compared[row] for row in range(A)))
            total = sum(math.exp(energy) for energy in energies)
            alphas = [math.exp(energy) / total for energy in energies]
            assert weights[item, step].tolist() == pytest.approx(alphas, abs=1e-6)
            context = [
                sum(alphas[slot] * memory[item, slot, feature].item() for slot in range(S))
                for feature in range(D)
            ]
            assert contexts[item, step].tolist() == pytest.approx(context, abs=1e-5)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.floats(0.0, 1e4))
def test_weights_are_shares_that_sum_to_one(batch, steps, slots, scale):
    torch.manual_seed(0)
    queries, memory = torch.randn(batch, steps, H) * scale, torch.randn(batch, slots, D) * scale
    contexts, weights = look(AdditiveAttention(D, H, A), queries, memory)
    assert contexts.shape == (batch, steps, D)
    assert weights.shape == (batch, steps, slots)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(batch, steps))


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(S)))
def test_permuting_the_memory_permutes_the_weights_and_keeps_the_context(order):
    torch.manual_seed(0)
    attention, queries, memory = (
        AdditiveAttention(D, H, A),
        torch.randn(B, T, H),
        torch.randn(B, S, D),
    )
    contexts, weights = look(attention, queries, memory)
    same_contexts, moved_weights = look(attention, queries, memory[:, order])
    torch.testing.assert_close(moved_weights, weights[..., order])
    torch.testing.assert_close(same_contexts, contexts)


def test_equal_slots_get_equal_weights(attention):
    slot = torch.randn(B, 1, D)
    contexts, weights = look(attention, torch.randn(B, T, H), slot.expand(B, S, D))
    torch.testing.assert_close(weights, torch.full((B, T, S), 1 / S))
    torch.testing.assert_close(contexts, slot.expand(B, T, D))


def test_every_query_looks_for_itself(attention):
    queries, memory = torch.randn(B, T, H), torch.randn(B, S, D)
    contexts, weights = look(attention, queries, memory)
    for step, query in enumerate(queries.unbind(1)):
        context, weight = look(attention, query[:, None], memory)
        torch.testing.assert_close(context[:, 0], contexts[:, step])
        torch.testing.assert_close(weight[:, 0], weights[:, step])


def test_keys_are_projected_once_for_all_steps(attention):
    calls = []
    attention.memory_projection.register_forward_hook(lambda *_: calls.append(1))
    memory = torch.randn(B, S, D)
    keys = attention.keys(memory)
    assert keys.shape == (B, S, A)
    for _ in range(5):
        attention(torch.randn(B, 1, H), keys, memory)
    assert calls == [1]


def test_slots_that_are_not_present_get_no_weight(attention):
    queries, memory = torch.randn(B, T, H), torch.randn(B, S, D)
    present = torch.tensor([[True] * S, [True, True, False, False]])
    contexts, weights = attention(queries, attention.keys(memory), memory, present)
    assert not weights[1, :, 2:].any()
    short, of_short = look(attention, queries[1:], memory[1:, :2])
    torch.testing.assert_close(weights[1:, :, :2], of_short)
    torch.testing.assert_close(contexts[1:], short)
    whole, _ = look(attention, queries[:1], memory[:1])
    torch.testing.assert_close(contexts[:1], whole)
