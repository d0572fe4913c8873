#!/usr/bin/env bash
# CSS Color 4 writes colours without commas, rgb(255 0 0 / 50%), and knows the name rebeccapurple.
# Expected: the colour, or none with a complaint. Seen: opaque black for each of them, silently; the
# older notation with commas is right.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile svgelements==1.9.6
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from svgelements import Color

OLD, NEW = ("rgb(255, 0, 0)", "hsl(120, 100%, 50%)"), (
    "rgb(255 0 0 / 50%)",
    "hsl(120deg 100% 50%)",
    "rebeccapurple",
)
seen = {text: Color(text).hex for text in (*OLD, *NEW)}
print("svgelements", version("svgelements"), seen)
assert [seen[text] for text in OLD] == ["#ff0000", "#00ff00"]
assert all(seen[text] == "#000000" for text in NEW)
PY
