"""Naming what the classifier is sure of, in words that the captioner may never have read."""

import json
import math
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from multimodal.captioning.caption import Caption
from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.constraints import (
    CopiedWord,
    CopyVocabulary,
    LexicalConstraint,
    constraint_to_mention,
    constraint_to_name,
    with_copied_words,
)
from multimodal.captioning.imagenet_names import groups, imagenet_objects, mentions, plural
from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.naming import (
    EVIDENCE,
    REFUTED,
    SURE,
    ClassPrediction,
    Recognition,
    accept_name,
    article,
    recognize,
    unmentioned_object,
    with_articles,
)
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.encoders import Encoder, EncoderConfig, encode_views
from multimodal.errors import UserError
from multimodal.vocabulary import END

LION = 292  # the class's number, from 1
WORDS = ("a", "an", "dog", "dogs", "man", "two", "big", "school", "bus", "on", "grass", "runs")

# --- the table ----------------------------------------------------------------------------------


def test_every_class_is_named_once():
    numbers = Counter(number for thing in imagenet_objects().values() for number in thing.numbers)
    assert set(numbers) == set(range(1, 1001))
    assert max(numbers.values()) == 1


def test_about_forty_groups_and_no_name_in_two_of_them():
    assert 35 <= len(groups()) <= 45
    written = Counter(
        form for thing in imagenet_objects().values() for form in {*thing.forms.spellings()}
    )
    assert [form for form, times in written.items() if times > 1] == []


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "fish"),
        (9, "chicken"),
        (86, "quail"),
        (102, "elephant"),
        (135, "crane"),
        (152, "dog"),
        (269, "dog"),
        (270, "wolf"),
        (286, "cat"),
        (LION, "lion"),
        (340, "horse"),
        (389, "panda"),
        (409, "amphibious vehicle"),
        (518, "construction crane"),
        (556, "fire truck"),
        (580, "grand piano"),
        (780, "school bus"),
        (830, "tram"),
        (854, "thatched house"),
        (849, "cassette player"),
        (937, "cabbage"),
        (964, "pizza"),
        (981, "volcano"),
        (1000, "toilet paper"),
    ],
)
def test_what_classes_are_called(number, name):
    (owner,) = [thing.name for thing in imagenet_objects().values() if number in thing.numbers]
    assert owner == name


def test_names_agree_with_the_labels_of_the_classes(shared: Path):
    labels = (shared / "data/encoders/imagenet_labels_1001.txt").read_text().splitlines()
    agreeing = 0
    for thing in imagenet_objects().values():
        words = {word for form in thing.forms.spellings() for word in form.split()}
        words |= {
            word for forms in thing.others for form in forms.spellings() for word in form.split()
        }
        for number in thing.numbers:
            label = labels[number].lower().replace(",", " ").replace("-", " ").split()
            agreeing += any(word in words or plural(word) in words for word in label)
    assert agreeing > 700  # the rest are species and breeds, and words that nobody says


def test_the_shipped_captioner_can_say_every_name():
    config = files("multimodal") / "pretrained" / "captioner-flickr8k" / "config.json"
    told = json.loads(config.read_text())
    vocabulary = CaptionVocabulary(told["vocabulary"], told.get("tokenizer", "coco-caption"))
    for thing in imagenet_objects().values():
        assert constraint_to_name(thing, LexicalConstraint(), vocabulary) is not None, thing.name


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("lion", "lions"),
        ("fox", "foxes"),
        ("butterfly", "butterflies"),
        ("monkey", "monkeys"),
        ("school bus", "school buses"),
        ("wrench", "wrenches"),
    ],
)
def test_regular_plurals(one, several):
    assert plural(one) == several


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lion", "a"),
        ("elephant", "an"),
        ("unicycle", "a"),
        ("umbrella", "an"),
        ("hourglass", "an"),
        ("one-armed bandit", "a"),
        ("onion", "an"),
    ],
)
def test_articles(name, expected):
    assert article(name) == expected


def test_irregular_and_missing_forms():
    assert imagenet_objects()["wolf"].forms == ("wolf", "wolves")
    assert imagenet_objects()["broccoli"].forms == ("broccoli", None)
    assert imagenet_objects()["sunglasses"].forms == (None, "sunglasses")


def test_only_names_get_another_article():
    words = ["a", "ox", "beside", "a", "red", "ox", "and", "a", "owl", "in", "an", "hat"]
    assert " ".join(with_articles(words, {"ox"})) == "an ox beside a red ox and a owl in an hat"


