"""Every kind of picture that a user may bring, made here, and every way to break one."""

import io
import os
import pickle
import re
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import ExifTags, Image, features

from multimodal import images
from multimodal.errors import UserError
from multimodal.images import ImageError, count_pixels, list_pictures, name_of, open_image

RED, GREEN, BLUE, WHITE, BLACK = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
)
needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")


def encode(picture: Image.Image, format_name: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """A smooth blue picture with a red upper left quarter: orientation shows, codecs keep it."""
    picture = Image.new("RGB", (width, height), BLUE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    return picture


def noise(width: int = 40, height: int = 30) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def near(picture: Image.Image, position: tuple[int, int], color: tuple[int, ...], by: int) -> bool:
    found = picture.getpixel(position)
    return max(abs(a - b) for a, b in zip(found, color, strict=True)) <= by


def reason(source, **options) -> str:
    with pytest.raises(ImageError) as caught:
        open_image(source, **options)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a picture and holds none: only its header tells the size."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 1000) + b"IDAT"


# Formats


@pytest.mark.parametrize(
    ("format_name", "options", "by"),
    [
        ("JPEG", {"quality": 95}, 6),
        ("JPEG", {"progressive": True, "quality": 95}, 6),
        ("MPO", {"quality": 95, "save_all": True, "append_images": [noise()]}, 6),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        pytest.param("AVIF", {"quality": 95}, 12, marks=needs_avif),
        ("GIF", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("PPM", {}, 0),
    ],
)
def test_every_format_from_bytes_and_from_a_file_of_any_ending(tmp_path, format_name, options, by):
    contents = encode(scene(), format_name, **options)
    file = tmp_path / "holiday.jpg"
    file.write_bytes(contents)
    for source in (contents, file, str(file)):
        picture = open_image(source)
        assert (picture.mode, picture.size) == ("RGB", (48, 32))
        assert near(picture, (8, 8), RED, by)
        assert near(picture, (40, 8), BLUE, by)
        assert near(picture, (8, 24), BLUE, by)


@pytest.mark.parametrize(
    ("format_name", "mode"),
    [
        ("GIF", "P"),
        ("PNG", "RGB"),
        ("WEBP", "RGB"),
        ("TIFF", "RGB"),
        pytest.param("AVIF", "RGB", marks=needs_avif),
    ],
)
def test_an_animation_gives_its_first_frame(format_name, mode):
    frames = [Image.new("RGB", (16, 16), color).convert(mode) for color in (GREEN, BLUE, RED)]
    contents = encode(frames[0], format_name, save_all=True, append_images=frames[1:])
    assert near(open_image(contents), (8, 8), GREEN, 6)


def test_cmyk_jpeg_is_not_inverted():
    contents = encode(scene().convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in contents
    picture = open_image(contents)
    assert near(picture, (8, 8), RED, 12)
    assert near(picture, (40, 24), BLUE, 12)


def test_formats_that_need_another_program_are_not_opened():
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with Image.open(io.BytesIO(postscript)) as opened:
        assert opened.format == "EPS"
    assert "not a picture in a known format" in reason(postscript)


# Orientation

CAMERA_HELD = {
    1: lambda upright: upright,
    2: lambda upright: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda upright: upright.rotate(180),
    4: lambda upright: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda upright: upright.transpose(Image.Transpose.TRANSPOSE),
    6: lambda upright: upright.rotate(90, expand=True),
    7: lambda upright: upright.transpose(Image.Transpose.TRANSVERSE),
    8: lambda upright: upright.rotate(270, expand=True),
}


@pytest.mark.parametrize("orientation", CAMERA_HELD)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_puts_the_red_corner_where_the_photographer_saw_it(
    format_name, orientation
):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = CAMERA_HELD[orientation](scene())
    contents = encode(stored, format_name, exif=exif)
    for source in (contents, Image.open(io.BytesIO(contents))):
        picture = open_image(source)
        assert picture.size == (48, 32)
        assert near(picture, (8, 8), RED, 12)
        assert near(picture, (40, 24), BLUE, 12)
        assert open_image(picture).tobytes() == picture.tobytes(), "turned a second time"


def test_a_photo_held_upright_is_drafted_and_turned():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored = scene(800, 600).rotate(90, expand=True)
    picture = open_image(encode(stored, "JPEG", exif=exif, quality=95), needed=100)
    assert picture.size == (200, 150)
    assert near(picture, (20, 20), RED, 6)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"Exif\x00\x00rubbish of no kind", id="no TIFF header"),
        pytest.param(b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x09\x01", id="cut off"),
        pytest.param(
            b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x05\x00\x09\x00\x00\x00\xff\xff",
            id="value beyond the end",
        ),
        pytest.param(
            b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x63\x00\x00\x00",
            id="orientation 99",
        ),
    ],
)
def test_broken_exif_spoils_no_photo(exif):
    contents = encode(scene(), "JPEG", exif=exif, quality=95)
    picture = open_image(contents)  # warnings are errors in these tests, and Pillow may warn here
    assert picture.size == (48, 32)
    assert near(picture, (8, 8), RED, 6)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_orientation_survives_a_broken_neighbour_and_a_warning(format_name):
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    beyond_the_end = struct.pack("<HHII", 0x011A, 5, 1, 60000)
    directory = struct.pack("<H", 2) + orientation + beyond_the_end + bytes(4)
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + directory
    contents = encode(scene().rotate(90, expand=True), format_name, exif=exif, quality=95)
    picture = open_image(contents)
    assert picture.size == (48, 32)
    assert near(picture, (8, 8), RED, 12)


# Modes


def test_transparent_pixels_stand_on_white():
    picture = Image.new("RGBA", (3, 1))
    for x, pixel in enumerate([(255, 0, 0, 0), (255, 0, 0, 255), (0, 0, 0, 128)]):
        picture.putpixel((x, 0), pixel)
    for source in (picture, encode(picture, "PNG"), encode(picture, "WEBP", lossless=True)):
        opened = open_image(source)
        assert [opened.getpixel((x, 0)) for x in range(3)] == [WHITE, RED, (127, 127, 127)]


@pytest.mark.parametrize("mode", ["LA", "La", "RGBa", "PA"])
def test_rarer_alpha_modes_stand_on_white(mode):
    plain = {"LA": "LA", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}[mode]
    picture = Image.new(plain, (2, 1))
    picture.putpixel((1, 0), (0,) * (len(plain) - 1) + (255,))
    if mode == "PA":
        alpha = picture.getchannel("A")
        picture = picture.convert("RGB").convert("P").convert("PA")
        picture.putalpha(alpha)
    opened = open_image(picture if mode == plain else picture.convert(mode))
    assert [opened.getpixel((x, 0)) for x in range(2)] == [WHITE, BLACK]


def test_transparency_of_palettes_greys_and_colours_in_png():
    palette = Image.new("P", (3, 1))
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    for x in range(3):
        palette.putpixel((x, 0), x)
    one = open_image(encode(palette, "PNG", transparency=0))
    assert [one.getpixel((x, 0)) for x in range(3)] == [WHITE, RED, BLUE]
    levels = open_image(encode(palette, "PNG", transparency=bytes([255, 0, 128])))
    assert [levels.getpixel((x, 0)) for x in range(3)] == [BLACK, WHITE, (127, 127, 255)]
    grey = open_image(encode(Image.new("L", (1, 1), 7), "PNG", transparency=7))
    assert grey.getpixel((0, 0)) == WHITE
    colour = open_image(encode(Image.new("RGB", (1, 1), RED), "PNG", transparency=RED))
    assert colour.getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBX", "CMYK", "YCbCr", "HSV", "LAB", "I", "F"])
def test_every_pillow_mode_keeps_black_and_white(mode):
    picture = Image.new("RGB", (2, 1), WHITE)
    picture.putpixel((0, 0), BLACK)
    opened = open_image(picture.convert(mode))
    assert near(opened, (0, 0), BLACK, 1)
    assert near(opened, (1, 0), WHITE, 1)


DEEP = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
LEVELS = [0, 1, 128, 255]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(encode(Image.fromarray(DEEP), "PNG"), id="png"),
        pytest.param(encode(Image.fromarray(DEEP), "TIFF"), id="tiff"),
        pytest.param(encode(Image.fromarray(DEEP), "PPM"), id="pgm"),
        pytest.param(Image.fromarray(DEEP), id="I;16"),
        pytest.param(
            Image.frombytes("I;16B", (4, 1), DEEP.astype(">u2").tobytes()),
            id="I;16B",
        ),
        pytest.param(Image.fromarray(DEEP.astype(np.int32)), id="I"),
        pytest.param(DEEP, id="array"),
        pytest.param(DEEP.astype(">u2"), id="big-endian array"),
        pytest.param((DEEP / 65535).astype(np.float32), id="float array"),
        pytest.param(Image.fromarray((DEEP / 65535).astype(np.float32)), id="F"),
    ],
)
def test_deep_greys_are_scaled_not_clipped(source):
    picture = open_image(source)
    assert [picture.getpixel((x, 0)) for x in range(4)] == [(v, v, v) for v in LEVELS]


