"""SVG as programs and people write it: each kind of fault that was once read wrongly."""

import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.strokes import read_drawings
from multimodal.strokes.svg_reading import read_svg

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:serif="http://www.serif.com/" width="100" height="100" viewBox="0 0 100 100"'
)
INK = 'fill="none" stroke="black"'
SEEN, SEEN_AT = f'<path {INK} d="M30 10L40 20"/>', [[30, 10], [40, 20]]


def read(tmp_path, body, notes=None, attributes=""):
    path = tmp_path / "wild.svg"
    path.write_text(f"{HEAD} {attributes}>\n{body}\n</svg>", encoding="utf-8")
    return [stroke.round(6).tolist() for stroke in read_svg(path, notes)]


def ink(data, more=""):
    return f'<path {INK} {more} d="{data}"/>'


# ---- strokes in pieces ----


@pytest.mark.parametrize(
    "pieces",
    [
        ink("M1 1L2 2", 'stroke-width="1"') + ink("M2 2L3 1", 'stroke-width="2"'),
        ink("M1 1L2 2M2 2L3 1"),
        '<g fill="none" stroke="red"><polyline points="1 1 2 2"/>'
        '<line x1="2" y1="2" x2="3" y2="1"/></g>',
        ink("M1 1L2 2") + ink("M2 2z", "opacity='0'") + ink("M2 2L3 1"),
        '<polyline style="fill:none; stroke:rgb(10,10,10)" points="1,1 2,2"/>'
        '<polyline style="fill:none; stroke:rgb(90,90,90)" points="2,2 3,1"/>',
        f'<g transform="translate(1)">{ink("M0 1L1 2")}</g>{ink("M2 2L3 1")}',
    ],
)
def test_what_goes_on_where_the_last_piece_ended_is_one_stroke(tmp_path, pieces):
    assert read(tmp_path, pieces) == [[[1, 1], [2, 2], [3, 1]]]


@pytest.mark.parametrize(
    "apart",
    [
        ink("M1 1L2 2") + ink("M2 2L3 1", 'style="stroke: red"'),  # another pen
        ink("M1 1L2 2") + ink("M2.1 2L3 1"),  # lifted in between
        ink("M1 1L2 2L1 2z") + ink("M1 1L0 0"),  # what was closed is whole
        '<path d="M1 1L2 2L3 9"/><path d="M3 9L5 5L2 2"/>',  # areas, which no pen drew
    ],
)
def test_other_strokes_stay_apart(tmp_path, apart):
    assert len(read(tmp_path, apart)) == 2


def test_what_was_drawn_in_between_keeps_pieces_apart(tmp_path):
    assert len(read(tmp_path, ink("M1 1L2 2M5 5L6 6M2 2L3 1"))) == 3


# ---- paper ----


def test_the_ground_is_known_by_its_shape(tmp_path):
    diamond = '<polygon points="50 0 100 50 50 100 0 50"/>'
    assert read(tmp_path, diamond) == [[[50, 0], [100, 50], [50, 100], [0, 50], [50, 0]]]
    ground = '<path fill="#fff" d="M-1 -1H50H101V101H-1z"/>'
    assert read(tmp_path, ground + SEEN) == [SEEN_AT]
    assert len(read(tmp_path, '<rect width="100" height="100"/>')) == 1


# ---- style sheets ----


def style(css, first="a", second=""):
    return (
        f"<style>{css}</style>"
        + ink("M10 10L20 20", f'class="{first}"')
        + SEEN.replace("<path", f'<path class="{second}"')
    )


HIDDEN = "display: none"


