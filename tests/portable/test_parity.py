"""A file says what its model says: same choices, same points, same scores."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from multimodal.portable.sketches import random_numbers
from multimodal.strokes import Drawing

SQUARE = Drawing([[(0, 0), (40, 0), (40, 40)], [(40, 40), (0, 40), (0, 0)]])
WAVE = Drawing([[(0, 0), (10, 30), (25, -5)], [(60, 5), (80, 40)], [(90, 0), (90, 1)]])


def apart(one, other) -> float:
    """How far two drawings of the same strokes are apart."""
    assert [len(stroke) for stroke in one] == [len(stroke) for stroke in other]
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    "changes",
    [{}, {"temperature": 0.7, "top_k": 3}, {"top_p": 0.6}, {"top_k": 1}, {"stop": "a"}],
    ids=str,
)
def test_texts_are_the_same_token_by_token(pairs, changes):
    language_model, file = pairs("language-model")
    primes = ["abc", "", "h. gf"]
    options = {"length": 300, "seed": 4, **changes}
    assert file.generate_batch(primes, **options) == language_model.generate_batch(
        primes, **options
    )


def test_log_probabilities_of_a_text_are_the_same(pairs):
    language_model, file = pairs("language-model")
    options = {"length": 40, "seed": 1, "temperature": 0.5}
    ours, theirs = (
        [written.log_prob for written in one.stream("ab", **options)]
        for one in (file, language_model)
    )
    assert ours == pytest.approx(theirs, abs=1e-4)


SKETCHERS = pytest.mark.parametrize("kind", ["sketcher", "sketcher with position"])


@SKETCHERS
def test_drawings_are_the_same_point_by_point(pairs, kind):
    sketcher, file = pairs(kind)
    wanted = [("duck", 9), ("fish", 4), ("duck", 2)]
    for temperature, num_candidates in ((0.2, 1), (0.9, 1), (0.7, 4), (0.7, 16)):
        options = {"temperature": temperature, "seed": 7, "num_candidates": num_candidates}
        found = zip(
            file.draw_many(wanted, **options), sketcher.draw_many(wanted, **options), strict=True
        )
        for ours, theirs in found:
            for one, other in zip(ours, theirs, strict=True):
                # Of 255 units; every point adds what the one before it was rounded to.
                assert apart(one, other) < 2e-4 * max(1, len(other) and other.points)


def test_a_prompt_of_several_things_is_drawn_without_the_model(pairs):
    sketcher, file = pairs("sketcher")
    ours, theirs = (
        one.draw("two ducks and a cat", seed=3, temperature=0.4)[0] for one in (file, sketcher)
    )
    assert apart(ours, theirs) < 0.1


@pytest.mark.parametrize("num_candidates", [1, 8])
@pytest.mark.parametrize("category", [None, "duck"])
@SKETCHERS
def test_endings_of_a_drawing_come_in_the_same_order(pairs, kind, category, num_candidates):
    sketcher, file = pairs(kind)
    options = {
        "seed": 5,
        "temperature": 0.9,
        "category": category,
        "num_candidates": num_candidates,
    }
    ours, theirs = (one.complete(SQUARE, 8, **options) for one in (file, sketcher))
    # Among so many candidates, two may be so nearly alike that rounding decides.
    alike = [
        list(map(len, one)) == list(map(len, other)) and apart(one, other) < 0.01
        for one, other in zip(ours, theirs, strict=True)
    ]
    assert sum(alike) >= 7
    for one in ours:
        assert apart(Drawing(one.strokes[:2]), SQUARE) == 0


def test_knots_are_drawn_anew_as_the_model_does(pairs):
    sketcher, file = pairs("sketcher that knots")
    options = {"seed": 2, "num_candidates": 2, "temperature": 0.7}
    ours, theirs = (one.draw("duck", 6, **options) for one in (file, sketcher))
    for one, other in zip(ours, theirs, strict=True):
        assert apart(one, other) < 0.01
    numbers = random_numbers(2, 6, sketcher.limit, 2)
    given = file.options.changed(options)
    watched, unwatched = (
        file._run(
            [1] * 6,
            np.zeros((0, 3)),
            numbers,
            replace(given, num_candidates=num_candidates),
            np.empty(0),
        )
        for num_candidates in (2, 1)
    )
    assert (watched["counts"] != unwatched["counts"]).any()
    assert watched["counts"].tolist() == [one.points - 1 for one in ours]


def test_lines_of_handwriting_are_the_same_point_by_point(pairs):
    generator, file = pairs("handwriting-generator")
    options = {"seed": 3, "bias": 1.0, "num_candidates": 1, "attempts": 1}
    texts = ["Anna", "a train at 9.", "x"]
    for style in (1, 2):
        ours, theirs = (one.write_lines(texts, style=style, **options) for one in (file, generator))
        for one, other in zip(ours, theirs, strict=True):
            assert apart(one, other) < 0.01


def test_the_same_draft_is_kept(pairs):
    from multimodal.handwriting.candidates import TextChunk

    generator, file = pairs("handwriting-generator")
    pieces = [TextChunk(text, generator.style(1)) for text in ("quick", "fox", "jumps o")]
    options = {"seed": 9, "bias": 0.5, "num_candidates": 3, "attempts": 2}
    ours, theirs = (one.write_texts(pieces, **options) for one in (file, generator))
    for one, other in zip(ours, theirs, strict=True):
        assert len(one.rows) == len(other.rows)
        assert np.abs(one.rows - other.rows).max() < 1e-3
        assert np.abs(one.nats - other.nats).max() < 1e-2
        assert (one.looks == other.looks).all()
        assert one.ended == other.ended


def test_guesses_are_the_same_after_every_stroke(pairs):
    recognizer, file = pairs("recognizer")
    for drawing in (SQUARE, WAVE, Drawing([[(3, 3)]])):
        ours, theirs = (one.predict_steps(drawing, top=3) for one in (file, recognizer))
        for one, other in zip(ours, theirs, strict=True):
            assert one.seen == other.seen
            likely, expected = (
                [name for name, share in guess.ranking if share > 1e-3] for guess in (one, other)
            )
            assert likely == expected
            assert one.probability == pytest.approx(other.probability, abs=1e-4)
    assert file.predict([SQUARE, WAVE])[1].label == recognizer.predict(WAVE).label


@pytest.mark.parametrize("alternatives", [0, 3])
def test_readings_are_the_same(pairs, alternatives):
    recognizer, file = pairs("handwriting-recognizer")
    drawings = [SQUARE, WAVE, Drawing([])]
    ours, theirs = (one.read(drawings, alternatives=alternatives) for one in (file, recognizer))
    for one, other in zip(ours, theirs, strict=True):
        assert one.text == other.text
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert [line.strokes for line in one.lines] == [line.strokes for line in other.lines]


@pytest.mark.parametrize(
    "changes",
    [{}, {"channel_weight": 0.0}, {"beam_size": 1}, {"n_best": 3, "length_penalty": 0.0}],
    ids=str,
)
def test_translations_are_the_same(pairs, changes):
    translator, file = pairs("translator")
    texts = ["the dog runs", "", "A cat sleeps.", "a dog, the cat", "zzz runs"]
    ours, theirs = (one.translate(texts, to="de", **changes) for one in (file, translator))
    for one, other in zip(ours, theirs, strict=True):
        assert one.text == other.text
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.words == other.words
        assert one.unknown == other.unknown
        assert [a.text for a in one.alternatives] == [a.text for a in other.alternatives]
        if other.alignment is not None:
            assert np.abs(one.alignment - other.alignment).max(initial=0) < 1e-4


@pytest.mark.parametrize(
    "changes",
    [{}, {"beam_size": 1}, {"beam_size": 5, "n_best": 3}, {"length_penalty": 0.0, "max_length": 5}],
    ids=str,
)
@pytest.mark.parametrize("kind", ["captioner", "captioner with costs", "captioner with a list"])
def test_captions_are_the_same(pairs, kind, changes):
    captioner, file = pairs(kind)
    random = np.random.default_rng(0)
    photos = [Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8)) for h, w in SIZES]
    options = {"keep_attention": True, **changes}
    ours, theirs = (one.caption(photos, **options) for one in (file, captioner))
    for one, other in zip(ours, theirs, strict=True):
        assert (one.text, one.words) == (other.text, other.words)
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.word_scores == pytest.approx(other.word_scores, abs=1e-4)
        if other.attention is None:  # not a word was written
            assert one.attention is None
        else:
            assert np.abs(one.attention - other.attention).max() < 1e-4
        assert [a.text for a in one.alternatives] == [a.text for a in other.alternatives]


def test_what_a_list_of_words_is_read_for_is_said(pairs):
    captioner, file = pairs("captioner with a list")
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert captioner.grounding is not None
    assert not file.caption(photo).support
    assert {"naming", "support", "confidence"} <= set(file.file["cannot"])
    assert file.vocabulary.words == captioner.vocabulary.words


SIZES = [(64, 64), (64, 64), (100, 80), (64, 64), (30, 70)]


def test_the_graph_squashes_a_photo_as_pillow_does(pairs):
    _, file = pairs("captioner")
    random = np.random.default_rng(1)
    photo = np.kron(random.integers(0, 256, (20, 30, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    options = file.search_options({}).search
    whole = file.file.run(photos=photo[None], **options)
    fitted = file.file.run(photos=file.preprocess(Image.fromarray(photo))[None], **options)
    assert whole["tokens"].tolist() == fitted["tokens"].tolist()
    assert whole["scores"][0, 0] == pytest.approx(fitted["scores"][0, 0], abs=0.02)
