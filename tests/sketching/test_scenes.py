from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.sketching.lexicon import PLACES, SIZES, SYNONYMS
from multimodal.sketching.natural_sizes import natural_size
from multimodal.sketching.occlusion import convex_hull, hidden_behind
from multimodal.sketching.prompts import Clause, Placing, Prompt, PromptObject, parse_prompt
from multimodal.sketching.scenes import GAP, UNIT, draw_prompt, lay_out, place_figures
from multimodal.strokes.drawing import Drawing

CATEGORIES = tuple(SYNONYMS)
APART = GAP * 0.999  # rounding


def box(width: float, height: float, left: float = 0, top: float = 0) -> Drawing:
    right, bottom = left + width, top + height
    return Drawing([[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]])


FIGURES = st.builds(box, *[st.floats(1, 500)] * 2, *[st.floats(-500, 500)] * 2)


@st.composite
def scenes(draw: st.DrawFn, clauses: st.SearchStrategy[Clause]) -> tuple[Prompt, list[Drawing]]:
    prompt = Prompt(tuple(draw(st.lists(clauses, min_size=1, max_size=3))))
    return prompt, [draw(FIGURES) for things in prompt.objects for _ in range(things.count)]


THINGS = st.builds(
    PromptObject, st.sampled_from(CATEGORIES), st.integers(1, 7), st.sampled_from(["", *SIZES])
)
JOINED = st.builds(Clause, st.lists(THINGS, min_size=1, max_size=3).map(tuple))
APART_PLACES = [place for place in PLACES if place not in ("inside", "in front of", "behind")]
LANDMARKS = st.tuples(THINGS.filter(lambda things: things.count > 1))
PLACED = st.builds(
    Clause,
    st.tuples(THINGS),
    st.lists(st.builds(Placing, st.sampled_from(APART_PLACES), LANDMARKS), max_size=2).map(tuple),
)


def overlap(first: Drawing, second: Drawing) -> bool:
    (l1, t1, r1, b1), (l2, t2, r2, b2) = first.bounds, second.bounds
    slack = 1e-6 * UNIT
    return min(r1, r2) - max(l1, l2) > slack and min(b1, b2) - max(t1, t2) > slack


def placed(text: str, *figures: Drawing) -> list[Drawing]:
    return place_figures(parse_prompt(text, CATEGORIES), figures)


def around(figures: list[Drawing]) -> tuple[float, float, float, float]:
    return Drawing([stroke for figure in figures for stroke in figure.strokes]).bounds


# ---- nothing overlaps unless the place asks for it ----


@settings(max_examples=50)
@given(scenes(JOINED))
def test_joined_figures_are_apart(scene):
    for first, second in combinations(place_figures(*scene), 2):
        (l1, t1, r1, b1), (l2, t2, r2, b2) = first.bounds, second.bounds
        assert max(l2 - r1, l1 - r2, t2 - b1, t1 - b2) > APART


@settings(max_examples=50)
@given(scenes(PLACED))
def test_figures_at_places_never_overlap(scene):
    figures = place_figures(*scene)
    assert not any(overlap(first, second) for first, second in combinations(figures, 2))


@settings(max_examples=50)
@given(scenes(JOINED | PLACED))
def test_a_scene_has_its_corner_at_the_origin_and_every_figure_in_its_order(scene):
    prompt, figures = scene
    laid_out = place_figures(prompt, figures)
    assert around(laid_out)[:2] == pytest.approx((0, 0), abs=1e-6)
    for figure, drawn in zip(laid_out, figures, strict=True):
        assert shape(figure) == pytest.approx(shape(drawn), rel=1e-6)


def shape(figure: Drawing) -> float:
    left, top, right, bottom = figure.bounds
    return np.arctan2(bottom - top, right - left)


# ---- every place ----


def test_every_place_is_tested_here():
    tested = {"above", "under", "on", "next to", "left of", "right of", "between", "inside"}
    assert set(PLACES) == tested | {"in front of", "behind"}


@given(figure=FIGURES, landmark=FIGURES)
def test_above_under_and_on(figure, landmark):
    for place in ("above", "under", "on"):
        first, second = placed(f"a cat {place} a table", figure, landmark)
        (l1, t1, r1, b1), (l2, t2, r2, b2) = first.bounds, second.bounds
        assert l1 + r1 == pytest.approx(l2 + r2, abs=1e-6)
        distance = {"above": t2 - b1, "under": t1 - b2, "on": t2 - b1}[place]
        assert distance == pytest.approx(0 if place == "on" else GAP, abs=1e-6)


