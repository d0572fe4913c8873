"""A folder that holds everything that goes wrong with files, among good ones."""

import io
import json
import os
import socket
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

GOOD_MEMORY = 1.5e9  # bytes that a run may take at most, whatever it meets


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (48, 32), **options) -> bytes:
    file = io.BytesIO()
    random = np.random.default_rng(7)
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = random.integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    picture = Image.fromarray(pixels.squeeze(), None if channels > 1 or mode == "L" else "L")
    picture = picture.convert(mode) if picture.mode != mode else picture
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int, height: int, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return encoded("JPEG", exif=exif)


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def wordy_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("comment", "x" * 500_000, zip=True)
    return encoded("PNG", pnginfo=texts)


JPEG, PNG = encoded("JPEG"), encoded("PNG")

GOOD: dict[str, bytes] = {
    "plain.jpg": JPEG,
    "plain.png": PNG,
    "grey.jpg": encoded("JPEG", "L"),
    "cmyk.jpg": encoded("JPEG", "CMYK"),
    "progressive.jpg": encoded("JPEG", progressive=True),
    "turned.jpg": turned(6),
    "nonsense orientation.jpg": turned(99),
    "transparent.png": encoded("PNG", "RGBA"),
    "palette.png": encoded("PNG", "P"),
    "one bit.png": encoded("PNG", "1"),
    "deep.png": encoded("PNG", "I;16"),
    "grey and alpha.png": encoded("PNG", "LA"),
    "much text.png": wordy_png(),
    "one pixel.png": encoded("PNG", size=(1, 1)),
    "long and thin.png": encoded("PNG", size=(900, 2)),
    "animated.gif": animated("GIF"),
    "animated.webp": animated("WEBP"),
    "lossless.webp": encoded("WEBP", lossless=True),
    "plain.bmp": encoded("BMP"),
    "plain.tiff": encoded("TIFF"),
    "packed.tif": encoded("TIFF", compression="tiff_lzw"),
    "plain.ppm": encoded("PPM"),
    "really a png.jpg": PNG,
    "really a jpeg.png": JPEG,
    "SHOUTED.JPG": JPEG,
    "rubbish after the end.jpg": JPEG + b"rubbish" * 99,
    "spaces  and 'quotes\".jpg": JPEG,
    "line\nbreak.jpg": JPEG,
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u65e5\u672c \U0001f600.jpg": JPEG,
    "-o.jpg": JPEG,
    "=cmd|' '!A0.jpg": JPEG,
    "[1]*?.jpg": JPEG,
    os.fsdecode(b"latin \xe9.jpg"): JPEG,
    "<script>alert(1)<script>.jpg": JPEG,
    "large.png": encoded("PNG", size=(9000, 9000), mode="1"),
}

BAD: dict[str, bytes] = {
    "empty.jpg": b"",
    "one byte.png": b"\x89",
    "text.jpg": b"this is no picture\n" * 9,
    "page.jpg": b"<!doctype html><html>404",
    "zeros.jpg": bytes(10_000),
    "cut off.jpg": JPEG[: len(JPEG) // 2],
    "cut off.png": PNG[: len(PNG) // 2],
    "only a header.png": PNG[:33],
    "wrong checksum.png": PNG[:60] + b"\xff\xff\xff" + PNG[63:],
    "cut off.gif": animated("GIF")[:60],
    "cut off.webp": encoded("WEBP")[:80],
    "cut off.tif": encoded("TIFF")[:50],
    "cut off.bmp": encoded("BMP")[:200],
    "no pixels.png": png_bomb(0, 10),
    "bomb.png": png_bomb(100_000, 100_000, bytes(1000)),
    "wide bomb.png": png_bomb(2**31 - 1, 1),
    "bomb.ppm": b"P6 60000 60000 255\n" + bytes(99),
    "bomb.gif": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(20),
    "negative.bmp": encoded("BMP")[:18] + struct.pack("<ii", -5, -5) + encoded("BMP")[26:],
    "phone.heic": b"\0\0\0\x18ftypheic" + bytes(50),
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "program.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(rm) system\n",
    "list of tags.tif": b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 400,
}


def odd_files(folder: Path) -> Iterator[str]:
    """What is no file, or is none that can be read; the names are given back."""
    (folder / "broken link.jpg").symlink_to("nowhere.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    (folder / "device.jpg").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)
        listener.bind("socket.jpg")
        os.chdir(here)
    with (folder / "enormous.jpg").open("wb") as file:
        file.truncate(2**36)  # 64 GB, all holes
    yield from ("broken link", "circle", "device", "pipe", "socket", "enormous")


@pytest.fixture(scope="module")
def torture(tmp_path_factory) -> tuple[Path, set[str], set[str]]:
    """The folder, the names of what can be captioned, and of what cannot."""
    folder = tmp_path_factory.mktemp("torture") / "photos"
    (folder / "deep.jpg").mkdir(parents=True)  # a folder that is called like a picture
    for name, data in (GOOD | BAD).items():
        (folder / name).write_bytes(data)
    (folder / "deep.jpg" / "inside.jpg").write_bytes(JPEG)
    (folder / "deep.jpg" / "up").symlink_to(folder)
    (folder / "linked.jpg").symlink_to("plain.png")
    odd = {f"{name}.jpg" for name in odd_files(folder)}
    return folder, {*GOOD, "inside.jpg", "linked.jpg"}, {*BAD, *odd}


def test_there_are_enough_of_them(torture):
    _, good, bad = torture
    assert len(good) + len(bad) >= 60
    assert len(bad) >= 25


def rows_of(path: Path) -> dict[str, dict]:
    with path.open(encoding="utf-8") as lines:
        return {Path(row["path"]).name: row for row in map(json.loads, lines)}


# The peak of this process, written down when the command leaves.
MEMORY = """
from pipelines import cli
def main(run=cli.main):
    try:
        run()
    finally:
        lines = open('/proc/self/status').read().splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith('VmHWM'))
        open({0!r}, 'w').write(peak)
cli.main = main
"""


def test_every_good_one_is_captioned_and_every_bad_one_has_a_reason(command, torture, tmp_path):
    folder, good, bad = torture
    out, report = tmp_path / "out.jsonl", tmp_path / "r.html"
    before = MEMORY.format(str(tmp_path / "peak"))
    run = command(folder, "-o", out, "--report", report, "--workers", 4, before=before)
    assert run.start().wait() == 3
    rows = rows_of(out)
    assert rows.keys() == good | bad
    assert {name for name, row in rows.items() if row["caption"]} == good
    assert all("\n" not in row["error"] for row in rows.values() if row["error"])
    assert not any("Traceback" in line for line in run.lines)
    assert 0 < int((tmp_path / "peak").read_text()) * 1024 < GOOD_MEMORY


def test_in_a_shard_they_fare_the_same(command, torture, tmp_path):
    folder, _, _ = torture
    files = sorted(path for path in folder.iterdir() if path.name in {*GOOD, *BAD})
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        for path in files:
            tar.add(path, path.name)
    out = tmp_path / "out.jsonl"
    assert command(tmp_path / "0.tar", "-o", out).start().wait() == 3
    rows = rows_of(out)
    assert len(rows) == len(files)
    assert {name for name, row in rows.items() if row["caption"]} == set(GOOD)
