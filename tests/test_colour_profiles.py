"""A picture with a colour profile shows what it would show in sRGB, at little cost."""

import struct
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from multimodal import images
from multimodal.colour_profiles import MatrixShaper, srgb_levels_of, to_srgb
from multimodal.images import fit, open_image, resize
from pipelines.caption.decoding import Opener
from pipelines.caption.items import Item

# red, green and blue in XYZ of the white D50
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
WHITE = (0.96420, 1.0, 0.82491)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def table(levels) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(levels)}H", len(levels), *levels)


def gamma(exponent: float) -> bytes:
    return table([round(exponent * 256)])


def parametric(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*numbers)


def profile_of(primaries, curves, space: bytes = b"RGB ", **more: bytes) -> bytes:
    """A colour profile of three primaries and a curve, or three; of one curve for grey."""
    told = b"another space\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(told)) + told + bytes(81)}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + fixed(*WHITE)
    tags |= {name.encode(): content for name, content in more.items()}
    if space == b"GRAY":
        tags[b"kTRC"] = curves
    else:
        curves = [curves] * 3 if isinstance(curves, bytes) else curves
        for name, values, curve in zip(b"rgb", primaries, curves, strict=True):
            tags[bytes([name]) + b"XYZ"] = b"XYZ \0\0\0\0" + fixed(*values)
            tags[bytes([name]) + b"TRC"] = curve
    entries, content, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        entries += struct.pack(">4sII", name, start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    size = start + len(content)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr", space, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + fixed(*WHITE)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + content


def saved(picture: Image.Image, profile: bytes | None, ending: str = "PNG") -> bytes:
    file = BytesIO()
    picture.save(file, ending, icc_profile=profile)
    return file.getvalue()


def by_lcms(picture: Image.Image, profile: bytes, *, back: bool = False) -> Image.Image:
    """What LittleCMS makes of a picture, from the profile to sRGB or back."""
    spaces = [ImageCms.ImageCmsProfile(BytesIO(profile)), SRGB]
    source, target = reversed(spaces) if back else spaces
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.profileToProfile(picture, source, target, intent, "RGB")


def difference(shown, expected) -> int:
    return int(np.abs(np.asarray(shown).astype(int) - np.asarray(expected)).max())


@pytest.fixture(scope="module")
def smooth() -> Image.Image:
    """A picture with every kind of neighbour, none of it beyond the smallest space."""
    picture = np.random.default_rng(0).integers(20, 236, (4, 4, 3)).astype(np.uint8)
    return Image.fromarray(picture).resize((24, 24), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def every() -> Image.Image:
    """All corners, all greys, the dark and random colours: more pixels than go at a time."""
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (300, 256, 3), dtype=np.uint8)
    pixels[0] = np.arange(256)[:, None]
    pixels[1:9] = random.integers(0, 12, (8, 256, 3))
    pixels[9:40] = random.choice([0, 255], (31, 256, 3))
    return Image.fromarray(pixels)


@pytest.mark.parametrize("ending", ["PNG", "TIFF"])
@pytest.mark.parametrize(("primaries", "exponent"), [(ADOBE, 2.2), (P3, 2.4), (ADOBE, 1.0)])
def test_another_space_of_colours_becomes_srgb(smooth, primaries, exponent, ending):
    profile = profile_of(primaries, gamma(exponent))
    wide = by_lcms(smooth, profile, back=True)
    assert difference(wide, smooth) > 8
    tolerance = 6 if exponent > 1 else 16  # few levels are left in the dark
    assert difference(open_image(saved(wide, profile, ending)), smooth) <= tolerance
    wide.putalpha(255)
    assert difference(open_image(saved(wide, profile, ending)), smooth) <= tolerance


@pytest.mark.parametrize("primaries", [ADOBE, P3, PROPHOTO])
@pytest.mark.parametrize(
    "curve",
    [
        gamma(2.19921875),
        gamma(1.0),
        table([]),
        table([0, 65535]),
        table([round(65535 * (step / 1023) ** 1.8) for step in range(1024)]),
        table(sorted(np.random.default_rng(0).integers(0, 65536, 256))),
        parametric(0, 1.8),
        parametric(1, 2.4, 1 / 1.055, 0.055 / 1.055),
        parametric(2, 2.2, 0.9, 0.1, 0.01),
        parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
        parametric(4, 2.2, 0.9, 0.05, 0.05, 0.1, 0.02, 0.01),
    ],
)
def test_a_curve_and_a_matrix_are_those_of_lcms(every, primaries, curve):
    profile = profile_of(primaries, curve)
    shaper = MatrixShaper.from_profile(profile)
    assert shaper is not None
    assert difference(shaper(every), by_lcms(every, profile)) <= 1


def test_profiles_of_other_kinds_are_left_to_lcms(every):
    unequal = profile_of(P3, [gamma(1.8), gamma(2.2), gamma(2.4)])
    assert MatrixShaper.from_profile(unequal) is None
    assert MatrixShaper.from_profile(profile_of(P3, gamma(2.2), A2B0=b"mft2")) is None
    assert difference(to_srgb(every, unequal), by_lcms(every, unequal)) == 0


def test_a_profile_of_grey():
    grey = Image.frombytes("L", (16, 16), bytes(range(256)))
    profile = profile_of((), gamma(1.0), b"GRAY")
    shown = open_image(saved(grey, profile))
    linear = np.arange(256) / 255
    srgb = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(np.asarray(shown)[..., 0].ravel() - srgb).max() <= 1


@pytest.mark.parametrize("convert", [True, False])
@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        profile_of(ADOBE, gamma(2.2))[:200],
        profile_of((), gamma(1.0), b"GRAY"),
        bytes(200),
        SRGB.tobytes(),
    ],
)
def test_a_profile_that_is_broken_or_srgb_changes_nothing(smooth, profile, convert):
    picture = open_image(saved(smooth, profile), convert=convert)
    assert difference(resize(picture, smooth.size), smooth) == 0