@pytest.mark.parametrize(
    "css",
    [
        ".a{display:none} @media (prefers-color-scheme: dark) {.b{display:none}.a{display:inline}}",
        "@media screen and (min-width: 50px) {.a{display:none}}",
        "@media print {.b{display:none}} .a{display:none}",
        "@media not print {.a{display:none}}",
        "@media (width &lt; 50px) {.b{display:none}}"
        "@media (50px &lt;= width &lt;= 100px) {.a{display:none}}",
        "@media (unknown: thing) {.b{display:none}} @media not (unknown) {.b{display:none}}"
        ".a{display:none}",
        '@import url("x.css");.a{display:none}',
        '@charset "utf-8";.a{display:none}',
        "@font-face{font-family:x;src:url(x)} .a{display:none}",
        "@supports (fill: red) {.a{display:none}} @supports not (fill: red) {.b{display:none}}",
        ".b{display:none} .b{display:inline} .a{display:inline} .a{display:none}",
        "#never, svg > .a {display:none}",
        "svg .a:not(.b) {display:none}",
        "path:first-of-type {display:none}",
        "path[class='a'] {display:none}",
        "path.a {display:none} .a{display:inline}",
        ".a {display:none !important} path.a {display:inline}",
        ".a { display: none; display }",
        ".a {fill: none; stroke: none; stroke: nonsense}",
        "@layer low, high; @layer high {.a{display:none}} @layer low {path.a{display:inline}}",
        ":root {--off: none} .a {display: inline; stroke: var(--off); fill: var(--none, none)}",
        ".a{opacity:0%}",
        ".a{stroke: rgb(0 0 0 / 0)}",
        "/* .b{display:none} */ .a{display:none}",
        ".b .a, .b > path {display:none} .a{visibility:hidden}",
        "path.a::before {display:inline} .a{display:none}",
    ],
)
def test_the_cascade_decides(tmp_path, css):
    assert read(tmp_path, style(css, "a", "b")) == [SEEN_AT]


def test_the_order_in_the_sheet_counts_and_not_that_in_the_class(tmp_path):
    css = ".a{display:none}.b{display:inline}"
    assert len(read(tmp_path, style(css, "b a"))) == 2
    assert len(read(tmp_path, style(".a.b{display:none}", "a b"))) == 1


def test_a_style_attribute_wins_unless_a_sheet_insists(tmp_path):
    own = ink("M10 10L20 20", 'class="a" style="display:inline"')
    assert len(read(tmp_path, f"<style>#x,.a{{display:none}}</style>{own}")) == 1
    with pytest.raises(UserError, match="no stroke"):
        read(tmp_path, f"<style>.a{{display:none!important}}</style>{own}")


def test_sheets_for_other_media_and_languages_do_not_count(tmp_path):
    sheets = '<style media="print">path{display:none}</style><style type="text/x">*{fill:0}</style>'
    assert read(tmp_path, sheets + SEEN) == [SEEN_AT]


@pytest.mark.parametrize(
    ("declared", "points"),
    [
        ("transform:translate(50px,0)", [[60, 10], [70, 20]]),
        ("transform:translate(50%, 10%)", [[60, 20], [70, 30]]),
        ("transform:translateX(5px) scale(2)", [[25, 20], [45, 40]]),
        ("transform:rotate(.25turn)", [[-10, 10], [-20, 20]]),
        ("transform:rotate(90deg);transform-origin:10px 10px", [[10, 10], [0, 20]]),
        ("transform:scale(2);transform-box:fill-box;transform-origin:center", [[5, 5], [25, 25]]),
        ("transform:scale(-1,1);transform-origin:40% 50%", [[70, 10], [60, 20]]),
        ("translate: 5px 6px; scale: 2", [[25, 26], [45, 46]]),
        ("transform:matrix(1,0,0,1,3,4)", [[13, 14], [23, 24]]),
    ],
)
def test_transforms_as_properties(tmp_path, declared, points):
    body = ink("M10 10L20 20", f'style="{declared}"')
    inside = f'<g transform="translate(20,0)">{body}</g>'  # so that nothing leaves the page
    assert read(tmp_path, inside) == [[[x + 20, y] for x, y in points]]


def test_a_declared_transform_stands_in_place_of_the_attribute(tmp_path):
    body = ink("M10 10L20 20", 'transform="translate(9)" style="transform:none"')
    assert read(tmp_path, body) == [[[10, 10], [20, 20]]]


def test_places_and_sizes_as_properties(tmp_path):
    body = f'<rect {INK} width="1" height="1" style="x:10px;y:20px;width:30px;height:40px"/>'
    assert read(tmp_path, body) == [[[10, 20], [40, 20], [40, 60], [10, 60], [10, 20]]]
    body = f"<path {INK} style=\"d:path('M1 2L3 4')\" d='M9 9L8 8'/>"
    assert read(tmp_path, body) == [[[1, 2], [3, 4]]]


