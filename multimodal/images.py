"""Open any picture safely: whatever comes in, an upright RGB picture or one clear line comes out.

    picture = open_image("beach.jpg", needed=224)
    for path in list_pictures("photos/"):
        ...

Pillow decodes. This module settles what Pillow leaves open: which formats are trusted, how large
a picture may be, what stands behind transparent pixels, and what white is in a deep picture. It
changes no global state of Pillow or Python, so that threads may open pictures side by side.
"""

import os
import re
import stat
import threading
import warnings
from collections.abc import Iterable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile

from multimodal.colour_profiles import srgb_levels_of, to_srgb
from multimodal.errors import UserError
from multimodal.pixels import (
    RefusedError,
    array_to_image,
    read_deep_tiff,
    reads_tiff_wrong,
    remember_depth,
    to_rgb,
)

IMAGE_BYTES = (bytes, bytearray, memoryview)
ImageBytes: TypeAlias = bytes | bytearray | memoryview
ImageSource: TypeAlias = str | os.PathLike[str] | ImageBytes | Image.Image | npt.NDArray[Any]
"""What `open_image` reads: a path, the bytes of a picture file, a Pillow picture of any mode, or an
array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of bool, uint8, uint16 or floats from 0 to 1.
"""

MAX_PIXELS = 2**27
"""134 megapixels, 400 MB once decoded: a phone's 108 megapixels pass.

It also bounds what a picture becomes when its shorter side is scaled to what the caller needs.
"""

FORMATS = {
    "JPEG": (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".pjpeg", ".pjp"),
        *(".jpg_large", ".jpg_orig", ".jpg-large", ".jpeg_large"),  # as Twitter names them
    ),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
"""The formats that are read, by Pillow's names, and their endings.

Left out is whatever calls another program (EPS), hides its size from the header (ICO) or turns a
file that was cut off into a blank picture (JPEG 2000).
"""

PICTURE_ENDINGS = frozenset(ending for endings in FORMATS.values() for ending in endings)

_URL = re.compile(r"[a-z][a-z0-9+.-]+:/|data:", re.IGNORECASE)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_QUIET = threading.Lock()


class ImageError(UserError):
    """A picture that cannot be used: `name` says which, `reason` says why.

    Both make one printable line, also where a file name holds line breaks or is a long data URL.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        shown = self.name if self.name.isprintable() and self.name else ascii(self.name)
        if len(shown) > 300:
            shown = f"{shown[:150]}…{shown[-50:]}"
        return f"{shown}: {self.reason}"


def name_of(source: object) -> str:
    """Return what an error calls the source: a path as given, or its kind in angle brackets."""
    match source:
        case str() | os.PathLike():
            return os.fsdecode(source)
        case bytes() | bytearray() | memoryview():
            return "<bytes>"
        case Image.Image():
            return "<picture>"
        case np.ndarray():
            return "<array>"
    return f"<{type(source).__name__}>"


def open_image(
    source: ImageSource,
    *,
    needed: int | None = None,
    name: str | None = None,
    convert: bool = True,
) -> Image.Image:
    """Open a picture: upright, RGB, fully decoded, without metadata, independent of its source.

    Transparent pixels stand on white; of an animation the first frame is taken; deep pixels are
    scaled to 8 bits and rounded.

    Args:
        source: see `ImageSource`. The contents decide the format, never the ending of a file.
        needed: the shorter side, in pixels, to which the caller will scale the picture. A JPEG is
            then decoded at 1/8, 1/4 or 1/2 of its size where both sides stay at least that long.
        name: what to call the source in errors, by default `name_of(source)`.
        convert: whether colours are converted to sRGB at once. False may leave them in the space of
            the profile in `info["icc_profile"]`, which is for callers of `resize`.

    Raises:
        ImageError: the source is missing, unreadable, no picture, damaged, cut off or too large.
    """
    try:
        try:
            return _decode(source, needed, convert)
        except Warning:
            # Only where warnings are errors. Filters belong to the whole process, hence the lock.
            with _QUIET, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _decode(source, needed, convert)
    except Exception as error:  # decoders meet hostile bytes with exceptions of every type
        raise ImageError(name_of(source) if name is None else name, reason_of(error)) from error


def resize(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale an RGB picture, then convert to sRGB what `open_image` left unconverted.

    Args:
        picture: from `open_image`.
        size: width and height.
    """
    picture = _resize(picture, size)
    profile = picture.info.get("icc_profile")
    return to_srgb(picture, profile) if profile else picture


def fit(picture: Image.Image, size: int, *, crop: bool) -> npt.NDArray[np.uint8]:
    """Scale an RGB picture to a square in sRGB, uint8 (size, size, 3).

    Args:
        picture: from `open_image`, converted or not.
        size: pixels of the square's side.
        crop: whether it shows the middle of the picture, or all of it, squashed.
    """
    box = None
    if crop and picture.width != picture.height:
        side = min(picture.size)
        left, top = (picture.width - side) / 2, (picture.height - side) / 2
        box = (left, top, left + side, top + side)
    picture = _resize(picture, (size, size), box)
    profile = picture.info.get("icc_profile")
    levels = srgb_levels_of(picture, profile) if profile else None
    return np.asarray(picture) if levels is None else levels


def _resize(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=3.0)


