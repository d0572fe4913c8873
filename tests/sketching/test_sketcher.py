"""What people call: drawings come out as asked, the same whoever else is drawn."""

import math
from typing import get_args

import numpy as np
import pytest
import torch

from multimodal.errors import UserError
from multimodal.processor import computes_bf16
from multimodal.sketching.likelihood import row_nats
from multimodal.sketching.model import DecoderCell
from multimodal.sketching.sequences import rows_of
from multimodal.sketching.sketcher import Sketcher, between
from multimodal.strokes import Drawing

native_bf16 = pytest.mark.skipif(not computes_bf16(), reason="no native bf16")
BEGUN = Drawing([[(0, 0), (20, 5), (30, 30)], [(40, 40), (50, 42)]])


def assert_alike(drawings, others, tolerance=1e-2):
    for drawing, other in zip(drawings, others, strict=True):
        assert len(drawing) == len(other)
        for stroke, wanted in zip(drawing, other, strict=True):
            np.testing.assert_allclose(stroke, wanted, rtol=0, atol=tolerance)


def test_one_seed_draws_the_same_and_another_something_else(sketcher):
    first = sketcher.draw("duck", 5, seed=7)
    assert first == sketcher.draw("duck", 5, seed=7)
    assert first != sketcher.draw("duck", 5, seed=8)
    assert sketcher.draw("duck", seed=None) != sketcher.draw("duck", seed=None)
    assert len(set(first)) == 5


@pytest.mark.parametrize("cell", get_args(DecoderCell))
def test_neither_count_nor_neighbours_change_a_drawing(make_sketcher, cell):
    sketcher = make_sketcher(cell=cell)
    together = sketcher.draw("duck", 40, seed=7)
    assert len({drawing.points for drawing in together}) > 3  # they leave the batch at odd times
    assert_alike(sketcher.draw("duck", 1, seed=7), together[:1])
    assert_alike(sketcher.draw("duck", 9, seed=7), together[:9])
    pigs, ducks = sketcher.draw_many([("pig", 30), ("duck", 9)], seed=7)
    assert_alike(ducks, together[:9])
    assert len(pigs) == 30


@native_bf16
def test_in_16_bit_they_are_equal_to_the_last_digit(make_sketcher):
    sketcher = make_sketcher(precision="bf16", decoder_size=64)
    together = sketcher.draw("duck", 40, seed=7)
    assert sketcher.draw("duck", 3, seed=7) == together[:3]
    assert sketcher.draw_many([("crab", 50), ("duck", 17)], seed=7)[1] == together[:17]


def test_more_than_fit_into_a_batch(sketcher, monkeypatch):
    wanted = sketcher.draw("duck", 20, seed=7)
    monkeypatch.setattr("multimodal.sketching.sketcher.BATCH_SIZE", 6)
    assert_alike(sketcher.draw("duck", 20, seed=7), wanted)


def test_a_category_that_comes_twice_goes_on(sketcher):
    first, pig, more = sketcher.draw_many([("duck", 2), ("pig", 1), ("duck", 3)], seed=7)
    assert_alike([*first, *more], sketcher.draw("duck", 5, seed=7))
    assert_alike(pig, sketcher.draw("pig", seed=7))


def test_categories_look_different(sketcher):
    assert sketcher.draw("duck", seed=7) != sketcher.draw("pig", seed=7)


def test_drawings_end_at_the_limit_at_last(sketcher):
    with torch.no_grad():
        sketcher.network.readout.bias[2] = -100.0  # of its own accord none ends
    assert len(rows_of(sketcher.draw("duck", 9, seed=1)[-1])) == sketcher.limit
    assert len(rows_of(sketcher.draw("duck", 9, seed=1, max_points=4)[-1])) == 4
    assert len(rows_of(sketcher.draw("duck", 9, seed=1, max_points=70)[-1])) == 70