# ---- clips ----

ACROSS = ink("M-50 50L400 50")


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        (ACROSS, [(0, 100)]),
        ('<clipPath id="c"><rect width="50" height="100"/></clipPath>'
         f'<g clip-path="url(#c)">{ACROSS}</g>', [(0, 50)]),
        ('<clipPath id="c"><rect width="50" height="100"/></clipPath><clipPath id="d">'
         '<rect x="20" width="50" height="100"/></clipPath>'
         f'<g clip-path="url(#c)"><g clip-path="url(#d)">{ACROSS}</g></g>', [(20, 50)]),
        ('<clipPath id="c"><rect x="10" width="10" height="100"/><rect x="60" width="20"'
         f' height="100"/></clipPath><g clip-path="url(#c)">{ACROSS}</g>', [(10, 20), (60, 80)]),
        ('<clipPath id="c"><path clip-rule="evenodd" d="M10 0H90V100H10zM40 0H60V100H40z"/>'
         f'</clipPath><g clip-path="url(#c)">{ACROSS}</g>', [(10, 40), (60, 90)]),
        ('<clipPath id="d"><rect width="30" height="100"/></clipPath><clipPath id="c"'
         ' clip-path="url(#d)"><rect x="10" width="50" height="100"/></clipPath>'
         f'<g clip-path="url(#c)">{ACROSS}</g>', [(10, 30)]),
        ('<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/>'
         f'</clipPath><g clip-path="url(#c)">{ink("M20 40H60M20 60H40")}</g>',
         [(20, 40), (20, 40)]),
        ('<defs><rect id="r" width="30" height="100"/></defs><clipPath id="c">'
         f'<use href="#r" x="5"/></clipPath><g clip-path="url(#c)">{ACROSS}</g>', [(5, 35)]),
        (f'<svg x="20" width="30" height="100">{ACROSS}</svg>', [(20, 50)]),
        (ink("M0 50H-20V60H0H30"), [(0, 30)]),  # it meets the edge at its own corners
        (f'<svg x="20" width="30" height="100" overflow="visible">{ACROSS}</svg>', [(0, 100)]),
        (f'<g style="clip-path:inset(0 40% 0 10px)">{ink("M0 50L100 50M0 40L100 40")}</g>',
         [(10, 60), (10, 60)]),
        (f'<g style="clip-path:polygon(0 0, 50% 0, 50% 100%, 0 100%)">{ink("M0 50L60 50V60")}</g>',
         [(0, 30)]),
        (f'<g clip-path="url(#nothing)">{ACROSS}</g>', [(0, 100)]),
    ],
)  # fmt: skip
def test_clips_cut(tmp_path, body, ends):
    found = [(stroke[0][0], stroke[-1][0]) for stroke in read(tmp_path, body)]
    assert found == ends


def test_effects_are_told_once(tmp_path):
    notes = []
    masked = f'<mask id="m"><rect width="9" height="9"/></mask><g mask="url(#m)">{SEEN}{SEEN}</g>'
    assert len(read(tmp_path, masked, notes)) == 2
    assert len(notes) == 1
    assert notes[0].endswith("wild.svg:2: masks and filters are not applied")
    read(tmp_path, f'<g style="filter: blur(2px)">{SEEN}</g>', notes)
    read(tmp_path, f'<g mask="none" filter="url(#missing)">{SEEN}</g>', notes)
    assert len(notes) == 2


# ---- what nobody sees ----


@pytest.mark.parametrize(
    "more",
    [
        'opacity="0"',
        'opacity="0%"',
        'stroke-opacity="0"',
        'stroke-width="0"',
        'stroke-width="0px"',
        'style="stroke:#0000"',
        'style="stroke:#00000000"',
        'style="stroke:rgba(0, 0, 0, 0)"',
        'style="stroke:hsl(10deg 50% 50% / 0%)"',
        'style="stroke:transparent"',
        'style="stroke:currentColor;color:transparent"',
        'style="stroke:url(#missing)"',
        'transform="scale(0)"',
        'visibility="collapse"',
        'requiredExtensions="http://example.org/x"',
        'systemLanguage="de"',
    ],
)
def test_invisible_ink(tmp_path, more):
    body = f'<g stroke="black" fill="none"><path {more} d="M10 10L20 20"/></g>'
    assert read(tmp_path, body + SEEN) == [SEEN_AT]


