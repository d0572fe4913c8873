"""Plain Python cuts and merges as `tokenizers` does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.portable.byte_pairs import BytePairs
from multimodal.subwords import SubwordVocabulary

TEXTS = [
    "Two dogs run on the beach.",
    "  It's 3 o'clock, they'll   come — don't wait!  ",
    "Zwei Hunde laufen über die Straße…",
    "l'été d'où ça?",
    "12,5 km/h '' \"quoted\" 'tis\ttab\nline\r\nend",
    "日本語 текст 🙂🙂 ½ Ⅳ x²",
    "'s 't'll 'd",
    "",
    " ",
]
SPECIAL = ("<pad>", "<end>")


@pytest.fixture(scope="module")
def both() -> tuple[SubwordVocabulary, BytePairs]:
    library = SubwordVocabulary.build(TEXTS * 3, 420, SPECIAL)
    return library, BytePairs(library.merges, SPECIAL)


@pytest.mark.parametrize("text", TEXTS)
def test_ids_texts_and_words_are_those_of_the_library(both, text):
    library, ours = both
    ids = library.encode(text)
    assert ours.encode(text) == ids
    assert ours.decode(ids) == library.decode(ids)
    assert ours.words(ids) == library.words(ids)


@given(text=st.text(max_size=40))
def test_any_text_is_cut_as_the_library_cuts_it(both, text):
    library, ours = both
    assert ours.encode(text) == library.encode(text)


def test_a_merge_of_nothing_is_refused():
    from multimodal.errors import UserError

    with pytest.raises(UserError, match="'zz' is merged, but nothing makes it"):
        BytePairs(["zz y"], SPECIAL)
