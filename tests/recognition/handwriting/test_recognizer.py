import json

import numpy as np
import pytest
import torch

from multimodal.checkpoints import CONFIG
from multimodal.errors import UserError
from multimodal.recognition.handwriting.decoding import log_probabilities
from multimodal.recognition.handwriting.recognizer import HandwritingRecognizer
from multimodal.recognition.handwriting.tracks import track_of
from multimodal.recognition.handwriting.transcription import Line, Transcription
from multimodal.strokes import Drawing


def test_lines_under_each_other(writer, recognizer):
    drawing = writer.page("lvnlv", "vvn", "nlnl")
    reading = recognizer.read(drawing)
    assert [line.strokes for line in reading.lines] == [
        tuple(range(5)),
        (5, 6, 7),
        (8, 9, 10, 11),
    ]
    alone = [
        recognizer.read(Drawing([drawing.strokes[n] for n in line.strokes]))
        for line in reading.lines
    ]
    assert reading.text == "\n".join(each.text for each in alone)
    assert [line.score for line in reading.lines] == pytest.approx([a.score for a in alone])


def test_one_line_is_not_cut(writer, recognizer):
    drawing = writer.page("lvn", "nlv")
    (line,) = recognizer.read(drawing, one_line=True).lines
    assert line.strokes == tuple(range(6))


def test_a_batch_is_read_as_one_by_one(writer, recognizer):
    drawings = [writer.page("lvn"), writer.page("n"), writer.page("lvnlvnlvnlvnlvnlvnlv", "v")]
    together = recognizer.read(drawings)
    for drawing, reading in zip(drawings, together, strict=True):
        alone = recognizer.read(drawing)
        assert reading.text == alone.text
        assert reading.score == pytest.approx(alone.score, abs=1e-4)


def test_size_and_place_change_nothing(writer, recognizer):
    drawing = writer.page("lvnl", "nnv")
    moved = drawing.scaled(0.037).moved(-400, 12)
    assert recognizer.read(moved).text == recognizer.read(drawing).text


def test_the_score_is_the_text_s_own_probability(writer, recognizer):
    drawing = writer.page("lvnl")
    (line,) = recognizer.read(drawing).lines
    frames = recognizer.frames([track_of(drawing.strokes)])
    (chance,) = log_probabilities(frames, [line.text], recognizer.alphabet)
    assert line.score == pytest.approx(chance / max(1, len(line.text)))


def test_alternatives_are_ranked_and_the_text_is_the_first(writer, recognizer):
    reading = recognizer.read(writer.page("lvn", "vl"), alternatives=3)
    for line in reading.lines:
        assert 1 <= len(line.alternatives) <= 3
        assert line.alternatives[0] == (line.text, line.score)
        chances = [score * max(1, len(text)) for text, score in line.alternatives]
        assert chances == sorted(chances, reverse=True)
        assert len({text for text, _ in line.alternatives}) == len(line.alternatives)
    assert recognizer.read(writer.page("lvn")).lines[0].alternatives == ()


def test_an_empty_canvas_says_nothing(recognizer):
    assert recognizer.read(Drawing(())) == Transcription(())
    assert recognizer.read(Drawing(())).text == ""
    assert recognizer.read([]) == []
    assert recognizer.read([Drawing(()), Drawing([[(0, 0), (0, 9)]])])[0] == Transcription(())


def test_a_negative_number_of_alternatives(writer, recognizer):
    with pytest.raises(UserError, match="alternatives: must be 0 or more, not -1"):
        recognizer.read(writer.page("l"), alternatives=-1)


def test_the_score_of_a_page_is_that_of_its_characters():
    reading = Transcription((Line("abc", -0.2, (0,)), Line("d", -1.0, (1,))))
    assert reading.score == pytest.approx(-0.4)
    assert Transcription(()).score == 0


def test_reading_along_says_what_reading_the_whole_says(writer, recognizer):
    drawing = writer.page("lvn", "nl")
    stream = recognizer.stream()
    assert stream.reading == Transcription(())
    for count, stroke in enumerate(drawing.strokes, 1):
        live = stream.add(stroke)
        whole = recognizer.read(Drawing(drawing.strokes[:count]))
        assert live.text == whole.text
        assert [line.strokes for line in live.lines] == [line.strokes for line in whole.lines]
    assert stream.undo().text == recognizer.read(Drawing(drawing.strokes[:-1])).text
    for _ in range(9):
        stream.undo()
    assert stream.reading == Transcription(())


def test_reading_along_reads_only_the_line_that_changed(writer, recognizer, monkeypatch):
    stream = recognizer.stream()
    for stroke in writer.page("lvn", "n").strokes:
        stream.add(stroke)
    asked = []
    read = recognizer.read
    monkeypatch.setattr(
        recognizer,
        "read",
        lambda drawings, **options: asked.extend(drawings) or read(drawings, **options),
    )
    stream.add(np.array([(60.0, 90.0), (65.0, 70.0), (70.0, 90.0)]))
    assert [len(drawing) for drawing in asked] == [2]


def test_no_stroke_is_refused_while_reading_along(recognizer):
    with pytest.raises(UserError, match="stroke 1"):
        recognizer.stream().add([(0, 0, 0, 0)])


def test_saved_and_loaded(writer, recognizer, checkpoint):
    loaded = HandwritingRecognizer.from_pretrained(checkpoint, precision="fp32")
    assert loaded.alphabet == recognizer.alphabet
    assert loaded.network.config == recognizer.network.config
    assert not loaded.network.training
    drawing = writer.page("lvnl")
    one = recognizer.frames([track_of(drawing.strokes)])[0]
    other = loaded.frames([track_of(drawing.strokes)])[0]
    assert np.abs(one - other).max() < 0.05  # 16 bits
    tensors = recognizer.network.state_dict()
    assert tensors["readout.weight"].dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"task": "recognizer"}, "a checkpoint for 'recognizer', not for 'handwriting-recognizer'"),
        ({"alphabet": "aab"}, "alphabet: must be characters, none of them twice"),
        ({"network": {"width": 3}}, r"incomplete \(TypeError"),
    ],
)
def test_a_checkpoint_that_is_none(checkpoint, change, complaint):
    path = checkpoint / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=complaint):
        HandwritingRecognizer.from_pretrained(checkpoint)
