"""What other programs see in a picture is what is captioned: every shape of one picture, alike."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from multimodal.images import ImageError, count_pixels, open_image

SIZE = 24
PLACE = (10, 7)


@pytest.fixture(scope="module")
def colours() -> np.ndarray:
    """A picture with every kind of neighbour: (24, 24, 3), uint8."""
    picture = np.random.default_rng(0).integers(20, 236, (4, 4, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def grey(colours) -> np.ndarray:
    return np.asarray(Image.fromarray(colours).convert("L"))


def assert_shows(source, expected: np.ndarray, tolerance: int = 0) -> None:
    shown = np.asarray(open_image(source)).astype(int)
    if expected.ndim == 2:
        expected = np.repeat(expected[:, :, None], 3, 2)
    assert np.abs(shown - expected).max() <= tolerance


def as_tiff(array: np.ndarray, **options) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def as_png(levels: np.ndarray, bits: int, kind: int, transparent: bytes = b"") -> bytes:
    """A PNG of levels (H, W) or (H, W, C), with the chunk tRNS."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    rows = []
    for row in levels.reshape(SIZE, -1):
        if bits >= 8:
            rows.append(row.astype(">u2" if bits == 16 else np.uint8).tobytes())
        else:
            flat = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :].ravel()
            rows.append(np.packbits(flat).tobytes())
    header = struct.pack(">IIBBBBB", SIZE, SIZE, bits, kind, 0, 0, 0)
    body = chunk(b"tRNS", transparent) if transparent else b""
    body += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


# --- TIFF ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floats_from_0_to_1(grey, kind):
    assert_shows(as_tiff((grey / 255).astype(kind)), grey, 1 if kind == "float16" else 0)


@pytest.mark.parametrize(("value", "low"), [(1.004, 0.0), (7.5, 0.0), (1.1, -0.08)])
def test_a_float_beyond_white_darkens_nothing(grey, value, low):
    levels = (grey / 255).astype(np.float32)
    levels[0, 0], levels[0, 1] = value, low
    expected = grey.copy()
    expected[0, 0], expected[0, 1] = 255, 0
    assert_shows(as_tiff(levels), expected)


def test_floats_from_0_to_255(grey):
    assert_shows(as_tiff(grey.astype(np.float32)), grey)
    assert_shows(as_tiff(grey.astype(np.float64) + 0.25), grey)
    mostly_black = np.where(grey > 200, grey, 0)
    assert_shows(as_tiff(mostly_black.astype(np.float32) * 0.99), np.rint(mostly_black * 0.99))


def test_floats_of_no_scale_are_refused_by_their_range(grey):
    with pytest.raises(ImageError, match=r"has pixels from .* expected"):
        open_image(as_tiff(grey.astype(np.float32) * 100))
    with pytest.raises(ImageError, match="not a number"):
        open_image(as_tiff(np.where(grey > 100, np.nan, 0).astype(np.float32)))