@pytest.mark.parametrize("value", [-7.0, 300.0, float("nan"), float("inf")])
def test_float_pictures_without_a_scale_are_refused(value):
    assert "pixels" in reason(Image.new("F", (2, 2), value))


def test_sixteen_bit_colours():
    wide = np.stack([DEEP, DEEP[:, ::-1], np.zeros_like(DEEP)], axis=-1)
    assert open_image(wide).getpixel((2, 0)) == (128, 1, 0)


# Pillow pictures and arrays


def test_a_pillow_picture_is_neither_changed_nor_shared():
    original = scene()
    opened = open_image(original)
    opened.paste(GREEN, (0, 0, 48, 32))
    assert original.tobytes() == scene().tobytes()
    lazy = Image.open(io.BytesIO(encode(scene(800, 600), "JPEG")))
    assert open_image(lazy, needed=50).size == lazy.size == (800, 600)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 3), (2, 3, 4)])
@pytest.mark.parametrize(
    ("dtype", "white"),
    [(np.bool_, True), (np.uint8, 255), (np.uint16, 65535), (np.float16, 1), (np.float64, 1)],
)
def test_arrays(shape, dtype, white):
    array = np.full(shape, white, dtype=dtype)
    array[0, 0, ...] = 0
    picture = open_image(array)
    assert (picture.mode, picture.size) == ("RGB", (3, 2))
    assert picture.getpixel((0, 0)) == (WHITE if shape[-1] == 4 else BLACK)
    assert picture.getpixel((2, 1)) == WHITE


