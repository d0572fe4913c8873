"""Language models small enough to test with."""

from collections.abc import Callable

import pytest
import torch

from multimodal.language.data import SplitFractions
from multimodal.language.language_model import LanguageModel
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.vocabulary import ByteVocabulary, CharacterVocabulary, WordVocabulary

ALPHABET = '\n ()abcdefgh".'
WORDS = WordVocabulary.cut("a dog, a cat\nand a bird")
VOCABULARIES = {
    "characters": CharacterVocabulary(ALPHABET),
    "bytes": ByteVocabulary(),
    "words": WordVocabulary.build([WORDS]),
}


def build_language_model(kind: str = "characters", **config: object) -> LanguageModel:
    """A language model that learnt nothing, with opinions loud enough to tell apart."""
    torch.manual_seed(0)
    sizes = {"layers": 2, "embedding_size": 6, "hidden_size": 8}
    vocabulary = VOCABULARIES[kind]
    network = LanguageNetwork(LanguageConfig(**{**sizes, **config}), len(vocabulary))
    for weight in network.parameters():
        weight.data *= 3
    return LanguageModel(network, vocabulary, SplitFractions(0.1, 0.2))


@pytest.fixture
def make() -> Callable[..., LanguageModel]:
    return build_language_model


@pytest.fixture(scope="session")
def language_model() -> LanguageModel:
    return build_language_model()
