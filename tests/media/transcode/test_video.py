"""Films: what is said of them, the picture taken out, and the container."""

import io
from fractions import Fraction

import av
import pytest
from msgspec.structs import replace
from PIL import Image

from converters.files.media import Shape
from streams.media.transcode import video_encoding
from streams.media.transcode.request import Transcoded, TranscodeFailed
from tests.media.transcode.conftest import LIMITS, Press
from tests.media.transcode.samples import SOUND, colour_at, film, sine

SHAPE = Shape(formats=("mp4",), thumbnail=Shape(formats=("jpeg",), box=(80, 80), inline=8_000))


def made(found: Transcoded | TranscodeFailed) -> Transcoded:
    assert isinstance(found, Transcoded), found
    return found


def pictures(data: bytes) -> list[Image.Image]:
    with av.open(io.BytesIO(data), "r", format="mov") as container:
        return [frame.to_image() for frame in container.decode(video=0)]


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_an_mp4_goes_untouched_and_is_described(codec: str, press: Press) -> None:
    data = film("mp4", codec, sound="aac")
    one = made(press(data, "video", SHAPE, alone=True))
    assert one.path.read_bytes() == data
    assert (one.format, one.width, one.height) == ("mp4", 160, 96)
    assert one.duration == pytest.approx(1_000, abs=30)
    assert one.thumbnail is not None
    red = colour_at(Image.open(one.thumbnail.path).convert("RGB"), 10, 10)
    assert red[0] > 200 > 60 > max(red[1:])
    assert (one.thumbnail.width, one.thumbnail.height) == (80, 48)


def test_a_film_of_quicktime_becomes_an_mp4_and_no_picture_is_lost(press: Press) -> None:
    data = film("mov", "libx264", sound="aac")
    one = made(press(data, "video", SHAPE, alone=True))
    assert (one.source_format, one.format, one.path.name) == ("mov", "mp4", "made")
    before, after = pictures(data), pictures(one.path.read_bytes())
    assert [each.tobytes() for each in before] == [each.tobytes() for each in after]
    with av.open(io.BytesIO(one.path.read_bytes()), "r", format="mov") as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= 48_000
        assert container.metadata["major_brand"] == "isom"


def streams(one: Transcoded) -> tuple[str, str]:
    """Codecs of pictures and sound."""
    with av.open(io.BytesIO(one.path.read_bytes()), "r", format="mov") as container:
        return container.streams.video[0].codec_context.name, "".join(each.codec_context.name for each in container.streams.audio[:1])


@pytest.mark.parametrize(
    ("muxer", "codec", "sound", "pixels"),
    [
        ("webm", "libvpx", "libopus", "yuv420p"),
        ("webm", "libvpx-vp9", "libopus", "yuv420p"),
        ("webm", "libvpx", "", "yuv420p"),
        ("matroska", "libx264", "pcm_s16le", "yuv420p"),
        ("mov", "mjpeg", "pcm_s16be", "yuvj420p"),
        ("mov", "libx264", "pcm_s24le", "yuv444p"),
        ("mp4", "libvpx-vp9", "aac", "yuv420p"),
        ("mp4", "libx264", "libopus", "yuv420p"),
        ("mp4", "libx264", "aac", "yuv422p"),
        ("3gp", "h263", "libopencore_amrnb", "yuv420p"),
    ],
)
def test_what_phones_do_not_play_becomes_h264_and_aac(muxer: str, codec: str, sound: str, pixels: str, press: Press) -> None:
    data = film(muxer, codec, sound=sound, pixels=pixels, size=(176, 144) if codec == "h263" else (160, 96), count=25)
    one = made(press(data, "video", SHAPE, alone=True))
    assert (one.path.name, one.format) == ("made", "mp4")
    assert streams(one) == ("h264", "aac" if sound else "")
    assert (one.width, one.height) == ((176, 144) if codec == "h263" else (160, 96))
    assert one.duration == pytest.approx(1_000, abs=60)
    found = pictures(one.path.read_bytes())
    assert len(found) == 25
    assert all(each[0] > 200 > 60 > each[2] for each in (colour_at(one, 20, 20) for one in found))
    assert one.thumbnail is not None
    with av.open(io.BytesIO(one.path.read_bytes()), "r", format="mov") as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert (container.duration or 0) / 1000 == pytest.approx(1_000, abs=90)
        if sound:
            assert sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0)) == pytest.approx(1.0, abs=0.09)


def test_pictures_that_phones_show_are_copied_where_the_sound_alone_is_remade(press: Press) -> None:
    data = film("mov", "libx264", sound="pcm_s16be")
    one = made(press(data, "video", SHAPE, alone=True))
    assert streams(one) == ("h264", "aac")
    assert [each.tobytes() for each in pictures(one.path.read_bytes())] == [each.tobytes() for each in pictures(data)]


def test_a_film_that_lies_on_its_side_stands_when_it_is_remade(press: Press) -> None:
    one = made(press(turned(film("mov", "mjpeg", pixels="yuvj420p")), "video", SHAPE, alone=True))
    assert (one.width, one.height) == (96, 160)
    assert pictures(one.path.read_bytes())[0].size == (96, 160)


def test_a_large_film_is_made_smaller_and_keeps_its_sides_even(press: Press) -> None:
    one = made(press(film("mov", "mjpeg", size=(1444, 722), count=3, pixels="yuvj420p"), "video", SHAPE))
    assert max(one.width, one.height) <= 1280
    assert (one.width % 2, one.height % 2) == (0, 0)
    assert one.width / one.height == pytest.approx(2.0, abs=0.01)