def test_the_temperature_decides_how_far_drawings_stray(sketcher):
    def spread(temperature: float) -> float:
        drawn = sketcher.draw("duck", 50, seed=1, temperature=temperature, max_points=1)
        return float(np.std([drawing.strokes[0][-1] for drawing in drawn if drawing.points > 1]))

    assert spread(1e-6) < spread(0.1) < spread(1.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_live_drawing_is_the_first_of_its_seed(sketcher, seed):
    (drawing,) = sketcher.draw("pig", seed=seed)
    assert_alike([Drawing(sketcher.stream("pig", seed=seed))], [drawing])


@pytest.mark.parametrize("category", ["duck", None])
def test_endings_keep_the_beginning(sketcher, category):
    found = sketcher.complete(BEGUN, 6, category, seed=3)
    assert len(found) == 6
    for drawing in found:
        assert Drawing(drawing.strokes[:2]) == BEGUN
        assert len(rows_of(drawing)) <= sketcher.limit
    assert len(set(found)) > 1
    assert found == sketcher.complete(BEGUN, 6, category, seed=3)


def test_the_ending_that_most_clearly_is_what_was_asked_for_comes_first(sketcher):
    found = sketcher.complete(BEGUN, 8, "duck", seed=3, temperature=1.0)

    def nats(drawing, category):  # of the ending alone
        begun = sketcher.score(BEGUN, category).nats - _end_nats(sketcher, BEGUN, category)
        return sketcher.score(drawing, category).nats - begun

    points = [drawing.points - BEGUN.points + 1 for drawing in found]
    contrast = [(nats(d, "duck") - nats(d, None)) / n for d, n in zip(found, points, strict=True)]
    assert contrast == sorted(contrast)
    assert contrast[0] < contrast[-1]
    of_anything = sketcher.complete(BEGUN, 8, seed=3, temperature=1.0)
    likely = [nats(d, None) / (d.points - BEGUN.points + 1) for d in of_anything]
    assert np.mean(likely[:4]) < np.mean(likely[4:])


def _end_nats(sketcher: Sketcher, drawing: Drawing, category: str | None) -> float:
    """Nats of ending right there: what a score holds beyond the rows of the drawing itself."""
    label = [sketcher._label(category)]
    with torch.no_grad():
        _, pens = row_nats(sketcher.network, [rows_of(drawing)], sketcher.scale, label)
    return float(pens[0, -1])


def test_an_ending_goes_on_as_if_the_beginning_had_been_drawn(sketcher):
    """The state behind a beginning is that of a drawing which came to it by itself."""
    whole = next(d for d in sketcher.draw("duck", 60, seed=5, temperature=1e-12) if len(d) > 1)
    begun = Drawing(whole.strokes[:1])
    (ended,) = sketcher.complete(begun, 1, "duck", seed=1, temperature=1e-12)
    assert_alike([ended], [whole], tolerance=0.1)


def test_nothing_can_be_added_to_a_full_drawing(sketcher):
    full = Drawing([[(n, n) for n in range(sketcher.limit + 1)]])
    with pytest.raises(UserError, match="30 points"):
        sketcher.complete(full, 1)
    with pytest.raises(UserError, match="without a point"):
        sketcher.complete(Drawing([]), 1)


def test_a_score_is_the_sum_of_its_parts(sketcher):
    score = sketcher.score(BEGUN, "duck")
    assert score.nats == pytest.approx(score.offset_nats + score.pen_nats)
    assert score.nats_per_point == pytest.approx(score.nats / 4)
    assert score != sketcher.score(BEGUN, "pig")
    assert score != sketcher.score(BEGUN)
    moved = sketcher.score(BEGUN.moved(500, 100), "duck")
    assert moved.nats == pytest.approx(score.nats)


def test_likely_drawings_score_better(sketcher):
    drawn = sketcher.draw("duck", 20, seed=1, temperature=0.1)
    noise = [Drawing([np.random.default_rng(n).normal(size=(15, 2)) * 60]) for n in range(20)]
    ours, theirs = ([sketcher.score(d, "duck").nats_per_point for d in x] for x in (drawn, noise))
    assert np.mean(ours) < np.mean(theirs)


def test_reconstructions_and_morphs(sketcher):
    a, b = BEGUN, Drawing([[(9, 0), (0, 9), (-9, -90)]])
    found = sketcher.interpolate(a, b, 5, ("duck", "pig"), seed=1)
    assert len(found) == 5
    assert_alike(found[:1], [sketcher.reconstruct(a, "duck", seed=1)])
    moved = sketcher.reconstruct(b, "pig", seed=1).moved(-9, 0)
    assert_alike(found[-1:], [moved])
    assert all(tuple(drawing.strokes[0][0]) == (0, 0) for drawing in found)
    assert len(set(found)) == 5


def test_of_several_candidates_the_nearest_to_the_latent_is_taken(sketcher):
    other = Drawing([[(9, 0), (0, 9), (-9, -90)]])
    how = {"temperature": 0.5, "seed": 1}
    first = sketcher.interpolate(BEGUN, other, 4, **how)
    best = sketcher.interpolate(BEGUN, other, 4, candidates=6, **how)
    with torch.inference_mode():
        ends = sketcher._encoded([rows_of(BEGUN), rows_of(other)])[0]
        wanted = between(*ends, torch.linspace(0, 1, 4)[:, None])
        away = [
            (sketcher._encoded([rows_of(drawing) for drawing in found])[0] - wanted).norm(dim=1)
            for found in (first, best)
        ]
    assert (away[1] <= away[0] + 1e-4).all()
    assert (away[1] < away[0] - 1e-4).any()


def test_more_like_a_drawing_are_the_nearest_of_many_from_around_its_latent(sketcher, monkeypatch):
    found = sketcher.variations(BEGUN, 3, "duck", seed=1)
    assert len(set(found)) == 3
    assert all(tuple(drawing.strokes[0][0]) == (0, 0) for drawing in found)
    assert_alike(sketcher.variations(BEGUN, 3, "duck", seed=1), found)
    assert found != sketcher.variations(BEGUN, 3, "duck", seed=2)

    def away(drawings):
        own, *others = sketcher._encoded([rows_of(drawing) for drawing in (BEGUN, *drawings)])[0]
        return [float((other - own).norm()) for other in others]

    with torch.inference_mode():
        assert away(found) == sorted(away(found))
    monkeypatch.setattr("multimodal.sketching.sketcher.CANDIDATES", 1)
    every = sketcher.variations(BEGUN, 12, "duck", seed=1)  # all candidates of the three
    assert_alike(found, every[:3])


def test_where_every_drawing_has_a_latent_new_ones_get_theirs_from_the_prior(make_sketcher):
    sketcher = make_sketcher(latent_optional=False)
    assert "no_latent" not in dict(sketcher.network.named_parameters())
    cold = {"temperature": 1e-6, "seed": 3}
    together = sketcher.draw("duck", 8, **cold)
    assert len(set(together)) == 8  # z alone tells them apart
    assert_alike(sketcher.draw("duck", 2, **cold), together[:2])
    assert math.isfinite(sketcher.score(BEGUN, "duck").nats)
    assert sketcher.complete(BEGUN, 2, seed=1)[0].points >= BEGUN.points


def test_without_a_latent_there_is_nothing_to_morph(make_sketcher):
    sketcher = make_sketcher(latent_size=0)
    assert sketcher.draw("duck", seed=1)
    with pytest.raises(UserError, match="no latent vector"):
        sketcher.reconstruct(BEGUN)
    with pytest.raises(UserError, match="no latent vector"):
        sketcher.variations(BEGUN)


def test_a_sketcher_of_one_category(make_sketcher):
    sketcher = make_sketcher(categories=["sheep"])
    assert sketcher.draw("sheep", 2, seed=1)
    assert sketcher.score(BEGUN) == sketcher.score(BEGUN, "sheep")


def test_spherical_interpolation():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    way = between(a, b, torch.tensor([[0.0], [0.5], [1.0]]))
    torch.testing.assert_close(way, torch.tensor([[2.0, 0.0], [2**0.5, 2**0.5], [0.0, 2.0]]))
    torch.testing.assert_close(between(a, a, torch.tensor([[0.3]])), a[None])
    assert between(a, -a, torch.tensor([[0.5]])).isfinite().all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.draw("dukc"), "'dukc' is not understood"),
        (lambda s: next(s.stream("dukc")), "no category 'dukc'; did you mean duck"),
        (lambda s: s.draw_many([("a duck", 1)]), "no category 'a duck'"),
        (lambda s: s.draw_many([("duck", 0)]), "duck: at least one"),
        (lambda s: s.draw("duck", temperature=0), "temperature"),
        (lambda s: s.draw("duck", temperature=math.nan), "temperature"),
        (lambda s: s.draw("duck", max_points=0), "max_points"),
        (lambda s: s.draw("duck", beam_size=3), "beam_size: no such option"),
        (lambda s: s.complete(BEGUN, 0), "n: must be"),
        (lambda s: s.interpolate(BEGUN, BEGUN, 0), "steps: must be"),
        (lambda s: s.interpolate(BEGUN, BEGUN, 2, candidates=0), "candidates: must be"),
        (lambda s: s.variations(BEGUN, 0), "n: must be"),
        (lambda s: s.variations(Drawing([])), "without a point"),
        (lambda s: s.variations(BEGUN, 1, "dukc"), "no category 'dukc'"),
        (lambda s: s.score(Drawing([])), "without a point"),
    ],
)
def test_mistakes_are_one_line(sketcher, call, said):
    with pytest.raises(UserError, match=said) as caught:
        call(sketcher)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cell", get_args(DecoderCell))
