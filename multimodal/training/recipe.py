"""What a task hands to the loop: its options, its stages and itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge
from PIL.Image import Image
from torch import Tensor, nn

from multimodal import setting_types as common
from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.pretrained_model import PretrainedModel
from multimodal.settings import Settings, config_of


@dataclass(frozen=True)
class TrainingOptions(Settings):
    """How one stage is optimised: AdamW (Loshchilov & Hutter, 2019), a warm-up, then a cosine."""

    epochs: common.Epochs
    learning_rate: common.LearningRate
    weight_decay: common.WeightDecay = 0.0
    betas: common.Betas = (0.9, 0.999)
    warmup_steps: common.WarmupSteps = 0
    min_lr_ratio: common.MinLrRatio = 0.0
    max_grad_norm: common.MaxGradNorm = 0.0
    ema_decay: common.EmaDecay = 0.0
    weight_bits: common.WeightBits = 0
    seed: common.Seed = 0
    precision: common.Precision = "auto"
    checkpoint_seconds: Annotated[float, Ge(0), "The most work that a kill may cost."] = 120.0
    log_every: Annotated[int, Ge(1), "Steps that a line of `metrics.jsonl` averages over."] = 50


@dataclass(frozen=True)
class Recipe(TrainingOptions):
    """The settings of a task that trains in one stage; on the command line, ``--set name=value``.

    A task adds the sizes of its network and how its data are changed.
    """

    epochs: common.Epochs = 10
    learning_rate: common.LearningRate = 2e-3
    betas: common.Betas = (0.9, 0.99)
    warmup_steps: common.WarmupSteps = 200
    min_lr_ratio: common.MinLrRatio = 0.02
    max_grad_norm: common.MaxGradNorm = 1.0
    ema_decay: common.EmaDecay = 0.999

    def options(self, steps_per_epoch: int) -> TrainingOptions:
        """How the stage is optimised; the warm-up takes no more than a fifth of all its steps."""
        fifth = self.epochs * steps_per_epoch // 5
        return config_of(TrainingOptions, self, warmup_steps=min(self.warmup_steps, fifth))


class Batches(ABC):
    """What a stage learns from, batch by batch."""

    @abstractmethod
    def steps_per_epoch(self) -> int:
        """Count the batches of every epoch."""

    @abstractmethod
    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterable[Any]:
        """Return this process's part of every batch of an epoch, from batch number `start` on.

        What comes must be a function of these four numbers and the seed alone: no global random
        state (`derived_seed` makes local ones), which is what lets a run go on in mid-epoch.
        Every process must get as many parts. A part may be tensors in tuples, lists or
        dictionaries, or anything with a method `to(device)`.

        Args:
            epoch: number of the epoch.
            start: batches to leave out, for going on in mid-epoch.
            rank: this process.
            world: number of processes.
        """


class Stage(ABC):
    """One phase of a training: its data, its loss and which weights it moves.

    Attributes:
        name: unique in its task; shown in every report.
        options: how it is optimised.
        data: what it learns from, unless it deals out batches itself.
    """

    name: str
    options: TrainingOptions
    data: Batches

    def setup(self, model: nn.Module) -> None:
        """Freeze and unfreeze, prepare caches; called when the stage starts and when it goes on.

        The weights already hold what the stage starts or goes on from and must not be changed.
        What is not frozen must have a part in every loss. The model is in training mode; modules
        put in evaluation mode here stay so. The main process begins first, so that the others find
        the caches that it filled.
        """
        model.requires_grad_(True)

    def parameter_groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """List what learns, as torch's optimizers take it.

        The extra key `scale` multiplies the learning rate of a group.
        """
        return [{"params": [weight for weight in model.parameters() if weight.requires_grad]}]

    def steps_per_epoch(self) -> int:
        """Count the batches of every epoch; asked after `setup`."""
        return self.data.steps_per_epoch()

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterable[Any]:
        """Return this process's part of every batch of an epoch; see `Batches`."""
        return self.data.batches(epoch, start, rank, world)

    @abstractmethod
    def loss(self, model: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Compute scalars: `loss`, which is minimised, and any others, which are logged.

        `weight` is not logged: it says how many items (tokens, strokes) the others are means over,
        so that parts of unequal size count as if one process had seen the whole batch.
        """

    def state_dict(self) -> dict[str, Tensor]:
        """Return the tensors to be kept for going on, e.g. the hidden state of truncated BPTT.

        The same names and shapes in every process.
        """
        return {}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` returned, after `setup`, when the stage goes on."""
        if tensors:
            raise UserError(f"{self.name}: the saved state carries {', '.join(tensors)}: not ours")


@dataclass(frozen=True)
class TrainingInput:
    """What ``multimodal train`` hands to the `from_data` of a task, beside the task's own options.

    Attributes:
        data: what to learn from.
        out: the run's folder.
        note: is told, a line each, what the training leaves out.
    """

    data: str | Path
    out: Path
    note: Callable[[str], object]


class Task(ABC):
    """What is trained: a model and its stages; a stage starts from the best weights so far.

    For ``multimodal train`` it has a classmethod `from_data(recipe, given, **options)`; `given` is
    a `TrainingInput`, and the options are the `data_options` of the task's row.

    Attributes:
        model: with its initial weights, which must be the same each time the task is made.
        stages: in order.
        metric: the figure of `validate` that decides which weights are best.
        higher_is_better: which way.
        config: everything besides the stages' options that decides the outcome (sizes, batch sizes,
            which data and how many); a run goes on only when it is the same.
        opening: lines that a run begins with.
        recipe_file: the content of the run's `recipe.toml`, by which it can be repeated, if any.
    """

    model: nn.Module
    stages: Sequence[Stage]
    metric: str
    higher_is_better: bool = True
    config: Mapping[str, JSON]
    opening: Sequence[str] = ()
    recipe_file: str = ""

    @abstractmethod
    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Measure the model on the dev split.

        Called on the main process alone, in evaluation mode, without gradients, in full precision.
        """

    def samples(self, model: nn.Module) -> Sequence[str | Image]:
        """Show what the model does by now, in lines of text, pictures or both; as `validate`."""
        del model
        return []

    def pretrained(self, model: nn.Module) -> PretrainedModel:
        """Return the model that people use around a network as it is now."""
        raise NotImplementedError

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the model for its users; called as `validate`."""
        self.pretrained(model).save_pretrained(folder)
