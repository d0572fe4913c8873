#!/usr/bin/env bash
# A row of an Image column holds the bytes of a picture, and beside them its former name.
# Expected: the bytes are the picture. Seen: where the working directory has a file of that name, the
# file is opened instead, so that the same row is another picture in another folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile datasets==5.2.0 pyarrow==26.0.1 dill==0.4.1 pillow==12.3.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
import os
from importlib.metadata import version

from datasets import Dataset, Features, Image
from PIL import Image as Pillow


def png(colour):
    file = io.BytesIO()
    Pillow.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


row = {"image": {"bytes": png("blue"), "path": "a.png"}}
table = Dataset.from_list([row], features=Features({"image": Image()}))
seen = [table[0]["image"].getpixel((0, 0))]
with open("a.png", "wb") as file:
    file.write(png("red"))
seen.append(table[0]["image"].getpixel((0, 0)))
os.remove("a.png")
seen.append(table[0]["image"].getpixel((0, 0)))
print("datasets", version("datasets"), "without, with and without such a file:", seen)
assert seen == [(0, 0, 255), (255, 0, 0), (0, 0, 255)]
PY
