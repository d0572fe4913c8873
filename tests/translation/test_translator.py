"""What people use: sentences in, sentences out, in order and whatever is among them."""

import shutil

import numpy as np
import pytest
import torch

import multimodal
from multimodal.checkpoints import CONFIG
from multimodal.errors import UserError
from multimodal.translation.translator import Translator

from .conftest import split_rows

TEST = split_rows()["test"]


@pytest.mark.parametrize(("source", "target"), [("en", "de"), ("en", "fr"), ("de", "en")])
def test_it_translates_what_it_has_not_seen(translator, source, target):
    found = translator.translate([row[source] for row in TEST], to=target, source=source)
    right = [t.text == row[target] for t, row in zip(found, TEST, strict=True)]
    assert sum(right) >= len(TEST) - 1


def test_a_translation_says_all_about_itself(translator):
    found = translator.translate("A red man runs.", to="fr", n_best=3, beam_size=4)
    assert (found.language, found.source_language) == ("fr", "en")
    assert found.source_words == ("A", "red", "man", "runs")
    assert found.words == ("Un", "homme", "rouge", "court")
    assert len(found.alternatives) == 2
    scores = [found.score, *(other.score for other in found.alternatives)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] < 0
    assert found.alignment.shape == (4, 4)
    assert (found.alignment >= 0).all()
    assert (found.alignment.sum(1) <= 1.001).all()
    assert found.unknown == ()


def test_the_attention_follows_the_word_order(translator):
    """The French adjective, behind its noun, has looked at the English one before its noun.

    The articles are often told by the state alone; what is compared is the pair that is turned.
    """
    found = [translator.translate(row["en"], to="fr", source="en") for row in TEST]
    kept = [f for f in found if len(f.words) == 4]
    weights = np.mean([f.alignment for f in kept], 0)
    turned = weights[1, 2] + weights[2, 1]
    straight = weights[1, 1] + weights[2, 2]
    assert turned > straight


def test_the_manner_is_that_of_the_source(translator):
    assert translator.translate("a red dog sleeps", to="de").text == "ein roter Hund schläft"
    assert translator.translate("A red dog sleeps.", to="de").text == "Ein roter Hund schläft."


def test_a_list_comes_back_in_order_with_its_empty_lines_and_errors(translator):
    texts = ["A red man runs.", "", "  ", "red " * 200, "The blue dog sings.", "."]
    found = translator.translate(texts, to="de", source="en")
    assert [t.source for t in found] == texts
    assert [bool(t.text) for t in found] == [True, False, False, False, True, False]
    assert found[1].error is None
    assert "too long" in found[3].error
    assert "of at most 70" in found[3].error
    with pytest.raises(UserError, match="too long, 200 subwords"):
        translator.translate(texts[3], to="de", source="en")
    assert translator.translate([], to="de") == []


def test_neighbours_and_batches_change_nothing(translator):
    texts = [row["en"] for row in split_rows()["train"][:21]] + ["A red dog, a blue dog runs."]
    one = [t.text for t in translator.translations(texts, "de", "en", batch_size=1)]
    many = [t.text for t in translator.translations(texts, "de", "en", batch_size=64)]
    alone = [translator.translate(text, to="de", source="en").text for text in texts]
    assert one == many == alone


def test_threads_change_nothing_and_draw_in_order(translator, set_threads):
    texts = [row["en"] for row in split_rows()["train"][:40]]
    set_threads(1)
    single = [t.text for t in translator.translate(texts, "de", "en")]
    set_threads(3)
    assert [t.text for t in translator.translate(texts, "de", "en")] == single
    drawn = []
    for _ in range(3):
        torch.manual_seed(1)
        found = translator.translate(texts, "de", "en", sample=True, temperature=2.0)
        drawn.append([t.text for t in found])
    assert drawn[0] == drawn[1] == drawn[2]


def test_sentences_come_as_they_are_asked_for(translator):
    def endless():
        while True:
            yield "A red man runs."

    found = translator.translations(endless(), "de", batch_size=2)
    assert next(found).text == next(found).text == "Ein roter Mann läuft."


def test_the_language_is_told_by_its_words(translator):
    assert translator.language_of("a dog") == "en"
    assert translator.language_of("ein Hund") == "de"
    assert translator.language_of("ein Hund", but="de") == ""
    assert translator.language_of("xyz") == ""
    assert translator.translate("Un homme rouge court.", to="en").source_language == "fr"


def test_words_never_seen_are_told(translator):
    found = translator.translate("A red zqwxk runs.", to="de")
    assert found.unknown == ("zqwxk",)
    assert found.words.count("zqwxk") <= 1
    again = translator.translate("A red zqwxk runs, a zqwxk runs.", to="de", source="en")
    assert again.unknown == ("zqwxk",)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"to": "it"}, r"language 'it' is unknown .* de, en, fr"),
        ({"to": "de", "source": "it"}, "language 'it'"),
        ({"to": "de", "source": "DE"}, "two different languages"),
        ({"to": "de", "beams": 3}, "beams: no such option"),
        ({"to": "de", "beam_size": 0}, "beam_size must be"),
    ],
)
def test_what_cannot_be_is_named(translator, options, named):
    with pytest.raises(UserError, match=named):
        translator.translate("a dog", **options)


def test_a_batch_has_a_size(translator):
    with pytest.raises(UserError, match="batch_size"):
        list(translator.translations(["a"], "de", batch_size=0))


def test_nothing_is_written_that_its_language_has_not_used(translator):
    german = set(translator._written["de"].tolist())
    used = translator.languages["de"].subwords
    assert used <= german
    assert len(german) - len(used) <= 256 + 2
    french = translator.vocabulary.encode("chien")
    assert set(french) <= set(translator._written["fr"].tolist())
    hypotheses = translator._write([french], "de", translator.search_options({"n_best": 5}))
    assert {token for h in hypotheses[0] for token in h.tokens} <= german


def test_banned_subwords_are_those_of_the_vocabulary(translator):
    (red,) = {*translator.vocabulary.encode("rouge")[:1]}
    found = translator.translate("A red man runs.", to="fr", source="en", banned=(red,))
    assert red not in translator.vocabulary.encode(found.text)


# ---- checkpoints ----


def test_it_is_saved_whole(translator, tmp_path):
    folder = translator.save_pretrained(tmp_path / "saved", card="# A translator")
    again = Translator.from_pretrained(folder, precision="fp32")
    assert again.languages == translator.languages
    texts = [row["en"] for row in TEST]
    for one, other in zip(*(t.translate(texts, to="de") for t in (again, translator)), strict=True):
        assert one.text == other.text
        assert one.score == pytest.approx(other.score, abs=0.01)
    assert tuple(multimodal.load_translator(folder).languages) == ("de", "en", "fr")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"task": "translator"', '"task": "captioner"', "'captioner', not for 'translator'"),
        ('"kind": "subwords"', '"kind": "words"', "'words' is not subwords"),
        ('\n  "max_length"', '\n  "shortest"', r"incomplete \(KeyError"),
        ('"<de>"', '"<xx>"', "incomplete"),
        ('"encoder_size": 24', '"encoder_size": 25', "do not fit"),
    ],
)
def test_damage_is_named(translator_run, tmp_path, old, new, named):
    folder = tmp_path / "copy"
    shutil.copytree(translator_run / "best", folder)
    config = folder / CONFIG
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=named):
        Translator.from_pretrained(folder)
