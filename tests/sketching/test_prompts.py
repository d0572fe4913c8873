import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.sketching.lexicon import OFTEN, PLACES, RELATED, SIZES, SYNONYMS
from multimodal.sketching.phrases import (
    Kind,
    nearest,
    plurals,
    read_lexemes,
    read_words,
)
from multimodal.sketching.prompts import (
    MAX_CHARACTERS,
    MOST_FIGURES,
    Clause,
    Placing,
    Prompt,
    PromptObject,
    parse_prompt,
)

# Quick, Draw!'s 345: those that have synonyms, and those for which nobody says anything else
CATEGORIES = (
    *SYNONYMS,
    *["banana", "baseball", "boomerang", "brain", "carrot", "ceiling fan", "crab", "elbow"],
    *["flamingo", "fork", "giraffe", "leg", "pear", "penguin", "rainbow", "scorpion", "star"],
    *["stethoscope", "strawberry", "swan", "toaster", "trombone", "zebra"],
)


def parse(text: str) -> Prompt:
    return parse_prompt(text, CATEGORIES)


def only(text: str) -> PromptObject:
    (things,) = parse(text).objects
    return things


def refusal(text: str, categories: tuple[str, ...] = CATEGORIES) -> str:
    with pytest.raises(UserError) as error:
        parse_prompt(text, categories)
    return str(error.value)


# ---- names ----


def test_every_category_is_known_by_its_name_and_in_the_plural():
    assert len(CATEGORIES) == 345
    for category in CATEGORIES:
        assert only(category).category == category
        assert only(f"two {plurals(category.removeprefix('the '))[0]}") == PromptObject(category, 2)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("a bike", "bicycle"),
        ("an aeroplane", "airplane"),
        ("an automobile", "car"),
        ("the bunny", "rabbit"),
        ("my phone", "telephone"),
        ("specs", "eyeglasses"),
        ("a fire engine", "firetruck"),
        ("Eiffel Tower", "the eiffel tower"),
        ("ICE-CREAM", "ice cream"),
        ("icecream", "ice cream"),
        ("a tshirt", "t-shirt"),
        ("a t shirt", "t-shirt"),
        ("a teddy", "teddy-bear"),
        ("death\N{RIGHT SINGLE QUOTATION MARK}s head", "skull"),
    ],
)
def test_what_people_say_instead(text, category):
    assert only(text) == PromptObject(category)


def test_a_synonym_is_drawn_as_its_one_category():
    said = [(text, category) for category, texts in SYNONYMS.items() for text in texts]
    for text, category in said:
        assert only(text) == PromptObject(category)


def test_nothing_is_both_a_synonym_and_merely_near():
    said = {text for texts in SYNONYMS.values() for text in texts}
    assert not (said | set(CATEGORIES)) & set(RELATED)
    assert not said & set(CATEGORIES)


def test_what_comes_near_is_always_a_category():
    for near in RELATED.values():
        assert set(near) <= set(CATEGORIES)


@pytest.mark.parametrize(
    "category", ["flying saucer", "see saw", "baseball bat", "hot air balloon", "sleeping bag"]
)
def test_the_longest_name_wins(category):
    assert only(f"a big {category}") == PromptObject(category, size="big")


def test_the_words_of_the_language_are_no_names():
    lexemes = read_lexemes(read_words(", ".join(PLACES)), CATEGORIES)
    assert {lexeme.kind for lexeme in lexemes} == {Kind.PLACE, Kind.COMMA}