@given(figure=FIGURES, landmark=FIGURES)
def test_beside_on_one_ground(figure, landmark):
    for place in ("next to", "left of", "right of"):
        first, second = placed(f"a cat {place} a table", figure, landmark)
        (l1, _, r1, b1), (l2, _, r2, b2) = first.bounds, second.bounds
        assert b1 == pytest.approx(b2, abs=1e-6)
        distance = l1 - r2 if place == "right of" else l2 - r1
        assert distance == pytest.approx(GAP, abs=1e-6)


@given(figure=FIGURES, left=FIGURES, right=FIGURES)
def test_between(figure, left, right):
    for landmarks in ("a dog and a pig", "two pigs"):
        middle, before, after = placed(f"a cat between {landmarks}", figure, left, right)
        assert middle.bounds[0] - before.bounds[2] == pytest.approx(GAP, abs=1e-6)
        assert after.bounds[0] - middle.bounds[2] == pytest.approx(GAP, abs=1e-6)


def test_between_many_is_in_the_midst_of_them():
    middle, *trees = placed("a cat between five trees", *[box(10, 20)] * 6)
    before = [tree for tree in trees if tree.bounds[2] < middle.bounds[0]]
    after = [tree for tree in trees if tree.bounds[0] > middle.bounds[2]]
    assert (len(before), len(after)) == (3, 2)


@given(figure=FIGURES, landmark=FIGURES, size=st.sampled_from(["", *SIZES]))
def test_inside(figure, landmark, size):
    first, second = placed(f"a {size} cat inside a cup", figure, landmark)
    (l1, t1, r1, b1), (l2, t2, r2, b2) = first.bounds, second.bounds
    assert l2 < l1 <= r1 < r2
    assert t2 < t1 <= b1 < b2
    assert (l1 + r1, t1 + b1) == pytest.approx((l2 + r2, t2 + b2), abs=1e-6)


@given(figure=FIGURES, landmark=FIGURES)
def test_what_is_in_front_stands_lower_and_hides_some_of_what_is_behind(figure, landmark):
    for place in ("in front of", "behind"):
        figures = placed(f"a cat {place} a castle", figure, landmark)
        front, back = figures if place == "in front of" else figures[::-1]
        assert len(front.strokes) == 1
        assert len(back.strokes) >= 1
        (l1, t1, r1, b1) = front.bounds
        assert b1 > back.bounds[3]
        assert l1 >= back.bounds[0]
        for x, y in np.concatenate(back.strokes):  # only corners: their sides are cut as well
            assert not (l1 + 1e-6 < x < r1 - 1e-6 and t1 + 1e-6 < y < b1 - 1e-6)


def test_a_place_holds_for_all_that_came_before_it():
    hat, cat, tree = placed("a hat on a cat under a tree", *[box(10, 10)] * 3)
    assert hat.bounds[3] == pytest.approx(cat.bounds[1])
    assert hat.bounds[1] - tree.bounds[3] == pytest.approx(GAP)
    cat, dog, tree = placed("a cat and a dog under a tree", *[box(10, 10)] * 3)
    assert min(cat.bounds[1], dog.bounds[1]) - tree.bounds[3] == pytest.approx(GAP)


# ---- sizes ----


def longer(figure: Drawing) -> float:
    left, top, right, bottom = figure.bounds
    return max(right - left, bottom - top)


def test_natural_sizes_are_coarse_and_mild():
    sizes = {category: natural_size(category) for category in CATEGORIES}
    assert sizes["ant"] < sizes["cat"] < sizes["umbrella"] < sizes["elephant"] < sizes["castle"]
    assert max(sizes.values()) <= 4 * min(sizes.values())
    assert len(set(sizes.values())) == 5
    assert natural_size("my own category") == 1


def test_figures_have_their_natural_sizes_however_large_they_were_drawn():
    crab, umbrella = placed("a crayfish under an umbrella", box(500, 10), box(3, 4))
    assert longer(crab) == pytest.approx(natural_size("lobster") * UNIT)
    assert longer(umbrella) == pytest.approx(natural_size("umbrella") * UNIT)


