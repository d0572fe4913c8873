"""A small generator that has learnt nothing, and handwriting that it could learn from."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.handwriting.model import END_OF_LINE, HandwritingConfig, HandwritingNetwork
from multimodal.handwriting.options import HandwritingOptions

TEXTS = ("anna", "the train", "leaves at 9.", "Quartz & Zoo", "fox, 12!", "no", "yes we do")


def build_generator(num_writers=3, precision="fp32", pace=0.5, **changes) -> HandwritingGenerator:
    """A generator whose window goes on by about half a character with every point."""
    torch.manual_seed(0)
    sizes = {
        "character_embedding_size": 6,
        "writer_embedding_size": 4,
        "window_size": 16,
        "hidden_size": 12,
    }
    config = HandwritingConfig(
        **{"num_writers": num_writers, "windows": 2, "components": 3, **sizes, **changes}
    )
    network = HandwritingNetwork(config)
    with torch.no_grad():
        network.readout.weight *= 4
        network.readout.bias[END_OF_LINE] = 6.0
        network.lower.window.projection.bias[2 * 2 :] = float(np.log(pace))
    gallery = range(num_writers)
    generator = HandwritingGenerator(
        network, scale=15.0, gallery=gallery, paces=[40.0] * num_writers, precision=precision
    )
    generator.options = HandwritingOptions(attempts=1)  # it would fail every time
    return generator


@pytest.fixture
def make_generator():
    return build_generator


@pytest.fixture
def generator(make_generator) -> HandwritingGenerator:
    return make_generator()


def script_rows(text: str, seed: int):
    """A zigzag of as many letters: dx, dy and pen lifted, the pen being lifted between words."""
    random = np.random.default_rng(seed)
    rows = [(0, 0, False)]
    for letter in text:
        if letter == " ":
            rows[-1] = (*rows[-1][:2], True)
            rows.append((30, -10, False))
            continue
        for dx, dy in ((8, -30), (6, 28), (7, -28), (5, 30)):
            rows.append((dx + random.integers(-2, 3), dy + random.integers(-3, 4), False))
    rows[-1] = (*rows[-1][:2], True)
    return rows


def write_parquet(folder, kind: str, texts, writers) -> None:
    pieces = [script_rows(text, number) for number, text in enumerate(texts)]
    columns = {
        name: pa.array([[row[axis] for row in rows] for rows in pieces], pa.list_(type_))
        for axis, (name, type_) in enumerate(
            {"dx": pa.int16(), "dy": pa.int16(), "pen_lifted": pa.bool_()}.items()
        )
    }
    table = pa.table({"text": list(texts), "writer": pa.array(writers, pa.int16()), **columns})
    pq.write_table(table, folder / f"{kind}.parquet")


@pytest.fixture(scope="session")
def handwriting_data(tmp_path_factory):
    """A folder of lines, words and characters of writers of all three splits."""
    folder = tmp_path_factory.mktemp("handwriting")
    writers = [10, 11, 12, 13, 14, 20, 21, 22]
    lines = [f"{text} {number}" for number, text in enumerate(TEXTS * 8)]
    write_parquet(folder, "lines", lines, [writers[n % 8] for n in range(len(lines))])
    words = [word for text in TEXTS for word in text.split()] * 2
    write_parquet(folder, "words", words, [writers[n % 8] for n in range(len(words))])
    letters = list("abcXYZ@") * 8
    write_parquet(folder, "characters", letters, [writers[n % 8] for n in range(len(letters))])
    return folder