def test_a_word_is_mentioned_only_as_a_whole():
    assert mentions(["a", "cat", "sits"], "cat")
    assert not mentions(["a", "category"], "cat")
    assert mentions(["a", "school", "bus"], "school bus")
    assert mentions(["a", "school bus"], "bus")
    assert not mentions(["a", "bus", "at", "school"], "school bus")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dog", "two puppies play"),
        ("dog", "an animal runs"),
        ("lion", "two lions sleep"),
        ("lion", "a brown animal sleeps"),
        ("school bus", "a yellow bus"),
        ("grand piano", "a man at the piano"),
        ("bicycle", "a cyclist in a race"),
        ("wolf", "a brown dog"),
    ],
)
def test_a_synonym_or_a_more_general_word_is_enough(name, sentence):
    assert imagenet_objects()[name].is_mentioned(sentence.split())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("lion", "a brown dog"), ("school bus", "a school"), ("dog", "a boy in the grass")],
)
def test_another_word_is_not_enough(name, sentence):
    assert not imagenet_objects()[name].is_mentioned(sentence.split())


@pytest.mark.parametrize(
    ("name", "sentence", "misplaced"),
    [
        ("cat", "a boy plays with a toy in a cat", True),
        ("cat", "a boy sits on the red cat", True),
        ("cat", "a cat on a bed", False),
        ("cat", "a boy in front of a cat", False),
        ("cat", "a boy in red with a cat", False),
        ("horse", "a man on a horse", False),
        ("school bus", "people in a school bus", False),
        ("school bus", "a school bus beside school buses", True),
        ("cat", "a dog with a cat in front of a cathedral", False),
    ],
)
def test_nobody_plays_in_a_cat(name, sentence, misplaced):
    assert imagenet_objects()[name].is_misplaced(sentence.split()) is misplaced


# --- what is recognised -------------------------------------------------------------------------


def logits_of(chances: dict[int, float], classes: int = 1000) -> torch.Tensor:
    """Logits (classes,) that give the chances to classes by number, and the rest to all others."""
    rest = (1 - sum(chances.values())) / (classes - len(chances))
    logits = torch.full((classes,), math.log(rest))
    for number, chance in chances.items():
        logits[number - 1001 + classes] = math.log(chance)
    return logits


def test_the_probabilities_of_one_name_are_summed():
    logits = logits_of({152: 0.3, 208: 0.2, 269: 0.15, LION: 0.25})
    (seen,) = recognize(logits[None])
    assert [name for name, _ in seen.objects] == ["dog", "lion"]
    assert [p for _, p in seen.objects] == pytest.approx([0.66, 0.25], abs=0.02)


def test_a_background_class_shifts_the_others():
    chances = {LION: 0.9}
    assert recognize(logits_of(chances)[None])[0].objects[0].name == "lion"
    assert recognize(logits_of(chances, 1001)[None])[0].objects[0].name == "lion"


def test_the_chances_of_a_word_are_those_of_all_that_it_can_mean():
    chances = {152: 0.3, 270: 0.2, LION: 0.1, 437: 0.05, 445: 0.15, 964: 0.1}
    (prediction,) = recognize(logits_of(chances)[None])
    of_words = prediction.word_probabilities
    assert of_words["dog"] == pytest.approx(0.5, abs=0.02)  # a wolf may be called a dog
    assert of_words["animal"] == pytest.approx(0.6, abs=0.05)
    assert of_words["car"] == pytest.approx(0.05, abs=0.01)
    assert of_words["bicycle"] == pytest.approx(0.15, abs=0.01)
    assert not {"man", "food", "pizza", "wolf"} & set(of_words)  # overlooked, or nobody's error


def test_words_for_what_is_not_there_are_refuted():
    strawberry = imagenet_objects()["strawberry"]
    chances = {"dog": 0.8 / REFUTED - 0.001, "animal": 0.8 / REFUTED + 0.001, "boat": 0.0}
    prediction = ClassPrediction((Recognition("strawberry", 0.8),), chances)
    assert prediction.refuted_by(strawberry) == {"dog", "boat"}


