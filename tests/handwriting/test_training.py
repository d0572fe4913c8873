"""Learning to write: the loss falls, the likelihood is what it says, and a writer comes of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.handwriting.batches import batch_of
from multimodal.handwriting.dataset import handwriting_dataset
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.likelihood import batch_nll, dataset_nll
from multimodal.handwriting.recipe import HandwritingGeneratorRecipe
from multimodal.handwriting.training import HandwritingGeneratorTask
from multimodal.strokes.handwritten import kinds_in, read_handwriting
from multimodal.training import train

SMALL = HandwritingGeneratorRecipe(
    character_embedding_size=8,
    writer_embedding_size=4,
    window_size=16,
    hidden_size=16,
    windows=2,
    components=2,
    words=10,
    characters=10,
    batch_points=1024,
    epochs=2,
    learning_rate=1e-2,
    dev_lines=6,
    ema_decay=0.9,
    precision="fp32",
)


@pytest.fixture(scope="module")
def scripts(handwriting_data):
    def script(split):
        samples = [
            (kind, sample)
            for kind in kinds_in(handwriting_data)
            for sample in read_handwriting(handwriting_data, [kind], split)
        ]
        return handwriting_dataset(samples, SMALL.limit)

    return script("train"), script("dev")


def test_a_writer_comes_of_a_training(scripts, tmp_path):
    task = HandwritingGeneratorTask(SMALL, *scripts)
    assert task.model.config.num_writers == 4
    before = task.validate(task.model.eval())
    best = train(task, tmp_path / "run")
    generator = HandwritingGenerator.from_pretrained(best)
    assert generator.styles == (1, 2, 3, 4)
    assert generator.paces[0] > 5
    after = task.validate(generator.network)
    assert after["nats_per_point"] < before["nats_per_point"] - 0.2
    assert list((tmp_path / "run" / "samples").glob("*.png"))


def test_it_begins_from_another_writer(scripts, generator, tmp_path):
    task = HandwritingGeneratorTask(SMALL, *scripts)
    folder = task.pretrained(task.model).save_pretrained(tmp_path / "former")
    other = HandwritingGeneratorTask(replace(SMALL, seed=3, init_from=str(folder)), *scripts)
    for mine, wanted in zip(other.model.parameters(), task.model.parameters(), strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-3, rtol=1e-3)  # 16 bit
    with pytest.raises(UserError, match="do not fit"):
        HandwritingGeneratorTask(
            replace(SMALL, init_from=str(generator.save_pretrained(tmp_path / "small"))), *scripts
        )


def test_an_interrupted_training_arrives_at_the_same_weights(scripts, tmp_path):
    once = replace(SMALL, epochs=1)
    whole = HandwritingGeneratorTask(once, *scripts)
    train(whole, tmp_path / "a")
    broken = HandwritingGeneratorTask(once, *scripts)
    stage = broken.stages[0]
    real, count = stage.loss, iter(range(100))

    def loss(model, batch):
        if next(count) == 2:
            raise KeyboardInterrupt
        return real(model, batch)

    stage.loss = loss
    stage.options = replace(stage.options, checkpoint_seconds=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(broken, tmp_path / "b")
    again = HandwritingGeneratorTask(once, *scripts)
    again.stages[0].options = stage.options
    train(again, tmp_path / "b")
    for mine, wanted in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(mine, wanted)


def test_nats_are_summed_over_a_piece_alone(scripts):
    train_script, _ = scripts
    task = HandwritingGeneratorTask(SMALL, *scripts)
    network = task.model.eval()
    some = train_script.subset([0, 20, 30])
    embeddings = network.writer_embedding.weight.detach()[[0, 1, 2]]
    together = dataset_nll(network, some, embeddings, task.scale)
    for number in range(3):
        alone = dataset_nll(
            network, some.subset([number]), embeddings[number : number + 1], task.scale
        )
        torch.testing.assert_close(alone[0], together[number], rtol=1e-4, atol=1e-3)


def test_nats_by_hand(scripts):
    task = HandwritingGeneratorTask(SMALL, *scripts)
    rows = np.array([(0, 0, 0), (15, 0, 0), (0, 15, 1)], dtype=np.float32)
    batch = batch_of([rows], [[5, 96]], [0], scale=15.0)
    vectors = torch.zeros(1, 16, task.model.output.size)
    nats = batch_nll(task.model.output, vectors, batch)
    # Two offsets of length 1 under N(0, I), and three pen states of three alike.
    assert nats.offsets.item() == pytest.approx(2 * (np.log(2 * np.pi) + 0.5), rel=1e-5)
    assert nats.pens.item() == pytest.approx(3 * np.log(3), rel=1e-5)
    assert nats.total.item() == pytest.approx(nats.offsets.item() + nats.pens.item())


def test_nothing_to_learn_from(scripts):
    train_script, valid = scripts
    with pytest.raises(UserError, match="train on"):
        HandwritingGeneratorTask(SMALL, train_script.subset([]), valid)
    with pytest.raises(UserError, match="dev on"):
        HandwritingGeneratorTask(SMALL, train_script, valid.subset([]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("writer_dropout", 2.0),
        ("scale_jitter", -0.1),
        ("limit", 3),
        ("max_oversampling", 0.5),
    ],
)
def test_recipes_that_cannot_be(name, value):
    with pytest.raises(UserError, match=name):
        HandwritingGeneratorRecipe(**{name: value})
