"""A model with what moves its weights: loss, gradients, optimizer and average, on `accelerate`."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from multimodal.errors import UserError
from multimodal.processor import torch_dtype
from multimodal.training.fake_quantizer import FakeQuantizer
from multimodal.training.recipe import Stage, TrainingOptions
from multimodal.training.schedule import ExponentialMovingAverage

if TYPE_CHECKING:
    from accelerate import Accelerator, PartialState

LONGEST_VALIDATION = timedelta(hours=6)


@dataclass(frozen=True)
class StepResult:
    """What a step gave, the same in all processes.

    Attributes:
        losses: means over the whole batch.
        gradient_norm: before clipping; not finite where the weights were left alone.
        requests: for every request, whether any process made it.
    """

    losses: dict[str, float]
    gradient_norm: float
    requests: list[bool]


class Learner:
    """A model in one of its stages.

    Args:
        model: with the weights that the stage starts or goes on from.
        stage: is begun here.
    """

    def __init__(self, model: nn.Module, stage: Stage) -> None:
        self.model = model
        self.stage = stage
        self.accelerator = _accelerator(stage.options)
        model.to(self.accelerator.device).train()
        with self.accelerator.main_process_first():
            stage.setup(model)
        groups = [{"scale": 1.0, **group} for group in stage.parameter_groups(model)]
        self.weights = [weight for group in groups for weight in group["params"]]
        self.objective, self.optimizer = self.accelerator.prepare(
            _Objective(model, stage), _adamw(groups, stage.options)
        )
        self.ema = ExponentialMovingAverage(model, stage.options.ema_decay)
        self.quantizer = FakeQuantizer(model, stage.options.weight_bits)
        self.computed = ComputedTypes(model)

    def step(self, batch: Any, rate: float, updates: int, requests: Sequence[bool]) -> StepResult:
        """Take one step, unless the loss or its gradient is not finite.

        Args:
            batch: this process's part.
            rate: the learning rate, before the groups' own `scale`.
            updates: how many steps of the stage moved the weights.
            requests: this process's requests to all.
        """
        from accelerate.utils import send_to_device

        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        with self.quantizer.applied():
            losses = self.objective(send_to_device(batch, self.accelerator.device))
            means, share, asked_by_any = self._agree(losses, requests)
            finite = math.isfinite(means["loss"])
            if finite:
                self.accelerator.backward(losses["loss"] * share)
        self.computed.close()
        norm = self._update(updates) if finite else math.nan
        return StepResult(means, norm, asked_by_any)

    def state(self) -> dict[str, Tensor]:
        """Collect all that going on takes, the model's weights too; every process takes part."""
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        state |= {f"average.{name}": mean for name, mean in self.ema.means.items()}
        for weight, moments in self.optimizer.state_dict()["state"].items():
            state |= {f"optimizer.{weight}.{name}": moment for name, moment in moments.items()}
        for name, tensor in self.stage.state_dict().items():
            state[f"carried.{name}"] = self.accelerator.gather(tensor.unsqueeze(0))
        return state

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave, but for the model's weights, which `setup` needs earlier."""
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in below("optimizer", saved).items():
            weight, _, moment = name.partition(".")
            moments.setdefault(int(weight), {})[moment] = tensor.clone()
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.ema.load(below("average", saved))
        carried = below("carried", saved)
        if any(len(parts) != self.accelerator.num_processes for parts in carried.values()):
            raise UserError(
                f"{self.stage.name}: goes on only with as many processes as it began with"
            )
        rank, device = self.accelerator.process_index, self.accelerator.device
        self.stage.load_state_dict(
            {name: parts[rank].to(device, copy=True) for name, parts in carried.items()}
        )

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Put the model into the form that is validated and saved: averaged, rounded, at rest."""
        modes = {module: module.training for module in self.model.modules()}
        with self.ema.applied(), self.quantizer.applied(), torch.no_grad():
            self.model.eval()
            yield
        for module, mode in modes.items():
            module.training = mode

    @torch.no_grad()
    def _agree(
        self, losses: Mapping[str, Tensor], requests: Sequence[bool]
    ) -> tuple[dict[str, float], float, list[bool]]:
        """Average the losses over the processes, in one small exchange.

        Also finds what this process's loss must be multiplied by for the mean of all processes'
        gradients to be the gradient of the whole batch's mean.
        """
        names = [name for name in losses if name != "weight"]
        loss = losses["loss"]
        weight = losses.get("weight", torch.ones_like(loss)).to(loss)
        values = [weight, *(weight * losses[name].to(loss) for name in names)]
        mine = torch.cat([torch.stack(values), weight.new_tensor(requests)])
        total, *sums = self.accelerator.reduce(mine).tolist()
        total = total or math.nan  # a batch without a single item has no mean
        means = {name: value / total for name, value in zip(names, sums, strict=False)}
        share = weight.item() * self.accelerator.num_processes / total
        return means, share, [value > 0 for value in sums[len(names) :]]

    def _update(self, updates: int) -> float:
        if updates == 0:
            self._refuse_idle_weights()
        clip = self.stage.options.max_grad_norm or math.inf
        norm = float(self.accelerator.clip_grad_norm_(self.weights, clip))
        if math.isfinite(norm):
            self.optimizer.step()
            self.ema.update(updates)
        self.optimizer.zero_grad()
        return norm

    def _refuse_idle_weights(self) -> None:
        """Find weights that cannot learn, a mistake that several processes would choke on."""
        names = {weight: name for name, weight in self.model.named_parameters()}
        idle = [names[weight] for weight in self.weights if weight.grad is None]
        if idle:
            raise ValueError(
                f"{self.stage.name}: no part of the loss, so freeze: {', '.join(idle)}"
            )


class ComputedTypes:
    """In which types the layers of a model really computed: not all obey autocast.

    Torch's GRU and its LSTM over sequences of unequal lengths stay in fp32 on a processor.

    Args:
        model: is watched from now on, until `close`.
    """

    def __init__(self, model: nn.Module) -> None:
        self._recurrent: set[torch.dtype] = set()
        self._others: set[torch.dtype] = set()
        self._hooks = [
            module.register_forward_hook(self._note)
            for module in model.modules()
            if isinstance(module, nn.RNNBase | nn.Linear | nn.Conv2d)
        ]

    def close(self) -> None:
        """Watch no longer."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def __str__(self) -> str:
        recurrent, others = _named(self._recurrent), _named(self._others)
        if not self._recurrent or not self._others or recurrent == others:
            return recurrent or others or "fp32"
        return f"{others}, recurrent layers {recurrent}"

    def _note(self, module: nn.Module, _: Any, outputs: Any) -> None:
        if not module.training:  # validation is in full precision
            return
        if isinstance(module, nn.RNNBase):
            self._recurrent.add(getattr(outputs[0], "data", outputs[0]).dtype)
        else:
            self._others.add(outputs.dtype)


