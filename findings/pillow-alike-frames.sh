#!/usr/bin/env bash
# A film whose picture stands still for a while: three frames alike, then another.
# Expected: four frames come back from every format that can move, or the same number from all.
# Seen: GIF, PNG and WebP join the frames that are alike into one that lasts longer; AVIF keeps four. A
# label for every frame fits one of them only.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile pillow==12.3.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
from importlib.metadata import version

from PIL import Image

first, *others = (Image.new("RGB", (8, 8), colour) for colour in ("red", "red", "red", "blue"))
seen = {}
for name in ("GIF", "PNG", "WEBP", "AVIF"):
    file = io.BytesIO()
    first.save(file, name, save_all=True, append_images=others, duration=100)
    seen[name] = Image.open(file).n_frames
print("pillow", version("pillow"), seen)
assert seen == {"GIF": 2, "PNG": 2, "WEBP": 2, "AVIF": 4}
PY