# ---- amounts ----


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("duck", 1),
        ("a duck", 1),
        ("ducks", 3),
        ("the ducks", 3),
        ("some ducks", 3),
        ("several ducks", 5),
        ("lots of ducks", 8),
        ("three ducks", 3),
        ("12 ducks", 12),
        ("twenty-five ducks", 25),
        ("a pair of ducks", 2),
        ("a couple of ducks", 2),
        ("both ducks", 2),
        ("a dozen ducks", 12),
        ("half a dozen ducks", 6),
        ("two dozen ducks", 24),
        ("two pairs of ducks", 4),
    ],
)
def test_amounts(text, count):
    assert only(text) == PromptObject("duck", count)


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("mice", PromptObject("mouse", 3)),
        ("two feet", PromptObject("foot", 2)),
        ("three buses", PromptObject("bus", 3)),
        ("four cacti", PromptObject("cactus", 4)),
        ("two cherubs", PromptObject("angel", 2)),
        ("sheep", PromptObject("sheep")),
        ("some sheep", PromptObject("sheep", 3)),
        ("a pair of sheep", PromptObject("sheep", 2)),
        ("some bread", PromptObject("bread")),
        ("scissors", PromptObject("scissors")),
        ("some scissors", PromptObject("scissors")),
        ("a pair of scissors", PromptObject("scissors")),
        ("two pairs of scissors", PromptObject("scissors", 2)),
        ("three scissors", PromptObject("scissors", 3)),
        ("two boxes of matches", PromptObject("matches", 2)),
        ("two great walls of china", PromptObject("the great wall of china", 2)),
    ],
)
def test_irregular_plurals_and_names_that_are_plurals(text, things):
    assert only(text) == things


def test_what_is_not_counted_has_no_article():
    assert str(PromptObject("grass")) == "grass"
    assert str(PromptObject("grass", size="big")) == "big grass"
    assert only("grass") == only("a grass") == PromptObject("grass")


def test_all_words_that_mean_nothing_are_told():
    told = refusal("a kat above a zorgon")
    assert told.startswith("prompt: 'kat' is not understood; nearest: cat; 'zorgon' is not")


@pytest.mark.parametrize(
    "text", ["51 ducks", "1,000 ducks", "ducks," * 17, "thousand " * 90 + "ducks"]
)
def test_too_many_figures(text):
    assert str(MOST_FIGURES) in refusal(text)


@pytest.mark.parametrize("text", ["no ducks", "0 ducks", "a cat and zero ducks"])
def test_nothing_of_a_thing(text):
    assert "leave it out" in refusal(text)


def test_two_amounts_or_two_sizes_of_the_same_things():
    assert refusal("two three ducks").startswith("prompt: 'two' and 'three' are said")
    assert refusal("a tiny big duck").startswith("prompt: tiny and big are said")


# ---- sizes, and what is passed over ----


@pytest.mark.parametrize(
    ("text", "size"),
    [("little", "small"), ("enormous", "giant"), ("very small", "tiny"), ("large", "big")],
)
def test_sizes(text, size):
    assert only(f"a {text} duck") == PromptObject("duck", size=size)


def test_looks_and_poses_are_passed_over_and_kept():
    prompt = parse("Please draw me a picture of a happy, very red duck sitting on a table!")
    assert prompt == parse("a duck on a table")
    assert prompt.ignored == ("happy", "red", "sitting")


# ---- joins and places ----


def test_joins():
    assert parse("three ducks and an ice cream") == Prompt(
        (Clause((PromptObject("duck", 3), PromptObject("ice cream"))),)
    )
    assert parse("a duck, a cat; a dog with a hat") == Prompt(
        (
            Clause((PromptObject("duck"),)),
            Clause((PromptObject("cat"),)),
            Clause((PromptObject("dog"), PromptObject("hat"))),
        )
    )
    assert parse(", and a duck, and, a cat.") == parse("a duck, a cat")
    assert parse("a cat wearing a hat").objects == (PromptObject("cat"), PromptObject("hat"))


@pytest.mark.parametrize(
    ("said", "place"), [(said, place) for place in PLACES for said in PLACES[place]]
)
def test_every_place_word(said, place):
    landmarks = "a pig and a dog" if place == "between" else "a pig"
    (clause,) = parse(f"a duck {said} {landmarks}").clauses
    assert clause.objects == (PromptObject("duck"),)
    assert [placing.place for placing in clause.placings] == [place]


