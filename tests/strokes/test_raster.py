import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from multimodal.errors import UserError
from multimodal.strokes import Drawing, Sheet, render
from multimodal.strokes.raster import encode_gif, encode_png

CROSS = Drawing([[(0, 5), (10, 5)], [(5, 0), (5, 10)]])


def opened(data):
    return Image.open(io.BytesIO(data))


def frames(data):
    return [np.asarray(f.convert("L")).astype(int) for f in ImageSequence.Iterator(opened(data))]


def test_a_line_by_hand():
    picture = render(Drawing([[(0, 0), (1, 0)]]), size=20, line_width=2)
    assert picture.shape == (20, 20)
    assert picture.dtype == np.uint8
    assert (picture[9:11, 3:17] < 40).all()
    assert (picture[:8] == 255).all()
    assert (picture[12:] == 255).all()
    assert (picture[:, 0] == 255).all()


def test_slanted_lines_are_antialiased():
    picture = render(Drawing([[(0, 0), (10, 3)]]), size=40, line_width=2)
    assert len(np.unique(picture)) > 6
    ink = (255 - picture.astype(int)).sum() / 255
    length = 36 * np.hypot(1, 0.3)
    assert ink == pytest.approx(2 * length + np.pi, rel=0.1)  # the line and its round ends


def test_a_point_is_a_dot():
    picture = render(Drawing([[(3, 3)]]), size=15, line_width=5)
    assert picture[7, 7] == 0
    assert (255 - picture.astype(int)).sum() / 255 == pytest.approx(np.pi * 2.5**2, rel=0.15)


@settings(deadline=None, max_examples=50)
@given(st.from_type(Drawing))
def test_every_drawing_leaves_ink_and_never_at_the_edge(drawing):
    picture = render(drawing, size=32, line_width=2)
    assert picture.min() < 150
    rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert rim.min() > 190  # a quarter of a pixel, where Pillow rounds outwards


def test_a_sheet_as_png():
    picture = np.asarray(opened(encode_png([CROSS] * 3, Sheet(columns=2, size=40))))
    assert picture.shape == (80, 80)
    assert np.array_equal(picture[:40, :40], picture[:40, 40:])
    assert (picture[40:, 40:] == 255).all()
    titled = np.asarray(opened(encode_png([CROSS], Sheet(size=70, titles=["ünï 🦆 " * 9]))))
    assert titled.shape == (80, 70)
    assert titled[70:].min() < 100
    assert (titled[70:, [0, -1]] == 255).all()


def test_a_gif_draws_stroke_by_stroke():
    sheet = Sheet(size=40, seconds=2)
    shown = frames(encode_gif([CROSS], sheet))
    assert len(shown) >= 3
    for before, after in pairwise(shown):
        assert (after <= before).all()
        assert (after < before).any()
    assert (shown[1][:15, 18:22] == 255).all()  # the second stroke has not begun
    finished = np.asarray(opened(encode_png([CROSS], sheet))).astype(int)
    assert (shown[-1] != finished).mean() < 0.01  # where strokes cross at the edges of their ink
    gif = opened(encode_gif([CROSS], sheet))
    assert gif.info["duration"] == 500
    assert gif.info["loop"] == 0


def test_a_flip_book_shows_one_after_the_other():
    other = Drawing([[(0, 0), (1, 1)]])
    shown = frames(encode_gif([CROSS, other], Sheet(size=40, flip=True, titles=["a", "b"])))
    for drawing, title, frame in zip([CROSS, other], "ab", shown, strict=True):
        alone = np.asarray(opened(encode_png([drawing], Sheet(size=40, titles=[title]))))
        assert np.array_equal(frame, alone)


def test_pictures_too_large_are_refused():
    with pytest.raises(UserError, match="too large"):
        encode_png([CROSS] * 9, Sheet(size=9000))
    with pytest.raises(UserError, match="too large"):
        encode_gif([CROSS] * 9, Sheet(size=6000, flip=True))
    with pytest.raises(UserError, match="no room"):
        render(CROSS, 4, 5)