@pytest.mark.parametrize(
    ("chances", "phrase"),
    [
        ({LION: 0.9}, "a lion"),
        ({10: 0.5}, "an ostrich"),
        ({LION: 0.3, 340: 0.3, 387: 0.3}, "an animal"),  # kinds that share no group
        ({13: 0.3, 22: 0.3, 146: 0.3}, "a bird"),
        ({963: 0.35, 929: 0.35}, "food"),
        ({845: 0.35}, "a light switch"),
        ({845: 0.25}, None),
        ({}, None),
    ],
)
def test_a_photo_is_named_as_specially_as_is_sure(chances, phrase):
    (prediction,) = recognize(logits_of(chances)[None])
    assert (prediction.phrase and prediction.phrase.name) == phrase


def test_the_probability_of_a_kind_is_that_of_all_its_things():
    (prediction,) = recognize(logits_of({LION: 0.3, 340: 0.3, 387: 0.3})[None])
    assert prediction.phrase.probability == pytest.approx(0.9, abs=0.05)


def test_nothing_refutes_its_own_words():
    everything = list(imagenet_objects().values())
    sure = [dict.fromkeys(thing.numbers, 0.9 / len(thing.numbers)) for thing in everything]
    predictions = recognize(torch.stack([logits_of(chances) for chances in sure]))
    for thing, prediction in zip(everything, predictions, strict=True):
        own = {form for forms in (thing.forms, *thing.others) for form in forms.spellings()}
        assert prediction.objects[0].name == thing.name
        assert not prediction.refuted_by(thing) & own


@pytest.mark.parametrize(
    ("sentence", "odds"),
    [
        ("a boy in the grass", 0.8 / 0.2),
        ("a small animal in the grass", 0.8 / 0.2),
        ("a dog in the grass", 0.8 / 0.01),
        ("a dog in a boat", 0.8 / 0.02),
        ("two sheep", 0.8 / 1e-6),
    ],
)
def test_the_odds_are_against_what_the_sentence_says_instead(sentence, odds):
    chances = {"dog": 0.01, "boat": 0.02, "animal": 0.1, "sheep": 0.0}
    prediction = ClassPrediction((Recognition("strawberry", 0.8),), chances)
    assert prediction.odds(imagenet_objects()["strawberry"], sentence.split()) == pytest.approx(
        odds
    )


@pytest.mark.parametrize(
    ("objects", "sentence", "name"),
    [
        ([("lion", 0.9)], "a brown dog", "lion"),
        ([("lion", SURE - 0.01)], "a brown dog", None),
        ([("lion", 0.9)], "a brown animal", None),
        ([("t-shirt", 0.9)], "a brown dog", None),
        ([("t-shirt", 0.9), ("lion", 0.1)], "a brown dog", None),
    ],
)
def test_what_is_named(objects, sentence, name):
    thing = unmentioned_object(sentence.split(), [Recognition(*pair) for pair in objects])
    assert (thing and thing.name) == name


@pytest.mark.parametrize(
    ("odds", "cost", "worth"),
    [
        (math.exp(EVIDENCE) + 0.01, 0.0, True),
        (math.exp(EVIDENCE) - 0.01, 0.0, False),
        (math.exp(EVIDENCE + 2), 1.9, True),
        (math.exp(EVIDENCE + 2), 2.1, False),
        (0.5, -2.0, True),  # the sentence is the likelier for it
        (0.0, 0.0, False),
    ],
)
def test_a_name_that_bends_the_sentence_needs_a_surer_classifier(odds, cost, worth):
    assert accept_name(odds, cost) is worth


# --- borrowing ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def namer(draw_weights) -> Captioner:
    """A captioner that learnt nothing, with a classifier that is sure of a lion in every photo."""
    torch.manual_seed(3)
    config = EncoderConfig("shufflenet_v2_x0_5", classes=1000, size=64, padding="torch")
    decoder = DecoderConfig(
        embedding_size=8, hidden_size=16, attention_size=8, detected_words=5, dropout=0.4
    )
    vocabulary = CaptionVocabulary(WORDS)
    network = CaptionNetwork(Encoder(config), decoder, vocabulary.words)
    draw_weights(network)
    for weight in network.decoder.parameters():
        weight.data *= 3
    network.decoder.readout.bias.data[END] = 1
    network.encoder.head.weight.data.zero_()
    network.encoder.head.bias.data.zero_()
    network.encoder.head.bias.data[LION - 1] = 40.0
    options = CaptionOptions(beam_size=4, min_length=4, max_length=9, no_repeat_ngram=2)
    return Captioner(network, vocabulary, options)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    return list(small.repeat(16, 1).repeat(16, 2))


