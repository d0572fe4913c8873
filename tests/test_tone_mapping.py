import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.tone_mapping import HLG, KNEE, PQ, hlg_scene, pq_light, tone_mapped


def coded(*signal: float) -> np.ndarray:
    """One pixel of a signal from 0 to 1."""
    return np.array([[[round(65535 * value) for value in signal]]], np.uint16)


@pytest.mark.parametrize(
    ("signal", "nits"), [(0, 0), (0.5081, 100), (0.5807, 203), (0.7518, 1000), (1, 10000)]
)
def test_pq_signals_have_the_light_of_the_standard(signal, nits):
    assert pq_light(np.float32(signal)) == pytest.approx(nits, rel=2e-3)


@pytest.mark.parametrize(("signal", "scene"), [(0, 0), (0.5, 1 / 12), (0.75, 0.2650), (1, 1)])
def test_hlg_signals_have_the_light_of_the_standard(signal, scene):
    assert hlg_scene(np.float32(signal)) == pytest.approx(scene, abs=2e-4)


def test_colours_leave_the_wide_primaries():
    """Red of ordinary screens at half of paper white, in PQ with the primaries of BT.2020."""
    light = np.array([0.6274, 0.0691, 0.0164]) * 101.5
    power = (light / 10000) ** (2610 / 16384)
    signal = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    red, green, blue = tone_mapped(coded(*signal), PQ)[0, 0].tolist()
    assert red == pytest.approx(188, abs=1)  # sRGB of 0.5
    assert max(green, blue) <= 3


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.sampled_from([PQ, HLG]))
def test_what_is_brighter_stays_brighter(signals, transfer):
    greys = np.sort(np.array(signals))
    rgb = (65535 * greys).round().astype(np.uint16)[None, :, None].repeat(3, 2)
    levels = tone_mapped(rgb, transfer)[0, :, 0].astype(int)
    assert (np.diff(levels) >= 0).all()


def test_highlights_keep_their_hue():
    bright = tone_mapped(coded(0.8, 0.7, 0.7), PQ)[0, 0].tolist()
    assert bright[0] > bright[1] + 10
    assert bright[0] <= 255


def test_all_rows_of_a_tall_frame_are_mapped_alike():
    rgb = np.full((300, 2, 3), 30000, np.uint16)
    levels = tone_mapped(rgb, PQ)
    assert len(np.unique(levels)) == 1
    assert 0 < KNEE < 1