def count_pixels(source: str | os.PathLike[str] | ImageBytes, *, needed: int | None = None) -> int:
    """How many pixels `open_image` would decode, by the header alone; 0 if it would refuse.

    For callers who open pictures side by side and have to bound the memory that they take.
    """
    try:
        inside = BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else None
        with inside or open_file(name_of(source)) as file:
            image = _read_header(file, needed)
            return image.width * image.height
    except Exception:  # `open_image` will say what is wrong
        return 0


def list_pictures(folder: str | os.PathLike[str]) -> list[Path]:
    """List the files in a folder and below that end like a picture, sorted, hidden ones left out.

    Links to folders are followed, but no folder is listed twice.

    Raises:
        UserError: the folder or one below it cannot be read, or there is no picture in it.
    """

    def refuse(error: OSError) -> None:
        raise ImageError(os.fsdecode(error.filename), reason_of(error)) from error

    pictures: list[Path] = []
    seen: set[Path] = set()
    for root, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        real = Path(root).resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(root, name) for name in files if not name.startswith("."))
        pictures += (path for path in paths if path.suffix.lower() in PICTURE_ENDINGS)
    if not pictures:
        raise ImageError(os.fsdecode(folder), "no picture in this folder or below it")
    return sorted(pictures)


def _decode(source: ImageSource, needed: int | None, convert: bool) -> Image.Image:
    match source:
        case str() | os.PathLike():
            with open_file(os.fsdecode(source)) as file:
                return _upright_rgb(_read_file(file, needed), convert)
        case bytes() | bytearray() | memoryview():
            return _upright_rgb(_read_file(BytesIO(source), needed), convert)
        case Image.Image():
            _check_size(*source.size, needed)
            return _upright_rgb(source, convert)
        case np.ndarray():
            if source.ndim in (2, 3):
                _check_size(source.shape[1], source.shape[0], needed)
            return _upright_rgb(array_to_image(source), convert)
    raise RefusedError("give a path, bytes, a Pillow picture or a NumPy array instead")


def open_file(name: str) -> BinaryIO:
    """Open what can only be a file on a disk.

    Raises:
        RefusedError: it is a URL, a folder or a pipe.
        OSError: it cannot be read.
    """
    if _URL.match(name):
        raise RefusedError("is a URL: download it first, then give the path of the file")
    path = Path(name)
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise RefusedError("is a folder, not a picture")
    if not stat.S_ISREG(mode):  # opening a pipe would wait for its other end
        raise RefusedError("is a pipe, a socket or a device, not a file")
    return path.open("rb")


def _read_file(file: BinaryIO, needed: int | None) -> Image.Image:
    """Read the header of a picture, or all of a TIFF that Pillow cannot decode or gets wrong."""
    try:
        image = _read_header(file, needed)
    except SyntaxError as error:
        if str(error) != "unknown pixel mode":
            raise
        return read_deep_tiff(file, str(error), partial(_check_size, needed=needed))
    if reads_tiff_wrong(image):
        return read_deep_tiff(file, "", partial(_check_size, needed=needed))
    remember_depth(image)
    return image


def _read_header(file: BinaryIO, needed: int | None) -> Image.Image:
    image = identify(file)
    if image is None:
        raise RefusedError(f"is not a picture in a known format ({', '.join(FORMATS)})")
    _check_size(*image.size, needed)
    if needed:
        image.draft(None, (needed, needed))
    return image


def identify(file: BinaryIO, formats: Iterable[str] = FORMATS) -> ImageFile.ImageFile | None:
    """Read the header by the first of some formats that knows the leading bytes, if there is one.

    `PIL.Image.open` would do the same and then warn or raise above a limit that is global to the
    process; whoever calls this sees to the size.

    Raises:
        RefusedError: the file is empty.
    """
    prefix = file.read(16)
    if not prefix:
        raise RefusedError("is empty (0 bytes)")
    file.seek(0)
    for import_formats in (Image.preinit, Image.init):  # the usual ones, then all
        import_formats()
        for format_name in formats:
            factory, accepts = Image.OPEN.get(format_name, (None, None))
            if factory is not None and accepts is not None and accepts(prefix) is True:
                return factory(file, "")
    return None


def _check_size(width: int, height: int, needed: int | None = None) -> None:
    if width < 1 or height < 1:
        raise RefusedError(f"has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise RefusedError(f"is too large ({width} x {height}; at most {MAX_PIXELS} pixels)")
    if max(width, height) * (needed or 0) ** 2 > MAX_PIXELS * min(width, height):
        raise RefusedError(f"is too long and thin ({width} x {height}) to be scaled to {needed}")


def _upright_rgb(image: Image.Image, convert: bool) -> Image.Image:
    image.load()
    # Only now: loading reads the EXIF of a PNG, and turns a TIFF upright by itself.
    orientation = _orientation(image)
    picture = to_rgb(image, convert=convert)
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Warning:  # is for `open_image`, which tries again without
        raise
    except Exception:  # broken metadata is no reason to refuse good pixels
        return None


def reason_of(error: Exception) -> str:
    """Say what an error met in opening a file means, for an `ImageError`."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, (OSError, SyntaxError, ValueError)):
        return f"is damaged or cut off: {' '.join(str(error).split())}"
    return "is damaged or cut off"  # the words of other errors are about a decoder's buffers