def test_a_place_concerns_what_and_joined_just_before_it():
    under = (Placing("under", (PromptObject("tree"),)),)
    assert parse("a cat, a dog and a pig under a tree, a duck") == Prompt(
        (
            Clause((PromptObject("cat"),)),
            Clause((PromptObject("dog"), PromptObject("pig")), under),
            Clause((PromptObject("duck"),)),
        )
    )
    assert parse("a cat under a tree and a duck") == parse("a cat under a tree, a duck")


def test_places_follow_each_other():
    tree, table = Placing("under", (PromptObject("tree"),)), Placing("on", (PromptObject("table"),))
    chain = Prompt((Clause((PromptObject("cat"),), (table, tree)),))
    assert parse("a cat on a table under a tree") == chain
    assert parse("a cat on a table, and under a tree") == chain


def test_between_takes_two_things_or_several_of_one():
    pair = Placing("between", (PromptObject("pig"), PromptObject("dog")))
    several = Placing("between", (PromptObject("tree", 2),))
    assert parse("a duck between a pig and a dog") == Prompt(
        (Clause((PromptObject("duck"),), (pair,)),)
    )
    assert parse("a duck between two trees and a cat").clauses[0].placings == (several,)
    assert "'between' needs two things" in refusal("a duck between a pig")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a duck and", "missing after 'and'"),
        ("under a tree a duck", "missing at the beginning"),
        ("a duck under under a tree", "missing after 'under'"),
        ("sea lion", "'sea lion' cannot be drawn as one thing"),
        ("a house big boat", "'house big' cannot be drawn as one thing"),
        ("", "it is empty; write for example"),
        ("red", "'red' names nothing to draw"),
        ("an orange", "nearest: apple, pear"),
        ("a duck " * MAX_CHARACTERS, f"at most {MAX_CHARACTERS}"),
    ],
)
def test_what_does_not_fit_together(text, said):
    assert said in refusal(text)


# ---- words that mean nothing ----


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("an umbrela", "umbrella"),
        ("two elefants", "elephant"),
        ("a wolf", "dog"),
        ("geese", "duck, swan"),
        ("a polar bear", "bear"),
        ("hocky stick", "hockey stick"),
    ],
)
def test_an_unknown_word_is_answered_with_what_comes_nearest(text, nearest):
    assert f"nearest: {nearest}" in refusal(text)


def test_a_model_of_few_categories_names_them_all():
    assert "this model draws dog, bird" in refusal("a duck", ("dog", "bird"))
    assert "this model draws dog" in refusal("a puppi", ("dog",))
    assert "nothing that can be drawn comes near" in refusal("qqqqq")


def test_own_categories_are_known_by_name_and_plural():
    prompt = parse_prompt("two space stations and a left shoe_2", ("space station", "left shoe 2"))
    assert prompt.objects == (PromptObject("space station", 2), PromptObject("left shoe 2"))


# ---- whatever is written ----

WORDS = """
    a, an, the, two, 7, dozen, some, pair of, big, tiny, red, and, with, under, on, between, near,
    duck, ducks, scissors, ice cream, sheep, wolf, of
"""
PHRASES = [*map(str.strip, WORDS.split(",")), ","]


@settings(max_examples=60)
@given(st.text() | st.lists(st.sampled_from(PHRASES)).map(" ".join))
def test_any_text_is_a_prompt_or_an_error_of_one_line(text):
    try:
        prompt = parse(text)
    except UserError:
        said = refusal(text)
        assert said.isprintable()
        assert said.startswith("prompt: ")
    else:
        assert 1 <= sum(things.count for things in prompt.objects) <= MOST_FIGURES
        assert parse(str(prompt)) == prompt


THINGS = st.builds(
    PromptObject, st.sampled_from(CATEGORIES), st.integers(1, 4), st.sampled_from(["", *SIZES])
)
SEVERAL = st.builds(PromptObject, st.sampled_from(CATEGORIES), st.integers(2, 4))
SINGLE = st.builds(PromptObject, st.sampled_from(CATEGORIES))
PLACING = st.builds(
    Placing,
    st.sampled_from([place for place in PLACES if place != "between"]),
    st.tuples(THINGS),
) | st.builds(Placing, st.just("between"), st.tuples(SEVERAL) | st.tuples(SINGLE, THINGS))
CLAUSE = st.builds(
    Clause,
    st.lists(THINGS, min_size=1, max_size=2).map(tuple),
    st.lists(PLACING, max_size=2).map(tuple),
)


