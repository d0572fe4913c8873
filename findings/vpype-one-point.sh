#!/usr/bin/env bash
# A dot is a stroke of one point; renderers draw it where the line has round ends.
# Expected: vpype keeps a dot however it is written. Seen: as a path "M10 10 L10 10" and as a line it
# is gone without a word, as a polyline of the same two points it is kept.
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
WAYS = {
    "path": '<path d="M10 10 L10 10"/>',
    "line": '<line x1="10" y1="10" x2="10" y2="10"/>',
    "polyline": '<polyline points="10,10 10,10"/>',
}
seen = {
    name: len(vpype.read_svg(io.StringIO(f"{HEAD}{shape}</svg>"), quantization=0.1)[0])
    for name, shape in WAYS.items()
}
print("vpype", version("vpype"), seen)
assert seen == {"path": 0, "line": 0, "polyline": 1}
PY