def test_size_words_go_in_order():
    text = ", ".join(f"a {size} cat" for size in ("tiny", "small", "", "big", "huge", "giant"))
    sizes = [longer(figure) for figure in placed(text, *[box(7, 5)] * 6)]
    assert sizes == sorted(set(sizes))


def test_figures_of_a_kind_differ_a_little():
    sizes = [longer(figure) for figure in placed("nine cats", *[box(7, 5)] * 9)]
    assert len(set(sizes)) == 9
    assert max(sizes) == natural_size("cat") * UNIT
    assert 0.85 * max(sizes) < min(sizes)


def test_many_figures_stand_in_rows():
    left, top, right, bottom = around(placed("50 cats", *[box(10, 10)] * 50))
    assert 1 < (right - left) / (bottom - top) < 3


# ---- drawings that are hardly any ----


def test_an_empty_drawing_or_a_single_point_takes_no_place():
    point, empty = Drawing([[(5, 5)]]), Drawing([])
    assert lay_out(parse_prompt("a cat", CATEGORIES), [empty]) == empty
    scene = lay_out(parse_prompt("three cats", CATEGORIES), [point, empty, box(10, 10)])
    assert len(scene.strokes) == 2
    for place in PLACES:
        other = "a dog and a pig" if place == "between" else "a dog"
        prompt = parse_prompt(f"a cat {place} {other}", CATEGORIES)
        for figure in (point, empty):
            lay_out(prompt, [figure, *[box(10, 10)] * (len(prompt.objects) - 1)])
            lay_out(prompt, [box(10, 10), *[figure] * (len(prompt.objects) - 1)])


# ---- from an artist ----


class Boxes:
    """Draws every figure as a box as wide as its number, counted through the whole request."""

    def draw_many(self, wanted, *, height):
        self.wanted = list(wanted)
        numbers = iter(range(1, 100))
        return [[box(next(numbers), height) for _ in range(count)] for _, count in wanted]


def test_scenes_are_drawn_from_one_request():
    artist = Boxes()
    prompt = parse_prompt("two cats on a table", CATEGORIES)
    first, second = draw_prompt(artist, prompt, 2, height=10)
    assert artist.wanted == [("cat", 4), ("table", 2)]
    assert first == lay_out(prompt, [box(1, 10), box(2, 10), box(5, 10)])
    assert second == lay_out(prompt, [box(3, 10), box(4, 10), box(6, 10)])


def test_a_single_figure_stays_as_it_was_drawn():
    drawn = box(10, 20, left=3, top=-4)
    assert lay_out(parse_prompt("a cat", CATEGORIES), [drawn]) == drawn
    assert lay_out(parse_prompt("a big cat", CATEGORIES), [drawn]) == drawn.scaled(1.5)


# ---- what is hidden ----


def test_a_hull_is_the_outermost_corners():
    points = np.array([(0, 0), (4, 0), (4, 4), (0, 4), (2, 2), (2, 0), (1, 3), (0, 0)], dtype=float)
    assert {tuple(corner) for corner in convex_hull(points)} == {(0, 0), (4, 0), (4, 4), (0, 4)}
    assert len(convex_hull(points[[0, 1, 5]])) < 3


def test_lines_are_cut_where_the_front_begins():
    across = Drawing([[(-2, 1), (6, 1)], [(1, 1), (2, 2)], [(9, 9)], [(2, 2)], [(0, -1), (3, -1)]])
    seen = hidden_behind(across, box(4, 4))
    expected = [[(-2, 1), (0, 1)], [(4, 1), (6, 1)], [(9, 9)], [(0, -1), (3, -1)]]
    assert [stroke.tolist() for stroke in seen.strokes] == [
        [list(point) for point in stroke] for stroke in expected
    ]


def test_a_line_that_turns_within_the_front_is_two_lines():
    bent = Drawing([[(-1, 1), (2, 2), (2, 6), (5, 6)]])
    seen = hidden_behind(bent, box(4, 4))
    assert [stroke.round(6).tolist() for stroke in seen.strokes] == [
        [[-1, 1], [0, 1.333333]],
        [[2, 4], [2, 6], [5, 6]],
    ]


def test_a_flat_front_hides_nothing():
    cross = Drawing([[(0, 0), (5, 5)]])
    assert hidden_behind(cross, Drawing([[(0, 5), (5, 0)]])) == cross
    assert hidden_behind(cross, Drawing([])) == cross
