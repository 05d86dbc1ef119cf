"""Faults of files are planted, and must be found and named; and a picture or a voice is known again, whatever was made of it."""

from io import BytesIO

import av
import pytest
from av.audio.resampler import AudioResampler

from tests.chaos.attachments import Sample, Shown, check
from tests.chaos.samples import TONES, picture, same, voice

SENT = {"e1": Sample("image", 1, "http://here/1"), "e2": Sample("voice", 2, "http://here/2"), "e3": Sample("image", 3, "http://here/3")}
SHOWN = [Shown("e1", "there 1", "image", True), Shown("e2", "there 2", "voice", True), Shown("e3", "there 3", "image", True)]
WORDS = Shown("e3", "there 3", "", text="[图片: picture-3]\nhttp://here/3")


def wrong(*shown: Shown, bad: tuple[str, ...] = (), refused: int = 0) -> list[str]:
    """The kinds of complaint."""
    return [text.partition(":")[0] for text in check(SENT, shown, {"http://here/3": bad}, refused)]


def test_what_came_as_it_was_is_good() -> None:
    assert wrong(*SHOWN) == []


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (SHOWN[:2], "files not there"),
        ([*SHOWN, SHOWN[0]], "files more than once"),
        ([*SHOWN[:2], SHOWN[2]._replace(same=False)], "files changed"),
        ([*SHOWN[:2], SHOWN[2]._replace(kind="file")], "files of another kind"),
        ([*SHOWN[:2], WORDS], "files in words for no reason"),
        ([*SHOWN[:2], WORDS._replace(text="")], "files in no words"),
        ([*SHOWN, Shown("e9", "there 9", "image", True)], "files strange"),
    ],
)
def test_a_planted_fault_is_found_and_named(planted: list[Shown], named: str) -> None:
    assert wrong(*planted) == [named]


def test_words_are_excused_by_the_download_of_their_own_file_or_by_an_upload() -> None:
    assert wrong(*SHOWN[:2], WORDS, bad=("missing",)) == []
    assert wrong(*SHOWN[:2], WORDS, refused=1) == []
    assert wrong(SHOWN[0], WORDS._replace(event="e2"), WORDS, refused=1) == ["files in words for no reason"], "one upload, two files"


def test_a_picture_is_known_again_as_a_jpeg_and_is_no_other() -> None:
    for number in range(20):
        with av.open(BytesIO(picture(number)), "r") as file:
            frame = next(file.decode(video=0))
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
        (packet,) = encoder.encode(frame.reformat(format="yuvj420p"))
        assert same("image", number, bytes(packet))
        assert not same("image", number + 1, bytes(packet))
    assert not same("image", 1, b"no picture")
    assert not same("image", 1, b"")


@pytest.mark.parametrize("form", ["amr", "aac"])
def test_a_voice_is_known_again_as_an_mp3_and_is_no_other(form: str) -> None:
    for number in (0, len(TONES) // 2, len(TONES) - 1, len(TONES) + 3):
        spoken = as_mp3(voice(number, form))
        assert same("voice", number, spoken)
        assert not same("voice", number + 1, spoken), "the next tone"
        assert not same("voice", number + len(TONES), spoken), "the same tone, for longer"
    assert not same("voice", 1, b"no voice")


def as_mp3(content: bytes) -> bytes:
    made = BytesIO()
    with av.open(BytesIO(content), "r") as source, av.open(made, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=16_000, layout="mono")
        resampler = AudioResampler(format="s16p", layout="mono", rate=16_000, frame_size=576)
        for frame in [*source.decode(audio=0), None]:
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return made.getvalue()
