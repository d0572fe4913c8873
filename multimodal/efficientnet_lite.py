"""EfficientNet-Lite: inverted residual blocks without squeeze-and-excitation, with ReLU6.

The architecture of Tan and Le 2019 (EfficientNet), in the variant that Google made for processors
without a GPU. The blocks of all sizes are those of Lite0, widened and deepened; the first and the
last convolution keep their width, and the first and the last stage their depth. Importing this
module needs torch alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor, nn

EPSILON = 1e-3  # of TensorFlow's batch normalisation
STEM, HEAD = 32, 1280  # channels of the first and of the last convolution


class Scale(NamedTuple):
    """What a size of the family multiplies, and the pixels of the square that it sees.

    Attributes:
        width: of the channels of every stage.
        depth: of the number of blocks of every stage.
        size: a multiple of 32 near the published resolution (224, 240, 260): with SAME padding, odd
            maps would be shifted by half a cell.
    """

    width: float
    depth: float
    size: int


SCALES = {
    "efficientnet_lite0": Scale(1.0, 1.0, 224),
    "efficientnet_lite1": Scale(1.0, 1.1, 256),
    "efficientnet_lite2": Scale(1.1, 1.2, 256),
}


class Stage(NamedTuple):
    """Blocks of one resolution: how many, their kernel, first stride, expansion, channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class InvertedResidual(nn.Module):
    """Widen, look around in every channel apart, narrow (Sandler et al. 2018).

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        expansion: by how much the block is wider inside.
        kernel: pixels of the depthwise convolution.
        stride: of the depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        widen = [*_convolution(inputs, inner), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *widen,
            *_convolution(inner, inner, kernel, stride, groups=inner),
            nn.ReLU6(),
            *_convolution(inner, outputs),
        )
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """(B, inputs, h, w) → (B, outputs, h / stride, w / stride)."""
        changed: Tensor = self.layers(features)
        return features + changed if self.is_residual else changed


class EfficientNetLite(nn.Module):
    """A classifier of the family: pixels (B, 3, size, size) → logits (B, classes).

    The parameters stand in the order of the network, as in Google's files.

    Args:
        name: one of `SCALES`.
        classes: how many classes its head names.
    """

    def __init__(self, name: str, classes: int) -> None:
        super().__init__()
        scale = SCALES[name]
        layers: list[nn.Module] = [*_convolution(3, STEM, 3, 2), nn.ReLU6()]
        channels = STEM
        for number, stage in enumerate(STAGES):
            at_an_end = number in (0, len(STAGES) - 1)
            blocks = stage.blocks if at_an_end else math.ceil(stage.blocks * scale.depth)
            outputs = rounded_channels(stage.channels * scale.width)
            for block in range(blocks):
                stride = stage.stride if block == 0 else 1
                layers.append(
                    InvertedResidual(channels, outputs, stage.expansion, stage.kernel, stride)
                )
                channels = outputs
        self.features = nn.Sequential(*layers, *_convolution(channels, HEAD), nn.ReLU6())
        self.classifier = nn.Linear(HEAD, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, size, size) → logits (B, classes)."""
        logits: Tensor = self.classifier(self.features(pixels).mean((2, 3)))
        return logits


def rounded_channels(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor` that is not more than a tenth below `channels`."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * channels else nearest + divisor


def _convolution(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(outputs, eps=EPSILON)
