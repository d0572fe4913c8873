"""A thousand icons of npm packages against resvg, an SVG renderer of other people."""

import json
import random
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.misc.transform import Identity, Transform
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path.parser import parse_path

from multimodal.strokes.svg_reading import read_svg_page

ICONS = 1000
PACKAGES = {
    "@resvg/resvg-js": "2.6.2",
    "lucide-static": "1.62.0",
    "bootstrap-icons": "1.13.2",
    "feather-icons": "4.29.2",
    "simple-icons": "16.37.0",
    "@tabler/icons": "3.52.0",
    "@material-design-icons/svg": "0.14.15",
    "ionicons": "8.1.0",
    "@phosphor-icons/core": "2.1.1",
    "heroicons": "2.2.0",
    "@fortawesome/fontawesome-free": "7.3.1",
}
SPACING = 1 / 300
"""Between the points that are compared, of the page's larger side."""

SCRIPT = """
const { Resvg } = require("@resvg/resvg-js");
const fs = require("fs");
for (const path of fs.readFileSync(0, "utf8").trim().split("\\n")) {
  const text = fs.readFileSync(path, "utf8");
  const plain = new Resvg(text, { font: { loadSystemFonts: false } }).toString();
  console.log(JSON.stringify([path, plain]));
}
"""


@pytest.fixture(scope="module")
def npm(tmp_path_factory):
    """A folder with the packages; without npm or a network there is nothing to compare with."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm")
    folder = tmp_path_factory.mktemp("npm")
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        ["npm", "install", "--prefix", str(folder), *quiet, *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot install the icons: {done.stderr[-200:]}")
    return folder


def simplified(folder, paths):
    """Each icon as resvg understands it: absolute paths of M, L, C, Q and Z alone."""
    (folder / "simplify.cjs").write_text(SCRIPT)
    done = subprocess.run(
        ["node", "simplify.cjs"],
        cwd=folder,
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=True,
    )
    return {Path(path): text for path, text in map(json.loads, done.stdout.splitlines())}


def points_of_resvg(text):
    """The points of all its paths, and the size of the page."""
    root = ElementTree.fromstring(text)
    size = float(root.get("width")), float(root.get("height"))
    box = [float(value) for value in root.get("viewBox", f"0 0 {size[0]} {size[1]}").split()]
    scale = min(size[0] / box[2], size[1] / box[3])
    shift = [(size[axis] - scale * box[2 + axis]) / 2 for axis in (0, 1)]
    matrix = Identity.translate(*shift).scale(scale, scale).translate(-box[0], -box[1])
    return list(_paths(root, matrix)), size


def _paths(element, matrix):
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag in ("g", "path") and child.get("visibility") != "hidden":
            values = [float(n) for n in re.findall(r"[-\d.e]+", child.get("transform", ""))]
            inner = matrix.transform(Transform(*values)) if values else matrix
            if tag == "g":
                yield from _paths(child, inner)
            else:
                yield from _outlines(child.get("d"), inner)


def _outlines(data, matrix):
    pen = RecordingPen()
    parse_path(data, pen)
    line = []
    for command, points in pen.value:
        placed = [np.array(matrix.transformPoint(point)) for point in points]
        if command == "moveTo":
            line = [placed[0]]
        elif command in ("lineTo", "curveTo", "qCurveTo"):
            line += _curve([line[-1], *placed])
        else:
            line += [line[0]] if command == "closePath" else []
            if len(line) > 1:  # a move alone leaves no ink
                yield np.array(line)
            line = [line[0]]


def _curve(controls):
    """de Casteljau, at 24 places."""
    t = np.linspace(0, 1, 25)[1:, None] if len(controls) > 2 else np.ones((1, 1))
    level = [np.broadcast_to(point, (len(t), 2)) for point in controls]
    while len(level) > 1:
        level = [(1 - t) * a + t * b for a, b in pairwise(level)]
    return list(level[0])


def sampled(lines, spacing):
    """Points at equal distances along lines."""
    found = []
    for line in lines:
        way = np.append(0, np.hypot(*np.diff(line, axis=0).T).cumsum())
        stops = np.linspace(0, way[-1], max(2, int(np.ceil(way[-1] / spacing)) + 1))
        found.append(np.column_stack([np.interp(stops, way, axis) for axis in line.T]))
    return np.concatenate(found)


def farthest(points, lines):
    """How far the loneliest of some points is from its nearest place on lines."""
    edges = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
    begin, along = edges[:, 0], edges[:, 1] - edges[:, 0]
    squared = np.maximum((along * along).sum(1), 1e-12)
    nearest = np.full(len(points), np.inf)
    for some in range(0, len(points), 200):
        gaps = points[some : some + 200, None] - begin
        part = np.clip((gaps * along).sum(2) / squared, 0, 1)
        away = gaps - part[..., None] * along
        nearest[some : some + 200] = np.sqrt((away * away).sum(2).min(1))
    return float(nearest.max())


def is_page(line, size):
    low, high = line.min(0), line.max(0)
    return len(line) == 5 and (np.abs([*low, *(high - size)]) < 0.001 * max(size)).all()


def compare(path, text):
    """The distance as a part of the page, or the reason why there is none."""
    theirs, size = points_of_resvg(text)
    notes = []
    drawing, page = read_svg_page(path, notes)
    if notes:
        return notes[0]
    if "clip-path=" in text or "mask=" in text:
        return "clipped or masked: resvg keeps these apart from the paths"
    theirs = [line for line in theirs if not is_page(line, size)] or theirs
    side = max(size)
    assert page == pytest.approx(size, rel=1e-3, abs=1)  # resvg rounds its page to whole pixels
    ours, other = sampled(drawing, SPACING * side), sampled(theirs, SPACING * side)
    seen = ((other > 0.001 * side) & (other < np.array(size) - 0.001 * side)).all(1)
    return max(farthest(ours, theirs), farthest(other[seen], list(drawing))) / side


@pytest.mark.slow
def test_a_thousand_icons_as_resvg_understands_them(npm):
    every = (npm / "node_modules").rglob("*.svg")
    found = sorted(path for path in every if "sprites" not in str(path))  # these hold symbols
    icons = random.Random(0).sample(found, ICONS)
    compared = {path: compare(path, text) for path, text in simplified(npm, icons).items()}
    reasons = {path: said for path, said in compared.items() if isinstance(said, str)}
    distances = {path: far for path, far in compared.items() if not isinstance(far, str)}
    assert len(compared) == ICONS
    assert len(reasons) < 0.02 * ICONS, reasons
    apart = {path: far for path, far in distances.items() if far > 0.004}
    assert not apart, sorted(apart.items(), key=lambda pair: -pair[1])[:10]
