#!/usr/bin/env bash
# PyAV tells the orientation of a film as a number of degrees, frame.rotation. A film that is only
# mirrored has no rotation.
# Expected: 0 for both mirrored films, or anything else that tells the two from upright and turned
# ones. Seen: -180 for a film that is mirrored left to right, as for one that stands on its head, and
# 0 for one that is mirrored top to bottom, as for an upright one. The display matrix in the frame's
# side data is right for all.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile av==18.1.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import struct
from importlib.metadata import version

import av

FIXED = 1 << 16


def matrix(a, d):
    return struct.pack(">9i", a * FIXED, 0, 0, 0, d * FIXED, 0, 0, 0, 1 << 30)


with av.open("upright.mp4", "w") as film:
    stream = film.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
    film.mux(stream.encode())
with open("upright.mp4", "rb") as file:
    data = file.read()
place = data.index(matrix(1, 1), data.index(b"tkhd"))

seen = {}
for name, (a, d) in {"left to right": (-1, 1), "top to bottom": (1, -1), "turned": (-1, -1)}.items():
    with open("film.mp4", "wb") as file:
        file.write(data[:place] + matrix(a, d) + data[place + 36 :])
    with av.open("film.mp4") as film:
        frame = next(film.decode(video=0))
        told = struct.unpack("=9i", bytes(frame.side_data.get("DISPLAYMATRIX")))
        seen[name] = frame.rotation, told[0] // FIXED, told[4] // FIXED
print("av", version("av"))
for name, (rotation, a, d) in seen.items():
    print(f"{name}: rotation {rotation}, matrix {a} and {d}")
assert seen == {
    "left to right": (-180, -1, 1),
    "top to bottom": (0, 1, -1),
    "turned": (-180, -1, -1),
}
PY
