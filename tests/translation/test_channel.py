"""How well a sentence is predicted from its translation, and what that decides."""

import pytest
import torch

from multimodal.errors import UserError
from multimodal.translation.batches import END, language_token
from multimodal.translation.channel import source_log_probs
from multimodal.translation.sentences import encode_sentences
from multimodal.translation.translator import Translator

from .conftest import split_rows

TEXTS = [row["en"] for row in split_rows()["test"]] + ["A man.", "A red dog, a blue dog runs."]


def told(translator, translations, sources, language="en"):
    begin = translator.vocabulary.special.index(language_token(language))
    written = translator._written[language]
    return source_log_probs(translator.network, translations, sources, begin, written)


def test_it_is_the_likelihood_that_a_search_reports(translator):
    read = [translator.vocabulary.encode(text) for text in TEXTS]
    found = translator._write(read, "de", translator.search_options({"beam_size": 1}))
    expected = [sum(h.log_probs) + h.end_log_prob for (h,) in found]
    written = [h.tokens for (h,) in found]
    assert told(translator, read, written, "de").tolist() == pytest.approx(expected, abs=1e-3)


def test_each_is_foretold_for_itself(translator):
    read = [translator.vocabulary.encode(text) for text in ("ein roter Hund", "der Mann", "")]
    sources = [translator.vocabulary.encode(text) for text in ("a red dog", "the man sings", "a")]
    alone = [told(translator, [a], [b]).item() for a, b in zip(read, sources, strict=True)]
    assert told(translator, read, sources).tolist() == pytest.approx(alone, abs=1e-4)


def test_what_its_language_never_used_can_be_foretold_too(translator):
    strange = translator.vocabulary.encode("chien Vogel")
    assert not {*strange} <= {*translator._written["en"].tolist()}
    assert -200 < told(translator, [translator.vocabulary.encode("Hund")], [strange]).item() < -5


@pytest.mark.parametrize("close", [0.0, 1.0, 100.0])
def test_both_directions_decide_among_the_best_that_are_close(translator, monkeypatch, close):
    """They change places if the other direction says so; all others stay where they are."""
    monkeypatch.setattr("multimodal.translation.translator.CLOSE", close)
    how = {"to": "de", "source": "en", "beam_size": 5, "n_best": 5}
    turned = 0
    for text in TEXTS:
        plain = translator.translate(text, channel_weight=0.0, **how)
        found = [(t.text, t.score) for t in (plain, *plain.alternatives)]
        (source,) = encode_sentences([text], translator.vocabulary)
        options = translator.search_options({"beam_size": 5, "n_best": 3})
        (hypotheses,) = translator._write([source], "de", options)
        back = told(translator, [h.tokens for h in hypotheses], [source] * 3)
        alpha = translator.options.length_penalty
        both = {
            of_text: score + 5.0 * log_prob / (len(source) + 1) ** alpha
            for (of_text, score), log_prob, h in zip(found, back.tolist(), hypotheses, strict=False)
            if h.finished and found[0][1] - score <= close
        }
        first = sorted(found[: len(both)], key=lambda pair: -both[pair[0]])
        expected = first + found[len(both) :]
        turned += expected != found
        weighed = translator.translate(text, channel_weight=5.0, **how)
        best = [weighed, *weighed.alternatives]
        assert [t.text for t in best] == [of_text for of_text, _ in expected]
        assert [t.score for t in best] == pytest.approx([of for _, of in expected], abs=1e-4)
    if close == 0.0:
        assert not turned
    if close == 100.0:
        assert turned


def test_how_many_are_asked_for_does_not_change_which_is_best(translator, monkeypatch):
    monkeypatch.setattr("multimodal.translation.translator.CLOSE", 100.0)
    how = {"to": "fr", "source": "en", "beam_size": 5, "channel_weight": 5.0}
    for text in TEXTS:
        five = translator.translate(text, n_best=5, **how)
        two = translator.translate(text, n_best=2, **how)
        one = translator.translate(text, **how)
        texts = [t.text for t in (five, *five.alternatives)]
        assert texts[:2] == [two.text, two.alternatives[0].text]
        assert (one.text, one.alternatives) == (two.text, ())


def test_sentences_of_several_languages_are_read_back_into_their_own(translator):
    texts = ["Ein roter Hund schläft.", "xyz", "A blue bird sings.", "Der Mann läuft."]
    together = translator.translate(texts, to="fr", channel_weight=1.0)
    alone = [translator.translate(text, to="fr", channel_weight=1.0) for text in texts]
    assert [t.text for t in together] == [t.text for t in alone]
    assert [t.score for t in together] == pytest.approx([t.score for t in alone], abs=1e-4)
    unknown = translator.translate("xyz", to="fr", channel_weight=0.0)
    assert (together[1].source_language, together[1].text) == ("", unknown.text)
    assert together[1].score == pytest.approx(unknown.score, abs=1e-4)


def test_without_a_choice_nothing_is_read_back(translator, monkeypatch):
    monkeypatch.setattr(
        "multimodal.translation.translator.source_log_probs", lambda *_: pytest.fail("asked")
    )
    translator.translate("A red dog sings.", to="de", channel_weight=0.0)
    translator.translate("A red dog sings.", to="de", beam_size=1, channel_weight=1.0)
    translator.translate("A red dog sings.", to="de", sample=True, seed=1, channel_weight=1.0)


@pytest.mark.parametrize("weight", [-0.1, float("inf"), float("nan")])
def test_a_weight_is_a_number_from_0(translator, weight):
    with pytest.raises(UserError, match="channel_weight"):
        translator.translate("A dog.", to="de", channel_weight=weight)


def test_the_weight_is_part_of_a_checkpoint(translator, tmp_path):
    assert translator.channel_weight == 0.5
    assert (
        Translator.from_pretrained(translator.save_pretrained(tmp_path / "saved")).channel_weight
        == 0.5
    )


def test_the_end_counts(translator):
    source = translator.vocabulary.encode("a red dog")
    read = translator.vocabulary.encode("ein roter Hund schläft")
    network, begin = translator.network, translator.vocabulary.special.index(language_token("en"))
    with torch.inference_mode():
        memory = network.encode(torch.tensor([[*read, END]]), torch.tensor([len(read) + 1]))
        logits = network.readout(network(memory, torch.tensor([[begin, *source]])))[0]
        every = torch.arange(len(logits[0]))
        expected = logits.log_softmax(-1).gather(1, torch.tensor([*source, END])[:, None]).sum()
        found = source_log_probs(network, [read], [source], begin, every)
    assert found.item() == pytest.approx(expected.item(), abs=1e-3)
