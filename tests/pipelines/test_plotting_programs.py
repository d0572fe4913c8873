"""What we write for pens, as vpype, svgelements, Inkscape and resvg understand it.

Each program is asked for the strokes, their box and the page. Inkscape is Debian's, run without a
window; the others are installed from the package index in an environment of their own.
"""

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from multimodal.strokes import Drawing, Paper
from pipelines import handwrite, sketch

PACKAGES = ("vpype==1.15.0", "svgelements==1.9.6", "resvg-py==0.5.0")
UNITS = {"px": 1.0, "mm": 96 / 25.4}
FINE = 8  # pixels of a rendering for one of CSS
NAMES = "{http://www.w3.org/2000/svg}"
RULE = (169, 189, 214)

# Dots, one of them in a corner of the page; a dot of three points; a stroke that turns back; one
# shorter than what is written of it; a closed one.
STROKES = [
    [(10, 10)],
    [(59.9, 39.9)],
    [(20, 10), (20, 10), (20, 10)],
    [(5, 20), (30, 20), (30, 20), (12, 20)],
    [(40, 5), (40.0002, 5.0001)],
    [(40, 15), (50, 15), (50, 25), (40, 25), (40, 15)],
    [(2.5, 39), (3.25, 37.125), (4, 39)],
]

SCRIPT = """
import json, sys
import resvg_py, svgelements, vpype

for path in sys.argv[1:]:
    lines, width, height = vpype.read_svg(path, quantization=0.1, simplify=False)
    seen = [[[point.real, point.imag] for point in line] for line in lines]
    tree = svgelements.SVG.parse(path, reify=True)
    shapes = [shape for shape in tree.elements() if isinstance(shape, svgelements.Shape)]
    points = [[[point.x, point.y] for point in map(svgelements.Point, shape.as_points())]
              for shape in map(svgelements.Path, shapes)]
    page = [float(tree.width), float(tree.height)]
    with open(path + ".resvg.png", "wb") as file:
        drawn = resvg_py.svg_to_bytes(svg_path=path, background="#fff", zoom=ZOOM, dpi=96)
        file.write(bytes(drawn))
    print(json.dumps({"vpype": [seen, [width, height]], "svgelements": [points, page]}))
""".replace("ZOOM", str(FINE))


@dataclass(frozen=True)
class Written:
    """A file of ours as it stands there: strokes and page in pixels of CSS, the pen's width."""

    path: Path
    strokes: list[np.ndarray]
    page: tuple[float, float]
    pen: float

    @property
    def box(self):
        every = np.concatenate(self.strokes)
        return np.concatenate([every.min(0) - self.pen / 2, every.max(0) + self.pen / 2])


def written(path):
    root = ElementTree.parse(path).getroot()
    unit = UNITS[root.get("width")[-2:]]
    page = tuple(float(root.get(side)[:-2]) * unit for side in ("width", "height"))
    ink = next(group for group in root.iter(f"{NAMES}g") if group.get("class") == "strokes")
    strokes = [points_of(element.get("d")) * unit for element in ink.iter(f"{NAMES}path")]
    return Written(path, strokes, page, float(ink.get("stroke-width")) * unit)


