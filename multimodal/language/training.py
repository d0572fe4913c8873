"""Training a language model: truncated back-propagation through time over contiguous streams.

The recipe is that of AWD-LSTM (Merity, Keskar and Socher 2018) with AdamW and a cosine in the place
of averaged SGD. Every epoch cuts the text into streams at other places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.errors import UserError, disk_errors
from multimodal.language.data import (
    WHOLE,
    Passage,
    characters_of,
    encode_passages,
    in_pieces,
    read_splits,
    smallest_type,
    split_of,
    token_before,
)
from multimodal.language.generation import TextGenerator
from multimodal.language.language_model import LanguageModel
from multimodal.language.model import DROPOUTS, LanguageNetwork
from multimodal.language.options import TextGenerationOptions
from multimodal.language.recipe import LanguageModelRecipe
from multimodal.language.scoring import TextScores, log_probabilities, streams_for
from multimodal.recurrent.truncated import CarriedState, Chunk, Streams
from multimodal.training import Stage, Task, TrainingInput, derived_seed
from multimodal.vocabulary import (
    ByteVocabulary,
    CharacterVocabulary,
    TextVocabulary,
    WordVocabulary,
)

SAMPLE = TextGenerationOptions(length=400, temperature=0.8, seed=0)


class TextBatch(NamedTuple):
    """What one step reads.

    Attributes:
        chunk: of all streams of this process.
        shown_after: after how many steps it is shown what the model writes; None for not now.
    """

    chunk: Chunk
    shown_after: int | None


class LanguageModelingStage(Stage):
    """The one stage: every token is predicted from all before it in its stream.

    What the model writes is shown at growing steps, in the file in which the loop shows it after
    every epoch. The loop cuts that file back when an interrupted run goes on.

    Args:
        recipe: the choices.
        passages: the text to learn from.
        vocabulary: its tokens.
        log: the run's file of samples.

    Raises:
        UserError: the text is too short for a single chunk of the streams.
    """

    name = "language-modeling"

    def __init__(
        self,
        recipe: LanguageModelRecipe,
        passages: Sequence[Passage],
        vocabulary: TextVocabulary,
        log: Path,
    ) -> None:
        self.recipe = recipe
        self._vocabulary = vocabulary
        self._log = log
        ids = encode_passages(passages, vocabulary, smallest_type(len(vocabulary)))
        self.tokens_per_character = len(ids) / characters_of(passages)
        self._streams = Streams(torch.from_numpy(ids), recipe.streams, recipe.steps)
        self._carried = CarriedState()
        if not len(self._streams):
            raise UserError(
                f"{len(ids)} tokens to learn from are too few for streams={recipe.streams} of "
                f"steps={recipe.steps}: --set smaller ones, or give more text"
            )
        self.tokens = len(ids)
        self.options = recipe.options(len(self._streams))

    def setup(self, model: nn.Module) -> None:
        """Everything learns; nothing is carried over from before."""
        super().setup(model)
        self._carried.reset()

    def steps_per_epoch(self) -> int:
        """All chunks of the streams."""
        return len(self._streams)

    def batches(self, epoch: int, start: int, rank: int, world: int) -> Iterator[TextBatch]:
        """The streams of an epoch, chunk by chunk, cut elsewhere than those of other epochs."""
        if self.recipe.streams % world:
            raise UserError(
                f"streams={self.recipe.streams}: must be a multiple of the {world} processes"
            )
        shift = derived_seed(self.recipe.seed, "shift", epoch) % self.tokens
        chunks = self._streams.chunks(shift, start, slice(rank, None, world))
        for step, chunk in enumerate(chunks, epoch * len(self._streams) + start):
            yield TextBatch(chunk, step if rank == 0 and shows_after(step) else None)

    def loss(self, model: nn.Module, batch: TextBatch) -> dict[str, Tensor]:
        """Cross-entropy in nats a token; the state goes on to the next chunk, its gradient not."""
        network, chunk = cast(LanguageNetwork, model), batch.chunk
        if batch.shown_after is not None:
            self._show(network, batch.shown_after)
        if chunk.first:
            self._carried.reset()
        logits, state = network(chunk.inputs, self._carried.state)
        self._carried.keep(state)
        nats = F.cross_entropy(logits.float().flatten(0, 1), chunk.targets.flatten())
        return {
            "loss": nats,
            "bits_per_character": nats.detach() * self.tokens_per_character / math.log(2),
            "perplexity": nats.detach().exp(),
            "weight": nats.new_tensor(chunk.targets.numel()),
        }

    def state_dict(self) -> dict[str, Tensor]:
        """The state of the streams."""
        return self._carried.tensors()

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back the state of the streams."""
        self._carried.load(tensors)

    def _show(self, network: LanguageNetwork, steps: int) -> None:
        title = "at first" if steps == 0 else f"after {steps:,} steps"
        with disk_errors(self._log), self._log.open("a", encoding="utf-8") as file:
            file.write(f"— {title}\n{sample_text(network, self._vocabulary)}\n\n")


