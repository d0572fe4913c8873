"""CNNs as encoders: folding, padding, preparation, weights, and what is refused."""

import importlib.util
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from multimodal.encoders import Encoder, EncoderConfig, FusedConvolution, imagenet_encoder
from multimodal.errors import UserError

SMALL = "shufflenet_v2_x0_5"


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise socket.gaierror("no network in the tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def small_encoder(name: str = SMALL, **changes) -> Encoder:
    return Encoder(EncoderConfig(name, **{"classes": 10, "size": 64, "padding": "torch"} | changes))


def random_model(name: str, classes: int = 10, **options) -> nn.Module:
    """A network of torchvision whose batch normalisations have something to say."""
    torch.manual_seed(0)
    model = models.get_model(name, weights=None, num_classes=classes, **options).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return model


def random_picture(width: int = 64, height: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def assert_near(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Equal to 1e-4 of the largest number."""
    torch.testing.assert_close(
        actual, expected, rtol=0.0, atol=1e-4 * float(expected.detach().abs().max())
    )


def batch_norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


# --- the network --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pooling", "norms_left"),
    [
        ("mobilenet_v2", "classifier", 0),
        ("resnet18", "avgpool", 0),
        ("shufflenet_v2_x1_0", "fc", 0),
        ("efficientnet_b0", "avgpool", 0),
        ("densenet121", "classifier", 62),  # these come before a convolution, not after one
    ],
)
@torch.no_grad()
def test_the_folded_network_equals_torchvisions(name, pooling, norms_left):
    model, encoder = random_model(name), small_encoder(name)
    children = dict(model.named_children())
    trunk = nn.Sequential(*list(children.values())[: list(children).index(pooling)])
    pixels = torch.randn(2, 3, 64, 64)
    encoder.load_imagenet_weights(model.state_dict())
    cells, features = encoder(pixels), trunk(pixels)
    assert features.shape[1:] == (encoder.cell_size, *encoder.grid)
    assert_near(cells, features.flatten(2).transpose(1, 2))
    assert len(batch_norms(encoder)) == norms_left
    if encoder.head is not None:
        assert_near(encoder.classify(cells), model(pixels))
    assert (encoder.head is None) == (name == "densenet121")


def test_batch_norms_that_remain_keep_their_statistics_in_training():
    encoder = small_encoder("densenet121").train()
    statistics = {key: value.clone() for key, value in encoder.named_buffers()}
    encoder(torch.randn(2, 3, 64, 64)).sum().backward()
    assert encoder.training
    assert statistics
    for key, value in encoder.named_buffers():
        assert torch.equal(value, statistics[key]), key
    assert all(norm.weight.grad.any() for norm in batch_norms(encoder))


def test_every_parameter_learns_also_the_biases_that_folding_made():
    encoder = small_encoder("resnet18")
    encoder.classify(encoder(torch.randn(1, 3, 64, 64))).sum().backward()
    assert all(weight.grad is not None for weight in encoder.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_fused_convolutions_give_what_separate_operations_give(dtype, monkeypatch):
    encoder = small_encoder("efficientnet_lite0").to(dtype)
    pixels = (3 * torch.randn(2, 3, 64, 64)).to(dtype)
    with torch.inference_mode():
        fused = encoder(pixels)
        monkeypatch.setattr("multimodal.encoders._fuses", lambda _: False)
        apart = encoder(pixels)
    share = 1e-5 if dtype == torch.float32 else 0.05
    assert (fused - apart).abs().max() <= share * apart.abs().max()
    assert apart.any()
    assert not any(isinstance(layer, nn.ReLU6) for layer in encoder.modules())


def test_a_depthwise_gradient_in_bf16_is_that_of_fp32():
    torch.manual_seed(0)
    layer = FusedConvolution(8, 8, 5, 2, 2, groups=8)
    features = torch.randn(2, 8, 12, 12).bfloat16()
    gradients = []
    for computed in (features, features.float()):
        taken = computed.clone().requires_grad_()
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=computed.dtype == torch.bfloat16):
            layer(taken).float().square().sum().backward()
        assert taken.grad.dtype == computed.dtype
        gradients.append([taken.grad.float(), layer.weight.grad, layer.bias.grad])
    for half, full in zip(*map(list, gradients), strict=True):
        cosine = torch.cosine_similarity(half.flatten(), full.flatten(), 0)
        assert cosine > 0.995


def with_same_padding(model: nn.Module) -> nn.Module:
    """TensorFlow's SAME padding, written out: it pads the bottom and the right of even sizes."""
    for block in list(model.modules()):
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
                layer.padding = (0, 0)
                setattr(block, name, nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), layer))
    return model


@torch.no_grad()
def test_tensorflow_padding_equals_explicit_same_padding():
    model = random_model("mobilenet_v2", classes=1001)
    encoder = small_encoder("mobilenet_v2", classes=1001, size=96, padding="tensorflow")
    encoder.load_imagenet_weights(model.state_dict())
    reference = with_same_padding(model)
    assert sum(isinstance(module, nn.ZeroPad2d) for module in reference.modules()) == 5

    picture = random_picture(96, 96)
    upright = torch.from_numpy(np.asarray(picture) / np.float32(127.5) - 1).permute(2, 0, 1)[None]
    features = reference.features(upright)  # (1, 1280, 3, 3)
    cells = encoder(encoder.prepare([picture]))
    assert_near(cells, features.flatten(2).transpose(1, 2))
    assert_near(cells[:, 0], features[:, :, 0, 0])
    assert_near(encoder.classify(cells), reference(upright))


# --- pictures -----------------------------------------------------------------------------------

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def bands(*, upright: bool) -> Image.Image:
    """A quarter of red, a half of green and a quarter of blue: 128 × 64, or 64 × 128 upright."""
    colours = [RED] * 32 + [GREEN] * 64 + [BLUE] * 32
    pixels = np.tile(np.array(colours, np.uint8), (64, 1, 1))
    return Image.fromarray(pixels.swapaxes(0, 1) if upright else pixels)


@pytest.mark.parametrize("upright", [False, True])
def test_squashing_shows_the_whole_picture(upright):
    pixels = small_encoder(fit="squash").preprocess(bands(upright=upright))
    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    across = pixels[:, 30] if upright else pixels[30]
    assert (across[:13] == RED).all()
    assert (across[19:45] == GREEN).all()
    assert (across[51:] == BLUE).all()


@pytest.mark.parametrize("upright", [False, True])
def test_cropping_shows_the_middle(upright):
    pixels = small_encoder(fit="crop").preprocess(bands(upright=upright))
    assert pixels.shape == (64, 64, 3)
    assert (pixels == GREEN).all()


@pytest.mark.parametrize("fit", ["squash", "crop"])
def test_a_square_of_the_right_size_is_not_touched(fit):
    picture = random_picture()
    assert np.array_equal(small_encoder(fit=fit).preprocess(picture), np.asarray(picture))


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ],
)
def test_pictures_are_normalised_channel_by_channel(mean, std):
    encoder = small_encoder(mean=mean, std=std)
    pixels = encoder.prepare([Image.new("RGB", (90, 50), RED), Image.new("RGB", (64, 64), BLUE)])
    assert pixels.shape == (2, 3, 64, 64)
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)
    expected = (torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]) - torch.tensor(mean)) / torch.tensor(std)
    torch.testing.assert_close(pixels, expected[:, :, None, None].expand(2, 3, 64, 64))


