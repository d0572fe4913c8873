#!/usr/bin/env bash
# A marker and a mask are never drawn where they stand, only where something refers to them (SVG 2,
# 11.6 and Masking 1); they need not stand within <defs>.
# Expected: vpype reads one stroke here. Seen: it reads three, so that a plotter would draw the arrow
# head and the mask's shape in the corner of the sheet; within <defs> both are passed over.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile vpype==1.15.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
from importlib.metadata import version

import vpype

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50" stroke="black">'
PARTS = (
    '<marker id="head"><path d="M0 0 L7 7"/></marker><mask id="mask"><path d="M3 3 L4 4"/></mask>'
)
LINE = '<path d="M20 20 L40 40"/>'


def strokes(inside):
    return len(vpype.read_svg(io.StringIO(f"{HEAD}{inside}{LINE}</svg>"), quantization=0.1)[0])


seen = strokes(PARTS), strokes(f"<defs>{PARTS}</defs>")
print("vpype", version("vpype"), "strokes:", seen)
assert seen == (3, 1)
PY
