"""What the numbers in a decoded picture mean: which of them is white, which is nothing, which hue.

Pillow's modes name a storage, not a scale, and its decoders leave some of a file's own words
aside: that zero is white in a TIFF, that a grey level of a PNG is transparent, that red is the red
of a wider screen. Here those words are kept, and what Pillow does not decode is read by tifffile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, TiffImagePlugin

from multimodal.colour_profiles import is_rgb, to_srgb

_WHITE: dict[type[np.generic], float] = {
    np.bool_: 1,
    np.uint8: 255,
    np.uint16: 65535,
    np.uint32: 2**32 - 1,
}
# 0 to 1 in floats may shine beyond 1; a picture of 0 to 255 has most of what is above 1 far above.
_SHINE = 16.0

_WHITE_IS_ZERO = 0
_RGB_PHOTOMETRIC = 2
_SEPARATE_PLANES = 2
_ASSOCIATED_ALPHA = 1
_MOST_SAMPLES = 5
_TIFF_TAGS = ("InterColorProfile", "Orientation")


class RefusedError(Exception):
    """The reason of an `ImageError` alone, on its way to the place that knows the name."""


def to_rgb(image: Image.Image, *, convert: bool = True) -> Image.Image:
    """A loaded picture of any mode → RGB in sRGB, on white where it is transparent.

    Args:
        image: loaded.
        convert: False leaves opaque colours as they are, and an RGB profile of theirs in
            `info["icc_profile"]`. There is no other metadata in the result.
    """
    profile = image.info.get("icc_profile")
    alpha, colours = _split_alpha(image)
    if not convert and alpha is None and profile and is_rgb(profile, colours):
        colours = colours.convert("RGB")
        colours.info = {"icc_profile": profile}
        return colours
    if profile:
        colours = to_srgb(colours, profile)
    colours = colours.convert("RGB")
    if alpha is not None:
        on_white = Image.new("RGB", image.size, "white")
        on_white.paste(colours, mask=alpha)
        colours = on_white
    colours.info = {}
    return colours


def array_to_image(array: npt.NDArray[Any]) -> Image.Image:
    """An array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) → a picture of 8 bits.

    Raises:
        RefusedError: its shape or its numbers are none of a picture.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise RefusedError(f"has the shape {array.shape}: (H, W) or (H, W, 1, 3 or 4) expected")
    floating = np.issubdtype(array.dtype, np.floating)
    white = 1 if floating else _WHITE.get(array.dtype.type)
    if white is None or array.dtype.type is np.uint32:
        raise RefusedError(f"holds {array.dtype}: bool, uint8, uint16 or floats expected")
    return Image.fromarray(_eight_bits(array, white))


# ---- transparency ----


def _split_alpha(image: Image.Image) -> tuple[Image.Image | None, Image.Image]:
    """How opaque a picture is, None where it is throughout, and its colours in 8 bits."""
    if image.mode.startswith(("I", "F")):
        return _opaque_but(image, np.asarray(image)), _shallow(image)
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode in ("L", "1") and isinstance(image.info.get("transparency"), int):
        grey = image.convert("L")
        return _opaque_but(image, np.asarray(grey)), grey
    if not image.has_transparency_data:
        return None, image
    rgba = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    alpha = rgba.getchannel("A")
    colours = rgba.convert("L" if rgba.mode == "LA" else "RGB")
    if image.format == "BMP" and alpha.getextrema() == (0, 0):
        return None, colours  # the fourth byte is there and not used
    return alpha, colours


def _opaque_but(image: Image.Image, levels: npt.NDArray[Any]) -> Image.Image | None:
    """The mask of a grey PNG that names one of its levels as transparent."""
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return None
    if not image.mode.startswith("I"):
        clear = clear * 255 // (2 ** _grey_bits(image) - 1)
    return Image.fromarray(np.where(levels == clear, 0, 255).astype(np.uint8))


def _grey_bits(image: Image.Image) -> int:
    """The depth of a grey PNG: Pillow spreads its levels over 8 bits, and leaves its tRNS."""
    return int(image.info.get(_BITS, 1 if image.mode == "1" else 8))


_BITS = "grey bits"


def remember_depth(image: Image.Image) -> None:
    """Note what is known of a PNG only before it is loaded."""
    tiles = getattr(image, "tile", None)
    if image.format == "PNG" and image.mode == "L" and tiles:
        rawmode = tiles[0][3]
        _, _, bits = str(rawmode).partition(";")
        image.info[_BITS] = int(bits) if bits.isdecimal() else 8


# ---- depth ----


def _shallow(image: Image.Image) -> Image.Image:
    levels = np.asarray(image)
    white = _white(image, levels)
    shallow = _eight_bits(levels, white, _beyond(levels, white))
    if image.format == "TIFF" and _tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:
        shallow = 255 - shallow
    return Image.fromarray(shallow)


def _white(image: Image.Image, levels: npt.NDArray[Any]) -> float:
    """What is white: as the file says it, else the scale that the numbers show."""
    if image.mode == "F":
        return _float_white(levels)
    if image.mode != "I" or image.format is not None:  # a file brings 16 bits in either
        return 65535
    return 255 if levels.max() <= 255 else 65535  # Pillow's own conversions keep 0 to 255