def test_pictures_for_tensorflow_weights_are_turned_and_stay_channels_last():
    picture = random_picture()
    turned = small_encoder(padding="tensorflow").prepare([picture])
    upright = small_encoder().prepare([picture])
    assert torch.equal(turned, upright.rot90(2, (2, 3)))
    assert turned.is_contiguous(memory_format=torch.channels_last)


# --- weights ------------------------------------------------------------------------------------


def test_random_weights_need_no_network():
    encoder = imagenet_encoder(SMALL, "random")
    assert encoder.config == EncoderConfig(
        SMALL, 1000, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), padding="torch"
    )
    assert encoder.classify(encoder(torch.zeros(1, 3, 224, 224))).shape == (1, 1000)


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize(("classes", "padding"), [(1001, "tensorflow"), (10, "torch")])
@torch.no_grad()
def test_a_file_of_weights_is_taken(tmp_path, ending, classes, padding):
    model = random_model(SMALL, classes)
    path = tmp_path / f"weights{ending}"
    (torch.save if ending == ".pth" else save_file)(model.state_dict(), path)
    encoder = imagenet_encoder(SMALL, path)
    assert (encoder.config.classes, encoder.config.padding) == (classes, padding)
    expected = Encoder(encoder.config)
    expected.load_imagenet_weights(model.state_dict())
    pixels = torch.randn(1, 3, 64, 64)
    assert torch.equal(encoder(pixels), expected(pixels))


@torch.no_grad()
def test_side_heads_are_left_out_and_the_scaling_is_their_own(tmp_path):
    model = random_model("googlenet", 1000, aux_logits=True, init_weights=False)
    torch.save(model.state_dict(), tmp_path / "googlenet.pth")
    encoder = imagenet_encoder("googlenet", tmp_path / "googlenet.pth")
    assert encoder.config == EncoderConfig("googlenet", 1000, padding="torch")
    pixels = torch.randn(1, 3, 64, 64)
    assert_near(encoder.classify(encoder(pixels)), model(pixels))


