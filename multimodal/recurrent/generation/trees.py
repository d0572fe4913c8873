"""States and memories: tensors in tuples in tuples, whatever shape a model gives them."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar, cast

import torch
from torch import Tensor

Tree: TypeAlias = "Tensor | tuple[Tree, ...]"
AnyTree = TypeVar("AnyTree", bound=Tree)


def leaves(tree: Tree) -> Iterator[Tensor]:
    """Yield every tensor of a tree, from left to right."""
    if isinstance(tree, Tensor):
        yield tree
    else:
        for branch in tree:
            yield from leaves(branch)


def map_leaves(change: Callable[[Tensor], Tensor], tree: AnyTree) -> AnyTree:
    """Apply `change` to every tensor; tuples stay tuples, named ones keep their names."""
    if isinstance(tree, Tensor):
        return cast(AnyTree, change(tree))
    make = getattr(tree, "_make", tuple)
    return cast(AnyTree, make(map_leaves(change, branch) for branch in tree))


def take_rows(tree: AnyTree, rows: Tensor) -> AnyTree:
    """Take some rows of every leaf: (B, ...) and rows (R,) give (R, ...)."""
    return map_leaves(lambda leaf: leaf.index_select(0, rows), tree)


def repeat_slots(tree: AnyTree, times: int) -> AnyTree:
    """Repeat every slot `times` times in a row: (B, K, ...) gives (B, K * times, ...)."""
    return map_leaves(lambda leaf: leaf.repeat_interleave(times, dim=1), tree)


def take_slots(tree: AnyTree, slots: Tensor) -> AnyTree:
    """Take slots of the same row: (B, K, ...) and slots (B, N) give (B, N, ...)."""
    first = next(leaves(tree))
    offsets = torch.arange(0, first.shape[0] * first.shape[1], first.shape[1], device=slots.device)
    flat = (slots + offsets[:, None]).flatten()  # (B * N,)
    # One index_select over B * K rows: a gather would need the index spread over all features.
    return map_leaves(
        lambda leaf: leaf.flatten(0, 1).index_select(0, flat).view(*slots.shape, *leaf.shape[2:]),
        tree,
    )