def _beyond(levels: npt.NDArray[Any], white: float) -> tuple[float, float]:
    """How far numbers may be off the scale of a file: floats overshoot and shine."""
    if not np.issubdtype(levels.dtype, np.floating):
        return 1 / 510, 1 / 510
    return 0.5, _SHINE * 16 if white == 1 else 0.1


def _float_white(levels: npt.NDArray[Any]) -> float:
    bright = levels[levels > 1]
    if not bright.size:
        return 1
    whole = bool((levels == np.rint(levels)).all())
    return 255 if whole or float(np.median(bright)) > _SHINE else 1


def _eight_bits(
    array: npt.NDArray[Any], white: float, beyond: tuple[float, float] = (1 / 510, 1 / 510)
) -> npt.NDArray[np.uint8]:
    """Scale 0 … `white` to 0 … 255, rounded; clip what is a little beyond.

    Args:
        array: of any numbers.
        white: the number that is white.
        beyond: how far below 0 and above white, in shares of white; by default half a level, as
            resizing leaves it.

    Raises:
        RefusedError: there are numbers that are none, or that are off the scale.
    """
    if array.dtype == np.uint8 and white == 255:
        return array
    low, high = float(array.min()), float(array.max())
    if np.isnan(low) or np.isnan(high):
        raise RefusedError("has pixels that are not a number (NaN)")
    if low < -white * beyond[0] or high > white * (1 + beyond[1]):
        raise RefusedError(f"has pixels from {low:g} to {high:g}: 0 to {white:g} expected")
    levels: npt.NDArray[np.float32] = np.rint(array.astype(np.float32) * np.float32(255 / white))
    return levels.clip(0, 255).astype(np.uint8)


# ---- TIFF ----


def reads_tiff_wrong(image: Image.Image) -> bool:
    """Whether Pillow would get a TIFF wrong: deep planes one by one, integers of 32 bits."""
    if image.format != "TIFF":
        return False
    bits = _tag(image, TiffImagePlugin.BITSPERSAMPLE) or (1,)
    deepest = max(bits) if isinstance(bits, tuple) else bits
    planes = _tag(image, TiffImagePlugin.PLANAR_CONFIGURATION)
    return (planes == _SEPARATE_PLANES and deepest > 8) or (image.mode == "I" and deepest > 16)


def read_deep_tiff(
    file: BinaryIO, problem: str, check_size: Callable[[int, int], None]
) -> Image.Image:
    """Read the first page of a TIFF that Pillow does not: deep planes, floats of any size.

    Args:
        file: from its beginning.
        problem: what Pillow says of it.
        check_size: raises for a width and a height that are too much.

    Raises:
        RefusedError: it is of no kind that is known.
    """
    import tifffile

    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            page: Any = tiff.pages[0]
            check_size(page.imagewidth, page.imagelength)
            if page.samplesperpixel > _MOST_SAMPLES:
                raise RefusedError(f"is a TIFF with {page.samplesperpixel} numbers a pixel")
            levels, alpha = _page_levels(page, page.asarray())
            tags = {name: page.tags[name].value for name in _TIFF_TAGS if name in page.tags}
    except RefusedError:
        raise
    except Exception as error:  # a codec that is not there, or hostile bytes
        raise RefusedError(f"is a TIFF of an unknown kind: {problem or error}") from error
    image = Image.fromarray(levels)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    if "InterColorProfile" in tags:
        image.info["icc_profile"] = bytes(tags["InterColorProfile"])
    image.getexif()[ExifTags.Base.Orientation] = int(tags.get("Orientation", 1))
    return image


def _page_levels(
    page: Any, array: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """The colours of a page (H, W) or (H, W, 3) in 8 bits, and how opaque it is (H, W)."""
    if page.planarconfig == _SEPARATE_PLANES and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    colours = 3 if page.photometric == _RGB_PHOTOMETRIC else 1
    if page.photometric > _RGB_PHOTOMETRIC or array.ndim not in (2, 3):
        raise RefusedError(f"is a TIFF of an unknown kind: {page.photometric.name.lower()}")
    array = array[:, :, None] if array.ndim == 2 else array
    shown = array[:, :, :colours]
    white = _array_white(shown)
    levels = _eight_bits(shown, white, _beyond(shown, white))
    if page.photometric == _WHITE_IS_ZERO:
        levels = 255 - levels
    alpha = None
    if array.shape[2] > colours and page.extrasamples and page.extrasamples[0]:
        alpha = _eight_bits(array[:, :, colours], white)
        if page.extrasamples[0] == _ASSOCIATED_ALPHA:
            levels = (levels / np.maximum(alpha, 1)[:, :, None] * 255).clip(0, 255).astype(np.uint8)
    return (levels if colours == 3 else levels[:, :, 0]), alpha


def _array_white(levels: npt.NDArray[Any]) -> float:
    if np.issubdtype(levels.dtype, np.floating):
        return _float_white(levels)
    white = _WHITE.get(levels.dtype.type)
    if white is None:
        raise RefusedError(f"is a TIFF of an unknown kind: its pixels are {levels.dtype}")
    return 65535 if white > 65535 >= levels.max() else white  # 16 bits that are stored in 32


def _tag(image: Image.Image, tag: int) -> Any:
    return getattr(image, "tag_v2", {}).get(tag)
