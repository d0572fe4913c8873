"""Names that captions bring in, in German and French."""

import pytest

from multimodal.captioning.imagenet_names import imagenet_objects
from multimodal.translation.names import LANGUAGES, Noun, donors, names, substitute_names

LION = next(name for name in names() if name.one == "lion")


def test_everything_that_can_be_said_has_a_name_and_nothing_else():
    sayable = [thing.forms for thing in imagenet_objects().values() if thing.may_be_named]
    said = {(name.one or None, name.several or None) for name in names()}
    assert said == {(forms.one, forms.several) for forms in sayable}


def test_nouns_are_whole():
    for name in names():
        assert name.kind in ("living", "thing")
        german, french = name.nouns["de"], name.nouns["fr"]
        for form in (german.one, german.oblique, german.several):
            assert form == "" or form[0].isupper(), name
        assert french.gender in "mf"
        for noun in (german, french):
            assert noun.one
            assert noun.oblique
            assert bool(noun.several) or not name.several or not name.one, name
    assert LION.nouns["de"] == Noun("m", "Löwe", "Löwen", "Löwen")


def test_there_is_a_donor_for_every_noun():
    for name in names():
        for language in LANGUAGES:
            key = (name.kind, name.nouns[language].gender)
            assert len(donors()[language, "one", *key]) >= 2
            assert len(donors()[language, "several", *key]) >= 2


def returned(text, language, translation):
    return substitute_names(text, language).returned(translation)


@pytest.mark.parametrize(
    ("text", "substituted"),
    [
        ("a brown lion runs", "a dog".replace("dog", "brown dog") + " runs"),
        ("an elephant stands by two zebras", "a dog stands by two horses"),
        ("a dog looks at a lion", "a dog looks at a man"),  # the first donor is taken
        ("a field of strawberries", "a field of hats"),
        ("Two polar bears walk", "Two dogs walk"),
    ],
)
def test_a_common_word_stands_for_a_name(text, substituted):
    found = substitute_names(text, "de")
    assert found.text in (substituted, substituted.replace("horses", "dogs"))


@pytest.mark.parametrize(
    "text",
    [
        "a man plays cricket",  # no article: no animal
        "a cast iron gate",  # a part of another name
        "two dogs run on the beach",  # learnt
        "a man in an orange shirt",
        "",
    ],
)
def test_other_sentences_lend_nothing(text):
    assert substitute_names(text, "de") is None


def test_other_languages_have_no_names():
    assert substitute_names("a lion sleeps", "en") is None
    assert substitute_names("a lion sleeps", "cs") is None


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("a lion sleeps", "ein Hund schläft", "ein Löwe schläft"),
        (
            "a man sees a lion",
            "jemand sieht einen braunen Hund",
            "jemand sieht einen braunen Löwen",
        ),
        ("a man with a lion", "mit einem Hund", "mit einem Löwen"),
        ("lions run", "Hunde rennen", "Löwen rennen"),
        ("a man with otters", "mit Hunden", "mit Ottern"),
        ("the head of a badger", "der Kopf eines Hundes", "der Kopf eines Dachses"),
        ("a lion sleeps", "eine Hundehütte", None),
    ],
)
def test_german_names_come_back_in_number_and_case(text, translation, expected):
    assert returned(text, "de", translation) == expected


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("a lion sleeps", "un chien dort", "un lion dort"),
        ("the elephant sleeps", "le chien dort", "l'éléphant dort"),
        ("the elephant sleeps", "Le chien dort", "L'éléphant dort"),
        ("the head of an elephant", "la tête du chien", "la tête de l'éléphant"),
        ("an ostrich runs", "la femme court", "l'autruche court"),
        ("an owl sits", "le chien est assis", "le hibou est assis"),  # h aspiré
        ("a hippo swims", "ce chien nage", "cet hippopotame nage"),
        ("a field of strawberries", "un champ de voitures", "un champ de fraises"),
    ],
)
def test_french_names_come_back_with_their_articles(text, translation, expected):
    assert returned(text, "fr", translation) == expected


def test_words_are_renamed_as_the_text_is():
    substituted = substitute_names("the elephant sleeps", "fr")
    assert substituted.renamed(["le", "chien", "dort"]) == ("l'", "éléphant", "dort")
    assert substituted.restored(["the", "dog", "sleeps"]) == ("the", "elephant", "sleeps")


def test_what_is_learnt_does_not_borrow():
    assert all(
        substitute_names(f"the {name.one} is here", language) is None
        for name in names()
        for language in LANGUAGES
        if name.is_learnt(language)
    )


def test_what_is_rare_borrows():
    for language in LANGUAGES:
        rare = [name for name in names() if not name.is_learnt(language) and name.one]
        assert len(rare) > 300
        for name in rare:
            substituted = substitute_names(f"the {name.one} is here", language)
            assert substituted is not None, name
            donor = substituted.substitutions[0].donor
            noun = name.nouns[language].one
            assert noun in (substituted.returned(donor.forms[0]) or "")


@pytest.fixture(scope="module")
def shipped():
    from multimodal.checkpoints import PRETRAINED
    from multimodal.translation.translator import Translator

    if not (PRETRAINED / "translator-multi30k" / "config.json").is_file():
        pytest.skip("no translator ships with this checkout")
    return Translator.from_pretrained()


def about(name):
    article = "an" if name.one[0] in "aeiou" else "a"
    if name.kind == "living":
        return f"{article} {name.one} is standing on the grass"
    return f"a man is standing next to {article} {name.one}"


def lost(translator, chosen, language):
    sentences = [about(name) for name in chosen]
    found = translator.translate(sentences, to=language, source="en")
    return [
        translation.text
        for name, translation in zip(chosen, found, strict=True)
        if not any(
            form.lower() in translation.text.lower()
            for form in name.nouns[language][1:]
            if form  # as a subject, otherwise, several
        )
    ]


@pytest.mark.parametrize("language", ["de", "fr"])
def test_some_names_survive_translation(shipped, language):
    rare = [name for name in names() if not name.is_learnt(language) and name.one]
    frequent = [name for name in names() if name.one in ("fly", "tank", "groom", "race car")]
    assert len(frequent) == 4
    assert lost(shipped, [LION, *frequent, *rare[::30]], language) == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "fr"])
def test_all_names_survive_translation(shipped, language):
    told = [name for name in names() if name.one]
    rare = [name for name in told if not name.is_learnt(language)]
    learnt = [name for name in told if name.is_learnt(language)]
    assert lost(shipped, rare, language) == []
    assert len(lost(shipped, learnt, language)) <= len(learnt) // 8  # synonyms, mostly


def test_a_translation_with_a_name_tells_of_its_own_sentence(shipped):
    found = shipped.translate("a brown lion is running on the grass", to="de", n_best=2)
    assert found.source == "a brown lion is running on the grass"
    assert "Löwe" in found.text
    assert "lion" in found.source_words
    assert "Löwe" in found.words
    assert len(found.alternatives) == 1
    assert found.alignment.shape == (len(found.words), len(found.source_words))
    assert not found.unusual
    assert shipped.translate("I love you.", to="de").unusual
