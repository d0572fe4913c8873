#!/usr/bin/env bash
# A stroke of one point is a dot: with round ends, as wide as the pen. So Cairo, browsers and
# matplotlib's own SVG show it.
# Expected: the PNG of a line between two equal points with round ends shows a dot. Seen: it is empty;
# a line that is a hundredth of a pixel long is shown.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile matplotlib==3.11.2 numpy==2.4.6
cd "$place"
"$place/env/bin/python" - <<'PY'
import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt


def drawn(length):
    """How many pixels are dark, and how many paths the SVG has."""
    figure = plt.figure(figsize=(1, 1), dpi=100)
    axes = figure.add_axes([0, 0, 1, 1], xlim=(0, 100), ylim=(0, 100))
    axes.set_axis_off()
    ends = [50, 50 + length]
    axes.plot(ends, ends, color="black", linewidth=10, solid_capstyle="round")
    figure.canvas.draw()
    dark = int((np.asarray(figure.canvas.buffer_rgba())[..., 0] < 128).sum())
    figure.savefig("page.svg")
    with open("page.svg") as file:
        return dark, "stroke-linecap: round" in file.read()


seen = {length: drawn(length) for length in (0, 0.01)}
print("matplotlib", matplotlib.__version__, "dark pixels, and whether the SVG has the stroke:", seen)
assert seen[0] == (0, True)
assert seen[0.01][0] > 100
PY
