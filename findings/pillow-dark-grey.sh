#!/usr/bin/env bash
# A grey picture with a profile of linear light (gamma 1.0) is a table of 256 levels once it is in sRGB.
# Expected: the dark levels are those of the curve of sRGB, 13, 22 and 28 for 1, 2 and 3. Seen: 6, 12
# and 19, a straight line between points of a coarse grid, unless the transform is built with
# NOOPTIMIZE; colours with the same curve are right in either case.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile pillow==12.3.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import struct
from io import BytesIO

import PIL
from PIL import Image, ImageCms, features


def profile_of(space, tags):
    """An ICC profile of version 2."""
    entries, content, start = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        entries += struct.pack(">4sII", name, start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    header = struct.pack(">I4sI4s4s4s", start + len(content), b"", 0x02400000, b"mntr", space, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + white
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + content


def xyz(*values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


linear = b"curv\0\0\0\0" + struct.pack(">IH", 1, 256) + b"\0\0"
told = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 7) + b"linear\0" + bytes(79)}
told[b"wtpt"] = xyz(0.9642, 1, 0.8249)
grey = profile_of(b"GRAY", told | {b"kTRC": linear})
primaries = {b"r": (0.4361, 0.2225, 0.0139), b"g": (0.3851, 0.7169, 0.0971), b"b": (0.1431, 0.0606, 0.7141)}
tags = dict(told)
for name, values in primaries.items():
    tags |= {name + b"XYZ": xyz(*values), name + b"TRC": linear}
colours = profile_of(b"RGB ", tags)


def dark(profile, mode, flags=0):
    """What levels 1, 2 and 3 become."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB", flags=flags)
    ramp = Image.frombytes("L", (3, 1), bytes([1, 2, 3])).convert(mode)
    return list(ImageCms.applyTransform(ramp, transform).getchannel("G").tobytes())


seen = {
    "grey": dark(grey, "L"),
    "grey, NOOPTIMIZE": dark(grey, "L", ImageCms.Flags.NOOPTIMIZE),
    "colours": dark(colours, "RGB"),
}
print("Pillow", PIL.__version__, "LittleCMS", features.version("littlecms2"), seen)
assert seen["grey"] == [6, 12, 19]
assert seen["grey, NOOPTIMIZE"] == seen["colours"] == [13, 22, 28]
PY
