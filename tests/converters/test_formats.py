"""Files by their first bytes."""

import pytest

from converters.files.media_formats import FORMATS, HEAD, sniff
from tests.media.transcode.samples import AMR_WB, SOUND, film, moving, sine, still

TONE = [sine(440.0, 16_000, 0.3)]
NAMES = {
    "opus": "ogg",
    "vorbis": "ogg",
    "JPEG": "jpeg",
    "PNG": "png",
    "GIF": "gif",
    "WEBP": "webp",
    "HEIF": "heic",
    "AVIF": "avif",
    "BMP": "bmp",
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound_is_told(kind: str) -> None:
    rate = 8_000 if kind in ("amr", "3gp") else 48_000 if kind in ("opus", "webm") else 16_000
    data = SOUND[kind](TONE * (2 if kind == "vorbis" else 1), rate)
    assert sniff(data).name == NAMES.get(kind, kind)
    assert sniff(data[:HEAD]) == sniff(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF", "BMP"])
def test_pictures_are_told(form: str) -> None:
    assert sniff(still(form)).name == NAMES[form]


def test_films_and_the_rest_are_told() -> None:
    assert sniff(film("mp4", "libx264")).name == "mp4"
    assert sniff(film("mov", "libx264")).name == "mov"
    assert sniff(film("webm", "libvpx")).name == "webm"
    assert sniff(moving()).name == "gif"
    assert sniff(AMR_WB).name == "amr-wb"
    assert sniff(AMR_WB.removeprefix(b"#!AMR-WB\n")).name == "amr-wb"
    assert sniff(SOUND["amr"](TONE, 8_000).removeprefix(b"#!AMR\n")).name == "amr"
    assert sniff(b"#!SILK_V3").name == sniff(b"\x02#!SILK_V3\x0c\0").name == "silk"
    assert sniff(b"caff\0\1\0\0").name == "caf"
    assert sniff(b"%PDF-1.7\n").name == "pdf"
    assert sniff(b"PK\x03\x04....").name == "zip"


@pytest.mark.parametrize(
    ("brand", "others", "name"),
    [
        (b"M4A ", b"", "m4a"),
        (b"mp42", b"isom", "mp4"),
        (b"isom", b"", "mp4"),
        (b"qt  ", b"", "mov"),
        (b"3gp5", b"", "3gp"),
        (b"heic", b"", "heic"),
        (b"mif1", b"heic", "heic"),
        (b"mif1", b"avif", "avif"),
        (b"avis", b"", "avif"),
        (b"msf1", b"hevc", "heic"),
        (b"crx ", b"", "bin"),
    ],
)
def test_brands_are_told(brand: bytes, others: bytes, name: str) -> None:
    head = (16 + len(others)).to_bytes(4, "big") + b"ftyp" + brand + bytes(4) + others
    assert sniff(head + b"avif" * 9).name == name, "what follows the box is no brand"


def test_mp3_and_adts_are_told_apart_also_behind_a_tag() -> None:
    mp3, aac = SOUND["mp3"](TONE, 16_000), SOUND["aac"](TONE, 16_000)
    bare = mp3[mp3.index(b"\xff\xf3") :]
    assert sniff(bare).name == "mp3"
    tag = b"ID3\x04\0\0\0\0\0\x14" + bytes(20)
    assert (sniff(tag + bare).name, sniff(tag + aac).name) == ("mp3", "aac")
    assert sniff(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(20)).name == "mp3", "a tag longer than what is looked at"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xfb",
        b"\xff\xf1\x50\x80\x00\x1f\xfc" + bytes(100),
        b"\xff\xfe<\0h\0",
        b"<!DOCTYPE html><script>",
        b"<?xml version='1.0'?><svg/>",
        b"#EXTM3U\n",
        b"ffconcat version 1.0",
        b"GIF8",
        b"RIFF\0\0\0\0AVI ",
        b"\0\0\0\x18ftyp",
        b"MZ",
        b"\x7fELF",
        b"BM hello",
    ],
)
def test_what_is_not_known_is_bytes(head: bytes) -> None:
    assert sniff(head) == FORMATS["bin"]


def test_any_bytes_have_an_answer() -> None:
    for seed in range(2_000):
        head = bytes(seed * (at + 7) * 2_654_435_761 >> 13 & 255 for at in range(seed % 64))
        for start in (b"", b"ID3", b"\xff\xf1", b"\xff\xfb", b"\0\0\0\x20ftyp", b"RIFF", b"BM"):
            assert sniff(start + head) in FORMATS.values()
