"""What every model that people use has in common: its files, and how they are found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Self

from multimodal.checkpoints import (
    JSON,
    load_tensors,
    push_to_hub,
    read_checkpoint,
    reading_config,
    save_checkpoint,
)
from multimodal.processor import Precision, torch_dtype
from multimodal.tasks import task_of

if TYPE_CHECKING:
    from torch import nn


class PretrainedModel(ABC):
    """A network with all that it takes to use it: loaded from one checkpoint, saved as one.

    A subclass names its task, and says how `config.json` and a model become each other.

    Attributes:
        TASK: the name of the task, in checkpoints and in `multimodal.tasks.TASKS`.
        PRECISION: of the arithmetic, unless a call says otherwise.
        network: what was learnt.
    """

    TASK: ClassVar[str]
    PRECISION: ClassVar[Precision] = "auto"
    network: nn.Module

    @classmethod
    def from_pretrained(
        cls, source: str | Path | None = None, *, precision: Precision | None = None
    ) -> Self:
        """Load a model, ready to use.

        Args:
            source: the name of a shipped model, a folder, or a repository of the Hugging Face Hub;
                the task's first shipped model unless given.
            precision: of the arithmetic: "fp32", "bf16", or "auto" for bf16 where the processor has
                it natively; `PRECISION` unless given.

        Raises:
            UserError: there is none, or it is damaged or made for another task.
        """
        task = task_of(cls.TASK)
        checkpoint = read_checkpoint(task.default() if source is None else source, task=cls.TASK)
        with reading_config(checkpoint):
            model = cls.from_config(checkpoint.config)
        load_tensors(model.network, checkpoint)
        model.set_precision(precision or cls.PRECISION)
        return model

    @classmethod
    @abstractmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a model with random weights from the contents of a `config.json`."""

    @abstractmethod
    def to_config(self) -> dict[str, JSON]:
        """Return what `from_config` needs to build this model again, as JSON."""

    def set_precision(self, precision: Precision) -> None:
        """Choose the arithmetic of a model that was just loaded; see `from_pretrained`."""
        self.network.to(torch_dtype(precision))

    def save_pretrained(self, folder: str | Path, card: str | None = None) -> Path:
        """Write `config.json` and `model.safetensors` (16-bit) into a folder, all or nothing.

        Args:
            folder: where; a checkpoint that is there is replaced.
            card: the text of the model card (README.md).

        Returns:
            The folder, made absolute.

        Raises:
            UserError: the folder holds something else, or the disk refuses.
        """
        import torch

        config = {"task": self.TASK, **self.to_config()}
        tensors = self.network.state_dict()
        return save_checkpoint(folder, config, tensors, dtype=torch.float16, card=card)

    def push_to_hub(self, repository: str, card: str | None = None) -> str:
        """Upload the model to the Hugging Face Hub, as whoever `hf auth login` logged in.

        Args:
            repository: `owner/name`; made when it does not exist.
            card: the text of the model card.

        Returns:
            The address of the repository.

        Raises:
            UserError: the Hub refuses.
        """
        with TemporaryDirectory() as place:
            return push_to_hub(self.save_pretrained(Path(place) / "model", card), repository)
