"""Names in checkpoints of formats 1 and 2, which versions up to 0.1 wrote, and today's names.

Shipped checkpoints keep their files: they are read through this table, and saved in today's names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class FormerNames:
    """What was renamed in the checkpoints of one task.

    Attributes:
        task: today's name of the task.
        config: former key of `config.json` → today's key; dots lead into nested tables.
        tensors: regular expression for the beginning of a tensor's name → how it begins today.
    """

    task: str
    config: Mapping[str, str] = field(default_factory=dict)
    tensors: Mapping[str, str] = field(default_factory=dict)


FORMER_NAMES: Mapping[str, FormerNames] = {
    "captioner": FormerNames(
        task="captioner",
        config={
            "decoder.listed_words": "word_list_size",
            "decoder.familiarity_rank": "in_domain_rank",
        },
        tensors={
            r"decoder\.reader\.": "decoder.attention_lstm.",
            r"decoder\.writer\.": "decoder.language_lstm.",
            r"witnesses\.": "word_evidence.",
            r"word_evidence\.familiarity\.": "word_evidence.in_domain_score.",
        },
    ),
    "clip-recognizer": FormerNames(task="video-recognizer", tensors={r"reader\.": "rnn."}),
    "reader": FormerNames(task="handwriting-recognizer"),
    "recognizer": FormerNames(task="recognizer", tensors={r"reader\.": "rnn.", r"eye\.": "cnn."}),
    "text-classifier": FormerNames(
        task="text-classifier",
        config={
            "network.readers": "num_encoders",
            "count_weight": "naive_bayes_weight",
            "shares": "class_priors",
            "pieces": "tokenizer",
            "network.piece_dropout": "token_dropout",
            "network.name_dropout": "unk_dropout",
        },
        tensors={
            r"readers\.(\d+)\.reader\.": r"encoders.\1.rnn.",
            r"readers\.": "encoders.",
            r"count\.": "naive_bayes.",
        },
    ),
    "writer": FormerNames(
        task="handwriting-generator",
        config={
            "network.hands": "num_writers",
            "network.hand_size": "writer_embedding_size",
            "network.character_size": "character_embedding_size",
        },
        tensors={
            r"hands\.": "writer_embedding.",
            r"characters\.": "character_embedding.",
        },
    ),
    "sketcher": FormerNames(
        task="sketcher",
        config={"rough": "low_quality"},
        tensors={r"beginning\.": "init_hidden."},
    ),
    "translator": FormerNames(
        task="translator",
        config={
            "network.reader_layers": "encoder_layers",
            "network.reader_size": "encoder_size",
            "network.writer_size": "decoder_size",
            "longest": "max_length",
        },
        tensors={r"reader\.": "encoder.", r"beginning\.": "init_hidden."},
    ),
    "text": FormerNames(task="language-model", config={"shares": "split_fractions"}),
}
"""By the former name of the task."""

FORMER_SETTINGS: Mapping[str, str] = {
    "listed_words": "word_list_size",
    "language_share": "text_loss_weight",
    "hidden_photos": "image_dropout",
    "cross_entropy_share": "cross_entropy_weight",
    "start": "init_from",
    "teacher": "extra_data",
    "taught_per_category": "extra_per_category",
    "stretching": "scale_jitter",
    "turning": "shear_jitter",
    "point_dropping": "point_dropout",
    "slant": "slant_jitter",
    "climb": "slope_jitter",
    "width": "width_jitter",
    "size": "size_jitter",
    "rare": "max_oversampling",
    "early_weight": "partial_loss_weight",
    "films": "videos_per_category",
    "pieces": "tokens",
    "piece_dropout": "token_dropout",
    "name_dropout": "unk_dropout",
}
"""What settings of recipes were called → what they are called today."""


def renamed_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contents of a `config.json` of a former format under today's names."""
    former = FORMER_NAMES.get(config["task"])
    if former is None:
        return dict(config)
    return {**_renamed(config, former.config), "task": former.task}


def renamed_tensors(task: str, tensors: Mapping[str, T]) -> dict[str, T]:
    """Return the tensors of a checkpoint of a former format under today's names.

    Args:
        task: as the checkpoint's own `config.json` calls it.
        tensors: by their former names.
    """
    former = FORMER_NAMES.get(task)
    prefixes = former.tensors if former else {}
    return {_todays(name, prefixes): tensor for name, tensor in tensors.items()}


def _renamed(config: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for key, value in config.items():
        inner = {
            path.removeprefix(f"{key}."): name
            for path, name in names.items()
            if path.startswith(f"{key}.")
        }
        nested = inner and isinstance(value, Mapping)
        renamed[names.get(key, key)] = _renamed(value, inner) if nested else value
    return renamed


def _todays(name: str, prefixes: Mapping[str, str]) -> str:
    for former, todays in prefixes.items():
        if match := re.match(former, name):
            return match.expand(todays) + name[match.end() :]
    return name
