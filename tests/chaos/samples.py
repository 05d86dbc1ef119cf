"""Pictures and voices of which each can be told from the others, also after it was made into another format."""

import struct
import zlib
from functools import cache
from hashlib import blake2b
from io import BytesIO
from math import pi, sin
from typing import Any, Literal

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

Kind = Literal["image", "voice"]

CELLS = 8
"""To a side of a picture; each is black or white."""
SIDE = 64
RATE = 8000
TONES = tuple(round(330 * 1.1**step) for step in range(22))
"""Hertz, all of which the narrowest codec lets through."""
NEAR = 0.03
"""Of a tone: less than half a step."""
SLACK = 200
"""Milliseconds by which a voice may have become longer or shorter: frames of what encodes and what decodes."""
WHITE = 128


def pattern(number: int) -> int:
    """64 bits, one a cell."""
    return int.from_bytes(blake2b(b"%d" % number, digest_size=8).digest(), "big")


def picture(number: int) -> bytes:
    """A PNG."""
    bits, cell = pattern(number), SIDE // CELLS
    rows = []
    for y in range(SIDE):
        row = bytes(255 * (bits >> (y // cell * CELLS + x // cell) & 1) for x in range(SIDE))
        rows.append(b"\0" + row)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


def seen(content: bytes) -> int | None:
    """The pattern of a picture in whatever format; None when it is none."""
    try:
        with av.open(BytesIO(content), "r") as file:
            frame = next(file.decode(video=0)).reformat(SIDE, SIDE, "gray")
    except (av.error.FFmpegError, IndexError, StopIteration):
        return None
    plane, cell = frame.planes[0], SIDE // CELLS
    dots, middle = bytes(plane), cell // 2
    cells = [dots[(y * cell + middle) * plane.line_size + x * cell + middle] >= WHITE for y in range(CELLS) for x in range(CELLS)]
    return sum(1 << place for place, white in enumerate(cells) if white)


def tone(number: int) -> tuple[int, int]:
    """Hertz and milliseconds of a voice."""
    return TONES[number % len(TONES)], 1000 + 500 * (number // len(TONES) % 4)


@cache
def voice(number: int, form: Literal["amr", "aac"]) -> bytes:
    """As phones of the one or the other platform record it: AMR, or AAC in ADTS."""
    hertz, milliseconds = tone(number)
    codec, muxer, sample, rate = ("libopencore_amrnb", "amr", "s16", RATE) if form == "amr" else ("aac", "adts", "fltp", 44_100)
    file = BytesIO()
    with av.open(file, "w", format=muxer) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout="mono")
        resampler = AudioResampler(format=sample, layout="mono", rate=rate, frame_size=stream.codec_context.frame_size or 160)
        for part in [*resampler.resample(_waves(hertz, milliseconds)), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return file.getvalue()


def _waves(hertz: int, milliseconds: int) -> AudioFrame:
    count = RATE * milliseconds // 1000
    samples = struct.pack(f"<{count}h", *(int(9000 * sin(2 * pi * hertz * n / RATE)) for n in range(count)))
    frame = AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = RATE
    frame.pts = 0
    return frame


def heard(content: bytes) -> tuple[float, float] | None:
    """Hertz and milliseconds of a voice in whatever format; None when it is none."""
    try:
        with av.open(BytesIO(content), "r") as file:
            resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
            parts = [part for frame in [*file.decode(audio=0), None] for part in resampler.resample(frame)]
    except (av.error.FFmpegError, IndexError):
        return None
    samples = [one for part in parts for one in struct.unpack_from(f"<{part.samples}h", bytes(part.planes[0]))]
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    if not middle:
        return None
    rises = [place for place in range(1, len(middle)) if middle[place - 1] < 0 <= middle[place]]
    hertz = (len(rises) - 1) * RATE / (rises[-1] - rises[0]) if len(rises) > 1 else 0.0
    return hertz, len(samples) * 1000 / RATE


def same(kind: Kind, number: int, content: bytes) -> bool:
    """Whether *content* is still the picture, or the voice, of this *number*."""
    if kind == "image":
        return seen(content) == pattern(number)
    found, (hertz, milliseconds) = heard(content), tone(number)
    return found is not None and abs(found[0] - hertz) < NEAR * hertz and abs(found[1] - milliseconds) < SLACK
