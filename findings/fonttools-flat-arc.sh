#!/usr/bin/env bash
# An arc with a radius of 0 is a straight line to its end (SVG 2, 9.5.1).
# Expected: a line from (0, 0) to (100, 0), then one to (100, 9). Seen: svgLib.path draws nothing for
# the arc, so that the next line begins in the wrong place.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile fonttools==4.68.0
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path


def drawn(path):
    pen = RecordingPen()
    parse_path(path, pen)
    return pen.value


print("fonttools", version("fonttools"))
print(drawn("M0 0 A 0 50 0 0 1 100 0 L 100 9"))
assert drawn("M0 0 A 0 50 0 0 1 100 0") == [("moveTo", ((0.0, 0.0),)), ("endPath", ())]
assert ("lineTo", ((100.0, 0.0),)) in drawn("M0 0 L 100 0")
PY
