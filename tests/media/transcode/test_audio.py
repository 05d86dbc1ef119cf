"""Voice: what a file sounds like before and after, by decoding both."""

from array import array

import pytest
from msgspec.structs import replace

from converters.files.media import Shape
from converters.files.media_formats import sniff
from streams.media.transcode import audio
from streams.media.transcode.request import Transcoded, TranscodeFailed
from tests.media.transcode.conftest import LIMITS, Press
from tests.media.transcode.samples import AMR_WB, FULL, HIGH, LOW, SOUND, Heard, sine, written

OUT = ("amr", "mp3", "aac", "m4a")
FORMATS = {"opus": "ogg", "vorbis": "ogg"}
RATES = {
    "amr": 8_000,
    "3gp": 8_000,
    "opus": 48_000,
    "webm": 48_000,
    "vorbis": 44_100,
    "aac": 44_100,
    "m4a": 22_050,
    "mp3": 24_000,
    "wav": 11_025,
}
SECONDS = 1.237
"""Of no codec's whole frames."""


def voice(kind: str, hertz: float = HIGH, seconds: float = SECONDS) -> bytes:
    rate = RATES.get(kind, 16_000)
    one = sine(hertz, rate, seconds, 0.5)
    return SOUND[kind]([one, one] if kind == "vorbis" else [one], rate)


def made(found: Transcoded | TranscodeFailed) -> Transcoded:
    assert isinstance(found, Transcoded), found
    return found


def heard(one: Transcoded) -> Heard:
    data = one.path.read_bytes()
    assert sniff(data).name == ("mp4" if one.path.name == "source" and one.source_format == "m4a" and data[8:11] != b"M4A" else one.format)
    return Heard(data, one.format)


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("kind", SOUND)
def test_every_voice_sounds_the_same_in_every_form(kind: str, out: str, press: Press) -> None:
    source = voice(kind)
    before = Heard(source, FORMATS.get(kind, kind))
    one = made(press(source, "voice", Shape(formats=(out,))))
    after = heard(one)
    assert one.format == out
    assert abs(one.duration / 1000 - SECONDS) < (0.15 if kind in ("aac", "m4a", "mp4", "amr", "3gp") else 0.04), "what its encoder added"
    assert abs(one.duration / 1000 - before.seconds) < 0.002
    assert abs(after.seconds - before.seconds) < 0.02
    assert after.loudest() == pytest.approx(HIGH, abs=10)
    assert after.power(HIGH) == pytest.approx(before.power(HIGH), rel=0.2)
    assert after.power(LOW) < 0.001
    if kind != out and (kind, out) != ("mp4", "m4a"):
        assert after.rate == {"amr": 8_000, "mp3": RATES.get(kind, 16_000)}.get(out, after.rate)
        assert after.rate >= 32_000 or out in ("amr", "mp3")


@pytest.mark.parametrize("out", OUT)
def test_wide_band_amr_is_understood(out: str, press: Press) -> None:
    one = made(press(AMR_WB, "voice", Shape(formats=(out,))))
    after = heard(one)
    assert (one.source_format, one.format) == ("amr-wb", out)
    assert one.duration == 600
    assert abs(after.seconds - 0.6) < 0.02
    assert after.loudest() == pytest.approx(LOW, abs=10)
    assert after.power(HIGH) < 0.001


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.333, 0.5005, 2.0, 3.3333])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_the_duration_is_kept_within_20_ms(rate: int, seconds: float, out: str, press: Press) -> None:
    source = SOUND["wav"]([sine(LOW, rate, seconds)], rate)
    one = made(press(source, "voice", Shape(formats=(out,))))
    assert one.duration == pytest.approx(seconds * 1000, abs=1)
    assert abs(heard(one).seconds - seconds) < 0.02


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_the_loudest_tone_is_not_clipped_and_does_not_wrap(rate: int, out: str, press: Press) -> None:
    after = heard(made(press(SOUND["wav"]([sine(LOW, rate, 1.0)], rate), "voice", Shape(formats=(out,)))))
    assert after.power(LOW) == pytest.approx(1.0, rel=0.2)
    assert max(after.power(LOW * each) for each in (2, 3, 5)) < 0.003, "overtones are what clipping adds"
    assert after.peak < 1.15


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("kind", ["wav", "flac", "aac", "mp3"])
def test_two_loud_channels_are_one_that_is_not_louder(kind: str, out: str, press: Press) -> None:
    one = sine(LOW, 32_000, 1.0)
    source = SOUND[kind]([one, one], 32_000)
    after = heard(made(press(source, "voice", Shape(formats=(out,)))))
    assert len(after.channels) == (1 if out == "amr" else 2)
    assert after.power(LOW) == pytest.approx(Heard(source, kind).power(LOW), rel=0.2)
    assert after.power(3 * LOW) < 0.003


