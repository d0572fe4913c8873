"""torchvision's classification CNNs as encoders: a photo becomes a grid of cells.

Any of them serves by name. Batch normalisation is folded into the convolutions when the network
is built: the statistics stay as ImageNet left them, which small data needs anyway, and training and
inference get faster. Weights come from torchvision, where the network allows, or from a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from multimodal.errors import UserError


@dataclass(frozen=True)
class EncoderConfig:
    """Which CNN, and how a picture is prepared for it; saved in the checkpoint.

    Attributes:
        name: a classification CNN of torchvision, such as "mobilenet_v2" or "resnet50".
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

    The weights are random until `take` or a checkpoint fills them; see `imagenet_encoder`.

    Raises:
        UserError: when torchvision has no such network, or it has no spatial map.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        model = _torchvision_model(config.name, config.classes).eval()
        self.body, self.head = _split(model)
        probe = torch.linspace(-1, 1, 3 * config.size**2).view(1, 3, config.size, config.size)
        features = _spatial_map(self.body, probe, config.name)
        self.cell_size: int = features.shape[1]
        self.grid: tuple[int, int] = (features.shape[2], features.shape[3])
        if self.head is not None and not _is_pooled_linear(self.head, features, model(probe)):
            self.head = None
        _fold_batch_norms(self)
        self.to(memory_format=torch.channels_last)

    def prepare(self, pictures: list[Image.Image]) -> Tensor:
        """Upright RGB pictures of any size → pixels (B, 3, size, size), ready for `forward`."""
        return self.normalize(torch.from_numpy(np.stack([self.fit(p) for p in pictures])))

    def fit(self, picture: Image.Image) -> np.ndarray:
        """One RGB picture, squashed or cropped to the square, as uint8 (size, size, 3)."""
        size = self.config.size
        box = None
        if self.config.fit == "crop":
            side = min(picture.size)
            left, top = (picture.width - side) / 2, (picture.height - side) / 2
            box = (left, top, left + side, top + side)
        if picture.size != (size, size):
            picture = picture.resize((size, size), Image.Resampling.BICUBIC, box, reducing_gap=3.0)
        return np.asarray(picture, dtype=np.uint8)

    def normalize(self, pixels: Tensor) -> Tensor:
        """Bytes (B, size, size, 3) → what the trunk was trained on, (B, 3, size, size)."""
        mean, std = torch.tensor([self.config.mean, self.config.std], device=pixels.device)
        scaled = ((pixels.float() / 255 - mean) / std).permute(
            0, 3, 1, 2
        )  # channels last in memory
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

    def take(self, weights: dict[str, Tensor]) -> None:
        """Take a state_dict of torchvision's whole classifier, strictly.

        Raises:
            RuntimeError: when names or shapes differ.
        """
        model = _torchvision_model(self.config.name, self.config.classes).eval()
        if self.config.padding == "tensorflow":
            weights = {k: v.flip(2, 3) if v.dim() == 4 else v for k, v in weights.items()}
        model.load_state_dict(weights, strict=True)
        body, head = _split(model)
        _fold_batch_norms(body)
        self.body.load_state_dict(body.state_dict())
        if self.head is not None and head is not None:
            self.head.load_state_dict(head.state_dict())


TENSORFLOW_CLASSES = 1001  # with a background class before ImageNet's thousand


def imagenet_encoder(name: str, weights: str | Path = "torchvision") -> Encoder:
    """An encoder with weights from a classifier of ImageNet.

    Args:
        name: a classification CNN of torchvision.
        weights: "torchvision" to download torchvision's own, "random" for none, or a file (.pth or
            .safetensors) in torchvision's key names. One with 1,001 classes comes from TensorFlow:
            its scaling (-1 … 1) and padding are then used.

    Raises:
        UserError: when the file is missing, damaged, or holds another network's weights.
    """
    if weights == "random":
        return Encoder(_torch_config(name, 1000))
    if weights == "torchvision":
        from torchvision.models import get_model

        tensors = get_model(name, weights="DEFAULT").state_dict()
    else:
        tensors = _read_weights(Path(weights))
    classes = next(len(v) for k, v in reversed(tensors.items()) if k.endswith("bias"))
    from_tensorflow = classes == TENSORFLOW_CLASSES
    encoder = Encoder(EncoderConfig(name) if from_tensorflow else _torch_config(name, classes))
    try:
        encoder.take(tensors)
    except RuntimeError as error:
        raise UserError(f"{weights}: not the weights of {name}") from error
    return encoder


def _torch_config(name: str, classes: int) -> EncoderConfig:
    """How torchvision's own ImageNet models were trained."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return EncoderConfig(name, classes, mean=mean, std=std, padding="torch")


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file of encoder weights") from error
    except Exception as error:  # torch raises whatever its unpickler stumbles over
        raise UserError(f"{path}: not a file of weights: {str(error).splitlines()[0]}") from error
    return weights


def _torchvision_model(name: str, classes: int) -> nn.Module:
    from torchvision.models import get_model, list_models

    if name not in list_models():
        raise UserError(f"encoder {name}: torchvision has no such network")
    extra = {"aux_logits": False, "init_weights": False} if name in _WITH_SIDE_HEADS else {}
    model: nn.Module = get_model(name, weights=None, num_classes=classes, **extra)
    return model


_WITH_SIDE_HEADS = ("googlenet", "inception_v3")


def _split(model: nn.Module) -> tuple[nn.Sequential, nn.Linear | None]:
    """The trunk of a torchvision classifier, up to its pooling, and its last linear layer."""
    trunk: list[nn.Module] = []
    for name, child in model.named_children():
        if isinstance(child, nn.AdaptiveAvgPool2d) or name in (
            "avgpool",
            "fc",
            "classifier",
            "head",
        ):
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
    return head.in_features == pooled.shape[1] and torch.allclose(head(pooled), logits, atol=1e-4)


def _fold_batch_norms(model: nn.Module) -> None:
    """Fold every batch normalisation, by its running statistics, into the convolution before it."""
    for parent, (name, convolution), (norm_name, norm) in _neighbours(model):
        convolution.eval(), norm.eval()
        setattr(parent, name, fuse_conv_bn_eval(convolution, norm))
        setattr(parent, norm_name, nn.Identity())


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