class LanguageModelTask(Task):
    """A language model that learns from a text.

    Args:
        recipe: the choices.
        splits: the text, by its splits; it is learnt from train and chosen by dev.
        out: the run's folder.

    Raises:
        UserError: a split is missing, the text is too short, or the language model to begin with
            cannot be had.
    """

    metric = "nats_per_character"
    higher_is_better = False

    def __init__(
        self, recipe: LanguageModelRecipe, splits: Mapping[str, Sequence[Passage]], out: Path
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        train, dev = split_of(splits, "train"), split_of(splits, "dev")
        self.model, self.vocabulary = _initial_model(recipe, splits)
        reading = LanguageModelingStage(recipe, train, self.vocabulary, out / "samples.txt")
        self.stages = [reading]
        self._dev = encode_passages(dev, self.vocabulary, smallest_type(len(self.vocabulary)))
        self._dev_characters = characters_of(dev)
        self.config = {
            "recipe": asdict(recipe),
            "tokens": {"train": reading.tokens, "dev": len(self._dev)},
            "vocabulary": len(self.vocabulary),
        }

    @classmethod
    def from_data(cls, recipe: LanguageModelRecipe, given: TrainingInput) -> Self:
        """Read what is learnt from: any text; see `multimodal.language.data.read_splits`."""
        splits = read_splits(given.data, recipe.split_fractions)
        if missing := [name for name in ("train", "dev") if name not in splits]:
            count = sum(len(passage.text) for passages in splits.values() for passage in passages)
            raise UserError(
                f"{given.data}: {count} characters leave no {' and no '.join(missing)} split to "
                "learn with; give a longer text, or a file for each split (train.txt, dev.txt)"
            )
        return cls(recipe, splits, given.out)

    def pretrained(self, model: nn.Module) -> LanguageModel:
        """The language model around a model as it is now."""
        return LanguageModel(
            cast(LanguageNetwork, model), self.vocabulary, self.recipe.split_fractions
        )

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Predict the dev split, from a state of its own."""
        ids, before = self._dev, token_before(self.vocabulary)
        network = cast(LanguageNetwork, model)
        log_probs = log_probabilities(network, ids, before, streams_for(len(ids)))
        nats = -float(log_probs.sum(dtype=torch.float64))
        return asdict(TextScores.of(nats, len(ids), self._dev_characters))

    def samples(self, model: nn.Module) -> Sequence[str]:
        """What it writes by now."""
        return [sample_text(cast(LanguageNetwork, model), self.vocabulary)]


def shows_after(step: int) -> bool:
    """Whether it is shown what a model writes after 0, 10, 30, 100, 300, … steps, as they grow."""
    return step == 0 or (step >= 10 and str(step).rstrip("0") in ("1", "3"))


def sample_text(network: LanguageNetwork, vocabulary: TextVocabulary) -> str:
    """What a network writes by now, in full precision and without disturbing its training."""
    training = network.training
    network.eval()
    with torch.autocast(network.readout.weight.device.type, enabled=False):
        prompt = torch.tensor([token_before(vocabulary)])
        writing = TextGenerator(network, [prompt], SAMPLE, vocabulary.reserved)
        tokens = [int(writing.step()[0]) for _ in range(SAMPLE.length or 0)]
    network.train(training)
    return vocabulary.text_decoder()(tokens)


def _initial_model(
    recipe: LanguageModelRecipe, splits: Mapping[str, Sequence[Passage]]
) -> tuple[LanguageNetwork, TextVocabulary]:
    """The network that the training begins with, and the pieces of text behind its ids."""
    whole = split_of(splits, WHOLE)
    if not recipe.init_from:
        vocabulary = _vocabulary(recipe, whole, split_of(splits, "train"))
        return LanguageNetwork(recipe.network, len(vocabulary)), vocabulary
    language_model = LanguageModel.from_pretrained(recipe.init_from, precision="fp32")
    vocabulary = language_model.vocabulary
    if isinstance(vocabulary, CharacterVocabulary):
        vocabulary = vocabulary.extended("".join({c for p in whole for c in set(p.text)}))
    dropouts = {name: getattr(recipe, name) for name in DROPOUTS}
    network = LanguageNetwork(replace(language_model.network.config, **dropouts), len(vocabulary))
    network.init_from(language_model.network)
    return network, vocabulary


def _vocabulary(
    recipe: LanguageModelRecipe, whole: Sequence[Passage], train: Sequence[Passage]
) -> TextVocabulary:
    """Bytes, the characters of all splits, or the words of the training split."""
    if recipe.vocabulary == "bytes":
        return ByteVocabulary()
    if recipe.vocabulary == "words":
        sentences = (WordVocabulary.cut(text) for text in _texts(train))
        return WordVocabulary.build(sentences, recipe.min_count)
    replaced = recipe.unknown == "replace"
    return CharacterVocabulary.build(_texts(whole), recipe.min_count, replace_unknown=replaced)


def _texts(passages: Sequence[Passage]) -> Iterator[str]:
    return (piece.text for passage in passages for piece in in_pieces(passage))
