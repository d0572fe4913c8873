"""Small labelled texts in which one word tells, and a classifier that has learnt nothing."""

import random

import pytest
import torch

from multimodal.recognition.texts.classifier import TextClassifier
from multimodal.recognition.texts.model import TextConfig, TextNetwork
from multimodal.recognition.texts.tokenizer import Tokenizer

TELLING = {"good": ("lovely", "great", "warm"), "bad": ("awful", "dull", "cold")}
FILLING = ("the", "film", "was", "a", "story", "with", "its", "actors", "and", "music")


def texts_of(label: str, count: int, seed: int) -> list[str]:
    draw = random.Random(f"{label}{seed}")
    texts = []
    for _ in range(count):
        words = draw.choices(FILLING, k=draw.randint(2, 7))
        words.insert(draw.randint(0, len(words)), draw.choice(TELLING[label]))
        texts.append(" ".join(words))
    return texts


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder of train, dev and test as tab-separated lines without a header."""
    folder = tmp_path_factory.mktemp("moods")
    for seed, (split, count) in enumerate({"train": 60, "dev": 20, "test": 20}.items()):
        lines = [f"{text}\t{label}" for label in TELLING for text in texts_of(label, count, seed)]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def classifier() -> TextClassifier:
    torch.manual_seed(0)
    tokenizer = Tokenizer.build(["so good , so bad", "not good"], "words", buckets=64, min_count=1)
    config = TextConfig(num_encoders=2, embedding_size=8, hidden_size=8)
    network = TextNetwork(config, len(tokenizer), 64, 3)
    network.naive_bayes.evidence.normal_()
    return TextClassifier(
        network, tokenizer, ("x", "y", "z"), naive_bayes_weight=0.3, class_priors=(0.5, 0.3, 0.2)
    )