def test_what_takes_too_long_or_too_much_has_a_word(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    data = film("webm", "libvpx", sound="libopus", count=5)
    assert press(data, "video", SHAPE, limits=replace(LIMITS, film_seconds=0)) == TranscodeFailed("unsupported")
    monkeypatch.setattr(video_encoding, "_ENCODED", 1_000)
    assert press(data, "video", SHAPE) == TranscodeFailed("cpu"), "what would take too long is not begun"
    monkeypatch.undo()
    assert press(data, "video", SHAPE, limits=replace(LIMITS, film_seconds=1e-9)) == TranscodeFailed("cpu")
    assert press(data, "video", replace(SHAPE, largest=2_000)) == TranscodeFailed("too-large")
    assert press(film("webm", "libvpx"), "video", Shape(formats=("mov",))) == TranscodeFailed("unsupported")


def turned(data: bytes) -> bytes:
    """The matrix in the track's header: a quarter to the right."""
    at = data.index(b"tkhd") + 4 + 40
    matrix = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    return data[:at] + b"".join(each.to_bytes(4, "big", signed=True) for each in matrix) + data[at + 36 :]


@pytest.mark.parametrize("muxer", ["mp4", "mov"])
def test_a_film_that_was_taken_upright_is_described_so(muxer: str, press: Press) -> None:
    one = made(press(turned(film(muxer, "libx264")), "video", SHAPE, alone=True))
    assert (one.width, one.height) == (96, 160)
    assert one.thumbnail is not None
    assert (one.thumbnail.width, one.thumbnail.height) == (48, 80)
    with av.open(io.BytesIO(one.path.read_bytes()), "r", format="mov") as container:
        assert next(container.decode(video=0)).rotation % 180 == 90, "the turn is kept where it is put into another container"


def test_the_thumbnail_of_a_turned_film_stands_as_the_film_does(press: Press) -> None:
    output = io.BytesIO()
    picture = Image.new("RGB", (160, 96), "blue")
    picture.paste("red", (0, 0, 80, 48))
    with av.open(output, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, width=160, height=96, pix_fmt="yuv420p")
        container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode(None))
    one = made(press(turned(output.getvalue()), "video", SHAPE, alone=True))
    assert one.thumbnail is not None
    small = Image.open(one.thumbnail.path).convert("RGB")
    red = colour_at(small, 40, 10)
    assert red[0] > 200 > 60 > red[2], "the matrix turns to the right: upper left goes to upper right"


def test_limits_hold_for_films(press: Press) -> None:
    data = film("mp4", "libx264")
    assert press(data, "video", Shape(formats=("mp4",), longest=500)) == TranscodeFailed("too-long")
    assert press(data, "video", Shape(formats=("mp4",), largest=500)) == TranscodeFailed("too-large")
    assert press(data, "video", SHAPE, limits=replace(LIMITS, pixels=10_000)) == TranscodeFailed("pixels")
    assert press(film("mov", "libx264"), "video", SHAPE, limits=replace(LIMITS, output_bytes=500)) == TranscodeFailed("too-large")


def test_a_film_that_was_cut_and_still_plays_goes_untouched(press: Press) -> None:
    data = film("mp4", "libx264", sound="aac", flags="frag_keyframe+empty_moov")[:-400]
    one = made(press(data, "video", SHAPE, alone=True))
    assert one.path.read_bytes() == data
    assert one.thumbnail is not None
    more = made(press(film("mp4", "libx264") + b"bytes behind it", "video", SHAPE))
    assert more.path.name == "source"


def test_half_a_film_and_none_at_all_have_words(press: Press) -> None:
    data = film("mp4", "libx264")
    assert press(data[: len(data) // 2], "video", SHAPE) == TranscodeFailed("truncated")
    assert press(b"#!AMR\n", "video", SHAPE) == TranscodeFailed("mislabelled")
    assert press(b"FLV\x01", "video", SHAPE) == TranscodeFailed("unsupported")
    sound = SOUND["mp4"]([sine(440.0, 16_000, 0.5)], 16_000)
    assert press(sound, "video", SHAPE) == TranscodeFailed("mislabelled")


def test_the_sound_of_a_film_is_a_voice_where_it_is_sent_as_one(press: Press) -> None:
    one = made(press(film("mp4", "libx264", sound="aac"), "voice", Shape(formats=("mp3",))))
    assert (one.source_format, one.format) == ("mp4", "mp3")
    assert one.duration == pytest.approx(1_000, abs=30)


def test_a_film_that_names_another_file_is_not_followed(press: Press) -> None:
    """QuickTime's references: the reader has no name of a directory, and opens nothing else."""
    data = film("mov", "libx264")
    alias = b"url " + (0).to_bytes(4, "big") + b"file:///etc/passwd\0"
    changed = data.replace(b"url \x00\x00\x00\x01", alias[:8])
    assert changed != data
    found = press(changed, "video", SHAPE)
    assert isinstance(found, TranscodeFailed) or b"root:" not in found.path.read_bytes()


def test_time_is_said_by_the_container(press: Press) -> None:
    with av.open(io.BytesIO(film("mp4", "libx264", count=50)), "r", format="mov") as container:
        said = Fraction(container.duration or 0, 1000)
    assert made(press(film("mp4", "libx264", count=50), "video", SHAPE)).duration == round(said)
