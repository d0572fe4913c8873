"""The translator that ships translates captions."""

import pytest

from multimodal.translation.translator import Translator


@pytest.fixture(scope="module")
def shipped():
    return Translator.from_pretrained()


@pytest.mark.parametrize(
    ("source", "text", "to", "expected"),
    [
        ("en", "Two dogs run on the beach.", "de", {"Zwei", "Hunde", "Strand"}),
        ("en", "Two dogs run on the beach.", "fr", {"Deux", "chiens", "plage"}),
        ("de", "Zwei Hunde rennen am Strand.", "en", {"Two", "dogs", "beach"}),
        ("fr", "Deux chiens courent sur la plage.", "de", {"Zwei", "Hunde", "Strand"}),
    ],
)
def test_it_translates_captions(shipped, source, text, to, expected):
    found = shipped.translate(text, to=to)
    assert found.source_language == source
    assert expected <= set(found.words)
    assert not found.unknown


def test_each_word_looks_at_its_own(shipped):
    found = shipped.translate("A dog jumps over a white fence.", to="fr")
    where = found.alignment.argmax(1)
    seen = {word: found.source_words[place] for word, place in zip(found.words, where, strict=True)}
    assert seen["chien"] == "dog"
    assert seen["blanche"] == "white"  # behind its noun