@pytest.mark.parametrize(
    "more",
    [
        'opacity=".01"',
        'stroke="nonsense"',
        'stroke-width="nonsense"',
        'opacity="nonsense"',
        'style="stroke:url(#missing) red"',
        'systemLanguage="de, en-GB"',
    ],
)
def test_visible_ink(tmp_path, more):
    body = f'<g stroke="black"><path fill="none" {more} d="M10 10L20 20"/></g>'
    assert read(tmp_path, body) == [[[10, 10], [20, 20]]]


# ---- switch, names, zeros ----


@pytest.mark.parametrize(
    "children",
    [
        ink("M1 1L2 2", 'systemLanguage="de"') + SEEN.replace("<path", '<path systemLanguage="en"'),
        '<foreignObject width="9" height="9"/>' + SEEN + ink("M1 1L2 2"),
        ink("M1 1L2 2", 'requiredExtensions="x"') + f"<g>{SEEN}</g>",
        '<use href="#b" systemLanguage="fr"/><use href="#a"/>' + ink("M1 1L2 2"),
        ink("M1 1L2 2", 'systemLanguage=""') + SEEN,
        "<desc>none</desc>" + SEEN + SEEN,
    ],
)
def test_a_switch_draws_its_first_child_that_applies(tmp_path, children):
    defs = f'<defs><g id="a">{SEEN}</g><g id="b">{ink("M1 1L2 2")}</g></defs>'
    assert read(tmp_path, f"{defs}<switch>{children}</switch>") == [SEEN_AT]


def test_names_of_other_languages_are_not_ours(tmp_path):
    body = f'<g id="a" serif:id="Layer 1">{SEEN}</g><use href="#a" y="50"/>'
    assert read(tmp_path, body) == [SEEN_AT, [[30, 60], [40, 70]]]
    both = f'<g id="a">{SEEN}</g><g id="b"/><use xlink:href="#b" href="#a" y="50"/>'
    assert len(read(tmp_path, both)) == 2
    twice = f'<g id="a">{SEEN}</g><g id="a"/><use href="#a" y="50"/>'
    assert len(read(tmp_path, twice)) == 2


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        (f'<ellipse {INK} cx="50" cy="50" rx="0" ry="20"/>', 0),
        (f'<ellipse {INK} cx="50" cy="50" ry="20"/>', 1),
        (f'<ellipse {INK} cx="50" cy="50" rx="auto" ry="20"/>', 1),
        (f'<circle {INK} cx="50" cy="50" r="0"/>', 0),
        (f'<rect {INK} width="0" height="9"/>', 0),
        (f'<svg width="0" height="9">{SEEN}</svg>', 0),
        (f'<svg viewBox="0 0 0 9">{SEEN}</svg>', 0),
    ],
)
def test_zero_is_a_value(tmp_path, shape, count):
    assert len(read(tmp_path, shape + SEEN)) == 1 + count


def test_a_radius_of_zero_makes_corners_square(tmp_path):
    square = [[10, 10], [70, 10], [70, 70], [10, 70], [10, 10]]
    for radii in ('rx="0" ry="20"', 'rx="20" ry="0"', 'rx="0"'):
        assert read(tmp_path, f'<rect {INK} x="10" y="10" width="60" height="60" {radii}/>') == [
            square
        ]


# ---- faults ----


@pytest.mark.parametrize(
    ("data", "points"),
    [
        ("M50 50L60 60LNaN 5", [[50, 50], [60, 60]]),
        ("M50 50L60 60 70", [[50, 50], [60, 60]]),
        ("M50 50 60 60L1,,2", [[50, 50], [60, 60]]),
        ("M50 50 60 60 A 1 1 0 2 0 5 5", [[50, 50], [60, 60]]),
        ("M50 50 60 60 X 5", [[50, 50], [60, 60]]),
        ("M50 50 60 60L1e999 1", None),
    ],
)
def test_a_fault_costs_the_rest_of_one_path(tmp_path, data, points):
    notes = []
    found = read(tmp_path, f"{SEEN}\n{ink(data)}", notes)
    assert found == ([SEEN_AT, points] if points else [SEEN_AT])
    assert len(notes) == 1
    assert "wild.svg:3: " in notes[0]


