"""multimodal plot: any SVG to a plotter's program."""

import re

import numpy as np
import pytest
from PIL import Image

from multimodal.errors import UserError
from multimodal.strokes import Drawing, read_drawings
from pipelines.plot import PlotOptions, make_plot

PAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm" viewBox="0 0 100 50"'
LINES = '<path d="M10 10L20 10M30 10L20 10M80 40L90 40M50 20l0 0"/><path d="M5 45L5 40"/>'


def svg(tmp_path, body=LINES):
    path = tmp_path / "wild.svg"
    path.write_text(f'{PAGE} fill="none" stroke="#000">\n{body}</svg>')
    return path


def moves(program):
    """Where a G-code program goes, with the pen up and down."""
    up, down = [], []
    for line in program.splitlines():
        found = re.match(r"(G[01]) X([-\d.]+) Y([-\d.]+)", line)
        if found:
            (up if found[1] == "G0" else down).append((float(found[2]), float(found[3])))
    return up, down


def test_gcode_by_hand(run, tmp_path):
    out = tmp_path / "out.gcode"
    code, said, _ = run("plot", svg(tmp_path), "-o", out, "--feed", 900)
    assert code == 0
    assert out.read_text().splitlines() == [
        "; 4 strokes on 100 x 50 mm", "G21", "G90", "G0 Z5",
        "G0 X5.000 Y5.000", "G1 Z0 F600", "G1 X5.000 Y10.000 F900", "G0 Z5",
        "G0 X10.000 Y40.000", "G1 Z0 F600", "G1 X30.000 Y40.000 F900", "G0 Z5",
        "G0 X50.000 Y30.000", "G1 Z0 F600", "G0 Z5",
        "G0 X80.000 Y10.000", "G1 Z0 F600", "G1 X90.000 Y10.000 F900", "G0 Z5",
        "G0 X0.000 Y0.000", "M2",
    ]  # fmt: skip
    assert said.startswith(f"{out}: 4 strokes on 100 x 50 mm, 35 mm drawn, ")


def test_a_servo_is_told_to_turn(run, tmp_path):
    out = tmp_path / "out.nc"
    where = ["-o", out, "--dialect", "grbl-servo"]
    run("plot", svg(tmp_path), *where, "--down", 40, "--lift", 0.5)
    assert "\nM5\nG4 P0.5\nG0 X5.000 Y5.000\nM3 S40\nG4 P0.5\nG1 " in out.read_text()
    run("plot", svg(tmp_path), *where, "--up", 700, "--lift", 0, "--overwrite")
    assert "\nM3 S700\nG0 X5.000 Y5.000\nM3 S90\nG1 " in out.read_text()


def test_hpgl_by_hand(run, tmp_path):
    out = tmp_path / "out.plt"
    code, _, _ = run("plot", svg(tmp_path), "-o", out)
    assert code == 0
    assert out.read_text().split("\n") == [
        "IN;", "SP1;", "VS2;", "PU200,200;PD200,400;PU;", "PU400,1600;PD1200,1600;PU;",
        "PU2000,1200;PD;PU;", "PU3200,400;PD3600,400;PU;", "PU0,0;", "SP0;", "IN;", "",
    ]  # fmt: skip


def test_svg_holds_ink_alone_and_dots_are_lines(run, tmp_path):
    out = tmp_path / "out.svg"
    run("plot", svg(tmp_path), "-o", out, "--pen", 0.5)
    text = out.read_text()
    assert 'width="100mm" height="50mm" viewBox="0 0 100 50"' in text
    assert 'stroke-width="0.5"' in text
    assert re.findall(r' d="([^"]+)"', text) == [
        "M5 45L5 40", "M10 10L30 10", "M50 20L50.05 20", "M80 40L90 40",
    ]  # fmt: skip
    (record,) = read_drawings(out)
    assert len(record.drawing) == 4


def test_a_page_with_a_margin_is_filled(tmp_path):
    plot = make_plot(svg(tmp_path), PlotOptions(page="A5", margin=10, pen=2))
    assert (plot.width, plot.height) == (148, 210)
    left, top, right, bottom = plot.strokes.bounds
    assert (left, right) == pytest.approx((11, 137))  # the pen's width included
    assert (top + bottom) / 2 == pytest.approx(105)
    kept = make_plot(svg(tmp_path), PlotOptions(page="A5", true_size=True))
    left, top, right, _ = kept.strokes.bounds
    assert (left, right) == pytest.approx((24 + 5, 24 + 90))
    assert top == pytest.approx(80 + 10)