def _named(types: set[torch.dtype]) -> str:
    names = {torch.bfloat16: "bf16", torch.float32: "fp32", torch.float16: "fp16"}
    return " and ".join(sorted(names.get(each, str(each)) for each in types))


class _Objective(nn.Module):
    """The loss as a module's forward, for `accelerate` to wrap.

    Whichever methods of the model a loss calls, mixed precision and the averaging of gradients over
    processes see one forward.
    """

    def __init__(self, model: nn.Module, stage: Stage) -> None:
        super().__init__()
        self.model = model
        self.stage = stage

    def forward(self, batch: Any) -> dict[str, Tensor]:
        losses = self.stage.loss(self.model, batch)
        return {name: x if name == "loss" else x.detach() for name, x in losses.items()}


def join_processes() -> "PartialState":
    """Find this process's place among those that were launched together, and its device.

    The others wait while one validates, for as long as `LONGEST_VALIDATION`.
    """
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env

    # accelerate takes several processes on a machine without a GPU for strangers unless told
    cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
    return PartialState(cpu=cpu, timeout=LONGEST_VALIDATION)


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pick the tensors of one part of a saved state, without the part's name."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


def _adamw(groups: list[dict[str, Any]], options: TrainingOptions) -> torch.optim.AdamW:
    # The fused kernel was 6 times faster than the loop over tensors on a CPU (45 → 8 ms for 8 M
    # weights); the rates are set at every step.
    return torch.optim.AdamW(
        groups, betas=options.betas, weight_decay=options.weight_decay, fused=True
    )


def _accelerator(options: TrainingOptions) -> "Accelerator":
    from accelerate import Accelerator, PartialState
    from accelerate.state import AcceleratorState

    # accelerate keeps the precision in a singleton, which would outlive this stage and this run
    AcceleratorState._reset_state()
    dtype = torch_dtype(options.precision, PartialState().device.type)
    return Accelerator(mixed_precision="bf16" if dtype == torch.bfloat16 else "no")
