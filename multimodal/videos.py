"""Open any video safely: a folder of frames, a moving picture or a video becomes RGB frames.

    for number, picture in read_video("video.gif", most=32):
        ...

Pillow reads moving pictures, PyAV (FFmpeg) videos. This module settles what both leave open: which
formats are trusted, how much may be decoded, and which frames of a long video are seen.
"""

import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from math import atan2, degrees
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

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
from multimodal.tone_mapping import HLG, PQ, tone_mapped

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MOVING_PICTURES = ("GIF", "PNG", "WEBP", "AVIF")
"""Pillow's names of the formats that may hold several frames; a single one is a video as well."""

VIDEOS = ("asf", "avi", "flv", "ivf", "matroska", "mov", "mpeg", "mpegts", "ogg", "webm")
"""FFmpeg's names of the containers that are read: none that refers to other files or addresses."""

VIDEO_ENDINGS = frozenset(
    [ending for format_name in MOVING_PICTURES for ending in FORMATS[format_name]]
    + [".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts"]
    + [".ogv", ".flv", ".wmv", ".ivf"]
)

MOST_FRAMES, MOST_PIXELS, MOST_MOVING_PIXELS = 2**16, 2**25, 2**34
"""Of a whole file, of one frame (8K passes), of all frames: five minutes of full HD."""


_QUARTERS = (
    None,
    Image.Transpose.ROTATE_270,  # Pillow's turns are anticlockwise
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_90,
)


class Frame(NamedTuple):
    """One frame of a video.

    Attributes:
        number: its place in the video, from 1.
        picture: upright, RGB, of its own size.
    """

    number: int
    picture: Image.Image


def is_video(path: str | os.PathLike[str]) -> bool:
    """Whether a path looks like a video: a folder, or a file with the ending of one."""
    return Path(path).is_dir() or Path(path).suffix.lower() in VIDEO_ENDINGS


def read_video(source: str | os.PathLike[str], most: int) -> Iterator[Frame]:
    """Read frames of a video, one after the other; of many, some at equal distances.

    Args:
        source: a folder of pictures, whose frames are its files in the order of the numbers in
            their names; a moving picture (GIF, APNG, WebP, AVIF); or a video. The contents of a
            file decide its format, never its ending.
        most: how many frames to give at most, the first and the last among them; the last alone
            for 1.

    Raises:
        ImageError: it is missing, unreadable, no video, damaged, cut off, too large or too long.
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
    # Frames are counted ahead, without decoding them where every packet is sure to be a frame.
    with _video(file) as (container, stream):
        count, sure = _count_packets(container, stream)
        _check(count, stream.codec_context.width, stream.codec_context.height)
    if count > most and not sure:
        with _video(file) as (container, stream):
            count = sum(1 for _ in _decoded(container, stream)) or count
    wanted = set(evenly(count, most))
    place, frame = -1, None
    with _video(file) as (container, stream):
        for place, frame in enumerate(_decoded(container, stream)):
            if place in wanted:
                yield Frame(place + 1, _upright(frame))
    if frame is None:
        raise RefusedError("holds no frame that can be decoded")
    if place < max(wanted) and place not in wanted:
        yield Frame(place + 1, _upright(frame))


def _count_packets(container: "InputContainer", stream: "VideoStream") -> tuple[int, bool]:
    """How many packets a video has, and whether each of them is sure to become one frame.

    Where a video was cut out of another, its first frames lack what they are told by, or an edit
    list leaves them out; two packets at one moment are two halves of a frame.
    """
    packets = islice(container.demux(stream), MOST_FRAMES + 1)
    moments: list[int | None] = []
    sure = True
    for packet in packets:
        if packet.size:
            sure &= not (packet.is_discard or packet.is_corrupt or packet.pts is None)
            sure &= packet.is_keyframe or bool(moments)
            moments.append(packet.pts)
    return len(moments), sure and len(set(moments)) == len(moments)


def _decoded(container: "InputContainer", stream: "VideoStream") -> "Iterator[VideoFrame]":
    """Every frame; a packet without bytes, by which Theora says that nothing changed, is none."""
    for packet in container.demux(stream):
        if packet.size:
            yield from stream.decode(packet)
    yield from stream.decode(None)


@contextmanager
def _video(file: BinaryIO) -> "Iterator[tuple[InputContainer, VideoStream]]":
    import av

    file.seek(0)
    options = {"format_whitelist": ",".join(VIDEOS), "protocol_whitelist": ""}
    try:
        with av.open(file, "r", container_options=options, metadata_errors="replace") as container:
            stream = _video_stream(container)
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield container, stream
    except av.FFmpegError as error:
        raise RefusedError(
            f"is no video in a known format, or is damaged ({error.strerror})"
        ) from error


def _video_stream(container: "InputContainer") -> "VideoStream":
    """The video among several streams of pictures, as ffmpeg chooses it: the largest.

    A cover, which music players show, is the video only where there is nothing else.
    """
    from av.stream import Disposition

    if not container.streams.video:
        raise RefusedError("holds no pictures, only sound")
    return max(
        container.streams.video,
        key=lambda stream: (
            not stream.disposition & Disposition.attached_pic,
            stream.codec_context.width * stream.codec_context.height,
        ),
    )


def _upright(frame: "VideoFrame") -> Image.Image:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    picture = _picture(frame)
    return (
        picture if matrix is None else _turned(picture, struct.unpack("=9i", cast("bytes", matrix)))
    )


def _picture(frame: "VideoFrame") -> Image.Image:
    """RGB: light beyond white is mapped down to it, and what is transparent stands on white."""
    if frame.color_trc in (PQ, HLG):
        rgb = frame.reformat(format="rgb48le").to_ndarray().astype(np.uint16, copy=False)
        return Image.fromarray(tone_mapped(rgb, frame.color_trc))
    if any(component.is_alpha for component in frame.format.components):
        return open_image(Image.fromarray(frame.reformat(format="rgba").to_ndarray()))
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return picture


def _turned(picture: Image.Image, matrix: tuple[int, ...]) -> Image.Image:
    """Show a picture as a display matrix says.

    Args:
        picture: as it is stored.
        matrix: of libavutil/display.h, (a, b, u, c, d, v, x, y, w): what is stored at (p, q), to
            the right and downwards, is shown at (a p + c q, b p + d q), but for a shift.
    """
    a, b, _, c, d = matrix[:5]
    mirrored = a * d - b * c < 0
    if mirrored:
        picture, a, b = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), -a, -b
    clockwise = degrees(atan2(b, a))
    quarters = round(clockwise / 90)
    if abs(clockwise - 90 * quarters) < 1:  # a degree, below which ffmpeg turns nothing
        turn = _QUARTERS[quarters % 4]
        return picture if turn is None else picture.transpose(turn)
    return picture.rotate(-clockwise, Image.Resampling.BICUBIC, expand=True)


def _check(count: int, width: int, height: int) -> None:
    if count < 1 or width < 1 or height < 1:
        raise RefusedError(f"holds nothing to see ({count} frames of {width} x {height})")
    if width * height > MOST_PIXELS:
        raise RefusedError(f"is too large ({width} x {height}; at most {MOST_PIXELS} pixels)")
    if count > MOST_FRAMES or count * width * height > MOST_MOVING_PIXELS:
        raise RefusedError(f"is too long ({count} frames of {width} x {height}): cut it first")