def test_what_leaves_the_page_is_told_and_never_plotted(run, tmp_path):
    path = svg(tmp_path, '<path d="M-8 10L120 10M50 20L50 61"/>')
    code, said, _ = run("plot", path, "--check")
    assert code == 3
    assert said.strip().endswith(
        "would leave the page: 8 mm beyond the left edge, 20 mm beyond the right edge, "
        "11 mm beyond the bottom edge"
    )
    out = tmp_path / "out.gcode"
    code, _, told = run("plot", path, "-o", out)
    assert code == 0
    assert "cut off: 8 mm beyond the left edge" in told
    up, down = moves(out.read_text())
    assert sorted(down + up[:-1]) == [(0, 40), (50, 0), (50, 30), (100, 40)]
    code, said, _ = run("plot", svg(tmp_path), "--check")
    assert code == 0
    assert "fits; 4 strokes" in said
    path = svg(tmp_path, '<path d="M2 10L9 10"/>')
    _, said, _ = run("plot", path, "--check", "--margin", 5, "--true-size", "--page", "100x50")
    assert said.strip().endswith("but not in its margin: 3 mm beyond the left edge")
    assert not list(tmp_path.glob("*.hpgl"))


def test_the_preview_shows_ink_in_black_and_the_lifted_pen_in_red(run, tmp_path):
    picture = tmp_path / "page.png"
    code, _, _ = run("plot", svg(tmp_path), "--preview", picture, "--pen", 1)
    assert code == 0
    image = Image.open(picture)
    assert image.size == (800, 400)
    assert image.getpixel((8 * 15, 8 * 10)) == (0, 0, 0)
    red, green, blue = image.getpixel((8 * 40, 8 * 15))  # halfway from (30, 10) to (50, 20)
    assert red > 200
    assert max(green, blue) < red - 30
    assert image.getpixel((8 * 60, 8 * 45)) == (255, 255, 255)


def test_lines_are_simplified_within_the_tolerance(tmp_path):
    xs = np.linspace(10, 90, 200)
    points = " ".join(f"{x} {20 + np.sin(x):.4f}" for x in xs)
    path = svg(tmp_path, f'<polyline points="{points}"/>')
    fine, coarse = (
        make_plot(path, PlotOptions(tolerance=size)).strokes.points for size in (0, 0.2)
    )
    assert fine == 200
    assert coarse < 80


def test_the_time_by_hand(tmp_path):
    path = svg(tmp_path, '<path d="M0 20L60 20"/>')
    plot = make_plot(path, PlotOptions(feed=60, travel=30, lift=1))
    home = np.hypot(60, 30)
    assert plot.route.seconds(60, 30, 1) == pytest.approx(60 + 2 * (30 + home) + 2)
    assert plot.told.endswith("about 4 min 16 s")


def test_drawings_of_other_kinds_stand_in_a_grid(run, tmp_path):
    house = Drawing([[(0, 0), (9, 9)]]).save(tmp_path / "house.ndjson")
    plot = make_plot(house)
    assert (plot.width, plot.height) == (100, 100)
    assert plot.strokes.bounds == pytest.approx((8, 8, 92, 92))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give --output, --preview or --check"),
        (["-o", "x.png"], "x.png: cannot be written"),
        (["-o", "x.gcode", "--dialect", "hpgl"], "not of the dialect hpgl"),
        (["-o", "x.gcode", "--pen", "0"], "pen=0"),
        (["-o", "x.gcode", "--page", "B17"], "no paper 'B17'"),
        (["-o", "x.gcode", "--page", "A5", "--margin", "90"], "leaves no room"),
        (["--preview", "x.jpg"], "choose the ending .png"),
        (["-o", "nowhere/x.svg"], "its folder does not exist"),
    ],
)
def test_what_cannot_be_is_one_line(run, tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    code, _, said = run("plot", svg(tmp_path), *arguments)
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["wild.svg"]


def test_nothing_is_replaced_unless_told(run, tmp_path):
    out = tmp_path / "out.svg"
    out.write_text("mine")
    code, _, said = run("plot", svg(tmp_path), "-o", out)
    assert code == 2
    assert "--overwrite" in said
    assert out.read_text() == "mine"


def test_all_of_it_beyond_the_page(tmp_path):
    with pytest.raises(UserError, match="all of it lies beyond"):
        make_plot(svg(tmp_path, '<path d="M500 10L600 10"/>'))
