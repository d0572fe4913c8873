"""Colours of other spaces become sRGB, as the ICC profile of a picture describes them.

    picture = to_srgb(picture, picture.info["icc_profile"])

Photos have profiles of three primaries and one curve (Adobe RGB, Display P3, ProPhoto). Such a
profile is two table lookups and a matrix, done here in NumPy, which takes half of LittleCMS's
time. LittleCMS converts the others.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from multimodal.tone_mapping import srgb_levels

Floats: TypeAlias = npt.NDArray[np.float32]
Levels: TypeAlias = npt.NDArray[np.uint8]
Conversion: TypeAlias = Callable[[Image.Image], Levels]

_MODES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_SRGB = ("srgb iec61966", "srgb built-in")

_STEPS = 2**14  # of linear light: a fifth of a level of sRGB where its curve is steepest
_PIXELS = 2**16  # at a time, which bounds the memory that a large picture takes


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert a picture to RGB in sRGB; it comes back as it is where there is nothing to convert.

    Args:
        image: of a mode without transparency.
        profile: an ICC profile.
    """
    levels = srgb_levels_of(image, profile)
    return image if levels is None else Image.fromarray(levels)


def srgb_levels_of(image: Image.Image, profile: bytes) -> Levels | None:
    """Return a picture's levels in sRGB (H, W, 3).

    Args:
        image: of a mode without transparency.
        profile: an ICC profile.

    Returns:
        None where they are as they should be; so they are taken to be where a profile is broken, or
        belongs to other colours.
    """
    try:
        mode = _MODES[profile[16:20]]
        if image.mode in ("P", "1") or (image.mode == "L" and mode == "RGB"):
            image = image.convert("RGB")
        if image.mode != mode:
            return None
        convert = _conversion(profile, mode, threading.get_ident())
        return None if convert is None else convert(image)
    except Warning:  # is for `open_image`, which tries again without
        raise
    except Exception:  # broken metadata is no reason to refuse good pixels
        return None


def is_rgb(profile: bytes, image: Image.Image) -> bool:
    """Whether a profile is one of RGB, and the picture one that it can belong to."""
    return profile[16:20] == b"RGB " and image.mode in ("RGB", "P", "L", "1")


@lru_cache(maxsize=32)
def _conversion(profile: bytes, mode: str, thread: int) -> Conversion | None:
    """From a profile to sRGB; None where it is sRGB. LittleCMS's belong to one thread."""
    del thread
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    if ImageCms.getProfileDescription(source).strip().lower().startswith(_SRGB):
        return None
    shaper = MatrixShaper.from_profile(profile)
    if shaper is not None:
        return shaper
    srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    if mode == "L":
        exact = ImageCms.Flags.NOOPTIMIZE  # a grid of 33 points misses dark greys by 10 levels
        transform = ImageCms.buildTransform(source, srgb, mode, "RGB", intent, exact)
        ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
        table = np.asarray(ImageCms.applyTransform(ramp, transform))[0]
        return lambda image: table[np.asarray(image)]
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB", intent)
    return lambda image: np.asarray(ImageCms.applyTransform(image, transform))


@dataclass(frozen=True, eq=False)
class MatrixShaper:
    """A conversion to sRGB by a curve, a matrix and the curve of sRGB.

    Attributes:
        curve: (256,), the linear light of each level, from 0 to 1.
        matrix: (3, 3), linear light as a row (R, G, B) → that of sRGB, in `_STEPS`.
    """

    curve: Floats
    matrix: Floats

    @classmethod
    def from_profile(cls, profile: bytes) -> MatrixShaper | None:
        """Read a profile of primaries and one curve; None for a profile of another kind."""
        tags = _tags(profile)
        curves = {tags.get(name) for name in (b"rTRC", b"gTRC", b"bTRC")}
        has_tables = any(name[:3] in (b"A2B", b"D2B") for name in tags)
        if profile[16:24] != b"RGB XYZ " or has_tables or len(curves) > 1 or None in curves:
            return None
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        matrix = _primaries(tags) @ np.linalg.inv(_primaries(_tags(srgb)))
        return cls(_curve(tags[b"rTRC"]), (matrix * _STEPS).astype(np.float32))

    def __call__(self, image: Image.Image) -> Levels:
        """Convert an RGB picture to its levels in sRGB (H, W, 3)."""
        pixels = np.asarray(image).reshape(-1, 3)
        levels = np.empty_like(pixels)
        for start in range(0, len(pixels), _PIXELS):
            light = self.curve.take(pixels[start : start + _PIXELS]) @ self.matrix
            steps = light.astype(np.intp)
            _srgb_table().take(steps, mode="clip", out=levels[start : start + _PIXELS])
        return levels.reshape(image.height, image.width, 3)


@lru_cache(maxsize=1)
def _srgb_table() -> Levels:
    """The level of sRGB in the middle of every step of linear light."""
    middles = (np.arange(_STEPS) + 0.5) / _STEPS
    return srgb_levels(middles.astype(np.float32))


# ---- the tags of a profile, as ICC.1:2022 lays them out ----


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = (struct.unpack_from(">4sII", profile, 132 + 12 * index) for index in range(count))
    return {name: profile[start : start + size] for name, start, size in entries}


def _primaries(tags: dict[bytes, bytes]) -> npt.NDArray[np.float64]:
    """Red, green and blue as rows (X, Y, Z)."""
    return np.array([_fixed(tags[name][8:20]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")])


def _fixed(numbers: bytes) -> npt.NDArray[np.float64]:
    return np.frombuffer(numbers, ">i4") / 65536


def _curve(tag: bytes) -> Floats:
    """The linear light (256,) of each level."""
    level = np.linspace(0, 1, 256)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        return _parametric(level, kind, _fixed(tag[12:]))
    (count,) = struct.unpack_from(">I", tag, 8)
    table = np.frombuffer(tag, ">u2", count, 12)
    if count == 0:
        light = level
    elif count == 1:
        light = level ** (table[0] / 256)
    else:
        light = np.interp(level, np.linspace(0, 1, count), table / 65535)
    return light.astype(np.float32)


def _parametric(
    level: npt.NDArray[np.float64], kind: int, numbers: npt.NDArray[np.float64]
) -> Floats:
    """Evaluate (a x + b)^g + e from d on, and c x + f below; each kind has some of the numbers."""
    g, a, b, c, d, e, f = np.pad(numbers[: _NUMBERS[kind]], (0, 7 - _NUMBERS[kind]))
    if kind == 0:
        a = 1.0
    if kind in (1, 2):
        c, d, e, f = 0.0, -b / a, c, c
    power = np.maximum(a * level + b, 0) ** g + e
    light: Floats = np.where(level >= d, power, c * level + f).astype(np.float32)
    return light


_NUMBERS = (1, 3, 4, 5, 7)
