"""How fast language models train and generate: ``multimodal benchmark language-model``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.benchmark.timing import seconds as seconds_of
from pipelines.train import with_settings

if TYPE_CHECKING:
    from multimodal.language.model import LanguageNetwork
    from multimodal.language.recipe import LanguageModelRecipe

TEXTS = (1, 16, 256)
ALPHABET = "".join(map(chr, range(32, 96))) + "\n"
STEPS = 2  # of training in one run
CHARACTERS = 64  # of every text in one run, at least


def benchmark_language_model(
    settings: Sequence[str] = (), characters: int = CHARACTERS
) -> Iterator[str]:
    """Time training and writing; gives the lines of two tables as they are measured.

    The weights are random: they do not change the speed. Every figure is the median of three runs.
    Training is whole steps of the training loop; the fused LSTM alone is torch's, forward and
    backward, with sizes and streams the same, and nothing else. Writing is compared with the loop
    that ports of char-rnn use (torch's LSTM in fp32, one text, one character at a call), and with
    the matrix products of its steps alone.

    Args:
        settings: changes to the recipe, "name=value".
        characters: how many every text is made longer by in one run.
    """
    import torch

    from multimodal.language.recipe import LanguageModelRecipe
    from multimodal.processor import computes_bf16

    recipe = with_settings(LanguageModelRecipe(), settings)
    sizes = f"{recipe.layers} x {recipe.hidden_size} {recipe.cell}"
    yield f"{sizes}, {len(ALPHABET)} characters, {torch.get_num_threads()} threads of torch"
    yield f"training, {recipe.streams} streams x {recipe.steps} steps"
    yield "characters/s   of the fused LSTM, forward and backward   computed in"
    for precision in ("bf16", "fp32") if computes_bf16() else ("fp32",):
        yield _training_line(with_settings(recipe, [f"precision={precision}"]))
    yield from _writing_lines(recipe, characters)


def _training_line(recipe: LanguageModelRecipe) -> str:
    steps, computed = training_steps(recipe)
    ours, products_alone = seconds_of(steps), seconds_of(fused_lstm_steps(recipe))
    read = STEPS * recipe.streams * recipe.steps
    return f"{read / ours:12,.0f} {products_alone / ours:41.2f}   {computed}"


def training_steps(recipe: LanguageModelRecipe) -> tuple[Callable[[], None], str]:
    """Whole steps of the training loop, on a random text, and in which types they compute."""
    import torch

    from multimodal.language.data import Passage
    from multimodal.language.model import LanguageNetwork
    from multimodal.language.training import LanguageModelingStage
    from multimodal.training.learner import Learner, join_processes
    from multimodal.vocabulary import CharacterVocabulary

    count = recipe.streams * recipe.steps * STEPS + 1
    drawn = torch.randint(len(ALPHABET), (count,), generator=torch.Generator().manual_seed(0))
    text = "".join(ALPHABET[number] for number in drawn.tolist())
    vocabulary = CharacterVocabulary("".join(sorted(ALPHABET)))
    stage = LanguageModelingStage(recipe, [Passage(text, "random")], vocabulary, Path())
    join_processes()
    learner = Learner(LanguageNetwork(recipe.network, len(vocabulary)), stage)
    batches = [batch._replace(shown_after=None) for batch in stage.batches(0, 0, 0, 1)]

    def steps() -> None:
        with torch.inference_mode(False):
            for batch in batches:
                learner.step(batch, recipe.learning_rate, 1, [False, False])

    steps()  # kernels are built for the shapes of the first
    return steps, str(learner.computed)


def fused_lstm_steps(recipe: LanguageModelRecipe) -> Callable[[], None]:
    """Torch's own stacked network, forward and backward, on random inputs."""
    import torch

    from multimodal.processor import torch_dtype
    from multimodal.recurrent.cells import FUSED

    network = FUSED[recipe.cell](
        recipe.embedding_size, recipe.hidden_size, recipe.layers, batch_first=True
    )
    inputs = torch.randn(recipe.streams, recipe.steps, recipe.embedding_size)
    sixteen = torch_dtype(recipe.precision) == torch.bfloat16

    def steps() -> None:
        with torch.inference_mode(False):
            for _ in range(STEPS):
                network.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=sixteen):
                    outputs, _ = network(inputs)
                outputs.float().sum().backward()

    steps()
    return steps


def _writing_lines(recipe: LanguageModelRecipe, characters: int) -> Iterator[str]:
    from multimodal.language.model import LanguageNetwork
    from multimodal.processor import torch_dtype

    network = LanguageNetwork(recipe.network, len(ALPHABET)).eval()
    plain = characters / seconds_of(plain_loop(network, characters))
    network.to(torch_dtype(recipe.precision))
    yield f"writing in {torch_dtype(recipe.precision)}; a plain loop: {plain:,.0f} characters/s"
    yield "texts at once   characters/s   of a plain loop   time against the matrix products alone"
    for texts in TEXTS:
        ours = seconds_of(writing(network, texts, characters))
        products_alone = seconds_of(products_alone_of(network, texts, characters))
        speed = texts * characters / ours
        yield f"{texts:13d} {speed:14,.0f} {speed / plain:15.1f} x {ours / products_alone:39.2f} x"


def plain_loop(network: LanguageNetwork, characters: int) -> Callable[[], None]:
    """The loop of char-rnn's ports: one character through torch's own network, softmax, a draw."""
    import torch

    from multimodal.recurrent.cells import FUSED

    config = network.config
    fused = FUSED[config.cell](
        config.embedding_size, config.hidden_size, config.layers, batch_first=True
    ).eval()

    def loop() -> None:
        token, state = torch.zeros(1, 1, dtype=torch.int64), None
        for _ in range(characters):
            hidden, state = fused(network.embedding(token), state)
            weights = torch.softmax(network.readout(hidden[:, -1]) / 0.8, -1)
            token = torch.multinomial(weights, 1)

    return loop


def writing(network: LanguageNetwork, texts: int, characters: int) -> Callable[[], None]:
    """Our own loop.

    Args:
        network: what writes.
        texts: at once.
        characters: of each.
    """
    import torch

    from multimodal.language.generation import TextGenerator
    from multimodal.language.options import TextGenerationOptions

    prompts = [torch.zeros(1, dtype=torch.int64)] * texts
    going = TextGenerator(network, prompts, TextGenerationOptions(temperature=0.8, seed=0), ())

    def write() -> None:
        for _ in range(characters):
            tokens, log_probs = going.step()
            tokens.tolist(), log_probs.tolist()

    return write


def products_alone_of(network: LanguageNetwork, texts: int, characters: int) -> Callable[[], None]:
    """The matrix products of every step, and nothing else.

    Args:
        network: whose matrices.
        texts: at once.
        characters: of each.
    """
    from torch import nn

    recurrent = [weight for weight in network.recurrent.parameters() if weight.dim() > 1]
    weights = [*recurrent, network.readout.weight]
    inputs = [weight.new_zeros(texts, weight.shape[1]) for weight in weights]

    def multiply() -> None:
        for _ in range(characters):
            for read, weight in zip(inputs, weights, strict=True):
                nn.functional.linear(read, weight)

    return multiply