def test_the_loudness_of_amr_is_what_a_telephone_plays(press: Press) -> None:
    """FFmpeg's own reader makes a third of this tone's power of it."""
    after = heard(made(press(voice("amr", 1_000.0), "voice", Shape(formats=("mp3",)))))
    assert after.power(1_000.0) == pytest.approx(0.25, rel=0.2)


@pytest.mark.parametrize("out", OUT)
def test_six_loud_channels_are_not_louder_either(out: str, press: Press) -> None:
    source = written("flac", "flac", [sine(LOW, 32_000, 1.0)] * 6, 32_000)
    after = heard(made(press(source, "voice", Shape(formats=(out,)))))
    assert after.power(LOW) == pytest.approx(1.0, rel=0.25)
    assert after.power(3 * LOW) < 0.003


@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_a_sound_is_heard_when_it_was_made(rate: int, out: str, press: Press) -> None:
    """What an encoder puts before the sound is not played."""
    silence = array("h", bytes(2 * rate))
    source = SOUND["wav"]([silence[: rate // 2] + sine(LOW, rate, 0.1, 0.8) + silence[: rate // 2]], rate)
    after = heard(made(press(source, "voice", Shape(formats=(out,)))))
    loud = [each * each for each in after.channels[0]]
    middle = sum(at * each for at, each in enumerate(loud)) / sum(loud) / after.rate
    assert middle == pytest.approx(0.55, abs=0.012)


def test_both_channels_are_heard_in_one(press: Press) -> None:
    source = SOUND["wav"]([sine(LOW, 16_000, 1.0, 0.8), sine(HIGH, 16_000, 1.0, 0.8)], 16_000)
    after = heard(made(press(source, "voice", Shape(formats=("amr",)))))
    assert after.power(LOW) == pytest.approx(0.16, rel=0.5)
    assert after.power(HIGH) == pytest.approx(0.16, rel=0.5)


@pytest.mark.parametrize("out", ["mp3", "aac", "m4a"])
def test_the_channels_stay_apart_where_the_form_has_two(out: str, press: Press) -> None:
    source = SOUND["wav"]([sine(LOW, 16_000, 1.0, 0.5), sine(HIGH, 16_000, 1.0, 0.5)], 16_000)
    after = heard(made(press(source, "voice", Shape(formats=(out,)))))
    assert [after.loudest(0), after.loudest(1)] == pytest.approx([LOW, HIGH], abs=10)
    assert after.power(HIGH, 0) < 0.01
    assert after.power(LOW, 1) < 0.01


def test_what_8_khz_cannot_hold_does_not_come_back_as_another_tone(press: Press) -> None:
    source = SOUND["wav"]([sine(6_300.0, 44_100, 1.0, 0.9)], 44_100)
    after = heard(made(press(source, "voice", Shape(formats=("amr",)))))
    assert after.power(8_000 - 6_300.0) < 0.001


def test_a_square_wave_at_its_loudest_stays_one(press: Press) -> None:
    square = array("h", (FULL if at // 40 % 2 else -FULL - 1 for at in range(32_000)))
    after = heard(made(press(SOUND["wav"]([square], 32_000), "voice", Shape(formats=("amr",)))))
    assert after.power(400.0) == pytest.approx(16 / 9.87, rel=0.35), "(4 / pi) ** 2 of its first overtone: nothing wrapped"


@pytest.mark.parametrize("kind", ["amr", "mp3", "aac", "m4a", "wav", "opus", "flac"])
def test_what_the_target_plays_goes_untouched(kind: str, press: Press) -> None:
    data = voice(kind)
    one = made(press(data, "voice", Shape(formats=("amr", "mp3", "aac", "m4a", "wav", "ogg", "flac"))))
    assert one.path.name == "source"
    assert one.path.read_bytes() == data
    assert one.format == one.source_format == FORMATS.get(kind, kind)


@pytest.mark.parametrize("kind", ["amr", "wav"])
@pytest.mark.parametrize(("seconds", "fits"), [(20.0, True), (40.0, True), (60.0, True), (61.0, False)])
def test_a_voice_that_is_to_lie_in_the_message_is_made_to_fit(kind: str, seconds: float, fits: bool, press: Press) -> None:
    shape = Shape(formats=("amr",), inline=60 << 10, inline_longest=60_499)
    one = made(press(voice(kind, seconds=seconds), "voice", shape, limits=replace(LIMITS, longest_ms=70_000)))
    size = one.path.stat().st_size
    assert (-(-size // 3) * 4 <= shape.inline) == fits
    assert size > 30_000, "and in no worse a mode than it needs"
    after = heard(one)
    assert abs(after.seconds - one.duration / 1000) < 0.02
    assert abs(after.seconds - seconds) < 0.03, "a frame more by the encoder that made the source"
    assert after.loudest() == pytest.approx(HIGH, abs=10)


def test_sound_alone_in_an_mp4_is_what_a_target_of_m4a_plays(press: Press) -> None:
    one = made(press(voice("mp4"), "voice", Shape(formats=("aac", "m4a"))))
    assert (one.path.name, one.format) == ("source", "m4a")


def test_another_codec_under_a_known_name_is_remade(press: Press) -> None:
    lossless = written("ipod", "alac", [sine(LOW, 16_000, 1.0)], 16_000)
    one = made(press(lossless, "voice", Shape(formats=("m4a",))))
    assert one.path.name == "made"
    assert heard(one).codec == "aac"


@pytest.mark.parametrize("kind", ["m4a", "mp4", "3gp", "wav"])
def test_half_a_file_is_said_to_be_half_a_file(kind: str, press: Press) -> None:
    data = voice(kind)
    assert press(data[: len(data) // 2], "voice", Shape(formats=("mp3", kind))) == TranscodeFailed("truncated")


@pytest.mark.parametrize("kind", ["mp3", "aac", "opus", "flac"])
def test_noise_after_a_good_start_is_damage(kind: str, press: Press) -> None:
    data = voice(kind)
    start = len(data) // 8
    noise = bytes(at * 73 % 251 for at in range(len(data) - start))
    assert press(data[:start] + noise, "voice", Shape(formats=("amr", kind))) in (TranscodeFailed("damaged"), TranscodeFailed("truncated"))


def test_no_sound_at_all_is_empty(press: Press) -> None:
    assert press(b"#!AMR\n", "voice", Shape(formats=("mp3",))) == TranscodeFailed("empty")
    assert press(b"", "voice", Shape(formats=("mp3",))) == TranscodeFailed("empty")


def test_what_is_no_voice_is_told_apart(press: Press) -> None:
    shape = Shape(formats=("mp3",))
    assert press(b"\xff\xd8\xff\xe0" + bytes(100), "voice", shape) == TranscodeFailed("mislabelled")
    assert press(b"<html><script>alert(1)</script>", "voice", shape) == TranscodeFailed("unsupported")
    assert press(b"#EXTM3U\nhttp://169.254.169.254/\n", "voice", shape) == TranscodeFailed("unsupported")
    assert press(b"ffconcat version 1.0\nfile /etc/passwd\n", "voice", shape) == TranscodeFailed("unsupported")


def test_a_voice_longer_than_the_target_plays_is_not_sent(press: Press) -> None:
    data = voice("amr")
    assert press(data, "voice", Shape(formats=("amr",), longest=1_000)) == TranscodeFailed("too-long")
    assert isinstance(press(data, "voice", Shape(formats=("amr",), longest=1_260)), Transcoded)


def test_sound_larger_than_the_target_takes_is_not_sent(press: Press) -> None:
    assert press(voice("amr"), "voice", Shape(formats=("mp3",), largest=1_000)) == TranscodeFailed("too-large")


def test_the_decoder_stops_at_the_limit_of_samples_and_of_time(press: Press) -> None:
    data, shape = voice("wav"), Shape(formats=("mp3",))
    assert press(data, "voice", shape, limits=replace(LIMITS, samples=10_000)) == TranscodeFailed("too-long")
    assert press(data, "voice", shape, limits=replace(LIMITS, longest_ms=500)) == TranscodeFailed("too-long")
    assert press(data, "voice", shape, limits=replace(LIMITS, output_bytes=500)) == TranscodeFailed("too-large")


def test_a_rate_of_one_hertz_is_not_played_for_hours(press: Press) -> None:
    data = bytearray(voice("wav"))
    data[24:28] = (1).to_bytes(4, "little")
    assert press(bytes(data), "voice", Shape(formats=("mp3",))) in (
        TranscodeFailed("unsupported"),
        TranscodeFailed("damaged"),
        TranscodeFailed("too-long"),
    )


def test_a_target_that_takes_any_file_gets_what_we_cannot_read(press: Press) -> None:
    one = made(press(b"<html>", "voice", Shape()))
    assert (one.path.name, one.format) == ("source", "bin")


def test_every_form_is_one_that_is_known() -> None:
    assert set(audio.ENCODINGS) == set(OUT)
