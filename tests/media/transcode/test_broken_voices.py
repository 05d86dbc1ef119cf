"""Voices as recorders really write them: heads without lengths, frames without a head, and SILK."""

import io
from collections.abc import Callable

import pysilk
import pytest

from converters.files.media import Shape
from converters.files.media_formats import AMR_HEADS, sniff
from streams.media.transcode.request import Transcoded, TranscodeFailed
from tests.media.transcode.conftest import Press
from tests.media.transcode.samples import AMR_WB, HIGH, LOW, SOUND, Heard, sine, written

SECONDS = 1.2
OUT = ("amr", "mp3", "aac", "m4a")


def made(found: Transcoded | TranscodeFailed) -> Transcoded:
    assert isinstance(found, Transcoded), found
    return found


def heard(one: Transcoded) -> Heard:
    data = one.path.read_bytes()
    assert sniff(data).name == one.format
    return Heard(data, one.format)


def wave(*, whole: int | None = None, sound: int | None = None, before: bytes = b"", after: bytes = b"") -> bytes:
    """A WAV whose head says *whole* bytes of all and *sound* bytes of sound, whatever there is; 16-bit, 16 kHz, one channel."""
    samples = sine(HIGH, 16_000, SECONDS, 0.5).tobytes()
    form = b"fmt " + (16).to_bytes(4, "little") + bytes.fromhex("01000100803e0000007d000002001000")
    data = b"data" + (len(samples) if sound is None else sound).to_bytes(4, "little") + samples
    inner = b"WAVE" + form + before + data + after
    return b"RIFF" + (len(inner) if whole is None else whole).to_bytes(4, "little") + inner


def piece(name: bytes, content: bytes, *, padded: bool = True) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2 * padded)


LENGTH = len(wave())
WAVES = {
    **{f"{each:#x} for both": wave(whole=each, sound=each) for each in (0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)},
    **{f"{each:#x} for all": wave(whole=each) for each in (0, 36, 0x7FFF_FFFF, 0x8000_0024, 0xFFFF_FFFF)},
    **{f"{each:#x} for the sound": wave(sound=each) for each in (0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)},
    "as sox into a pipe": wave(whole=0x7FFF_F024, sound=0x7FFF_F000),
    "as arecord": wave(whole=0x8000_0024, sound=0x8000_0000),
    "as ffmpeg into a pipe": wave(whole=0xFFFF_FFFF, sound=0xFFFF_FFFF, before=piece(b"LIST", b"INFOISFT\x0e\0\0\0Lavf62.12.102\0")),
    "the head counted twice": wave(whole=LENGTH + 44, sound=LENGTH),
    "the head counted with it": wave(whole=LENGTH),
    "an odd chunk": wave(before=piece(b"LIST", b"INFOx")),
    "an odd chunk without its last byte": wave(before=piece(b"LIST", b"INFOx", padded=False)),
    "an odd chunk of nobody's": wave(before=piece(b"bext", bytes(603)) + piece(b"JUNK", bytes(27))),
    "chunks behind it": wave(after=piece(b"LIST", b"INFO" + bytes(30)) + piece(b"id3 ", bytes(11))),
    "bytes behind it": wave() + bytes(33),
}


@pytest.mark.parametrize("out", ["amr", "aac"])
@pytest.mark.parametrize("how", WAVES)
def test_a_wav_lasts_as_long_as_it_is_heard_whatever_its_head_says(how: str, out: str, press: Press) -> None:
    one = made(press(WAVES[how], "voice", Shape(formats=(out,))))
    assert one.duration == pytest.approx(SECONDS * 1000, abs=3)
    after = heard(one)
    assert abs(after.seconds - SECONDS) < 0.02
    assert after.loudest() == pytest.approx(HIGH, abs=10)


@pytest.mark.parametrize("how", ["0x7fffffff for both", "the head counted twice", "an odd chunk without its last byte"])
def test_where_the_target_plays_wav_it_gets_one_whose_head_is_true(how: str, press: Press) -> None:
    one = made(press(WAVES[how], "voice", Shape(formats=("wav",))))
    content = one.path.read_bytes()
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert heard(one).seconds == pytest.approx(SECONDS)


def test_a_wav_that_was_cut_is_said_to_be(press: Press) -> None:
    assert press(wave()[:-2_000], "voice", Shape(formats=("mp3",))) == TranscodeFailed("truncated")


