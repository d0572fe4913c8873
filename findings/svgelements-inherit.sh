#!/usr/bin/env bash
# stroke="inherit" takes the parent's stroke (CSS Cascade 4, 7.3.2).
# Expected: red. Seen: svgelements takes the word for a colour that it does not know, and says black;
# without the attribute, the stroke is inherited and red.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile svgelements==1.9.6
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
from importlib.metadata import version

from svgelements import SVG, Path


def stroke(attribute):
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g stroke="red">'
        f'<path {attribute} d="M0 0 L1 1"/></g></svg>'
    )
    (path,) = (each for each in SVG.parse(io.StringIO(text)).elements() if isinstance(each, Path))
    return str(path.stroke)


seen = stroke('stroke="inherit"'), stroke("")
print("svgelements", version("svgelements"), seen)
assert seen == ("#000000", "#ff0000")
PY