@given(st.lists(CLAUSE, min_size=1, max_size=2).map(tuple).map(Prompt))
def test_the_text_of_a_prompt_means_the_same(prompt):
    assert parse(str(prompt)) == prompt


@pytest.mark.parametrize(
    "text",
    [
        "three ducks and a crab under a big umbrella",
        "an hourglass, scissors, the eiffel tower",
        "a giant owl between two tiny mice",
        "13 cats",
        "a big toe",
    ],
)
def test_the_text_of_a_prompt_is_tidy(text):
    assert str(parse(text)) == text


# ---- words that mean nothing ----


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("bycicle", "bicycle"),
        ("kat", "cat"),
        ("hous", "house"),
        ("elefant", "elephant"),
        ("giraf", "giraffe"),
        ("rabit", "rabbit"),
        ("octapus", "octopus"),
        ("umbrela", "umbrella"),
        ("tre", "tree"),
        ("mous", "mouse"),
        ("hors", "horse"),
        ("pengiun", "penguin"),
        ("lighthous", "lighthouse"),
    ],
)
def test_a_misspelt_word_is_nearest_to_what_was_meant(said, category):
    assert nearest([said], CATEGORIES)[0] == category


def test_what_is_asked_for_often_can_be_drawn():
    assert set(OFTEN) <= set(CATEGORIES)


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("an astronaut riding a horse", "a horse"),
        ("three astronauts and two ducks", "two ducks"),
        ("a zany cat", "a cat"),
        ("a cat and a big zorgon under a tree", "a cat under a tree"),
        ("two zorgons under a tree", "a tree"),
        ("a cat on a zorgon", "a cat"),
        ("a cat on a zorgon and a dog", "a cat, a dog"),
        ("two dogs chasing a frisbee", "two dogs"),
        ("a dog between a zorgon and a cat", "a dog, a cat"),
        ("a zorgon and a cat in it", "a cat"),
    ],
)
def test_an_unknown_word_costs_itself_and_not_the_scene(text, tidy):
    prompt = parse_prompt(text, CATEGORIES, strict=False)
    assert str(prompt) == tidy
    assert prompt.left_out
    assert all("is not understood" in line for line in prompt.left_out)
    assert refusal(text) == f"prompt: {prompt.left_out[0]}"


def test_nothing_but_unknown_words_is_refused_in_any_case():
    with pytest.raises(UserError, match="'zorgon' is not understood"):
        parse_prompt("a zorgon", CATEGORIES, strict=False)


def test_what_is_understood_is_the_same_whether_strict_or_not():
    for text in ("three ducks and a crab under a big umbrella", "a red hat on a cat, a dog"):
        assert parse_prompt(text, CATEGORIES, strict=False) == parse(text)
        assert parse_prompt(text, CATEGORIES, strict=False).left_out == ()


# ---- it, them ----


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("a house and a sun above it", "a house under a sun"),
        (
            "a house with a tree next to it and a sun above it",
            "a house right of a tree under a sun",
        ),
        ("a house and a cat on it", "a cat on a house"),
        ("a bathtub with a duck in it", "a duck inside a bathtub"),
        ("a cat and a dog with a sun above them", "a cat and a dog under a sun"),
        ("a house. Above it a sun.", "a house under a sun"),
        ("a cat and a house and a sun above it", "a cat, a house under a sun"),
        ("a tree with a dog behind it", "a tree in front of a dog"),
        ("it is a duck", "a duck"),
        ("a cat, it is happy", "a cat"),
    ],
)
def test_it_stands_for_what_was_named_before(text, tidy):
    assert str(parse(text)) == tidy
    assert parse(tidy) == parse(text)


def test_it_that_stands_for_nothing_is_refused():
    assert "'it' stands for nothing" in refusal("a duck above it")
