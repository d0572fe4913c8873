"""Random drawings written as SVG in random dialects are read back as they were drawn."""

from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.strokes.svg_reading import read_svg

SIDE = 200.0  # CSS pixels
POINTS = st.lists(
    st.tuples(st.integers(60, 140), st.integers(60, 140)), min_size=2, max_size=6, unique=True
)
STROKES = st.lists(POINTS, min_size=1, max_size=4).filter(
    lambda strokes: all(a[-1] != b[0] for a, b in pairwise(strokes))
)
UNITS = {
    "": 1.0,
    "px": 1.0,
    "mm": 96 / 25.4,
    "in": 96.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "Q": 96 / 101.6,
}


@st.composite
def pages(draw):
    """A head, and from drawn coordinates to those that its body has to be written in."""
    unit = draw(st.sampled_from([*UNITS]))
    size = SIDE / UNITS[unit]
    scale, x, y = (
        draw(st.sampled_from([1, 2, 0.5])),
        draw(st.integers(-9, 9)),
        draw(st.integers(0, 9)),
    )
    box = f'viewBox="{x} {y} {SIDE / scale} {SIDE / scale}"'
    return f'width="{size!r}{unit}" height="{size!r}{unit}" {box}', lambda p: p / scale + (x, y)


@st.composite
def groups(draw):
    """What stands around a stroke, before and behind, and the way into its coordinates."""
    kind = draw(
        st.sampled_from(
            ["plain", "translate", "css", "origin", "scale", "rotate", "svg", "use", "switch"]
        )
    )
    dx, dy = draw(st.integers(-20, 20)), draw(st.integers(-20, 20))
    back = np.array((dx, dy))
    wrapped = {
        "plain": ("<g>", "</g>", lambda p: p),
        "translate": (f'<g transform="translate({dx} {dy})">', "</g>", lambda p: p - back),
        "css": (f'<g style="transform: translate({dx}px, {dy}px)">', "</g>", lambda p: p - back),
        "origin": (
            f'<g style="transform: scale(2); transform-origin: {dx}px {dy}px">', "</g>",
            lambda p: (p - back) / 2 + back,
        ),
        "scale": ('<g transform="scale(2,-2)">', "</g>", lambda p: p / (2, -2)),
        "rotate": (f'<g transform="rotate(90 {dx},{dy})">', "</g>",
                   lambda p: (p - back) @ np.array([[0, -1], [1, 0]]) + back),
        "svg": (f'<svg x="{dx}" y="{dy}" width="800" height="800" overflow="visible">', "</svg>",
                lambda p: p - back),
        "use": ('<defs><g id="NAME">', f'</g></defs><use href="#NAME" x="{dx}" y="{dy}"/>',
                lambda p: p - back),
        "switch": ('<switch><path systemLanguage="xx" d="M0 0L9 9"/><g>', "</g></switch>",
                   lambda p: p),
    }  # fmt: skip
    return wrapped[kind]


def number(draw, value):
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return draw(st.sampled_from([text, f"{value:.6e}", text if "-" in text else f"0{text}"]))


def pairs(draw, points):
    between = draw(st.sampled_from([" ", ",", " , ", "\n"]))
    return [f"{number(draw, x)}{between}{number(draw, y)}" for x, y in points]


def shapes(draw, points):
    """A stroke as one of the shapes, or in pieces."""
    kinds = ["path", "relative", "polyline", "pieces", "lines"]
    kind = draw(st.sampled_from(kinds))
    if kind == "path":
        return f'<path d="M{" L ".join(pairs(draw, points))}"/>'
    if kind == "relative":
        steps = np.diff(points, axis=0, prepend=0.0)
        return f'<path d="m{" ".join(pairs(draw, steps))}"/>'
    if kind == "polyline":
        return f'<polyline points="{" ".join(pairs(draw, points))}"/>'
    ends = list(pairwise(points))
    if kind == "lines":
        return "".join(
            f'<line x1="{a[0]!r}" y1="{a[1]!r}" x2="{b[0]!r}" y2="{b[1]!r}"/>'
            for a, b in ((a.tolist(), b.tolist()) for a, b in ends)
        )
    return "".join(
        f'<path stroke-width="{width}" d="M{" L".join(pairs(draw, pair))}"/>'
        for width, pair in enumerate(ends, 1)
    )


INKED = [
    ('<g fill="none" stroke="black">', ""),
    ('<g style="fill: none; stroke: #123">', ""),
    ('<g class="ink">', "<style>@charset 'x'; .ink { fill: none; stroke: rgb(1 2 3) }</style>"),
    (
        "<g>",
        "<style>g g * { fill: none; stroke: red } @media print { * { display: none } }</style>",
    ),
    (
        '<g style="--pen: teal">',
        "<style><![CDATA[svg > g { fill: none; stroke: var(--pen) }]]></style>",
    ),
]


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data(), STROKES, pages(), st.sampled_from(INKED))
def test_any_dialect_says_the_same(tmp_path, data, strokes, page, inked):
    head, place = page
    opened, sheet = inked
    body = ""
    for number_, stroke in enumerate(strokes):
        points, before, behind = place(np.array(stroke, dtype=float)), "", ""
        for depth in range(data.draw(st.integers(1, 3))):
            left, right, inner = data.draw(groups())
            name = f"n{number_}-{depth}"
            before, behind = (
                before + left.replace("NAME", name),
                right.replace("NAME", name) + behind,
            )
            points = inner(points)
        body += before + shapes(data.draw, points) + behind
    path = tmp_path / "any.svg"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{sheet}{opened}{body}</g></svg>',
        encoding="utf-8",
    )
    found = list(read_svg(path))
    assert len(found) == len(strokes)
    for stroke, drawn in zip(found, strokes, strict=True):
        np.testing.assert_allclose(stroke, drawn, atol=0.002)
