"""What was seen of a language, kept as text."""

import json

from hypothesis import given
from hypothesis import strategies as st

from multimodal.translation.languages import Language


@given(st.frozensets(st.text("aß-", min_size=1)), st.frozensets(st.integers(0, 99)))
def test_a_language_is_told_by_its_json(words, subwords):
    language = Language(words, subwords)
    assert Language.from_json(json.loads(json.dumps(language.to_json()))) == language


def test_more_is_added():
    more = Language(frozenset({"a"}), frozenset({3})).with_more(["b"], [4, 3])
    assert more == Language(frozenset({"a", "b"}), frozenset({3, 4}))


def test_words_are_known_by_their_parts_too():
    assert Language(frozenset({"t-shirt", "l'eau"})).parts == {
        "t-shirt",
        "t",
        "shirt",
        "l'eau",
        "l",
        "eau",
    }
