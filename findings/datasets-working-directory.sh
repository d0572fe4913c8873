#!/usr/bin/env bash
# A row of an Image column is given as the bytes of a picture, and beside them its former name.
# Expected: the bytes are the picture. Seen: where the working directory has a file of that name when
# the table is made, the bytes are thrown away and the name is kept, so that the row is another picture.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile datasets==5.2.0 pyarrow==26.0.1 dill==0.4.1 pillow==12.3.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
from importlib.metadata import version

from datasets import Dataset, Features, Image
from PIL import Image as Pillow


def png(colour):
    file = io.BytesIO()
    Pillow.new("RGB", (4, 4), colour).save(file, "PNG")
    return file.getvalue()


row = {"image": {"bytes": png("blue"), "path": "a.png"}}
seen = []
for file_there in (False, True):
    if file_there:
        with open("a.png", "wb") as file:
            file.write(png("red"))
    table = Dataset.from_list([row], features=Features({"image": Image()}))
    kept = table.cast_column("image", Image(decode=False))[0]["image"]["bytes"]
    seen.append((table[0]["image"].getpixel((0, 0)), kept is not None))
print("datasets", version("datasets"), "colour and whether the bytes were kept:", seen)
assert seen == [((0, 0, 255), True), ((255, 0, 0), False)]
PY