def test_float_arrays_round_and_forgive_half_a_level():
    half_a_level = 0.5 / 255
    picture = open_image(np.array([[-half_a_level, 0.3, 0.5, 1 + half_a_level]]))
    assert [picture.getpixel((x, 0))[0] for x in range(4)] == [0, 76, 128, 255]


@pytest.mark.parametrize(
    ("array", "because"),
    [
        (np.array([[0.0, np.nan]]), "not a number"),
        (np.array([[0.0, np.inf]]), "from 0 to inf: 0 to 1 expected"),
        (np.array([[0.0, 255.0]]), "from 0 to 255: 0 to 1 expected"),
        (np.array([[-0.01, 1.0]]), "from -0.01 to 1: 0 to 1 expected"),
        (np.array([[0.0, 1.01]]), "from 0 to 1.01: 0 to 1 expected"),
        (np.zeros((3, 20, 20)), "shape (3, 20, 20)"),
        (np.zeros((2, 2, 3, 1)), "shape (2, 2, 3, 1)"),
        (np.zeros(5), "shape (5,)"),
        (np.zeros((2, 2), dtype=np.int64), "int64"),
        (np.zeros((2, 2), dtype=complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.array([[None]]), "object"),
        (np.zeros((0, 4, 3)), "no pixels (4 x 0)"),
        (np.zeros((4, 0), dtype=np.uint8), "no pixels (0 x 4)"),
    ],
)
def test_arrays_that_are_no_picture(array, because):
    assert because in reason(array)


# Draft


@pytest.mark.parametrize(
    ("needed", "size"),
    [
        (None, (1001, 803)),
        (900, (1001, 803)),
        (500, (1001, 803)),
        (401, (501, 402)),
        (224, (501, 402)),
        (200, (251, 201)),
        (10, (126, 101)),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_still_enough(needed, size):
    contents = encode(scene(1001, 803), "JPEG", quality=95)
    picture = open_image(contents, needed=needed)
    assert picture.size == size
    assert near(picture, (3, 3), RED, 6)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 100), st.booleans())
def test_a_draft_is_never_below_what_is_needed(width, height, needed, grey):
    picture = Image.new("L" if grey else "RGB", (width, height))
    drafted = open_image(encode(picture, "JPEG"), needed=needed)
    assert drafted.width >= min(needed, width)
    assert drafted.height >= min(needed, height)
    assert drafted.width <= width
    assert drafted.height <= height


# Bad input


def test_the_error_names_the_file_and_is_a_users_error(tmp_path):
    file = tmp_path / "nothing.jpg"
    with pytest.raises(UserError) as caught:
        open_image(file)
    assert str(caught.value) == f"{file}: no such file or directory"
    assert (caught.value.name, caught.value.reason) == (str(file), "no such file or directory")
    with pytest.raises(ImageError, match=r"^upload 3: is empty"):
        open_image(b"", name="upload 3")


def test_the_error_survives_the_way_back_from_a_worker_process():
    error = pickle.loads(pickle.dumps(ImageError("a.jpg", "is empty")))
    assert (str(error), error.name, error.reason) == ("a.jpg: is empty", "a.jpg", "is empty")


def test_strange_names_stay_on_one_short_printable_line():
    assert str(ImageError("a\nb\udc80.jpg", "is empty")) == r"'a\nb\udc80.jpg': is empty"
    assert str(ImageError("", "is empty")) == "'': is empty"
    assert len(str(ImageError("data:" + "A" * 10_000, "is a URL"))) < 250


def test_names():
    assert name_of("a/b.jpg") == name_of(Path("a/b.jpg")) == str(Path("a/b.jpg"))
    assert name_of(b"123") == "<bytes>"
    assert name_of(scene()) == "<picture>"
    assert name_of(np.zeros((2, 2))) == "<array>"
    assert name_of(None) == "<NoneType>"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.jpg",
        "HTTP://example.org/a.jpg",
        "file:///a.jpg",
        "s3://bucket/a.jpg",
        Path("https://example.org/a.jpg"),
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_urls_are_refused_with_advice(url):
    assert reason(url) == "is a URL: download it first, then give the path of the file"


def test_a_windows_path_is_no_url():
    assert reason("C:/photos/missing.jpg") == "no such file or directory"


@pytest.mark.parametrize("source", [None, 3, ["a.jpg"], io.BytesIO(), object()])
def test_other_objects_are_refused(source):
    assert reason(source) == "give a path, bytes, a Pillow picture or a NumPy array instead"


def test_what_is_no_file(tmp_path):
    assert reason(tmp_path) == "is a folder, not a picture"
    assert reason("a\0b.jpg").endswith("embedded null byte")
    assert reason("/dev/null") == "is a pipe, a socket or a device, not a file"
    assert reason("x" * 5000) == "file name too long"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this system's folders")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "is a pipe" in reason(tmp_path / "pipe.jpg")


def test_permission_denied(tmp_path, monkeypatch):
    def denied(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "private.jpg"
    file.write_bytes(b"secret")
    monkeypatch.setattr(Path, "open", denied)  # root may read whatever its mode says
    assert reason(file) == "permission denied"


def test_what_is_no_picture(tmp_path):
    file = tmp_path / "letter.jpg"
    file.write_text("Dear aunt, the photos are in the other envelope.")
    assert reason(file).startswith("is not a picture in a known format (JPEG, PNG")
    file.write_bytes(b"")
    assert reason(file) == "is empty (0 bytes)"
    assert reason(b"\xff") == reason(b"x" * 1000)
    assert reason(Image.new("RGB", (0, 5))) == "has no pixels (0 x 5)"


def test_a_closed_pillow_picture():
    picture = Image.open(io.BytesIO(encode(noise(), "PNG")))
    picture.close()
    assert "damaged or cut off" in reason(picture)


ENCODED = {
    "jpeg": encode(noise(), "JPEG"),
    "progressive jpeg": encode(noise(), "JPEG", progressive=True),
    "png": encode(noise(), "PNG"),
    "gif": encode(noise(), "GIF"),
    "webp": encode(noise(), "WEBP"),
    "lossless webp": encode(noise(), "WEBP", lossless=True),
    "bmp": encode(noise(), "BMP"),
    "tiff": encode(noise(), "TIFF", compression="tiff_lzw"),
    "ppm": encode(noise(), "PPM"),
}
if features.check("avif"):
    ENCODED["avif"] = encode(noise(), "AVIF")


@pytest.mark.parametrize("kind", ENCODED)
def test_a_file_cut_in_half_is_refused_with_a_reason(kind):
    contents = ENCODED[kind]
    assert reason(contents[: len(contents) // 2]).startswith("is damaged or cut off")


@given(st.sampled_from(sorted(ENCODED)), st.data())
def test_any_prefix_is_refused_or_gives_the_very_picture(kind, data):
    contents = ENCODED[kind]
    prefix = contents[: data.draw(st.integers(0, len(contents)))]
    try:
        picture = open_image(prefix)
    except ImageError:
        assert prefix != contents
    else:
        assert picture.tobytes() == open_image(contents).tobytes()


def check_picture_or_error(contents: bytes) -> None:
    try:
        picture = open_image(contents, needed=8)
    except ImageError as error:
        line = str(error)
        assert line.startswith("<bytes>: ")
        assert line.isprintable()
    else:
        assert picture.mode == "RGB"
        assert min(picture.size) > 0


BEGINNINGS = [contents[:n] for contents in ENCODED.values() for n in (4, 12, 16, 40)]


@given(st.sampled_from([b"", *BEGINNINGS]), st.binary(max_size=300))
@example(b"P6 ", b"0 0 255\n")
@example(b"P2 ", b"2 2 255 what numbers\n")
def test_random_bytes_give_a_picture_or_the_one_error(beginning, rest):
    check_picture_or_error(beginning + rest)


@given(st.sampled_from(sorted(ENCODED)), st.data())
def test_flipped_bytes_give_a_picture_or_the_one_error(kind, data):
    contents = bytearray(ENCODED[kind])
    position = st.integers(0, min(len(contents), 600) - 1)
    for at, value in data.draw(st.lists(st.tuples(position, st.integers(0, 255)), max_size=6)):
        contents[at] = value
    check_picture_or_error(bytes(contents))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError, "is damaged or cut off: deep inside"),
        (SyntaxError, "is damaged or cut off: deep inside"),
        (ValueError, "is damaged or cut off: deep inside"),
        (struct.error, "is damaged or cut off"),
        (IndexError, "is damaged or cut off"),
        (RecursionError, "is damaged or cut off"),
        (MemoryError, "needs more memory than there is"),
    ],
)
def test_whatever_a_decoder_raises_becomes_the_one_error(monkeypatch, error, expected):
    def fail(image):
        raise error("deep\ninside")

    picture = scene()
    monkeypatch.setattr(Image.Image, "load", fail)
    assert reason(picture) == expected


# Bombs


@pytest.mark.parametrize("size", [(12_000, 12_000), (50_000, 50_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_header_alone(size):
    because = reason(png_header(*size))
    assert because.startswith(f"is too large ({size[0]} x {size[1]}")


def test_sizes_below_the_limit_pass_the_header_without_pillows_warning():
    # 108 megapixels: beyond the size at which Pillow warns, and a warning is an error here.
    assert reason(png_header(12_000, 9_000)).startswith("is damaged or cut off")


def test_the_limit_counts_pixels_not_bytes(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 48 * 32)
    assert open_image(encode(scene(48, 32), "PNG")).size == (48, 32)
    for source in (scene(48, 33), np.zeros((33, 48))):
        assert reason(source) == "is too large (48 x 33; at most 1536 pixels)"


def test_a_drafted_jpeg_is_measured_before_the_draft(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 100_000)
    assert "too large (800 x 600" in reason(encode(scene(800, 600), "JPEG"), needed=10)


def test_pixels_are_counted_by_the_header_and_after_the_draft(tmp_path):
    assert count_pixels(encode(scene(40, 30), "PNG"), needed=10) == 1200
    assert count_pixels(encode(scene(4000, 3000), "JPEG")) == 12_000_000
    drafted = open_image(encode(scene(4000, 3000), "JPEG"), needed=224)
    (tmp_path / "photo").write_bytes(encode(scene(4000, 3000), "JPEG"))
    assert count_pixels(tmp_path / "photo", needed=224) == drafted.width * drafted.height
    assert count_pixels(png_header(9000, 9000)) == 81_000_000
    for refused in (b"", b"text", tmp_path, tmp_path / "gone", png_header(10**6, 10**6)):
        assert count_pixels(refused) == 0


def test_a_line_of_pixels_opens_but_is_not_scaled_into_a_bomb():
    line = Image.new("RGB", (60_000, 1), GREEN)
    for source in (line, np.asarray(line), encode(line, "PNG")):
        assert open_image(source).size == (60_000, 1)
        assert reason(source, needed=224).startswith("is too long and thin (60000 x 1)")


# Manners


def test_no_file_stays_open(tmp_path):
    good, cut, text = (tmp_path / name for name in ("good.gif", "cut.png", "text.jpg"))
    frames = [noise().convert("P"), scene(40, 30).convert("P")]
    good.write_bytes(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    cut.write_bytes(ENCODED["png"][:800])
    text.write_text("text")
    with warnings.catch_warnings(record=True) as leaks:
        warnings.simplefilter("always")
        open_image(good)
        reason(cut)
        reason(text)
        open_image(good).copy()
    assert [str(leak.message) for leak in leaks] == []


def test_threads_side_by_side_change_no_global_state():
    contents = [*ENCODED.values(), png_header(50_000, 50_000), b"text", ENCODED["jpeg"][:300]]
    broken_exif = encode(noise(), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x09\x01")
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    barrier = threading.Barrier(4)

    def outcome(source: bytes) -> object:
        try:
            return open_image(source).tobytes()
        except ImageError as error:
            return error.reason

    def work(_: int) -> list[object]:
        barrier.wait()
        return [outcome(source) for source in [*contents, broken_exif] * 5]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(4)))
    assert all(result == results[0] for result in results)
    assert results[0][: len(contents)] == [outcome(source) for source in contents]
    assert warnings.filters == filters
    assert limit == Image.MAX_IMAGE_PIXELS


# Folders


def test_a_folder_is_listed_sorted_and_through_its_subfolders(tmp_path):
    for name in ("b.JPG", "a.png", "sub/deep/c.webp", "sub/d.txt", ".e.jpg", ".thumbs/f.jpg", "g"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "album.jpg").mkdir()
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone")
    expected = ["a.png", "b.JPG", "broken.jpg", "sub/deep/c.webp"]
    assert list_pictures(str(tmp_path)) == [tmp_path / name for name in expected]


def test_links_to_folders_are_followed_once(tmp_path):
    photos, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    for folder in (photos, elsewhere):
        folder.mkdir()
        (folder / "a.jpg").touch()
    (photos / "loop").symlink_to(photos)
    (photos / "m").symlink_to(elsewhere)
    (photos / "n").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(photos)
    assert list_pictures(photos) == [photos / "a.jpg", photos / "m" / "a.jpg"]


def test_folders_that_cannot_be_listed(tmp_path):
    with pytest.raises(UserError, match=re.escape(f"{tmp_path}: no picture in this folder")):
        list_pictures(tmp_path)
    with pytest.raises(UserError, match=r"gone: no such file or directory"):
        list_pictures(tmp_path / "gone")
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UserError, match=r"a\.jpg: not a directory"):
        list_pictures(tmp_path / "a.jpg")


def test_a_subfolder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "private").mkdir()
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)  # root may read whatever its mode says
    with pytest.raises(UserError, match=r"private: permission denied"):
        list_pictures(tmp_path)


def test_endings_are_lower_case_and_cover_the_usual(tmp_path):
    usual = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"}
    assert usual <= images.PICTURE_ENDINGS
    assert all(ending == ending.lower() for ending in images.PICTURE_ENDINGS)
