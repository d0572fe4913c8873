import numpy as np
import pytest

from multimodal.errors import UserError
from multimodal.strokes import Drawing, read_drawings, svg_reading
from multimodal.strokes.svg_reading import read_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def read(tmp_path, body, attributes='width="100" height="100"'):
    path = tmp_path / "wild.svg"
    path.write_text(f"{OPEN} {attributes}>\n{body}\n</svg>", encoding="utf-8")
    return read_svg(path)


def strokes(drawing):
    return [stroke.round(6).tolist() for stroke in drawing]


LINES = {
    '<line x1="1" y1="2" x2="3" y2="4"/>': [[1, 2], [3, 4]],
    '<line x2="10%" y2="1in"/>': [[0, 0], [10, 96]],
    '<polyline points="1,22 3-4,5e0 6" transform="translate(0 4)"/>': [[1, 26], [3, 0], [5, 10]],
    '<polygon points="0 0 4 0 4 4"/>': [[0, 0], [4, 0], [4, 4], [0, 0]],
    '<rect x="1" y="2" width="3" height="4"/>': [[1, 2], [4, 2], [4, 6], [1, 6], [1, 2]],
    '<path d="M1 2 3 4h5v-1Z"/>': [[1, 2], [3, 4], [8, 4], [8, 3], [1, 2]],
    '<path d="m1 2l3 4"/>': [[1, 2], [4, 6]],
    '<path d="M7 7z"/>': [[7, 7]],
    '<g transform="translate(10,20)scale(2)"><line x2="1" y2="3"/></g>': [[10, 20], [12, 26]],
    '<g transform="rotate(90)"><line x2="5" transform="translate(1)"/></g>': [[0, 1], [0, 6]],
    '<line x2="2" transform="rotate(180 1 1)"/>': [[2, 2], [0, 2]],
    '<line x2="1" y2="1" transform="matrix(1 2 3 4 5 6)"/>': [[5, 6], [9, 12]],
    '<line x2="1" y2="2" transform="skewX(45)"/>': [[0, 0], [3, 2]],
    '<line x2="1" y2="2" transform="skewY(45), scale(2 3)"/>': [[0, 0], [2, 8]],
    '<svg x="10" width="20" height="20" viewBox="0 0 1 1"><line x2="1" y2="100%"/></svg>': [
        [10, 0],
        [30, 20],
    ],
    '<a><switch><line x2="1"/></switch></a>': [[0, 0], [1, 0]],
}


@pytest.mark.parametrize("body", LINES)
def test_shapes_and_transforms(tmp_path, body):
    assert strokes(read(tmp_path, body)) == [LINES[body]]


def test_every_subpath_is_a_stroke(tmp_path):
    drawing = read(tmp_path, '<path d="M0 0L1 0M5 5M6 6h1zl0 2"/>')
    assert strokes(drawing) == [[[0, 0], [1, 0]], [[6, 6], [7, 6], [6, 6]], [[6, 6], [6, 8]]]


@pytest.mark.parametrize(
    "body",
    [
        '<circle cx="50" cy="40" r="20"/>',
        '<ellipse cx="50" cy="40" rx="20" ry="20"/>',
        '<rect x="30" y="20" width="40" height="40" rx="20"/>',
        '<path d="M30 40a20 20 0 1 1 40 0a20,20 0 11-40,0z"/>',
    ],
)
def test_round_shapes_are_round(tmp_path, body):
    (stroke,) = read(tmp_path, body)
    radius = np.hypot(*(stroke - (50, 40)).T)
    assert radius == pytest.approx(20, abs=0.03)
    assert np.hypot(*np.diff(stroke, axis=0).T).sum() == pytest.approx(40 * np.pi, rel=0.01)
    assert stroke[0].tolist() == pytest.approx(stroke[-1].tolist())