def test_a_name_borrows_from_every_donor_that_is_known(namer):
    constraint = constraint_to_name(
        imagenet_objects()["lion"], LexicalConstraint(), namer.vocabulary
    )
    dog, dogs = namer.vocabulary.encode(["dog", "dogs"])
    assert constraint.copied == (CopiedWord("lion", dog), CopiedWord("lions", dogs))
    size = len(namer.vocabulary)
    assert constraint.requirements == (((size,), (size + 1,)),)
    assert constraint.words([4, size], namer.vocabulary) == ["a", "lion"]


def test_a_known_name_borrows_too_but_not_from_itself():
    vocabulary = CaptionVocabulary(("a", "dog", "cow", "cows", "cat", "cats"))
    dog, cow, cows, cat, cats = vocabulary.encode(["dog", "cow", "cows", "cat", "cats"])
    constraint = constraint_to_name(imagenet_objects()["cat"], LexicalConstraint(), vocabulary)
    assert constraint.copied == (
        CopiedWord("cat", dog),
        CopiedWord("cat", cow),
        CopiedWord("cats", cows),
    )
    size = len(vocabulary)
    assert constraint.requirements == (((cat,), (cats,), (size,), (size + 1,), (size + 2,)),)


def test_nothing_is_borrowed_from_another_kind():
    assert (
        constraint_to_name(
            imagenet_objects()["lion"], LexicalConstraint(), CaptionVocabulary(("car", "cars"))
        )
        is None
    )


def test_unwanted_words_are_kept_with_the_wish():
    vocabulary = CaptionVocabulary(("a", "dog", "cow", "lion"))
    constraint = LexicalConstraint().without({"dog", "zebra", "cow"}, vocabulary)
    assert sorted(constraint.banned) == sorted(vocabulary.encode(["dog", "cow"]))
    assert constraint.with_one_of([[5]], [], len(vocabulary)).banned == constraint.banned


def test_a_borrowed_word_is_as_likely_as_its_donor_and_takes_its_place(namer):
    decoder, vocabulary = namer.network.decoder, namer.vocabulary
    cells = torch.randn(2, 4, namer.network.encoder.cell_size)
    lion = constraint_to_mention([["lion"]], vocabulary)
    both = constraint_to_mention([["lion", "lions"], ["dog"]], vocabulary)
    dog, dogs = vocabulary.encode(["dog", "dogs"])
    size = len(vocabulary)
    with torch.inference_mode():
        memory = decoder.encode(cells)
        start = decoder.start(memory)
        words = torch.tensor([[dog], [dog]])
        plain, state, _ = decoder.step(words, start, memory)
        step, copies = with_copied_words(decoder), CopyVocabulary.collect(memory, [lion, both])
        logits, same, _ = step(torch.tensor([[size], [size]]), start, copies)
    assert torch.equal(state[0][0][0], same[0][0][0])
    assert logits.shape == (2, 1, size + 2)
    assert torch.equal(logits[:, 0, size], plain[:, 0, dog])
    assert logits[0, 0, dog] == -math.inf
    assert logits[0, 0, size + 1] == -math.inf  # the first photo has one word only
    assert logits[1, 0, dog] == plain[1, 0, dog]  # required, and so not copied away
    assert logits[1, 0, dogs] == -math.inf
    others = [n for n in range(size) if n not in (dog, dogs)]
    assert torch.equal(logits[..., others], plain[..., others])


# --- captions -----------------------------------------------------------------------------------


def test_the_caption_says_lion(namer, pictures):
    captions = namer.caption(pictures)
    assert [caption.objects for caption in captions] == [(("lion", 1.0),)] * len(pictures)
    plain = namer.caption(pictures, naming=False)
    assert not any("lion" in caption.text for caption in plain)
    named = [caption for caption in captions if "lion" in caption.text]
    assert named
    for caption in named:
        assert {"lion", "lions"} & set(caption.words)
        assert len(caption.words) == len(caption.word_scores)
    for before, after in zip(plain, captions, strict=True):
        assert after in named or after == before


def test_unwanted_words_are_kept_out_of_the_sentences_of_their_photo_alone(namer, pictures):
    cells = encode_views(namer.network.encoder, pictures[:2])
    options = namer.search_options({"n_best": 4})
    constraint = constraint_to_name(
        imagenet_objects()["lion"], LexicalConstraint(), namer.vocabulary
    )
    free = namer.generate(cells, options, [constraint, constraint])
    word = next(t for t in free[0][0].tokens if t < len(namer.vocabulary))
    bound = namer.generate(cells, options, [constraint._replace(banned=(word,)), constraint])
    assert not any(word in hypothesis.tokens for hypothesis in bound[0])
    assert bound[1] == free[1]


