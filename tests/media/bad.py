"""Files that no encoder would write, made out of those that they do; and what becomes of them in a pool."""

import asyncio
import io
import time
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pysilk
from msgspec import Struct

from converters.files.media import Role, Shape
from streams.media.transcode.pool import TranscodePool
from streams.media.transcode.request import Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest
from tests.media.transcode.samples import AMR_WB, SOUND, film, moving, sine, still, written

LIMITS = TranscodeLimits(
    cpu_seconds=10,
    film_seconds=20,
    seconds=60.0,
    memory_bytes=256 << 20,
    pixels=4_000_000,
    samples=20_000_000,
    longest_ms=120_000,
    output_bytes=8 << 20,
)
HANGS = 300.0
"""Seconds after which no answer is one."""
ROLES: tuple[Role, ...] = ("image", "gif", "voice", "video", "sticker", "thumbnail", "file")
SMALL = Shape(formats=("jpeg",), box=(60, 60), inline=6_000)
SHAPES: dict[Role, tuple[Shape, ...]] = {
    "voice": tuple(Shape(formats=(each,)) for each in ("amr", "mp3", "aac", "m4a")),
    "video": (Shape(formats=("mp4",), thumbnail=SMALL), Shape(formats=("mp4",), largest=20_000)),
    "image": (
        Shape(formats=("jpeg", "png", "gif"), thumbnail=SMALL),
        Shape(formats=("png",), box=(50, 50)),
        Shape(formats=("jpeg",), largest=2_000),
    ),
    "gif": (Shape(formats=("gif", "jpeg"), thumbnail=SMALL),),
    "sticker": (Shape(formats=("jpeg", "png", "gif")),),
    "thumbnail": (SMALL,),
    "file": (Shape(), Shape(largest=10_000)),
}
FIELDS = (bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\1\0\0\0", b"\xff\xff\0\0", b"\0\0\xff\xff")


@cache
def corpus() -> tuple[tuple[str, Role, bytes], ...]:
    """Name, role, and content, which is good."""
    found: list[tuple[str, Role, bytes]] = []
    rates = {"amr": 8_000, "3gp": 8_000, "opus": 48_000, "webm": 48_000}
    for kind, write in SOUND.items():
        rate = rates.get(kind, 16_000)
        found.append((kind, "voice", write([sine(440.0, rate, 0.7)] * (2 if kind == "vorbis" else 1), rate)))
    found += [("amr-wb", "voice", AMR_WB), ("amr without a head", "voice", AMR_WB.removeprefix(b"#!AMR-WB\n"))]
    found.append(("caf", "voice", written("caf", "adpcm_ima_qt", [sine(440.0, 16_000, 0.7)], 16_000)))
    silk = io.BytesIO()
    pysilk.encode(io.BytesIO(sine(440.0, 24_000, 0.7).tobytes()), silk, 24_000, 24_000)
    found.append(("silk", "voice", silk.getvalue()))
    for form in ("JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF", "BMP"):
        found.append((form.lower(), "image", still(form, (160, 120))))
    found += [
        ("jpeg, turned", "image", still("JPEG", (160, 120), turned=6)),
        ("png, clear", "image", still("PNG", (160, 120), "RGBA")),
        ("jpeg, progressive", "image", still("JPEG", (160, 120), progressive=True)),
        ("gif, moving", "gif", moving()),
        ("webp, moving", "gif", moving("WEBP")),
    ]
    for muxer, codec, sound in (
        ("matroska", "libx264", "pcm_s16le"),
        ("mov", "mjpeg", "pcm_s16be"),
        ("mp4", "libx264", "aac"),
        ("mov", "libx264", "aac"),
        ("mp4", "mpeg4", ""),
        ("webm", "libvpx", "libopus"),
        ("mp4", "libx265", ""),
    ):
        found.append(
            (f"{muxer}, {codec}", "video", film(muxer, codec, sound=sound, count=10, pixels="yuvj420p" if codec == "mjpeg" else "yuv420p"))
        )
    return tuple(found)


class Bad(Struct, frozen=True):
    name: str
    how: str
    role: Role
    shape: Shape
    content: bytes


class Maker:
    """The same *seed* makes the same files."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def next(self) -> Bad:
        random = self._random
        name, role, content = random.choice(corpus())
        how = random.choice(
            ("truncated", "mislabelled", "bits", "bits", "fields", "fields", "noise", "spliced", "repeated", "cut", "grown", "many")
        )
        match how:
            case "mislabelled":
                role = random.choice(ROLES)
                if random.random() < 0.5:  # the head of one, the body of another
                    content = content[: random.choice((4, 8, 12, 16, 32))] + random.choice(corpus())[2][random.choice((0, 12, 40)) :]
            case "many":
                for _ in range(random.randrange(2, 6)):
                    content = self._changed(content, random.choice(("bits", "fields", "noise", "cut", "repeated", "truncated")))
            case _:
                content = self._changed(content, how)
        return Bad(name, how, role, random.choice(SHAPES[role]), content)

    def _changed(self, content: bytes, how: str) -> bytes:
        random, data = self._random, bytearray(content or b"\0")
        at = random.randrange(len(data))
        if random.random() < 0.5:  # heads are where harm is done
            at = min(at, random.randrange(256))
        size = random.choice((1, 2, 4, 16, 100, 1_000))
        match how:
            case "truncated":
                return bytes(data[: random.randrange(len(data) + 1)])
            case "bits":
                for _ in range(random.choice((1, 1, 3, 20, 200))):
                    data[random.randrange(len(data)) if random.random() < 0.5 else at] ^= 1 << random.randrange(8)
            case "fields":
                data[at : at + 4] = random.choice(FIELDS)
            case "noise":
                data[at : at + size] = random.randbytes(size)
            case "spliced":
                other = random.choice(corpus())[2]
                data[at:] = other[random.randrange(len(other)) :]
            case "repeated":
                data[at:at] = bytes(data[at : at + size]) * random.choice((1, 3, 200))
            case "cut":
                del data[at : at + size]
            case "grown":
                data += random.choice((bytes(size), random.randbytes(size), bytes(data)))
            case _:
                raise AssertionError(how)
        return bytes(data)


class Tried(Struct):
    answers: Counter[tuple[str, str]]
    """By how it was made bad, and what was said of it."""
    seconds: float = 0.0
    longest: float = 0.0
    """Of the orders; it waited for a worker as well."""
    slowest: str = ""
    crashes: list[str] = []
    findings: list[str] = []
    """What should not be: no answer, or one of another kind."""


async def tried(pool: TranscodePool, directory: Path, count: int, seed: int, *, at_once: int = 4) -> Tried:
    """*count* bad files through *pool*."""
    maker, found, begin = Maker(seed), Tried(Counter()), time.monotonic()
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            bad, here = maker.next(), directory / str(number)
            here.mkdir()
            (here / "source").write_bytes(bad.content)
            start = time.monotonic()
            try:
                async with asyncio.timeout(HANGS):
                    answer = await pool.press(TranscodeRequest(here / "source", here, bad.role, bad.shape, alone=True))
            except Exception as error:
                found.findings.append(f"{number}: {bad.name}, {bad.how}: {error!r}")
                continue
            took = time.monotonic() - start
            if took > found.longest:
                found.longest, found.slowest = took, f"{number}: {bad.name}, {bad.how}, {bad.role}: {_word(answer)}"
            found.answers[bad.how, _word(answer)] += 1
            if isinstance(answer, TranscodeFailed) and answer.crashed:
                found.crashes.append(f"{number}: {bad.name}, {bad.how}, {bad.role}: {answer.reason}")
            for path in here.iterdir():
                path.unlink()
            here.rmdir()

    await asyncio.gather(*(work() for _ in range(at_once)))
    found.seconds = time.monotonic() - begin
    return found


def _word(answer: Transcoded | TranscodeFailed) -> str:
    if isinstance(answer, TranscodeFailed):
        return answer.reason
    return "untouched" if answer.path.name == "source" else "made"
