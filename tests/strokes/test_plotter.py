from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Paper, Plotter, Sheet, save_drawings
from multimodal.strokes.gcode import encode_gcode
from multimodal.strokes.plotter import pen_up_travel, plot_order


def scattered(count, seed):
    points = np.random.default_rng(seed).uniform(0, 100, (count, 2, 2))
    return Drawing([np.linspace(start, start + (end - start) / 5, 3) for start, end in points])


def test_travel_by_hand():
    drawing = Drawing([[(3, 4), (3, 5)], [(3, 9), (0, 0)], [(0, 1)]])
    assert pen_up_travel(drawing) == 5 + 4 + 1
    assert pen_up_travel(Drawing(())) == 0


def test_strokes_are_turned_and_reordered():
    drawing = Drawing([[(9, 0), (6, 0)], [(5, 0), (1, 0)]])
    assert plot_order(drawing) == Drawing([[(1, 0), (5, 0)], [(6, 0), (9, 0)]])
    assert plot_order(Drawing(())) == Drawing(())


def test_travel_falls_much():
    for seed in range(3):
        drawing = scattered(80, seed)
        assert pen_up_travel(plot_order(drawing)) < 0.25 * pen_up_travel(drawing)


def test_mostly_the_best_order_there_is():
    ratios = []
    for seed in range(5):
        drawing = scattered(4, seed)
        best = min(
            pen_up_travel(
                Drawing([drawing.strokes[n][::way] for n, way in zip(order, ways, strict=True)])
            )
            for order in permutations(range(4))
            for ways in product((1, -1), repeat=4)
        )
        ratios.append(pen_up_travel(plot_order(drawing)) / best)
    assert np.median(ratios) == pytest.approx(1)
    assert max(ratios) < 1.4


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing))
def test_the_same_strokes_are_drawn(drawing):
    def inked(some):
        return sorted(min(s.tolist(), s[::-1].tolist()) for s in some)

    ordered = plot_order(drawing)
    assert inked(ordered) == inked(drawing)
    assert ordered.times is None


def test_a_program_by_hand():
    drawing = Drawing([[(0, 0), (84, 42)], [(84, 0)]])
    plotter = Plotter(origin=(10, 20), feed=900, pen_up="M5", pen_down="M3 S90\nG4 P0.1")
    program = encode_gcode([drawing], Sheet(plotter=plotter)).decode()
    assert program.splitlines() == [
        "; 2 strokes on 100 x 100 mm",
        "G21",
        "G90",
        "M5",
        "G0 X18.000 Y91.000",
        "M3 S90",
        "G4 P0.1",
        "G1 X102.000 Y49.000 F900",
        "M5",
        "G0 X102.000 Y91.000",
        "M3 S90",
        "G4 P0.1",
        "M5",
        "G0 X10.000 Y20.000",
        "M2",
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.from_type(Drawing), min_size=1, max_size=3))
def test_the_pen_is_down_only_to_draw_and_stays_on_the_page(drawings):
    program = encode_gcode(drawings, Sheet(columns=1)).decode().splitlines()
    down = None
    for line in program:
        if line == Plotter().pen_up:
            down = False
        elif line == Plotter().pen_down:
            down = True
        elif line.startswith(("G0", "G1")):
            assert down == line.startswith("G1")
            x, y = (float(word[1:]) for word in line.split()[1:3])
            assert 0 <= x <= 100
            assert 0 <= y <= 100 * len(drawings)
    assert not down


@pytest.mark.parametrize("option", [{"size": 0}, {"feed": -5}, {"origin": (float("nan"), 0)}])
def test_impossible_plotters(option):
    with pytest.raises(UserError, match=next(iter(option))):
        Plotter(**option)


@pytest.mark.parametrize("ending", [".gcode", ".svg"])
def test_ink_beyond_the_paper_is_refused(tmp_path, ending):
    paper, page = Paper.named("A6"), Drawing([[(-2, 20), (80, 25)]])
    with pytest.raises(UserError, match="leaves its page of 105 x 148 mm: 2 mm beyond the left"):
        save_drawings([page], tmp_path / f"out{ending}", paper=paper, plotter=Plotter())
    assert not list(tmp_path.iterdir())


def test_clusters_are_drawn_one_after_the_other():
    rng = np.random.default_rng(5)
    clusters = rng.uniform(0, 1000, (12, 1, 1, 2)) + rng.uniform(0, 60, (12, 8, 2, 2))
    drawing = Drawing([*rng.permutation(clusters.reshape(-1, 2, 2))])
    assert pen_up_travel(plot_order(drawing)) < 0.2 * pen_up_travel(drawing)


def test_places_on_each_other_take_no_time_to_speak_of():
    same = Drawing([np.array([(1.0, 1.0), (1.0, 1.0)])] * 3000)
    assert pen_up_travel(plot_order(same)) == pytest.approx(np.sqrt(2))