@pytest.mark.parametrize("bits", [8, 16])
def test_white_is_zero(grey, bits):
    kind, white = (np.uint8, 255) if bits == 8 else (np.uint16, 65535)
    inverted = (white - grey.astype(np.int64) * (white // 255)).astype(kind)
    assert_shows(as_tiff(inverted, photometric="miniswhite"), grey)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bits", [8, 16])
def test_planes_one_by_one(colours, bits, compression):
    deep = colours if bits == 8 else colours.astype(np.uint16) * 257
    options = {"photometric": "rgb", "planarconfig": "separate", "compression": compression}
    assert_shows(as_tiff(np.moveaxis(deep, 2, 0), **options), colours)


@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_colours_in_floats(colours, planes):
    levels = (colours / 255).astype(np.float32)
    levels = np.moveaxis(levels, 2, 0) if planes == "separate" else levels
    assert_shows(as_tiff(levels, photometric="rgb", planarconfig=planes), colours)


def test_grey_and_alpha_in_16_bits(grey):
    opaque = np.where(np.arange(SIZE) < 12, 65535, 0).astype(np.uint16)
    deep = np.dstack([grey.astype(np.uint16) * 257, np.tile(opaque, (SIZE, 1))])
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    expected = np.where(np.arange(SIZE) < 12, grey, 255)
    assert_shows(as_tiff(deep, planarconfig="contig", **options), expected)


def test_whole_numbers_of_32_bits(grey):
    assert_shows(as_tiff(grey.astype(np.uint32) * 0x01010101), grey)
    assert_shows(as_tiff(grey.astype(np.uint32) * 257), grey)


def test_a_deep_tiff_is_turned_upright(grey):
    levels = np.rot90(grey, 1).astype(np.float64) / 255
    assert_shows(as_tiff(levels, extratags=[(274, "H", 1, 6, True)]), grey)


def test_a_tiff_of_an_unknown_kind_is_not_called_damaged():
    with pytest.raises(ImageError, match="is a TIFF of an unknown kind") as caught:
        open_image(as_tiff(np.zeros((SIZE, SIZE), np.complex64)))
    assert "damaged" not in str(caught.value)


def test_a_deep_tiff_that_is_cut_off_is_refused(grey):
    whole = as_tiff(grey.astype(np.float64))
    for size in (8, 100, len(whole) // 2):
        with pytest.raises(ImageError):
            open_image(whole[:size])


# --- PNG, PNM and BMP ---------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_level_of_grey_is_white(grey, bits):
    levels = grey >> (8 - bits) if bits < 8 else grey.astype(np.int64) * (257 if bits == 16 else 1)
    clear = int(levels[PLACE])
    shown = np.rint(levels * (255 / (2**bits - 1))).astype(np.uint8)
    assert_shows(as_png(levels, bits, 0), shown)
    expected = np.where(levels == clear, 255, shown)
    assert_shows(as_png(levels, bits, 0, struct.pack(">H", clear)), expected)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_is_white(colours, bits):
    levels = colours.astype(np.int64) * (257 if bits == 16 else 1)
    clear = struct.pack(">HHH", *levels[PLACE])
    expected = np.where((colours == colours[PLACE]).all(2)[:, :, None], 255, colours)
    assert_shows(as_png(levels, bits, 2, clear), expected)


def test_a_dark_picture_of_16_bits_stays_dark(grey):
    black = np.rint(grey / 257).astype(np.uint8)
    header = f"P5 {SIZE} {SIZE} 65535\n".encode()
    assert_shows(as_png(grey, 16, 0), black)
    assert_shows(header + grey.astype(">u2").tobytes(), black)
    assert_shows(as_tiff(grey.astype(np.uint16)), black)


def test_the_fourth_byte_of_a_bitmap_may_be_unused(colours, tmp_path):
    rows = np.dstack([colours[::-1, :, ::-1], np.zeros((SIZE, SIZE), np.uint8)]).tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(64)
    info = struct.pack("<IiiHHIIiiII", 124, SIZE, SIZE, 1, 32, 3, len(rows), 2835, 2835, 0, 0)
    head = struct.pack("<IHHI", 14 + 124 + len(rows), 0, 0, 14 + 124)
    assert_shows(b"BM" + head + info + masks + rows, colours)


def test_a_bitmap_that_uses_its_alpha_stands_on_white(colours):
    clear = np.dstack([colours, np.where(np.arange(SIZE) < 9, 255, 0) + np.zeros((SIZE, 1), int)])
    file = BytesIO()
    Image.fromarray(clear.astype(np.uint8)).save(file, "PNG")
    expected = np.where((np.arange(SIZE) < 9)[None, :, None], colours, 255)
    assert_shows(file.getvalue(), expected)


# --- bytes of every kind ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind_are_a_picture(colours, kind):
    file = BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    content = kind(file.getvalue())
    assert_shows(content, colours)
    assert count_pixels(content) == SIZE * SIZE
    with pytest.raises(ImageError, match="<bytes>: is empty"):
        open_image(kind(b""))


def test_a_picture_named_as_browsers_save_it_is_listed(tmp_path: Path):
    from multimodal.images import list_pictures

    names = ["a.pjpeg", "b.jpg_large", "c.JPG_LARGE", "d.pjp"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in list_pictures(tmp_path)] == names
