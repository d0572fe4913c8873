"""Grounding: which sentences the evidence supports, and what is said in place of others."""

import pytest
import torch

from multimodal.captioning.batches import TextBatch, padded
from multimodal.captioning.caption import Caption
from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.confidence import Confidence
from multimodal.captioning.grounding import (
    IN_DOMAIN_LIMITS,
    NOTHING,
    OUT_OF_DOMAIN_LIMITS,
    Grounding,
    PhotoEvidence,
    scored,
)
from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.naming import ClassPrediction, Recognition
from multimodal.captioning.stages import KnownWords, language_loss
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.recurrent.generation import Hypothesis
from multimodal.vocabulary import SPECIAL

WORDS = (*SPECIAL, "a", "dog", "man", "grass", "lion", "lions", "on", "runs")
A, DOG, MAN, GRASS, LION, LIONS, ON, RUNS = range(len(SPECIAL), len(WORDS))
LION_CLASS, YURT_CLASS = 291, 915  # of ImageNet's thousand, counted from 0
CAPTIONS = ("a dog on grass", "a lion on grass", "a man", "a man runs", "a dog", "a lion", "grass")


@pytest.fixture(scope="module")
def learnt() -> Captioner:
    """A captioner whose decoder writes from a list of words."""
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig("shufflenet_v2_x0_5", 1000, size=64, padding="torch"))
    config = DecoderConfig(
        embedding_size=24,
        hidden_size=24,
        attention_size=4,
        detected_words=4,
        word_list_size=8,
        dropout=0.0,
    )
    network = CaptionNetwork(encoder, config, WORDS)
    vocabulary = CaptionVocabulary(WORDS[len(SPECIAL) :])
    evidence, first = network.word_evidence, len(SPECIAL)
    known = KnownWords(evidence.content[first:], evidence.named_objects[first:])
    ids = [vocabulary.encode(text.split()) for text in CAPTIONS]
    own = torch.zeros(len(ids), len(WORDS) - first)
    for row, words in zip(own, ids, strict=True):
        row[torch.tensor(words) - first] = 1.0
    batch = TextBatch(padded(ids)[:, None], own, own)
    optimizer = torch.optim.Adam(network.decoder.parameters(), 0.02)
    for _ in range(150):
        total, words = language_loss(network.decoder, batch, known, 0.0)
        optimizer.zero_grad()
        (total / words).backward()
        optimizer.step()
    return Captioner(network, vocabulary, CaptionOptions(beam_size=3, max_length=8))


def seen(
    prediction: ClassPrediction | None = None, in_domain: float = 0.0, **probabilities: float
) -> PhotoEvidence:
    words = torch.zeros(len(WORDS))
    for word, probability in probabilities.items():
        words[WORDS.index(word)] = probability
    people = probabilities.get("man", 0.0)
    return PhotoEvidence(words, people, in_domain, prediction or ClassPrediction())


@pytest.fixture
def grounding(learnt) -> Grounding:
    return learnt.grounding


def test_support_is_that_of_the_likeliest_form_and_function_words_have_all(grounding):
    photo = seen(dog=0.1, grass=0.3, lion=0.2, lions=0.7, man=0.6)
    support = grounding.support(["a", "lion", "on", "grass", "dog", "man", "yurt"], photo)
    assert support.words == pytest.approx((1.0, 0.7, 1.0, 0.3, 0.1, 0.6, 1.0))
    assert support.objects == pytest.approx((0.7, 0.1, 0.6))  # nobody lists grass as an object
    assert support.people == pytest.approx((0.6,))


def test_somebody_supports_one_word_for_people_and_not_a_second_one(grounding):
    photo = seen(man=0.3)._replace(people=0.7)
    assert grounding.support(["a", "dog", "a", "man", "a", "man"], photo).people == pytest.approx(
        (0.7, 0.3)
    )


def test_any_word_for_people_has_the_support_of_anybody(grounding):
    photo = seen(man=0.3)._replace(people=0.7)
    assert grounding.support(["a", "man", "runs"], photo).people == pytest.approx((0.7,))


@pytest.mark.parametrize(
    ("in_domain", "limits"), [(1.0, IN_DOMAIN_LIMITS), (0.0, OUT_OF_DOMAIN_LIMITS)]
)
def test_a_sentence_must_not_name_what_is_hardly_there(grounding, in_domain, limits):
    least, least_person, _ = limits
    for sentence, name, limit in (("a dog on grass", "dog", least), ("a man", "man", least_person)):
        for probability in (1.01 * limit, 0.99 * limit):
            photo = seen(in_domain=in_domain, grass=1.0, **{name: probability})
            assert grounding.is_grounded(sentence.split(), photo) == (probability > limit)
        assert grounding.is_grounded(["grass"], seen(in_domain=in_domain))


@pytest.mark.parametrize(
    ("in_domain", "limits"), [(1.0, IN_DOMAIN_LIMITS), (0.0, OUT_OF_DOMAIN_LIMITS)]
)
def test_a_sentence_must_not_pass_over_what_is_sure(grounding, in_domain, limits):
    sure, unsure = (
        ClassPrediction((Recognition("lion", limits[2] + change),)) for change in (0.01, -0.01)
    )
    assert not grounding.is_grounded(["grass"], seen(sure, in_domain))
    assert grounding.is_grounded(["lions"], seen(sure, in_domain, lions=0.9))
    assert grounding.is_grounded(["grass"], seen(unsure, in_domain))