def bare(name: str) -> bytes:
    data = AMR_WB if name == "amr-wb" else SOUND["amr"]([sine(LOW, 8_000, 0.6, 0.5)], 8_000)
    return data.removeprefix(AMR_HEADS[name])


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("name", AMR_HEADS)
def test_frames_of_amr_without_their_first_line_are_played(name: str, out: str, press: Press) -> None:
    one = made(press(bare(name), "voice", Shape(formats=(out,))))
    assert (one.source_format, one.format) == (name, out)
    assert one.duration == pytest.approx(600, abs=25)
    after = heard(one)
    assert after.loudest() == pytest.approx(LOW, abs=10)


def test_the_line_is_put_before_them_where_the_target_plays_amr(press: Press) -> None:
    one = made(press(bare("amr"), "voice", Shape(formats=("amr",))))
    assert one.path.read_bytes() == AMR_HEADS["amr"] + bare("amr")
    untouched = made(press(bare("amr"), "voice", Shape()))
    assert (untouched.path.name, untouched.format) == ("source", "amr")


@pytest.mark.parametrize(
    "data", [bytes(4096), b"\xff" * 900, b"hello, how are you?" * 50, bytes(range(256)) * 9, b"\x3c" + bytes(31), b"\x7c" * 90]
)
def test_other_bytes_are_no_frames_of_amr(data: bytes) -> None:
    assert sniff(data).name == "bin"


def silk(seconds: float = SECONDS, *, tencent: bool = True, rate: int = 24_000) -> bytes:
    output = io.BytesIO()
    pysilk.encode(io.BytesIO(sine(HIGH, rate, seconds, 0.5).tobytes()), output, rate, 24_000, tencent=tencent)
    return output.getvalue()


SILK: dict[str, Callable[[], bytes]] = {
    "of WeChat": silk,
    "plain": lambda: silk(tencent=False),
    "with its end": lambda: silk() + b"\xff\xff",
    "cut": lambda: silk() + b"\x40\0abc",
    "narrow": lambda: silk(rate=8_000),
    "with a silence": lambda: silk(0.2) + bytes(2) + silk(SECONDS - 0.2)[10:],
    "with bytes behind its end": lambda: silk() + b"\xff\xff" + bytes(40),
}


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("how", SILK)
def test_silk_is_played(how: str, out: str, press: Press) -> None:
    one = made(press(SILK[how](), "voice", Shape(formats=(out,))))
    assert (one.source_format, one.format) == ("silk", out)
    assert one.duration == pytest.approx(SECONDS * 1000, abs=45)
    after = heard(one)
    assert abs(after.seconds - one.duration / 1000) < 0.02
    assert after.loudest() == pytest.approx(HIGH, abs=10)
    assert after.power(HIGH) == pytest.approx(0.25, rel=0.3)


def test_silk_in_which_nothing_can_be_heard_has_a_word(press: Press) -> None:
    shape = Shape(formats=("mp3",))
    assert press(b"#!SILK_V3", "voice", shape) == TranscodeFailed("empty")
    assert press(b"\x02#!SILK_V3" + b"\x0c\0" + b"\x81" * 12, "voice", shape) == TranscodeFailed("damaged")
    assert press(b"\x02#!SILK_V3" + b"\xff\x7f" + bytes(40), "voice", shape) == TranscodeFailed("damaged")
    assert press(silk(3.0), "voice", Shape(formats=("mp3",), longest=1_000)) == TranscodeFailed("too-long")


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("codec", ["pcm_s16be", "alac", "adpcm_ima_qt"])
def test_caf_is_played(codec: str, out: str, press: Press) -> None:
    rate = 16_000
    one = made(press(written("caf", codec, [sine(HIGH, rate, SECONDS, 0.5)], rate), "voice", Shape(formats=(out,))))
    assert (one.source_format, one.format) == ("caf", out)
    assert one.duration == pytest.approx(SECONDS * 1000, abs=260)
    assert heard(one).loudest() == pytest.approx(HIGH, abs=10)


def test_what_follows_a_recording_in_boxes_does_not_matter(press: Press) -> None:
    data = SOUND["m4a"]([sine(LOW, 22_050, SECONDS, 0.5)], 22_050)
    for more in (bytes(64), b"\xff" * 30, b"garbage that is no box"):
        assert made(press(data + more, "voice", Shape(formats=("mp3",)))).duration == pytest.approx(SECONDS * 1000, abs=150)
