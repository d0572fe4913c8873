#!/usr/bin/env bash
# A drawing for a pen has its page in millimetres. resvg-py's help says of dpi: "0 = SVG default".
# Expected: 50mm are 189 pixels, at 96 dots an inch, which is CSS's own. Seen: any size in mm, in or pt
# is "an invalid size", unless dpi=96 is given; a size in pixels is drawn.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile resvg-py==0.5.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import struct
from importlib.metadata import version

import resvg_py

PAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="50{0}" height="20{0}"/>'


def width(unit, **options):
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=PAGE.format(unit), **options))
    except ValueError as error:
        return str(error)
    return struct.unpack(">I", png[16:20])[0]


seen = {unit: (width(unit), width(unit, dpi=96)) for unit in ("px", "mm", "in", "pt")}
print("resvg-py", version("resvg-py"), seen)
refused = "SVG has an invalid size"
assert seen == {"px": (50, 50), "mm": (refused, 189), "in": (refused, 4800), "pt": (refused, 67)}
PY
