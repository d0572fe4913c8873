#!/usr/bin/env bash
# "M0 0 L1 0 M1 0 L2 0" is two strokes: the pen is lifted, and put down where it was.
# Expected: two subpaths, and an M for each in what is written again. Seen: svgpathtools keeps
# segments alone and tells subpaths by their ends, so that both become one stroke; with round joins and
# dashes it looks different, and a count of strokes is wrong.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile svgpathtools==1.8.0
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from svgpathtools import parse_path

path = parse_path("M0 0 L1 0 M1 0 L2 0")
apart = parse_path("M0 0 L1 0 M1 1 L2 0")
print("svgpathtools", version("svgpathtools"))
print(path.d(), "|", len(path.continuous_subpaths()), "|", len(apart.continuous_subpaths()))
assert path.d() == "M 0.0,0.0 L 1.0,0.0 L 2.0,0.0"
assert (len(path.continuous_subpaths()), len(apart.continuous_subpaths())) == (1, 2)
PY