def test_saved_and_loaded_it_draws_the_same(make_sketcher, tmp_path, cell):
    make_sketcher(cell=cell).save_pretrained(tmp_path / "first")
    once = Sketcher.from_pretrained(tmp_path / "first", precision="fp32")
    once.save_pretrained(tmp_path / "second")
    twice = Sketcher.from_pretrained(tmp_path / "second", precision="fp32")
    assert twice.draw("duck", 5, seed=1) == once.draw("duck", 5, seed=1)
    assert twice.score(BEGUN, "pig") == once.score(BEGUN, "pig")
    for name in ("categories", "low_quality", "scale", "limit", "frame"):
        assert getattr(twice, name) == getattr(once, name)
    assert twice.network.config == make_sketcher(cell=cell).network.config


def test_a_damaged_checkpoint_is_one_line(sketcher, tmp_path):
    folder = sketcher.save_pretrained(tmp_path / "saved")
    config = folder / "config.json"
    for old, new, told in [
        ('"scale"', '"size"', "incomplete"),
        ('"lstm"', '"gru"', "cell: must be one of"),
        ('"decoder_size": 24', '"x": 1', "incomplete"),
    ]:
        text = config.read_text()
        config.write_text(text.replace(old, new))
        with pytest.raises(UserError, match=rf"config\.json: {told}"):
            Sketcher.from_pretrained(folder)
        config.write_text(text)
    config.write_text(config.read_text().replace('"decoder_size": 24', '"decoder_size": 32'))
    with pytest.raises(UserError, match="do not fit"):
        Sketcher.from_pretrained(folder)
