"""Pictures of coloured shapes with captions, and captioners small enough to test with."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import nn
from torchvision.models import get_model

from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.encoders import Encoder, EncoderConfig, imagenet_encoder
from multimodal.images import open_image
from multimodal.vocabulary import END

ENCODER = "shufflenet_v2_x0_5"
KINDS = [(colour, shape) for colour in ("red", "green", "blue") for shape in ("square", "ring")]
PHOTOS = {"train": 72, "dev": 24, "test": 12}
SAYINGS = (
    "A {} {} .",
    "There is a {} {} .",
    "One {} {} on white .",
    "A {} {} on white .",
    "There is one {} {} .",
)
WORDS = ("a", "there", "is", "one", "on", "white", "red", "green", "blue", "square", "ring")


def draw_shape(colour: str, shape: str, random: np.random.Generator) -> Image.Image:
    """One shape, anywhere near the middle, on a background that is nearly white."""
    side = int(random.integers(30, 40))
    left, top = random.integers(8, 64 - side, 2).tolist()
    box = (left, top, left + side, top + side)
    picture = Image.new("RGB", (72, 72), tuple(random.integers(225, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    if shape == "square":
        draw.rectangle(box, fill=colour)
    else:
        draw.ellipse(box, outline=colour, width=5)
    return picture


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captioned shapes in the layout of Flickr8k; `<colour>-<shape>-<split><number>.jpg`."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    captions = []
    for split, count in PHOTOS.items():
        names = []
        for number in range(count):
            kind = KINDS[number % len(KINDS)]
            names.append("-".join((*kind, f"{split}{number}.jpg")))
            draw_shape(*kind, random).save(folder / "images" / names[-1], quality=95)
            captions += [f"{names[-1]}#{n}\t{said.format(*kind)}" for n, said in enumerate(SAYINGS)]
        (folder / f"Flickr_8k.{split}Images.txt").write_text("\n".join(names) + "\n")
    (folder / "Flickr8k.token.txt").write_text("\n".join(captions) + "\n")
    return folder


@pytest.fixture(scope="session")
def language(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captions of shapes that nobody has pictures of."""
    path = tmp_path_factory.mktemp("language") / "captions.tsv"
    path.write_text(
        "".join(
            f"unseen{kind}.jpg#{n}\t{said.format(*KINDS[kind])}\n"
            for kind in range(len(KINDS))
            for n, said in enumerate(SAYINGS)
        )
    )
    return path


@pytest.fixture(scope="session")
def weights(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of encoder weights for ENCODER that serves in the place of ImageNet's.

    A deep network at random forgets what it saw. This one averages where it looks around and is
    nearly linear, so that colours and areas arrive in its cells.
    """
    torch.manual_seed(0)
    model = get_model(ENCODER, weights=None, num_classes=10)
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            nn.init.constant_(module.weight, 1 / 9)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.constant_(module.bias, 2.0)
            module.momentum = None  # the statistics of the one batch below
    nn.init.zeros_(model.conv5[1].bias)
    seen = [open_image(path) for path in sorted(data.glob("images/*-train*"))[::2]]
    with torch.no_grad():
        model(imagenet_encoder(ENCODER, "random").prepare(seen))
    path = tmp_path_factory.mktemp("weights") / "encoder.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def photos(data: Path) -> list[Path]:
    """A picture of each kind."""
    return sorted(data.glob("images/*-test[0-5].jpg"))


@pytest.fixture(scope="session")
def draw_weights() -> Callable[[nn.Module], None]:
    """Draws random weights anew, from numbers that are the same with AVX2 and with AVX-512.

    torch's normal numbers are not.
    """

    def draw(network: nn.Module) -> None:
        for name, weight in network.named_parameters():
            variance = 6 if weight.dim() == 4 else 1  # convolutions before ReLU: He et al. 2015
            bound = 3**0.5 if "embedding" in name else (variance / max(weight[0].numel(), 8)) ** 0.5
            nn.init.uniform_(weight, -bound, bound)

    return draw


@pytest.fixture(scope="session")
def captioner(draw_weights) -> Captioner:
    """A captioner that learnt nothing, loud enough to say something else of every picture."""
    torch.manual_seed(4)
    encoder = Encoder(EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch"))
    decoder = DecoderConfig(
        embedding_size=8, hidden_size=16, attention_size=8, detected_words=5, dropout=0.4
    )
    vocabulary = CaptionVocabulary(WORDS)
    network = CaptionNetwork(encoder, decoder, vocabulary.words)
    draw_weights(network)
    for weight in network.decoder.parameters():
        weight.data *= 6
    network.decoder.readout.bias.data[END] = 1  # so that sentences end
    options = CaptionOptions(beam_size=3, min_length=4, max_length=8, no_repeat_ngram=2)
    return Captioner(network, vocabulary, options)


@pytest.fixture(scope="session")
def checkpoint(captioner: Captioner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The captioner that learnt nothing, in a folder."""
    return captioner.save_pretrained(tmp_path_factory.mktemp("checkpoint") / "tiny")
