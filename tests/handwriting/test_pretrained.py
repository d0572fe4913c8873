"""The writer that ships: small, documented, and what it writes can be read."""

import pytest
import torch
from safetensors import safe_open

from multimodal.checkpoints import CARD, PRETRAINED, WEIGHTS
from multimodal.handwriting.generator import SHIPPED, HandwritingGenerator
from multimodal.handwriting.judging import Piece, faults

FOLDER = PRETRAINED / SHIPPED
LARGEST = 4e6  # bytes of weights

pytestmark = pytest.mark.skipif(
    not (FOLDER / WEIGHTS).is_file(), reason=f"{SHIPPED} is not in the package"
)


@pytest.fixture(scope="module")
def shipped() -> HandwritingGenerator:
    return HandwritingGenerator.load()


def test_it_is_small_and_16_bit_and_has_a_card():
    assert (FOLDER / WEIGHTS).stat().st_size <= LARGEST
    with safe_open(FOLDER / WEIGHTS, framework="pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert torch.float32 not in kinds
    card = (FOLDER / CARD).read_text(encoding="utf-8")
    for stated in ("UNIPEN", "CC BY 4.0", "Zenodo", "error rate", "nats"):
        assert stated in card


def test_it_has_a_gallery(shipped):
    assert len(shipped.styles) >= 17
    assert len(set(shipped.gallery)) == len(shipped.gallery)


def test_lines_come_to_their_end_in_every_style(shipped):
    texts = ("Quartz, 12!", "zebra @ 9:30", "{x} = [y] & <z>")
    pieces = [Piece(text, shipped.style(style)) for style in shipped.styles for text in texts]
    lines = shipped.write_texts(pieces, seed=11)
    failed = [
        (piece.style.name, piece.text)
        for line, piece in zip(lines, pieces, strict=True)
        if faults(line, piece, shipped.scale)
    ]
    assert not failed


def test_a_judge_reads_what_it_writes(shipped):
    reading = pytest.importorskip("multimodal.recognition.handwriting.recognizer")
    metrics = pytest.importorskip("multimodal.recognition.handwriting.metrics")
    if not (PRETRAINED / reading.SHIPPED / WEIGHTS).is_file():
        pytest.skip(f"{reading.SHIPPED} is not in the package")
    texts = ["The quick brown fox", "the train leaves at nine"] * 8
    styles = [shipped.styles[number % 16] for number in range(16)]
    drawings = shipped.write_lines(texts, style=styles, seed=2)
    readings = reading.HandwritingRecognizer.load().read(drawings, one_line=True)
    rates = metrics.error_rates(texts, [each.text for each in readings])
    assert rates.cer < 0.25
