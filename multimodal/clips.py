"""Open any clip safely: a folder of frames, a moving picture or a video becomes RGB frames.

    for number, picture in read_clip("film.gif", most=32):
        ...

Pillow reads moving pictures, PyAV (FFmpeg) videos. This module settles what both leave open: which
formats are trusted, how much may be decoded, and which frames of a long clip are seen.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageFile

from multimodal.errors import UserError
from multimodal.images import (
    FORMATS,
    PICTURE_ENDINGS,
    ImageError,
    identify,
    open_file,
    open_image,
    reason_of,
)
from multimodal.pixels import RefusedError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MOVING_PICTURES = ("GIF", "PNG", "WEBP", "AVIF")
"""Pillow's names of the formats that may hold several frames; a single one is a clip as well."""

VIDEOS = ("asf", "avi", "flv", "ivf", "matroska", "mov", "mpeg", "mpegts", "ogg", "webm")
"""FFmpeg's names of the containers that are read: none that refers to other files or addresses."""

CLIP_ENDINGS = frozenset(
    [ending for format_name in MOVING_PICTURES for ending in FORMATS[format_name]]
    + [".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts"]
    + [".ogv", ".flv", ".wmv", ".ivf"]
)

MOST_FRAMES, MOST_PIXELS, MOST_MOVING_PIXELS = 2**16, 2**25, 2**34
"""Of a whole file, of one frame (8K passes), of all frames: five minutes of full HD."""


class Frame(NamedTuple):
    """One frame of a clip.

    Attributes:
        number: its place in the clip, from 1.
        picture: upright, RGB, of its own size.
    """

    number: int
    picture: Image.Image


def is_clip(path: str | os.PathLike[str]) -> bool:
    """Whether a path looks like a clip: a folder, or a file with the ending of one."""
    return Path(path).is_dir() or Path(path).suffix.lower() in CLIP_ENDINGS


def read_clip(source: str | os.PathLike[str], most: int) -> Iterator[Frame]:
    """Read frames of a clip, one after the other; of many, some at equal distances.

    Args:
        source: a folder of pictures, whose frames are its files in the order of the numbers in
            their names; a moving picture (GIF, APNG, WebP, AVIF); or a video. The contents of a
            file decide its format, never its ending.
        most: how many frames to give at most, the first and the last among them; the last alone
            for 1.

    Raises:
        ImageError: it is missing, unreadable, no clip, damaged, cut off, too large or too long.
    """
    path = Path(source)
    with _errors(os.fsdecode(source)):
        if path.is_dir():
            yield from _of_folder(path, most)
            return
        with open_file(os.fsdecode(source)) as file:
            image = identify(file, MOVING_PICTURES)
            if image is None:
                yield from _of_video(file, most)
            else:
                yield from _of_picture(image, most, os.fsdecode(source))


def evenly(count: int, most: int) -> list[int]:
    """Numbers from 0 to below `count`, at most `most`, at equal distances, with both ends."""
    if most == 1:
        return [count - 1]
    places: list[int] = np.rint(np.linspace(0, count - 1, min(count, most))).astype(int).tolist()
    return places


@contextmanager
def _errors(name: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # decoders meet hostile bytes with exceptions of every type
        raise ImageError(name, reason_of(error)) from error


def _of_folder(folder: Path, most: int) -> Iterator[Frame]:
    frames = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS),
        key=lambda path: _by_number(path.name),
    )
    frames = [path for path in frames if not path.name.startswith(".")]
    if not frames:
        raise RefusedError("no frame in this folder: it holds no picture")
    for place in evenly(len(frames), most):
        yield Frame(place + 1, open_image(frames[place]))


def _by_number(name: str) -> list[tuple[int, str]]:
    """Sorts frame2 before frame10."""
    return [(int(part or 0), text) for text, part in re.findall(r"(\D*)(\d*)", name)]


def _of_picture(image: ImageFile.ImageFile, most: int, name: str) -> Iterator[Frame]:
    count = getattr(image, "n_frames", 1)
    _check(count, *image.size)
    for place in evenly(count, most):
        image.seek(place)
        yield Frame(place + 1, open_image(image, name=name))


def _of_video(file: BinaryIO, most: int) -> Iterator[Frame]:
    # Frames are counted ahead, without decoding them: what a file says of itself may be wrong.
    with _video(file) as (container, stream):
        packets = islice(container.demux(stream), MOST_FRAMES + 1)
        count = sum(packet.size > 0 for packet in packets)
        _check(count, stream.codec_context.width, stream.codec_context.height)
    wanted = set(evenly(count, most))
    place, frame = -1, None
    with _video(file) as (container, stream):
        for place, frame in enumerate(container.decode(stream)):
            if place in wanted:
                yield Frame(place + 1, _upright(frame))
    if frame is None:
        raise RefusedError("holds no frame that can be decoded")
    if place < max(wanted):  # not every packet was a frame
        yield Frame(place + 1, _upright(frame))


@contextmanager
def _video(file: BinaryIO) -> "Iterator[tuple[InputContainer, VideoStream]]":
    import av

    file.seek(0)
    options = {"format_whitelist": ",".join(VIDEOS), "protocol_whitelist": ""}
    try:
        with av.open(file, "r", container_options=options, metadata_errors="replace") as container:
            if not container.streams.video:
                raise RefusedError("holds no pictures, only sound")
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield container, stream
    except av.FFmpegError as error:
        raise RefusedError(
            f"is no clip in a known format, or is damaged ({error.strerror})"
        ) from error


def _upright(frame: "VideoFrame") -> Image.Image:
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return picture.rotate(frame.rotation, expand=True)


def _check(count: int, width: int, height: int) -> None:
    if count < 1 or width < 1 or height < 1:
        raise RefusedError(f"holds nothing to see ({count} frames of {width} x {height})")
    if width * height > MOST_PIXELS:
        raise RefusedError(f"is too large ({width} x {height}; at most {MOST_PIXELS} pixels)")
    if count > MOST_FRAMES or count * width * height > MOST_MOVING_PIXELS:
        raise RefusedError(f"is too long ({count} frames of {width} x {height}): cut it first")