def test_further_sentences_name_what_is_supported(grounding, learnt):
    photos = [seen(lion=0.8, grass=0.5), seen(man=0.9), seen()]
    options = learnt.search_options({})
    cells = torch.zeros(3, 4, learnt.network.encoder.cell_size)
    of_lion, of_man, of_nothing = grounding.search(photos, cells, options)
    assert WORDS[of_lion[0][1]] == "lion"
    assert learnt.vocabulary.decode(of_man[0])[:2] == ["a", "man"]
    for sentences, allowed in ((of_lion, LION), (of_man, MAN), (of_nothing, None)):
        for sentence in sentences:
            assert set(sentence).isdisjoint({DOG, MAN, LION, LIONS} - {allowed})


def test_scores_are_those_of_the_search(learnt):
    decoder, options = learnt.network.decoder, learnt.search_options({"repetition_weight": 0.0})
    cells = torch.randn(2, 4, learnt.network.encoder.cell_size)
    memory = learnt.decoder_memory(cells, options)
    for row, ((found,), memory_row) in enumerate(
        zip(learnt.generate(cells, options), map(memory.row, range(2)), strict=True)
    ):
        (again,) = scored(decoder, memory_row, [found.tokens], options)
        assert again.tokens == found.tokens, row
        assert again.log_probs == pytest.approx(found.log_probs, abs=1e-4)
        assert again.score == pytest.approx(found.score, abs=1e-4)


def classified(captioner: Captioner, classes: dict[int, float]) -> torch.Tensor:
    """Cells (1, S, D) that the classifier takes for some classes, with their probabilities."""
    cells = torch.zeros(1, 4, captioner.network.encoder.cell_size)
    head = captioner.network.encoder.head
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        left = (1 - sum(classes.values())) / (1000 - len(classes))
        bias = torch.full((1000,), left).log()
        for number, probability in classes.items():
            bias[number] = torch.tensor(probability).log()
        next(p for p in head.parameters() if p.shape == (1000,)).copy_(bias)
    return cells


@pytest.fixture
def says_dog(learnt, monkeypatch) -> Captioner:
    """The captioner, whose search finds "a dog on grass" in every photo."""
    hypothesis = Hypothesis((A, DOG, ON, GRASS), (-0.1,) * 4, -0.1, -0.3, True)
    monkeypatch.setattr(learnt, "generate", lambda cells, *_: [[hypothesis]] * len(cells))
    return learnt


def captioned(captioner: Captioner, classes: dict[int, float], **changes: object):
    cells = classified(captioner, classes)
    return captioner.caption_cells(["photo"], cells, captioner.search_options(changes))[0]


def test_a_caption_without_support_gives_way_to_one_from_the_list(says_dog):
    caption = captioned(says_dog, {LION_CLASS: 0.9}, keep_attention=True)
    assert "lion" in caption.words
    assert "dog" not in caption.words
    assert caption.support[caption.words.index("lion")] > 0.5
    assert caption.attention.shape == (len(caption.words), 2, 2)
    assert caption.attention.sum((1, 2)) == pytest.approx([1.0] * len(caption.words), abs=1e-5)


def test_what_the_vocabulary_lacks_is_named_alone(says_dog):
    caption = captioned(says_dog, {YURT_CLASS: 0.9})
    assert (caption.text, caption.words) == ("a yurt", ("a", "yurt"))
    assert len(caption.word_scores) == len(caption.support) == 2


def test_an_in_domain_photo_of_which_nothing_is_known_keeps_its_caption(says_dog):
    assert captioned(says_dog, {}).text == "a dog on grass"


def test_an_out_of_domain_photo_of_which_nothing_is_known_is_called_so(grounding):
    assert grounding.phrases(seen()) == [NOTHING.split()]
    assert grounding.phrases(seen(in_domain=1.0)) == []
    assert grounding.phrases(seen(man=0.9)) == [["a", "person"]]
    of_hat = ClassPrediction(phrase=Recognition("a hat", 0.6))
    assert grounding.phrases(seen(man=0.9)._replace(prediction=of_hat)) == [["a", "person"]]
    assert grounding.phrases(seen(man=0.5)._replace(prediction=of_hat)) == [["a", "hat"]]
    of_lion = ClassPrediction(phrase=Recognition("a lion", 0.9))
    assert grounding.phrases(seen(of_lion)) == [["a", "lion"]]


def test_what_is_out_of_domain_has_no_confidence(learnt, monkeypatch):
    monkeypatch.setattr(learnt, "confidence", Confidence(5.0, 0.0, 0.0))
    photo, nothing = seen(), Caption("photo", NOTHING, -1.0, tuple(NOTHING.split()), (-1.0, -1.0))
    assert learnt._supported(nothing, photo).confidence == 0
    grass = Caption("photo", "grass", -1.0, ("grass",), (-1.0,))
    assert learnt._supported(grass, photo).confidence > 0.9


def test_grounding_is_part_of_naming_and_may_be_left_off(says_dog):
    assert captioned(says_dog, {YURT_CLASS: 0.9}, naming=False).text == "a dog on grass"


def test_the_other_sentences_follow(says_dog):
    caption = captioned(says_dog, {YURT_CLASS: 0.9}, n_best=2, beam_size=2)
    assert [other.text for other in caption.alternatives] == ["a dog on grass"]
    assert caption.alternatives[0].support
    assert captioned(says_dog, {YURT_CLASS: 0.9}).alternatives == ()