def test_without_anybody_to_tell_there_is_one_warning(tmp_path):
    with pytest.warns(UserWarning, match=r"wild\.svg:2: .*\(and 1 more\)"):
        read(tmp_path, ink("M1 1L2 2L") + SEEN + ink("M3 3L4 4 5"))


@pytest.mark.parametrize("bad", ["turn(5)", "scale(1", "rotate(1 2)", "translate(5px)"])
def test_a_transform_that_is_none_is_told_and_changes_nothing(tmp_path, bad):
    notes = []
    assert read(tmp_path, SEEN.replace("<path", f'<path transform="{bad}"'), notes) == [SEEN_AT]
    assert len(notes) == 1
    assert "transform" in notes[0]


@pytest.mark.parametrize(
    ("data", "points"),
    [
        ("M 010 020 L 030 040", [[10, 20], [30, 40]]),
        ("M10 10\nL20\t20\r\nL30 30", [[10, 10], [20, 20], [30, 30]]),
        ("M1.5.5+3+4L.5e1,1E1", [[1.5, 0.5], [3, 4], [5, 10]]),
        ("m10 10 10 10", [[10, 10], [20, 20]]),
        ("M10,10L20,20,30,30", [[10, 10], [20, 20], [30, 30]]),
        ("M10 10H20 30V20 40", [[10, 10], [20, 10], [30, 10], [30, 20], [30, 40]]),
        ("M10 10A0 5 0 0 1 20 20", [[10, 10], [20, 20]]),
        ("M10 10A5 5 0 0 1 10 10L20 20", [[10, 10], [20, 20]]),
    ],
)
def test_numbers_of_a_path(tmp_path, data, points):
    found = read(tmp_path, ink(data, 'transform="translate(0 0)"'))
    assert found == [points]


def test_arc_flags_need_no_space(tmp_path):
    (together,) = read(tmp_path, ink("M30 40a20 20 0 0140 0a20,20 0 1 1-40,.0z"))
    (apart,) = read(tmp_path, ink("M30 40a20 20 0 0 1 40 0a20 20 0 1 1 -40 .0z"))
    assert together == apart
    assert np.hypot(*(np.array(together) - (50, 40)).T) == pytest.approx(20, abs=0.03)


# ---- the page ----


@pytest.mark.parametrize(
    ("moved", "points"),
    [
        ("translate(10,0)", [[30, 20], [50, 40]]),
        ("scale(.5)", [[60, 60], [70, 70]]),  # about the middle of the page, by CSS
    ],
)
def test_a_transform_of_the_outermost_svg_acts_outside_its_view_box(tmp_path, moved, points):
    path = tmp_path / "root.svg"
    head = HEAD.replace('width="100" height="100"', f'width="200" height="200" transform="{moved}"')
    path.write_text(f"{head}>{ink('M10 10L20 20')}</svg>")
    assert [stroke.round(6).tolist() for stroke in read_svg(path)] == [points]


def test_a_page_without_a_size_has_no_edge(tmp_path):
    path = tmp_path / "sizeless.svg"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{ink("M0 0L900 900")}</svg>')
    assert read_svg(path).bounds == (0, 0, 900, 900)


def test_style_sheets_that_never_end_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"wild\.svg:1: refused"):
        read(tmp_path, f"<style>{'.a,' * 30000}.b{{fill:none}}</style>{SEEN}")
    with pytest.raises(UserError, match=r"wild\.svg:1: refused"):
        read(tmp_path, f"<style>{'[a],' * 3000}*{{fill:none}}</style>{'<g/>' * 9000}{SEEN}")


def test_it_is_read_by_its_ending_with_its_notes(tmp_path):
    path = tmp_path / "wild.svg"
    path.write_text(f"{HEAD}>{ink('M1 1L2 2L')}</svg>")
    notes = []
    (record,) = read_drawings(path, notes)
    assert len(record.drawing) == 1
    assert len(notes) == 1