# --- what is scaled is converted afterwards ---


@pytest.fixture
def converted(monkeypatch) -> list[tuple[int, int]]:
    """The sizes of the pictures that are converted."""
    sizes = []

    def tell(picture, profile):
        sizes.append(picture.size)
        return srgb_levels_of(picture, profile)

    monkeypatch.setattr(images, "srgb_levels_of", tell)
    monkeypatch.setattr("multimodal.colour_profiles.srgb_levels_of", tell)
    return sizes


@pytest.mark.parametrize("crop", [True, False])
def test_of_a_photo_only_what_the_network_sees_is_converted(tmp_path, smooth, converted, crop):
    profile = profile_of(PROPHOTO, gamma(1.8))
    bright = smooth.point(lambda level: 64 + level // 2)  # ProPhoto has few levels in the dark
    photo = bright.resize((500, 375), Image.Resampling.BICUBIC)
    path = tmp_path / "photo.png"
    path.write_bytes(saved(by_lcms(photo, profile, back=True), profile))
    opened = Opener(partial(fit, size=64, crop=crop), 64)(Item("photo", str(path)))
    assert opened.view is not None
    assert converted == [(64, 64)]
    assert np.abs(opened.view.astype(int) - fit(photo, 64, crop=crop)).max() <= 3


def test_a_thumbnail_is_in_srgb(tmp_path, smooth):
    profile = profile_of(PROPHOTO, gamma(1.8))
    photo = smooth.resize((200, 150), Image.Resampling.BICUBIC)
    path = tmp_path / "photo.png"
    path.write_bytes(saved(by_lcms(photo, profile, back=True), profile))
    view = partial(fit, size=64, crop=False)
    opened = Opener(view, 64, thumbnails=True)(Item("photo", str(path)))
    (thumbnail,) = [open_image(opened.thumbnail)]
    assert np.abs(np.asarray(thumbnail).astype(int) - np.asarray(photo)).mean() < 3


@pytest.mark.parametrize("mode", ["RGBA", "CMYK", "L", "P"])
def test_what_is_left_unconverted_ends_up_the_same(smooth, mode):
    profile = profile_of(ADOBE, gamma(2.2))
    picture = smooth.convert(mode)
    if mode == "RGBA":
        picture.putalpha(100)
    content = saved(picture, profile, "TIFF")
    unconverted = open_image(content, convert=False)
    assert unconverted.mode == "RGB"
    assert (unconverted.info != {}) == (mode in ("L", "P"))
    assert difference(resize(unconverted, smooth.size), open_image(content)) == 0
