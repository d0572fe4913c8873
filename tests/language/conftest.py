"""Authors small enough to test with."""

from collections.abc import Callable

import pytest
import torch

from multimodal.language.author import Author
from multimodal.language.data import Shares
from multimodal.language.model import LanguageConfig, LanguageNetwork
from multimodal.vocabulary import ByteVocabulary, CharacterVocabulary, WordVocabulary

ALPHABET = '\n ()abcdefgh".'
WORDS = WordVocabulary.cut("a dog, a cat\nand a bird")
VOCABULARIES = {
    "characters": CharacterVocabulary(ALPHABET),
    "bytes": ByteVocabulary(),
    "words": WordVocabulary.build([WORDS]),
}


def build_author(kind: str = "characters", **config: object) -> Author:
    """An author that learnt nothing, with opinions loud enough to tell apart."""
    torch.manual_seed(0)
    sizes = {"layers": 2, "embedding_size": 6, "hidden_size": 8}
    vocabulary = VOCABULARIES[kind]
    network = LanguageNetwork(LanguageConfig(**{**sizes, **config}), len(vocabulary))
    for weight in network.parameters():
        weight.data *= 3
    return Author(network, vocabulary, Shares(0.1, 0.2))


@pytest.fixture
def make() -> Callable[..., Author]:
    return build_author


@pytest.fixture(scope="session")
def author() -> Author:
    return build_author()