def test_curves_pass_where_they_must(tmp_path):
    (cubic,) = read(tmp_path, '<path d="M0 0C0 40 100 40 100 0"/>')
    assert cubic[:, 1].max() == pytest.approx(30, abs=0.1)
    wide = 'viewBox="0 -50 200 100"'  # what leaves the page is cut; the page begins at y = -50
    (smooth,) = read(tmp_path, '<path d="M0 0C0 40 100 40 100 0s100-40 100 0"/>', wide)
    assert smooth[:, 1].min() == pytest.approx(50 - 30, abs=0.1)
    assert smooth[-1].tolist() == [200, 50]
    (quadratic,) = read(tmp_path, '<path d="M0 0Q50 50 100 0t100 0"/>', wide)
    assert quadratic[:, 1].max() == pytest.approx(50 + 25, abs=0.1)
    assert quadratic[:, 1].min() == pytest.approx(50 - 25, abs=0.1)


@pytest.mark.parametrize(
    ("attributes", "corner"),
    [
        ('width="200" height="100" viewBox="0 0 10 10"', [150, 100]),
        ('width="200" height="100" viewBox="0 0 10 10" preserveAspectRatio="none"', [200, 100]),
        ('width="200" height="100" viewBox="0 0 10 10" preserveAspectRatio="xMinYMid"', [100, 100]),
        (
            'width="200" height="100" viewBox="0 0 10 10" preserveAspectRatio="xMidYMax slice"',
            [200, 100],
        ),
        ('viewBox="-10 -10 20 20"', [20, 20]),
        ('width="1in" viewBox="0 0 10 20"', [96, 96]),
        ('height="10mm" viewBox="0 0 10 10"', [37.795276, 37.795276]),
        ('width="100%" height="100%" viewBox="0 0 10 10"', [10, 10]),
        ("", [10, 10]),
    ],
)
def test_view_boxes(tmp_path, attributes, corner):
    assert strokes(read(tmp_path, '<path d="M0 0L10 10"/>', attributes))[0][1] == corner


SEEN = '<line x2="7"/>'


@pytest.mark.parametrize(
    "hidden",
    [
        '<defs><line x2="1"/></defs>',
        '<symbol><line x2="1"/></symbol>',
        '<clipPath><line x2="1"/></clipPath>',
        '<metadata><line x2="1"/></metadata>',
        '<g display="none"><line x2="1"/></g>',
        '<g style="color: red; display : none !important"><line x2="1"/></g>',
        '<g visibility="hidden"><line x2="1"/></g>',
        '<path fill="none" d="M0 0h24v24H0z"/>',
        '<g fill="none" stroke="transparent"><line x2="1"/></g>',
        '<style>.a, .b { fill: none }</style><rect class="x b" width="5" height="5"/>',
        '<style>/* rect {} */ rect#r { display: none }</style><rect id="r" width="5" height="5"/>',
        '<style>* {fill: red} .a {fill: none}</style><rect class="a" width="5" height="5"/>',
        '<rect width="100%" height="100%" fill="#fafafa"/>',
        '<polygon fill="white" stroke="transparent" points="0,0 0,100 100,100 100,0 0,0"/>',
        '<rect width="5"/><circle r="0"/><path/><path d="none"/><polygon/><text>five</text>',
        '<use href="#nothing"/><use href="other.svg#a"/><use/>',
        '<x:line xmlns:x="http://example.org/other" x2="1"/>',
    ],
)
def test_what_nobody_sees_is_left_out(tmp_path, hidden):
    assert strokes(read(tmp_path, hidden + SEEN)) == [[[0, 0], [7, 0]]]


@pytest.mark.parametrize(
    "body",
    [
        '<g visibility="hidden"><line x2="7" visibility="visible"/></g>',
        '<g fill="none"><line x2="7" style="stroke: #000"/></g>',
        '<style>.a {fill: none; stroke: red}</style><line class="a" x2="7"/>',
        '<style>line {display: none} #b {display: inline}</style><line id="b" x2="7"/>',
    ],
)
def test_what_is_seen_all_the_same(tmp_path, body):
    assert strokes(read(tmp_path, body)) == [[[0, 0], [7, 0]]]