@torch.no_grad()
def test_torchvisions_own_weights_are_taken(tmp_path):
    model = random_model(SMALL, 1000)
    url = models.get_model_weights(SMALL).DEFAULT.url
    downloaded = tmp_path / "torch" / "hub" / "checkpoints" / Path(url).name
    downloaded.parent.mkdir(parents=True)
    torch.save(model.state_dict(), downloaded)
    encoder = imagenet_encoder(SMALL)
    pixels = torch.randn(1, 3, 64, 64)
    assert_near(encoder.classify(encoder(pixels)), model(pixels))


def sample_photo(package: str, path: str) -> Image.Image:
    spec = importlib.util.find_spec(package)  # importing it would take seconds
    photo = Path(spec.origin).parent / path if spec and spec.origin else None
    if photo is None or not photo.is_file():
        pytest.skip(f"{package} with its sample photo {path} is not installed")
    return Image.open(photo).convert("RGB")


@pytest.mark.parametrize(
    ("package", "path", "label"),
    [
        ("gradio", "media_assets/images/lion.jpg", "lion"),
        ("gradio", "media_assets/images/cheetah1.jpg", "cheetah"),
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "military uniform"),
    ],
)
@torch.no_grad()
def test_the_shared_imagenet_weights_name_photos(shared, package, path, label):
    picture = sample_photo(package, path)
    folder = shared / "data" / "encoders"
    encoder = imagenet_encoder("mobilenet_v2", folder / "mobilenet_v2_imagenet1k_tf.pth")
    labels = (folder / "imagenet_labels_1001.txt").read_text().splitlines()
    chances = encoder.classify(encoder(encoder.prepare([picture])))[0].softmax(0)
    assert labels[chances.argmax()].split(",")[0] == label
    assert chances.max() > 0.5


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["random", "pretrained"])
@pytest.mark.parametrize("name", ["resnet19", "fasterrcnn_resnet50_fpn", "raft_small"])
def test_a_network_that_is_no_classifier_of_torchvision_is_refused(name, weights):
    with pytest.raises(UserError, match=f"^encoder {name}: no such classification network"):
        imagenet_encoder(name, weights)


def test_a_transformer_is_refused():
    with pytest.raises(UserError, match=r"^encoder vit_b_16: not a CNN with a spatial map"):
        imagenet_encoder("vit_b_16", "random")


def test_pictures_too_small_for_a_map_are_refused():
    with pytest.raises(UserError, match=f"^encoder {SMALL}: not a CNN with a spatial map"):
        small_encoder(size=32)


def test_without_a_network_the_line_says_what_to_do():
    with pytest.raises(UserError, match=rf"^encoder {SMALL}: .* cannot be downloaded .*; name a"):
        imagenet_encoder(SMALL)


def test_a_classifier_of_several_layers_is_not_kept():
    encoder = small_encoder("mobilenet_v3_small")
    cells = encoder(torch.zeros(1, 3, 64, 64))
    with pytest.raises(UserError, match=r"^encoder mobilenet_v3_small: its classifier"):
        encoder.classify(cells)


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"not weights,\nbut a text", b"PK\x03\x04 cut off"])
def test_a_file_of_something_else_is_refused(tmp_path, ending, content):
    path = tmp_path / f"damaged{ending}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"damaged{ending}: not a file of weights [^\n]*$"):
        imagenet_encoder(SMALL, path)


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2], {"state_dict": {}}, {"epoch": 3}])
def test_a_file_of_other_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(UserError, match=r"other\.pth: not a file of weights [^\n]*$"):
        imagenet_encoder(SMALL, tmp_path / "other.pth")


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_a_file_that_is_missing_is_refused(tmp_path, ending):
    with pytest.raises(UserError, match=rf"absent{ending}: no such file"):
        imagenet_encoder(SMALL, tmp_path / f"absent{ending}")


@pytest.mark.parametrize("tensors", [{}, {"fc.bias": torch.tensor(1.0)}, "resnet18"])
def test_weights_of_another_network_are_refused(tmp_path, tensors):
    if isinstance(tensors, str):
        tensors = random_model(tensors).state_dict()
    torch.save(tensors, tmp_path / "another.pth")
    with pytest.raises(UserError, match=rf"another\.pth: not the weights of {SMALL}$"):
        imagenet_encoder(SMALL, tmp_path / "another.pth")
