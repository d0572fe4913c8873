"""Checkpoints of format 1 are read under today's names, whoever wrote them."""

import json

import pytest
import torch

from multimodal.checkpoints import (
    CONFIG,
    FORMAT,
    WEIGHTS,
    average_checkpoints,
    read_checkpoint,
    save_checkpoint,
    shipped_models,
    write_tensors,
)
from multimodal.former_names import FORMER_NAMES

# What stood in a checkpoint of format 1 → what is read of it: task, config, tensors.
CASES = {
    "captioner": (
        "captioner",
        (
            {"generation": {"beam_size": 5}, "decoder": {"listed_words": 9, "familiarity_rank": 2}},
            {"generation": {"beam_size": 5}, "decoder": {"word_list_size": 9, "in_domain_rank": 2}},
        ),
        {
            "decoder.reader.layers.0.weight_ih_l0": "decoder.attention_lstm.layers.0.weight_ih_l0",
            "decoder.writer.layers.0.weight_ih_l0": "decoder.language_lstm.layers.0.weight_ih_l0",
            "witnesses.usual": "word_evidence.usual",
            "word_evidence.familiarity.mean": "word_evidence.in_domain_score.mean",
            "decoder.readout.bias": "decoder.readout.bias",
            "encoder.body.0.decoder.reader.weight": "encoder.body.0.decoder.reader.weight",
        },
    ),
    "clip-recognizer": (
        "video-recognizer",
        ({"labels": ["reader."]}, {"labels": ["reader."]}),
        {"reader.core.layers.0.bias": "rnn.core.layers.0.bias", "readout.bias": "readout.bias"},
    ),
    "reader": ("handwriting-recognizer", ({}, {}), {"readout.bias": "readout.bias"}),
    "recognizer": (
        "recognizer",
        ({}, {}),
        {"reader.core.layers.0.bias": "rnn.core.layers.0.bias", "eye.10.weight": "cnn.10.weight"},
    ),
    "sketcher": (
        "sketcher",
        ({"rough": ["angel"]}, {"low_quality": ["angel"]}),
        {"beginning.bias": "init_hidden.bias", "decoder.layers.0.bias": "decoder.layers.0.bias"},
    ),
    "text": (
        "language-model",
        ({"shares": {"dev": 0.1}}, {"split_fractions": {"dev": 0.1}}),
        {"readout.bias": "readout.bias"},
    ),
    "text-classifier": (
        "text-classifier",
        (
            {"network": {"readers": 2, "cell": "gru"}, "count_weight": 0.3, "shares": [0.4, 0.6]},
            {
                "network": {"num_encoders": 2, "cell": "gru"},
                "naive_bayes_weight": 0.3,
                "class_priors": [0.4, 0.6],
            },
        ),
        {
            "readers.12.reader.core.layers.0.bias": "encoders.12.rnn.core.layers.0.bias",
            "readers.0.words.weight": "encoders.0.words.weight",
            "count.evidence": "naive_bayes.evidence",
        },
    ),
    "translator": (
        "translator",
        (
            {
                "network": {"reader_layers": 2, "reader_size": 8, "writer_size": 9, "dropout": 0.1},
                "longest": 70,
                "generation": {"longest": 1},
            },
            {
                "network": {
                    "encoder_layers": 2,
                    "encoder_size": 8,
                    "decoder_size": 9,
                    "dropout": 0.1,
                },
                "max_length": 70,
                "generation": {"longest": 1},
            },
        ),
        {"reader.forwards.0.bias": "encoder.forwards.0.bias", "beginning.bias": "init_hidden.bias"},
    ),
    "writer": (
        "handwriting-generator",
        (
            {"network": {"hands": 3, "hand_size": 4, "character_size": 5}},
            {
                "network": {
                    "num_writers": 3,
                    "writer_embedding_size": 4,
                    "character_embedding_size": 5,
                }
            },
        ),
        {
            "hands.weight": "writer_embedding.weight",
            "characters.weight": "character_embedding.weight",
        },
    ),
    "a task of somebody else": (
        "a task of somebody else",
        ({"shares": 1}, {"shares": 1}),
        {"reader.weight": "reader.weight"},
    ),
}


def former_checkpoint(folder, task, config, names):
    folder.mkdir()
    (folder / CONFIG).write_text(json.dumps({"format": 1, "task": task, **config}))
    write_tensors(folder / WEIGHTS, {name: torch.tensor([len(name)]) for name in names})
    return folder


def test_every_renamed_task_has_a_case():
    assert set(FORMER_NAMES) <= set(CASES)


@pytest.mark.parametrize("former", CASES)
def test_former_names_are_read_as_todays(tmp_path, former):
    task, (config, expected), names = CASES[former]
    folder = former_checkpoint(tmp_path / "former", former, config, names)
    checkpoint = read_checkpoint(folder, task=task)
    assert checkpoint.config == {"format": FORMAT, "task": task, **expected}
    assert checkpoint.tensors == {new: torch.tensor([len(old)]) for old, new in names.items()}


@pytest.mark.parametrize("former", CASES)
def test_todays_names_are_never_renamed(tmp_path, former):
    task, (config, _), names = CASES[former]
    tensors = {name: torch.tensor([len(name)]) for name in names}
    folder = save_checkpoint(tmp_path / "new", {"task": task, **config}, tensors)
    checkpoint = read_checkpoint(folder, task=task)
    assert checkpoint.config == {"format": FORMAT, "task": task, **config}
    assert checkpoint.tensors == tensors


def test_the_mean_of_former_and_new_checkpoints_is_one_of_today(tmp_path):
    task, (config, expected), names = CASES["translator"]
    former = former_checkpoint(tmp_path / "former", "translator", config, names)
    tensors = {new: torch.tensor([len(old) + 2.0]) for old, new in names.items()}
    new = save_checkpoint(tmp_path / "new", {"task": task, **expected}, tensors)
    mean = read_checkpoint(average_checkpoints([new, former], tmp_path / "mean"))
    assert mean.config == {"format": FORMAT, "task": task, **expected}
    assert mean.tensors == {new: torch.tensor([len(old) + 1.0]) for old, new in names.items()}


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_models_keep_their_files(name):
    checkpoint = read_checkpoint(name)
    stored = json.loads((checkpoint.folder / CONFIG).read_text())
    assert checkpoint.config["format"] == FORMAT
    assert checkpoint.config["task"] == FORMER_NAMES[stored["task"]].task