def points_of(data):
    """The points of a path of ours; of a dot, its one point."""
    numbers = np.array(re.findall(r"-?[\d.]+", data), dtype=float).reshape(-1, 2)
    return numbers[:1] if "Q" in data else numbers


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment with the packages; skips where they cannot be installed."""
    folder = tmp_path_factory.mktemp("programs")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    program = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", program, "install", "-q", *PACKAGES]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot install {', '.join(PACKAGES)}: {done.stderr[-200:]}")
    return program


@pytest.fixture
def inkscape(tmp_path, monkeypatch):
    """Inkscape, with settings of its own."""
    program = shutil.which("inkscape")
    if program is None:
        pytest.skip("needs Inkscape")
    monkeypatch.setenv("INKSCAPE_PROFILE_DIR", str(tmp_path / "profile"))
    return program


@pytest.fixture
def files(run, tmp_path):
    """One of every kind that a pen may be given, by the command or the job that writes it."""
    drawing = Drawing(STROKES)
    wild = tmp_path / "wild.svg"
    wild.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40"'
        ' fill="none"><g stroke="#000"><path d="M5 5L20 5M9 9l0 0M40 20h0"/></g>'
        '<g stroke="red" stroke-width="2"><path d="M5 35L5 30"/><circle cx="30" cy="20" r="5"/>'
        "</g></svg>"
    )
    for arguments in (
        ("plot", wild, "-o", tmp_path / "plot.svg", "--pen", 0.5),
        ("plot", wild, "-o", tmp_path / "plot-a5.svg", "--page", "A5", "--margin", 10),
        ("sketch", "two ducks", "-n", 3, "--seed", 1, "-o", tmp_path / "sketch.svg"),
    ):
        assert run(*arguments)[0] == 0
    sketch.save(sketch.Sketches("dots", (drawing, drawing)), tmp_path / "dots.svg")
    for number, (ruled, plotter, animated) in enumerate(product((False, True), repeat=3)):
        paper = Paper(60, 40, 5, ruled=ruled, pen_width=0.2 + 0.1 * number)
        pages = handwrite.Handwriting((drawing, drawing.scaled(0.5)), paper, ("dots", "dots"))
        where = tmp_path / f"page-{ruled}-{plotter}-{animated}.svg"
        list(handwrite.save(pages, where, plotter=plotter, animated=animated))
    options = ("--seed", 1, "--drafts", 1, "--page", "60x50", "--margin", 5, "--ruled")
    text = "Dr. i.j: ok; it is. This text fills two small pages, as it should."
    assert run("handwrite", text, "-o", tmp_path / "page.svg", *options)[0] == 0
    plain = ("-o", tmp_path / "pen.svg", "--plotter", "--pen-width", 0.7)
    assert run("handwrite", "Dr. i.j: ok.", "--seed", 1, "--drafts", 1, *plain)[0] == 0
    found = sorted(set(tmp_path.glob("*.svg")) - {wild})
    assert len(found) == 4 + 16 + 2 + 1
    return [written(path) for path in found]


@pytest.mark.slow
def test_vpype_svgelements_and_resvg_see_what_was_written(python, files):
    paths = [str(file.path) for file in files]
    done = subprocess.run([python, "-c", SCRIPT, *paths], capture_output=True, check=True)
    for file, line in zip(files, done.stdout.splitlines(), strict=True):
        for strokes, page in json.loads(line).values():
            assert page == pytest.approx(file.page, abs=0.01), file.path
            require_same(strokes, file)
        with Image.open(f"{file.path}.resvg.png") as picture:
            require_drawn(picture.convert("RGB"), file)


@pytest.mark.slow
def test_inkscape_sees_what_was_written(inkscape, files, tmp_path):
    for file in files:
        said = subprocess.run([inkscape, "--query-all", file.path], capture_output=True, check=True)
        rows = [line.split(",") for line in said.stdout.decode().splitlines()]
        boxes = [[float(n) for n in row[1:]] for row in rows if row[0].startswith("path")]
        assert len(boxes) == len(file.strokes), file.path
        for (left, top, width, height), stroke in zip(boxes, file.strokes, strict=True):
            around = (stroke.min(0) - file.pen / 2, stroke.max(0) + file.pen / 2)
            box = (left, top, left + width, top + height)
            assert box == pytest.approx(np.concatenate(around), abs=0.05 * file.pen), file.path
        picture = tmp_path / "page.png"
        export = [f"--export-filename={picture}", "--export-type=png", "--export-area-page"]
        export += [f"--export-dpi={96 * FINE}", "--export-background=#fff"]
        subprocess.run([inkscape, file.path, *export], capture_output=True, check=True)
        require_drawn(Image.open(io.BytesIO(picture.read_bytes())).convert("RGB"), file)


def require_same(strokes, file):
    """The same strokes, in the same order, point by point; a dot may have its point twice."""
    assert len(strokes) == len(file.strokes), file.path
    for theirs, ours in zip(strokes, file.strokes, strict=True):
        points = np.array(theirs)
        moved = np.append([True], (np.diff(points, axis=0) != 0).any(1))
        np.testing.assert_allclose(points[moved], ours, atol=0.01, err_msg=str(file.path))


def require_drawn(picture, file):
    """The page's size, ink from edge to edge of its box and on every stroke, and the rules."""
    assert picture.size == pytest.approx([side * FINE for side in file.page], abs=FINE), file.path
    pixels = np.asarray(picture)
    ink = (pixels < 100).all(2)
    rows, columns = np.nonzero(ink)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    page = [*picture.size, *picture.size]
    assert seen == pytest.approx(np.clip(file.box * FINE, 0, page), abs=3), file.path
    for stroke in file.strokes:
        middle = stroke[: len(stroke) // 2 + 1].mean(0) if len(stroke) == 1 else stroke[:2].mean(0)
        column, row = np.minimum((middle * FINE).astype(int), np.array(picture.size) - 1)
        assert ink[row, column], (file.path, middle)
    rules = (np.abs(pixels.astype(int) - RULE) < 40).all(2)
    lines = rules.mean(1) > 0.5
    assert lines.any() == ("<image" in file.path.read_text()), file.path
