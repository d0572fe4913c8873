"""Ink saved as its outline, as pens of varying width leave it."""

import numpy as np
import pytest

from multimodal.strokes.svg_reading import read_svg


def outline(line, width):
    """The area that a round pen leaves on its way (n, 2), as quadratic curves between midpoints."""
    way = np.gradient(line, axis=0)
    normal = np.column_stack([-way[:, 1], way[:, 0]]) / np.hypot(*way.T)[:, None]
    radius = width / 2 * (1 + 0.2 * np.sin(np.arange(len(line)) / 3))[:, None]  # of the pressure
    turns = np.linspace(0, np.pi, 9)[1:-1, None]

    def cap(end, side):
        across, ahead = (
            side * normal[end] * radius[end],
            np.array([-normal[end][1], normal[end][0]]),
        )
        return line[end] + np.cos(turns) * across - np.sin(turns) * side * ahead * radius[end]

    left, right = line + normal * radius, line - normal * radius
    ring = np.concatenate([left, cap(-1, 1), right[::-1], cap(0, -1)])
    middles = (ring + np.roll(ring, -1, axis=0)) / 2
    curves = " ".join(
        f"Q {x:.2f},{y:.2f} {a:.2f},{b:.2f}"
        for (x, y), (a, b) in zip(
            np.roll(ring, -1, axis=0), np.roll(middles, -1, axis=0), strict=True
        )
    )
    return f'<path d="M {middles[0][0]:.2f},{middles[0][1]:.2f} {curves} Z" fill="#1d1d1d"/>'


def read(tmp_path, body, notes):
    path = tmp_path / "board.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200">'
        f'<rect width="400" height="200" fill="#fff"/>\n{body}</svg>'
    )
    return list(read_svg(path, notes))


t = np.linspace(0, 1, 60)[:, None]
WAVE = np.column_stack([50 + 250 * t, 100 + 40 * np.sin(9 * t)])
LOOP = np.column_stack([100 + 60 * t + 40 * np.cos(8 * t), 100 + 40 * np.sin(8 * t)])


@pytest.mark.parametrize("line", [WAVE, LOOP])
@pytest.mark.parametrize("width", [3, 6])
def test_the_line_of_the_pen_is_recovered(tmp_path, line, width):
    notes = []
    (stroke,) = read(tmp_path, outline(line, width), notes)
    at = np.linspace(0, 59, 1000)
    way = np.column_stack([np.interp(at, np.arange(60), axis) for axis in line.T])
    gaps = np.hypot(*np.moveaxis(stroke[:, None] - way, -1, 0))
    assert gaps.min(1).max() < width / 2  # nowhere beside the pen's way
    assert gaps.min(0).max() < 1.2 * width  # and all of it is there
    assert np.hypot(*(stroke[0] - line[0])) < np.hypot(
        *(stroke[0] - line[-1])
    )  # the same way round
    assert len(notes) == 1
    assert "board.svg:2: outlines of ink: 1 were read as the lines of their pen" in notes[0]


def test_a_dot_of_the_same_pen_is_a_dot(tmp_path):
    dot = np.column_stack([350 + 0.1 * t, 50 + 0 * t])[::6]
    strokes = read(tmp_path, outline(WAVE, 4) + outline(dot, 4), [])
    assert [len(stroke) > 1 for stroke in strokes] == [True, False]
    assert strokes[1][0] == pytest.approx([350, 50], abs=0.5)


def test_areas_stay_areas(tmp_path):
    turn = np.linspace(0, 2 * np.pi, 60)
    blob = np.column_stack([200 + 50 * np.cos(turn), 100 + 40 * np.sin(turn)])
    curves = " ".join(f"Q {x:.1f} {y:.1f} {x:.1f} {y:.1f}" for x, y in blob[1:])
    notes = []
    (stroke,) = read(tmp_path, f'<path d="M250 100 {curves} Z"/>', notes)
    assert np.ptp(stroke, axis=0) == pytest.approx([100, 80], abs=1)
    (bar,) = read(tmp_path, '<path d="M10 10H390V14H10Z"/>', notes)
    assert len(bar) == 5
    assert not notes
