import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from multimodal import videos
from multimodal.images import ImageError
from multimodal.videos import evenly, is_video, read_video

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
    return [(number, picture.getpixel((3, 3))[0]) for number, picture in read_video(path, most)]


def reason(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        list(read_video(path, 8))
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
    frames = list(read_video(clip, 3))
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
    last = list(read_video(path, 2))[-1].picture
    assert last.getpixel((2, 2)) == (0, 0, 0)
    assert last.getpixel((15, 15)) == (255, 255, 255)


def test_transparent_pixels_stand_on_white(tmp_path):
    frames = [Image.new("RGBA", (8, 8), (200, 0, 0, alpha)) for alpha in (0, 255)]
    path = tmp_path / "clear.png"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert [f.picture.getpixel((1, 1)) for f in read_video(path, 2)] == [
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


COLOURS = {"R": (255, 0, 0), "G": (0, 255, 0), "B": (0, 0, 255), "Y": (255, 255, 0)}


def quarters(width=64, height=48) -> Image.Image:
    """Red and green above blue and yellow."""
    picture = Image.new("RGB", (2, 2))
    picture.putdata(list(COLOURS.values()))
    return picture.resize((width, height), Image.Resampling.NEAREST)


def corners(picture: Image.Image) -> str:
    """The colours in the corners, as they are read."""
    places = [(x, y) for y in (4, picture.height - 5) for x in (4, picture.width - 5)]
    seen = [np.array(picture.getpixel(place)) for place in places]
    return "".join(
        min(COLOURS, key=lambda name: abs(np.array(COLOURS[name]) - colour).sum())
        for colour in seen
    )


def turned(path: Path, *matrix: float) -> Path:
    """A film of `quarters` with (a, b, c, d) of a display matrix in the head of its track."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_image(quarters())))
        container.mux(stream.encode())
    data = path.read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    place = data.index(straight, data.index(b"tkhd"))
    wanted = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:place] + wanted + data[place + len(straight) :])
    return path


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), "RGBY"),
        ((-1, 0, 0, 1), "GRYB"),  # mirrored left to right
        ((1, 0, 0, -1), "BYRG"),  # on its head in a mirror
        ((-1, 0, 0, -1), "YBGR"),
        ((0, 1, -1, 0), "BRYG"),  # a quarter clockwise: left comes to the top
        ((0, -1, 1, 0), "GYRB"),
        ((0, 1, 1, 0), "RBGY"),
        ((0, -1, -1, 0), "YGBR"),
        ((0, 2, -2, 0), "BRYG"),  # enlarged, which is no matter of orientation
        ((0, 0, 0, 0), "RGBY"),  # says nothing
    ],
)
def test_a_film_is_shown_as_its_display_matrix_says(matrix, shown, tmp_path):
    """The eight orientations, as ffmpeg 9 shows them."""
    (frame,) = read_video(turned(tmp_path / "film.mp4", *matrix), 1)
    assert corners(frame.picture) == shown
    assert frame.picture.size == ((48, 64) if matrix[1] else (64, 48))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_film_may_lie_aslant(mirrored, tmp_path):
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    side = -1 if mirrored else 1
    (frame,) = read_video(turned(tmp_path / "film.mp4", side * cos, side * sin, -sin, cos), 1)
    picture = frame.picture
    assert picture.size == (80, 74)  # 64 cos + 48 sin, 64 sin + 48 cos
    left, right = (max(picture.getpixel((x, 37))) for x in (2, 77))
    assert left == right == 0  # what the film does not cover
    upper = [picture.getpixel(place) for place in ((33, 8), (60, 30))]  # its red, then its green
    red, green = (1, 0) if mirrored else (0, 1)
    assert upper[green][1] > 200 > 60 > upper[green][0]
    if not mirrored:
        assert upper[red][0] > 200 > 60 > upper[red][1]


def remuxed(source: Path, path: Path, first=0, shift=0) -> Path:
    """The packets of a film from the first-th on, shown earlier by some frames."""
    with av.open(str(source)) as film, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(film.streams.video[0])
        for number, packet in enumerate(film.demux(video=0)):
            if packet.size and number >= first:
                step = packet.duration or 1
                packet.pts, packet.dts = packet.pts - shift * step, packet.dts - shift * step
                packet.stream = stream
                container.mux(packet)
    return path


def long_film(path: Path, codec="libx264", frames=60, **options) -> Path:
    """A film whose n-th frame has the grey 4 n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        stream.gop_size, stream.max_b_frames = 12, 2
        for grey in range(4, 4 * frames + 4, 4):
            frame = av.VideoFrame.from_image(Image.new("RGB", (32, 24), (grey,) * 3))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_film_that_begins_amid_another_is_read_from_its_first_whole_frame(tmp_path):
    path = remuxed(long_film(tmp_path / "whole.mkv"), tmp_path / "cut.ts", first=3)
    every = seen(path)
    assert [number for number, _ in every] == list(range(1, 50))  # from the 12th, a key frame
    assert [grey for _, grey in every] == pytest.approx(range(48, 244, 4), abs=4)
    assert [number for number, _ in seen(path, 6)] == [1, 11, 20, 30, 39, 49]
    assert seen(path, 1) == every[-1:]


def test_frames_that_an_edit_list_leaves_out_are_not_seen(tmp_path):
    path = remuxed(long_film(tmp_path / "whole.mp4"), tmp_path / "edited.mp4", shift=20)
    every = seen(path)
    assert [number for number, _ in every] == list(range(1, 41))
    assert every[0][1] == pytest.approx(84, abs=4)
    assert [number for number, _ in seen(path, 4)] == [1, 14, 27, 40]


def test_every_frame_counts_once_however_long_it_is_shown(tmp_path):
    path = tmp_path / "slides.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "gray"
        for moment, grey in [(0, 20), (4000, 60), (4010, 90), (9000, 200)]:
            frame = av.VideoFrame.from_image(Image.new("L", (32, 24), grey).convert("RGB"))
            frame.pts = moment
            container.mux(stream.encode(frame.reformat(format="gray")))
        container.mux(stream.encode())
    assert seen(path) == [(1, 20), (2, 60), (3, 90), (4, 200)]


def test_of_several_films_in_one_file_the_largest_is_seen(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=10) for _ in range(2)]
        for stream, size in zip(streams, [(16, 16), (32, 24)], strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for grey in GREYS:
            for stream in streams:
                picture = Image.new("RGB", (stream.width, stream.height), (grey,) * 3)
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        for stream in streams:
            container.mux(stream.encode())
    frames = list(read_video(path, 99))
    assert len(frames) == 11
    assert {frame.picture.size for frame in frames} == {(32, 24)}


def test_a_cover_is_no_film_beside_one():
    from types import SimpleNamespace

    from av.stream import Disposition

    def stream(size: int, disposition: Disposition) -> SimpleNamespace:
        context = SimpleNamespace(width=size, height=size)
        return SimpleNamespace(disposition=disposition, codec_context=context)

    cover = stream(600, Disposition.attached_pic | Disposition.default)
    film = stream(64, Disposition.default)
    for streams in ([cover, film], [film, cover]):
        container = SimpleNamespace(streams=SimpleNamespace(video=streams))
        assert videos._video_stream(container) is film
    alone = SimpleNamespace(streams=SimpleNamespace(video=[cover]))
    assert videos._video_stream(alone) is cover


def test_a_packet_without_bytes_is_no_frame(tmp_path):
    """Theora says by it that nothing changed; PyAV 18 takes it for an error, or for the end."""
    from types import SimpleNamespace

    with av.open(str(video(tmp_path / "film.avi"))) as film:
        packets = list(film.demux(video=0))
        packets.insert(4, av.Packet())
        container = SimpleNamespace(demux=lambda _: packets)
        assert len(list(videos._decoded(container, film.streams.video[0]))) == 11


@pytest.mark.parametrize(
    ("codec", "pixels", "size"),
    [
        ("libx264", "yuv444p", (33, 25)),
        ("mjpeg", "yuvj420p", (33, 25)),
        ("libx264", "yuv420p10le", (32, 24)),
        ("libvpx-vp9", "yuv420p", (33, 25)),
        ("ffv1", "yuv444p12le", (31, 23)),
        ("ffv1", "gbrp16le", (31, 23)),
        ("ffv1", "gray10le", (31, 23)),
    ],
)
def test_odd_sizes_and_deep_pixels_keep_their_greys(codec, pixels, size, tmp_path):
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        for picture in pictures(size=size):
            frame = av.VideoFrame.from_image(picture).reformat(format=pixels)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    frames = list(read_video(path, 99))
    assert {frame.picture.size for frame in frames} == {size}
    for place in ((0, 0), (size[0] - 1, size[1] - 1)):
        greys = [frame.picture.getpixel(place)[1] for frame in frames]
        assert greys == pytest.approx(GREYS, abs=3)


def test_what_is_transparent_in_a_film_stands_on_white(tmp_path):
    path = tmp_path / "film.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "argb"
        levels = np.zeros((24, 32, 4), np.uint8)
        levels[:, 16:, 0] = 255  # opaque black on the right
        container.mux(stream.encode(av.VideoFrame.from_ndarray(levels, "argb")))
        container.mux(stream.encode())
    (frame,) = read_video(path, 1)
    assert frame.picture.getpixel((4, 4)) == (255, 255, 255)
    assert frame.picture.getpixel((28, 4)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("transfer", "signal", "level"),
    [  # white is signal 0.58 in PQ and 0.75 in HLG (BT.2408); its light goes through the knee
        (16, 0.5807, 244),
        (18, 0.75, 244),
        (16, 0.4109, 118),  # 36.5 nits are 18 % grey
        (18, 0.4362, 118),
        (16, 0.0, 0),
        (18, 1.0, 255),
    ],
)
def test_a_film_of_high_dynamic_range_has_paper_white(transfer, signal, level, tmp_path):
    path = tmp_path / "film.mkv"
    luma = np.full((24, 32), round(64 + 876 * signal), np.uint16)
    planes = np.stack([luma, np.full_like(luma, 512), np.full_like(luma, 512)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv444p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = transfer, 9, 9
        context.color_range = 1
        frame = av.VideoFrame(32, 24, "yuv444p10le")
        for plane, values in zip(frame.planes, planes, strict=True):
            padded = np.zeros((24, plane.line_size // 2), np.uint16)
            padded[:, :32] = values
            plane.update(padded.tobytes())
        frame.color_trc, frame.color_primaries, frame.colorspace = transfer, 9, 9
        frame.color_range = 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (frame,) = read_video(path, 1)
    assert frame.picture.getpixel((9, 9)) == pytest.approx((level,) * 3, abs=3)


def test_what_looks_like_a_clip(tmp_path):
    assert is_video(tmp_path)
    assert is_video("film.GIF")
    assert is_video(Path("film.mkv"))
    assert not is_video("drawing.svg")
    assert not is_video("photo.jpg")


# ---- what is refused ----


def test_a_missing_clip_is_named(tmp_path):
    assert reason(tmp_path / "gone.gif") == "no such file or directory"


def test_an_address_is_not_fetched():
    with pytest.raises(ImageError, match="is a URL: download it first"):
        list(read_video("https://example.org/film.mp4", 8))


def test_a_folder_without_frames_is_refused(tmp_path):
    assert reason(tmp_path) == "no frame in this folder: it holds no picture"


def test_a_broken_frame_of_a_folder_is_named_itself(tmp_path):
    place = folder(tmp_path / "frames")
    (place / "frame3.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"frame3\.png: is not a picture"):
        list(read_video(place, 100))


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_what_is_empty_or_something_else_is_refused(tmp_path, ending):
    path = tmp_path / f"film{ending}"
    path.touch()
    assert reason(path) == "is empty (0 bytes)"
    path.write_bytes(b"a letter, and no film at all. " * 40)
    assert "is no video in a known format" in reason(path)


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
        assert "is no video in a known format" in reason(path)


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
    monkeypatch.setattr(videos, "MOST_FRAMES", 10)
    assert reason(path) == "is too long (11 frames of 32 x 24): cut it first"
    monkeypatch.undo()
    monkeypatch.setattr(videos, "MOST_MOVING_PIXELS", 11 * 32 * 24 - 1)
    assert "is too long" in reason(path)


def test_a_video_that_grows_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    path = video(tmp_path / "film.mkv")
    monkeypatch.setattr(videos, "MOST_PIXELS", 32 * 24 - 1)
    assert reason(path).startswith("is too large (32 x 24")


def test_files_are_closed_when_nobody_reads_on(tmp_path):
    path = moving(tmp_path / "film.gif")
    frames = read_video(path, 8)
    next(frames)
    frames.close()  # a file left open would be a ResourceWarning, here an error
    path.write_bytes(io.BytesIO(b"other").getvalue())
    assert path.read_bytes() == b"other"
