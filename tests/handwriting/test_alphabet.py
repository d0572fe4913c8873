"""What can be written, what can't, and how any text is spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.handwriting.alphabet import (
    CHARACTERS,
    END,
    SYMBOLS,
    encode,
    transliterate,
    without_spelling,
)


def test_every_printable_ascii_character_has_its_number():
    numbers = encode(CHARACTERS)
    assert numbers == [*range(1, 96), END]
    assert CHARACTERS[0] == " "
    assert CHARACTERS[-1] == "~"
    assert SYMBOLS == 97


def test_what_cannot_be_written_is_named():
    with pytest.raises(UserError, match=r"'ü' \(U\+00FC.*DIAERESIS\), 'π' \(U\+03C0") as error:
        encode("für πi für")
    assert str(error.value).count("U+00FC") == 1
    with pytest.raises(UserError, match=r"\(U\+0007\)"):
        encode("a\x07")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Schöne Grüße", "Schoene Gruesse"),
        ("café à la crème", "cafe a la creme"),
        ("“Hi” – it’s 5 €…", '"Hi" - it\'s 5 EUR...'),
        ("Żółć, Łódź", "Zolc, Lodz"),
        ("smile 😀 end", "smile end"),
        ("ﬁne ½ x²", "fine 1/2 x2"),
        ("a\r\nb\rc\u2028d\te", "a\nb\nc\nd e"),
        ("u\u0308ber", "ueber"),
        ("漢字", ""),
    ],
)
def test_spelled(text, plain):
    assert transliterate(text) == plain


def test_what_has_no_spelling_is_told_once():
    assert without_spelling("Grüße, 漢字 漢 “é” 😀\u200d\n") == ["漢", "字", "😀"]


@given(st.text())
def test_whatever_is_spelled_can_be_written_and_stays_as_it_is(text):
    plain = transliterate(text)
    for line in plain.split("\n"):
        encode(line)
    assert transliterate(plain) == plain


@given(st.text(alphabet=CHARACTERS.replace(" ", ""), min_size=1))
def test_plain_text_is_left_alone(text):
    assert transliterate(text) == text