def test_a_refuted_sentence_is_searched_for_anew_without_its_errors(namer):
    lion = Recognition("lion", 0.9)
    prediction = ClassPrediction((lion,), {"dog": 0.01, "bus": 0.0, "cow": 0.02})
    options = namer.search_options({})
    refuted = Caption("", "", -1.0, words=("a", "dog", "on", "grass"), objects=(lion,))
    naming = namer._naming(refuted, prediction, options)
    assert sorted(naming.constraint.banned) == sorted(namer.vocabulary.encode(["dog", "bus"]))
    assert naming.odds == pytest.approx(90)
    other = namer._naming(replace(refuted, words=("a", "man", "on", "grass")), prediction, options)
    assert other.constraint.banned == ()
    assert other.odds == pytest.approx(9)


def test_what_must_be_mentioned_stays_even_if_it_is_refuted(namer, pictures):
    for caption in namer.caption(pictures, must_mention=[["bus"]]):
        assert "bus" in caption.words


def test_neighbours_do_not_change_a_name(namer, pictures):
    together = namer.caption(pictures, n_best=2)
    for picture, caption in zip(pictures, together, strict=True):
        alone = namer.caption(picture, n_best=2)
        assert alone.text == caption.text
        assert [c.text for c in alone.alternatives] == [c.text for c in caption.alternatives]


def test_drawn_sentences_are_not_changed(namer, pictures):
    drawn = namer.caption(pictures[0], sample=True, seed=1)
    assert drawn == namer.caption(pictures[0], sample=True, seed=1, naming=False)
    assert drawn.objects[0].name == "lion"


def test_a_classifier_of_other_things_names_nothing(captioner, pictures):
    assert captioner.caption(pictures[0]).objects == ()


def test_a_caption_mentions_what_it_must(namer, pictures):
    wanted = [["school bus"], ["grass", "man"], ["zebra", "zebras"]]
    for caption in namer.caption(pictures, must_mention=wanted, naming=False, max_length=12):
        assert caption.unmentioned == ()
        assert mentions(caption.words, "school bus")
        assert {"grass", "man"} & set(caption.words)
        assert {"zebra", "zebras"} & set(caption.words)


def test_what_cannot_be_mentioned_is_told(namer, pictures):
    wanted = [["school bus"], ["grass"], ["man"], ["runs"], ["big"]]
    caption = namer.caption(pictures[0], must_mention=wanted, min_length=0, max_length=3)
    assert 0 < len(caption.unmentioned) < len(wanted)
    for (phrase,) in wanted:
        assert mentions(caption.words, phrase) is ((phrase,) not in caption.unmentioned)


def test_names_and_wishes_are_mentioned_together(namer, pictures):
    captions = namer.caption(pictures, must_mention=[["grass"]])
    assert all("grass" in caption.words for caption in captions)
    assert any("lion" in caption.text for caption in captions)


def test_an_article_agrees_with_a_borrowed_word(namer, pictures):
    wanted = {"must_mention": [["elephant"]], "naming": False, "max_length": 6}
    before = [
        caption.words[place - 1]
        for caption in namer.caption(pictures, n_best=4, **wanted)
        for caption in (caption, *caption.alternatives)
        for place, word in enumerate(caption.words)
        if word == "elephant" and place
    ]
    assert "an" in before
    assert "a" not in before


def test_attention_has_a_map_for_every_word(namer, pictures):
    caption = namer.caption(pictures[0], must_mention=[["zebra"]], keep_attention=True)
    assert len(caption.attention) == len(caption.words)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"must_mention": "lion"}, "must_mention takes lists of words, not 'l'"),
        ({"must_mention": ["lion"]}, "must_mention takes lists of words, not 'lion'"),
        ({"must_mention": [[3]]}, r"must_mention takes lists of words, not \[3\]"),
        ({"must_mention": [["qwertz"]]}, "'qwertz' is no word that this captioner knows"),
        ({"must_mention": [["car"]]}, "'car' is no word that this captioner knows"),
        ({"must_mention": [["dog"]] * 7}, "at most 6"),
        ({"must_mention": [["dog"]], "sample": True}, "leave sample out"),
    ],
)
def test_wishes_that_cannot_be_searched_for(namer, pictures, changes, message):
    with pytest.raises(UserError, match=message):
        namer.caption(pictures[0], **changes)
