#!/usr/bin/env bash
# Theora says "nothing changed" by a packet without bytes; every still scene has some.
# Expected: PyAV decodes such a film, as ffmpeg does. Seen: container.decode raises ArgumentError
# (Invalid argument) at the first of these packets; passing them over by hand decodes the film.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile av==18.1.0 imageio-ffmpeg==0.8.1
cd "$place"
"$place/env/bin/python" - <<'PY'
import subprocess
from importlib.metadata import version

import av
import imageio_ffmpeg

make = ["-v", "error", "-f", "lavfi", "-i", "color=gray:s=64x48:r=10:d=0.4", "-c:v", "libtheora"]
subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *make, "still.ogv"], check=True)
with av.open("still.ogv") as film:
    sizes = [packet.size for packet in film.demux(video=0) if packet.dts is not None]
try:
    with av.open("still.ogv") as film:
        seen = f"{len(list(film.decode(video=0)))} frames"
except av.error.ArgumentError as error:
    seen = type(error).__name__
with av.open("still.ogv") as film:
    stream = film.streams.video[0]
    by_hand = [f for packet in film.demux(stream) if packet.size for f in stream.decode(packet)]
print("av", version("av"), "with", imageio_ffmpeg.get_ffmpeg_version())
print("bytes of the packets:", sizes)
print("decode:", seen, "; by hand, without the empty ones:", len(by_hand), "frame(s)")
assert 0 in sizes and seen == "ArgumentError" and len(by_hand) >= 1
PY
