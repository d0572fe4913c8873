"""What the handwriting generator that ships writes can be read."""

import pytest

from multimodal.handwriting.candidates import TextChunk, count_faults
from multimodal.handwriting.generator import HandwritingGenerator
from multimodal.recognition.handwriting.metrics import error_rates
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer


@pytest.fixture(scope="module")
def shipped() -> HandwritingGenerator:
    return HandwritingGenerator.from_pretrained()


def test_it_has_a_gallery(shipped):
    assert len(shipped.styles) >= 17
    assert len(set(shipped.gallery)) == len(shipped.gallery)


def test_lines_come_to_their_end_in_every_style(shipped):
    texts = ("Quartz, 12!", "zebra @ 9:30", "{x} = [y] & <z>")
    pieces = [TextChunk(text, shipped.style(style)) for style in shipped.styles for text in texts]
    lines = shipped.write_texts(pieces, seed=11)
    failed = [
        (piece.style.name, piece.text)
        for line, piece in zip(lines, pieces, strict=True)
        if count_faults(line, piece, shipped.scale)
    ]
    assert not failed


def test_a_judge_reads_what_it_writes(shipped):
    texts = ["The quick brown fox", "the train leaves at nine"] * 8
    styles = [shipped.styles[number % 16] for number in range(16)]
    drawings = shipped.write_lines(texts, style=styles, seed=2)
    readings = HandwritingRecognizer.from_pretrained().read(drawings, one_line=True)
    rates = error_rates(texts, [each.text for each in readings])
    assert rates.cer < 0.25
