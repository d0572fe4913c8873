"""The shipped models and their files, side by side; minutes of work."""

from pathlib import Path

import numpy as np
import pytest

from multimodal.portable import load_portable
from multimodal.strokes import Drawing
from pipelines.export import export_file

pytestmark = pytest.mark.slow

NEAR = 2e-3  # nats of a score: two sentences that are so near are a tie
PHOTOS, DIFFERENT = 200, 2
SENTENCES = 200


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped")

    def file(name: str, task: str, *, int8: bool = False):
        path = folder / f"{name}-{int8}.onnx"
        if not path.exists():
            export_file(name, path, int8=int8)
        return load_portable(path, task)

    return file


def flickr8k(shared: Path, count: int) -> list[str]:
    """Photos of the test split."""
    folder = shared / "data" / "flickr8k"
    names = (folder / "Flickr_8k.testImages.txt").read_text().split()
    return [str(folder / "images" / name) for name in names[:count]]


def test_captions_of_photos_are_the_same_word_for_word(files, shared):
    from multimodal.captioning.captioner import Captioner

    photos = flickr8k(shared, PHOTOS)
    theirs = Captioner.from_pretrained(precision="fp32").caption(photos, naming=False)
    ours = files("captioner-flickr8k", "captioner").caption(photos)
    other = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.text != b.text]
    assert len(other) <= DIFFERENT, [(a.text, b.text) for a, b in other]
    assert all(abs(a.score - b.score) < NEAR for a, b in other)


def test_the_files_of_8_bit_are_small(files):
    captioner = files("captioner-flickr8k", "captioner", int8=True)
    sketcher = files("sketcher-quickdraw", "sketcher", int8=True)
    assert captioner.file.path.stat().st_size <= 12e6
    assert sketcher.file.path.stat().st_size <= 4e6


def test_sketches_are_the_same_point_by_point(files):
    from multimodal.sketching.sketcher import Sketcher

    wanted = [("duck", 20), ("face", 20)]
    theirs = Sketcher.from_pretrained(precision="fp32").draw_many(wanted, seed=3)
    ours = files("sketcher-quickdraw", "sketcher").draw_many(wanted, seed=3)
    assert_same([d for some in ours for d in some], [d for some in theirs for d in some], 30.0)


def test_handwriting_is_the_same_point_by_point(files):
    from multimodal.handwriting.generator import HandwritingGenerator

    texts = ["Dear Anna,", "the train leaves at 9.", "Quartz & Zoo"]
    options = {"seed": 4, "style": 3}
    theirs = HandwritingGenerator.from_pretrained(precision="fp32").write_lines(texts, **options)
    ours = files("writer-unipen", "handwriting-generator").write_lines(texts, **options)
    assert_same(ours, theirs, 15.0)


def assert_same(ours: list[Drawing], theirs: list[Drawing], scale: float) -> None:
    """To 1e-4 of the network's unit in every offset, which add up along a drawing."""
    for one, other in zip(ours, theirs, strict=True):
        assert [len(stroke) for stroke in one] == [len(stroke) for stroke in other]
        for a, b in zip(one, other, strict=True):
            assert np.abs(np.diff(a, axis=0) - np.diff(b, axis=0)).max(initial=0) < 1e-4 * scale


def test_texts_are_the_same(files):
    from multimodal.language.language_model import LanguageModel

    options = {"length": 300, "seed": 2, "temperature": 0.8}
    primes = ["Shall I compare", ""]
    theirs = LanguageModel.from_pretrained("sonnets", precision="fp32").generate_batch(
        primes, **options
    )
    assert files("sonnets", "language-model").generate_batch(primes, **options) == theirs


def test_translations_have_the_same_bleu(files, shared):
    from multimodal.translation.data import read_parallel
    from multimodal.translation.metrics import score_translations
    from multimodal.translation.names import substitute_names
    from multimodal.translation.translator import Translator

    text = read_parallel(shared / "data" / "multi30k", "test", ())
    pairs = zip(*text.pairs("en", "de"), strict=True)
    # Names that are hardly known are put in by constraints, which a file cannot.
    known = [(source, said) for source, said in pairs if substitute_names(source, "de") is None]
    sentences, references = zip(*known[:SENTENCES], strict=True)
    theirs = Translator.from_pretrained(precision="fp32").translate(sentences, "de", "en")
    ours = files("translator-multi30k", "translator").translate(sentences, "de", "en")
    a, b = (
        score_translations([t.text for t in found], references).bleu for found in (ours, theirs)
    )
    assert a == pytest.approx(b, abs=0.05)
