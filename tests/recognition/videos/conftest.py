"""Videos of a field that grows lighter or darker, and a captioner whose encoder can see it."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from multimodal.checkpoints import save_checkpoint
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.recognition.videos.frame_encoder import FrameEncoder
from multimodal.recognition.videos.model import VideoConfig, VideoNetwork
from multimodal.recognition.videos.recognizer import VideoRecognizer

LABELS = ("falls", "rises")


def captioner(folder: Path, seed: int) -> Path:
    """What is read of a captioner: its encoder's settings and weights, and others' beside."""
    torch.manual_seed(seed)
    config = EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch")
    tensors = {f"encoder.{name}": x for name, x in Encoder(config).state_dict().items()}
    described = {"task": "captioner", "encoder": asdict(config)}
    return save_checkpoint(folder, described, {**tensors, "decoder.weight": torch.ones(2)})


def field(label: str, seed: int, frames: int = 8) -> list[Image.Image]:
    """The same levels of grey in both kinds of videos: only their order tells them apart."""
    random = np.random.default_rng(seed)
    levels = np.linspace(20, 230, frames) + random.uniform(-15, 15, frames)
    greys = levels if label == "rises" else levels[::-1]
    return [Image.new("RGB", (48, 40), (round(grey),) * 3) for grey in greys]


def save_gif(pictures: list[Image.Image], path: Path) -> Path:
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50)
    return path


@pytest.fixture(scope="session")
def copied(tmp_path_factory) -> Path:
    return captioner(tmp_path_factory.mktemp("captioner") / "one", seed=0)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """A folder for each label, with videos of both kinds: moving pictures and folders of frames."""
    folder = tmp_path_factory.mktemp("videos")
    for label in LABELS:
        (folder / label).mkdir()
        for number in range(40):
            pictures = field(label, number)
            if number % 4:
                save_gif(pictures, folder / label / f"clip{number}.gif")
            else:
                (folder / label / f"clip{number}").mkdir()
                for n, picture in enumerate(pictures):
                    picture.save(folder / label / f"clip{number}" / f"{n}.png")
    return folder


@pytest.fixture
def recognizer(copied) -> VideoRecognizer:
    frame_encoder = FrameEncoder.from_captioner(copied, "fp32")
    torch.manual_seed(1)
    config = VideoConfig(embedding_size=8, hidden_size=12, layers=2)
    network = VideoNetwork(config, frame_encoder.features, 3)
    for weight in network.parameters():  # far from the tiny answers of fresh weights
        weight.data *= 2
    return VideoRecognizer(network, ["falls", "rests", "rises"], frame_encoder, {1: 1.5, 3: 0.5})


@pytest.fixture
def checkpoint(recognizer, tmp_path) -> Path:
    return recognizer.save_pretrained(tmp_path / "checkpoint")
