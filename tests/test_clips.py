import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from multimodal import clips
from multimodal.clips import evenly, is_clip, read_clip
from multimodal.images import ImageError

GREYS = tuple(range(20, 240, 20))


def pictures(greys=GREYS, size=(32, 24)) -> list[Image.Image]:
    """One frame for each level of grey."""
    return [Image.new("RGB", size, (grey,) * 3) for grey in greys]


def moving(path: Path, greys=GREYS, **options) -> Path:
    first, *others = pictures(greys)
    first.save(path, save_all=True, append_images=others, duration=40, **options)
    return path


def video(path: Path, greys=GREYS, codec="mpeg4", size=(32, 24)) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for picture in pictures(greys, size):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


def folder(path: Path, greys=GREYS) -> Path:
    path.mkdir()
    for number, picture in enumerate(pictures(greys), 1):
        picture.save(path / f"frame{number}.png")
    return path


def seen(path: Path, most: int = 100) -> list[tuple[int, int]]:
    """Numbers and greys of the frames of a clip."""
    return [(number, picture.getpixel((3, 3))[0]) for number, picture in read_clip(path, most)]


def reason(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        list(read_clip(path, 8))
    assert caught.value.name == str(path)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value.reason


KINDS = {
    "folder": lambda place: folder(place / "frames"),
    "gif": lambda place: moving(place / "film.gif"),
    "apng": lambda place: moving(place / "film.png"),
    "webp": lambda place: moving(place / "film.webp", lossless=True),
    "mp4": lambda place: video(place / "film.mp4"),
    "mkv": lambda place: video(place / "film.mkv", codec="ffv1"),
    "avi": lambda place: video(place / "film.avi"),
}


@pytest.fixture(params=KINDS)
def clip(request, tmp_path) -> Path:
    """A clip of eleven greys, of every kind."""
    return KINDS[request.param](tmp_path)


# ---- frames ----


def test_every_frame_is_read_in_its_order(clip):
    numbers, greys = zip(*seen(clip), strict=True)
    assert numbers == tuple(range(1, 12))
    assert greys == pytest.approx(GREYS, abs=3)  # a lossy codec's


def test_of_many_frames_some_are_read_at_equal_distances(clip):
    numbers, greys = zip(*seen(clip, 6), strict=True)
    assert numbers == (1, 3, 5, 7, 9, 11)
    assert greys == pytest.approx(GREYS[::2], abs=3)


def test_frames_are_upright_rgb_of_their_own_size(clip):
    frames = list(read_clip(clip, 3))
    assert {(picture.mode, picture.size) for _, picture in frames} == {("RGB", (32, 24))}


def test_one_frame_is_the_last(clip):
    assert [number for number, _ in seen(clip, 1)] == [11]


@given(st.integers(1, 5000), st.integers(2, 100))
def test_evenly_has_both_ends_and_nearly_equal_distances(count, most):
    places = evenly(count, most)
    assert len(places) == min(count, most)
    assert places[0] == 0
    assert places[-1] == count - 1
    steps = np.diff(places)
    if len(steps):
        assert steps.min() >= 1
        assert np.ptp(steps) <= 1


def test_frames_that_only_say_what_changes_are_put_together(tmp_path):
    first = Image.new("RGB", (20, 20), "white")
    second = first.copy()
    second.paste((0, 0, 0), (0, 0, 5, 5))
    path = tmp_path / "growing.gif"
    first.save(path, save_all=True, append_images=[second], disposal=1)
    last = list(read_clip(path, 2))[-1].picture
    assert last.getpixel((2, 2)) == (0, 0, 0)
    assert last.getpixel((15, 15)) == (255, 255, 255)


def test_transparent_pixels_stand_on_white(tmp_path):
    frames = [Image.new("RGBA", (8, 8), (200, 0, 0, alpha)) for alpha in (0, 255)]
    path = tmp_path / "clear.png"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert [f.picture.getpixel((1, 1)) for f in read_clip(path, 2)] == [
        (255, 255, 255),
        (200, 0, 0),
    ]


def test_a_still_picture_is_a_clip_of_one_frame(tmp_path):
    path = tmp_path / "still.png"
    pictures([80])[0].save(path)
    assert seen(path) == [(1, 80)]


def test_the_frames_of_a_folder_are_in_the_order_of_their_numbers(tmp_path):
    place = folder(tmp_path / "frames")  # frame1, frame2, … frame11: not the order of letters
    (place / ".hidden.png").write_bytes(b"")
    (place / "notes.txt").write_text("no frame")
    assert [grey for _, grey in seen(place)] == list(GREYS)


def test_the_contents_decide_and_not_the_ending(tmp_path):
    assert len(seen(moving(tmp_path / "film.gif").rename(tmp_path / "film.mp4"))) == 11
    assert len(seen(video(tmp_path / "other.mp4").rename(tmp_path / "other.gif"))) == 11


def test_a_turned_video_is_put_upright(tmp_path):
    """A phone lays its camera's picture down and says by how much to turn it."""
    wide = Image.new("RGB", (64, 32), "black")
    wide.paste((255, 255, 255), (0, 0, 32, 32))  # white on the left
    path = tmp_path / "lying.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_image(wide)))
        container.mux(stream.encode())
    matrix = path.read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    track = matrix.index(b"tkhd")
    place = matrix.index(straight, track)
    path.write_bytes(matrix[:place] + quarter + matrix[place + len(straight) :])
    (frame,) = read_clip(path, 1)
    assert frame.picture.size == (32, 64)
    assert frame.picture.getpixel((16, 10))[0] > 200  # turned clockwise: left came to the top
    assert frame.picture.getpixel((16, 54))[0] < 50


def test_what_looks_like_a_clip(tmp_path):
    assert is_clip(tmp_path)
    assert is_clip("film.GIF")
    assert is_clip(Path("film.mkv"))
    assert not is_clip("drawing.svg")
    assert not is_clip("photo.jpg")


# ---- what is refused ----


def test_a_missing_clip_is_named(tmp_path):
    assert reason(tmp_path / "gone.gif") == "no such file or directory"


def test_an_address_is_not_fetched():
    with pytest.raises(ImageError, match="is a URL: download it first"):
        list(read_clip("https://example.org/film.mp4", 8))


def test_a_folder_without_frames_is_refused(tmp_path):
    assert reason(tmp_path) == "no frame in this folder: it holds no picture"


def test_a_broken_frame_of_a_folder_is_named_itself(tmp_path):
    place = folder(tmp_path / "frames")
    (place / "frame3.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"frame3\.png: is not a picture"):
        list(read_clip(place, 100))


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_what_is_empty_or_something_else_is_refused(tmp_path, ending):
    path = tmp_path / f"film{ending}"
    path.touch()
    assert reason(path) == "is empty (0 bytes)"
    path.write_bytes(b"a letter, and no film at all. " * 40)
    assert "is no clip in a known format" in reason(path)


@pytest.mark.parametrize("kind", ["gif", "apng", "webp", "mp4", "avi"])
def test_a_clip_that_was_cut_off_is_refused_or_shorter_but_no_crash(kind, tmp_path):
    path = KINDS[kind](tmp_path)
    whole = path.read_bytes()
    for share in (0.02, 0.3, 0.6):
        path.write_bytes(whole[: int(share * len(whole))])
        named = False
        try:
            shown = len(seen(path))
        except ImageError as error:
            named = str(path) in str(error)
        assert named or 1 <= shown <= 11


def test_a_playlist_cannot_make_other_files_be_opened(tmp_path):
    film = video(tmp_path / "film.mp4")
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{film.as_uri()}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{film}'\n",
    ):
        path = tmp_path / "list.mp4"
        path.write_text(text)
        assert "is no clip in a known format" in reason(path)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "song.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert reason(path) == "holds no pictures, only sound"


def test_a_canvas_beyond_all_measure_is_refused_before_it_is_made(tmp_path):
    data = bytearray(moving(tmp_path / "film.gif").read_bytes())
    data[6:10] = struct.pack("<HH", 60000, 60000)
    (tmp_path / "bomb.gif").write_bytes(data)
    assert reason(tmp_path / "bomb.gif").startswith("is too large (60000 x 60000")


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_clip_that_is_too_long_is_refused(kind, tmp_path, monkeypatch):
    path = KINDS[kind](tmp_path)
    monkeypatch.setattr(clips, "MOST_FRAMES", 10)
    assert reason(path) == "is too long (11 frames of 32 x 24): cut it first"
    monkeypatch.undo()
    monkeypatch.setattr(clips, "MOST_MOVING_PIXELS", 11 * 32 * 24 - 1)
    assert "is too long" in reason(path)


def test_a_video_that_grows_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    path = video(tmp_path / "film.mkv")
    monkeypatch.setattr(clips, "MOST_PIXELS", 32 * 24 - 1)
    assert reason(path).startswith("is too large (32 x 24")


def test_files_are_closed_when_nobody_reads_on(tmp_path):
    path = moving(tmp_path / "film.gif")
    frames = read_clip(path, 8)
    next(frames)
    frames.close()  # a file left open would be a ResourceWarning, here an error
    path.write_bytes(io.BytesIO(b"other").getvalue())
    assert path.read_bytes() == b"other"
