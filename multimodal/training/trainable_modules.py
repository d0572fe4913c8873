"""Learning with a few parts of a network, so that the rest of its file stays as it was."""

from torch import nn

from multimodal.errors import UserError, offered


class TrainableModules:
    """Lets the vectors of a network learn, and the matrices of some of its parts.

    A vector costs next to nothing to keep, and moves every feature that it is added to (Ben Zaken,
    Ravfogel and Goldberg 2022, BitFit).

    Args:
        model: whose parts, its children.
        names: of the parts, separated by commas; none named means all.

    Raises:
        UserError: there is no such part.
    """

    def __init__(self, model: nn.Module, names: str) -> None:
        self._names = [name.strip() for name in names.split(",") if name.strip()]
        known = [name for name, part in model.named_children() if [*part.parameters()]]
        for name in self._names:
            if name not in known:
                raise UserError(f"trainable_modules: no part {name!r}; {offered(name, known)}")

    def choose(self, model: nn.Module) -> None:
        """Of what learns in a model of this kind, let the matrices of all other parts rest."""
        for name, weight in model.named_parameters():
            if self._names and weight.dim() > 1 and name.partition(".")[0] not in self._names:
                weight.requires_grad_(False)