def test_use_places_copies(tmp_path):
    body = (
        '<defs><g id="g" transform="scale(2)"><line x2="1"/></g>'
        '<symbol id="s" viewBox="0 0 10 10"><line x2="10" y2="10"/></symbol></defs>'
        '<use xlink:href="#g" x="5" y="6"/><use href="#s" x="10" width="40" height="20"/>'
    )
    assert strokes(read(tmp_path, body)) == [[[5, 6], [7, 6]], [[20, 0], [40, 20]]]


def test_a_file_of_illustrator_with_harmless_entities(tmp_path):
    path = tmp_path / "ai.svg"
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd" [\n'
        '<!ENTITY ns_svg "http://www.w3.org/2000/svg">\n]>\n'
        '<svg xmlns="&ns_svg;" viewBox="0 0 9 9"><line x2="1"/></svg>',
        encoding="utf-8",
    )
    (record,) = read_drawings(path)
    assert record.drawing == Drawing([[(0, 0), (1, 0)]])


def entity_bomb(value):
    return f'<!DOCTYPE svg [<!ENTITY a "ha">\n<!ENTITY b {value}>]>\n<svg><path d="&b;"/></svg>'


@pytest.mark.parametrize(
    "text",
    [
        entity_bomb('"&a;&a;&a;&a;"'),
        entity_bomb('SYSTEM "file:///etc/passwd"'),
        entity_bomb(f'"{"x" * 5000}"'),
        "<svg>" + "<g>" * 5000 + "</g>" * 5000 + "</svg>",
    ],
)
def test_tricks_are_refused(tmp_path, text):
    path = tmp_path / "bomb.svg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"bomb.svg:\d+: refused"):
        read_svg(path)


def test_a_web_of_uses_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(svg_reading, "MOST_ELEMENTS", 2000)
    loop = '<g id="a"><line x2="7"/><use href="#b"/></g><g id="b"><use href="#a"/></g>'
    assert len(read(tmp_path, loop)) == 2
    doubling = "".join(
        f'<g id="g{n}"><use href="#g{n + 1}"/><use href="#g{n + 1}"/></g>' for n in range(60)
    )
    with pytest.raises(UserError, match="refused: more than"):
        read(tmp_path, f'<defs>{doubling}</defs><use href="#g0"/>')
    chain = "".join(f'<g id="g{n}"><use href="#g{n + 1}"/></g>' for n in range(3000))
    with pytest.raises(UserError, match="deep"):
        read(tmp_path, f'<defs>{chain}</defs><use href="#g0"/>')


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<path d="L1 2"/>', "path data"),
        ('<path d="M1"/>', "path data"),
        ('<path d="M0 0A1 2"/>', "path data"),
        ('<path d="M0 0L1e308 0e0 9e307 1"/>', "beyond"),
        ('<line x2="wide"/>', "x2='wide' is no length"),
        ("<line", "broken"),
        ("<g></a>", "broken"),
    ],
)
def test_faults_name_the_line(tmp_path, body, reason):
    with pytest.raises(UserError, match=r"wild.svg:[34]: .*" + reason):
        read(tmp_path, "\n" + body)


def test_other_files(tmp_path):
    path = tmp_path / "wild.svg"
    with pytest.raises(UserError, match="cannot be read"):
        read_svg(path)
    for text, reason in (("", "broken"), ("<html/>", "no SVG"), ("<svg/>", "no stroke")):
        path.write_text(text)
        with pytest.raises(UserError, match=rf"wild.svg.*{reason}"):
            read_svg(path)
    path.write_text('<svg width="0" height="5"><line x2="1"/></svg>')
    with pytest.raises(UserError, match=r"wild.svg:1: a page without any room"):
        read_svg(path)


def test_an_outlined_frame_is_a_stroke(tmp_path):
    frame = '<rect width="100" height="100" fill="white" stroke="black"/>'
    assert read(tmp_path, frame).bounds == (0, 0, 100, 100)
    ground = frame.replace("black", "none")
    assert read(tmp_path, ground).bounds == (0, 0, 100, 100)  # the only shape that there is
    assert strokes(read(tmp_path, ground + SEEN)) == [[[0, 0], [7, 0]]]
