"""Sound, pictures and films, made here: what is in them is known."""

import io
import math
from array import array
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import av
import pillow_heif
from PIL import Image

from tests.narrowed import of_kind

pillow_heif.register_heif_opener(thumbnails=False)

Samples: TypeAlias = "array[int] | array[float]"
"""Of int as it is written, of float as it is heard."""
FULL = 32_767
HIGH, LOW = 1_700.0, 440.0
"""Hertz."""


def sine(hertz: float, rate: int, seconds: float, peak: float = 1.0) -> "array[int]":
    step = 2 * math.pi * hertz / rate
    return array("h", (round(FULL * peak * math.sin(step * at)) for at in range(round(rate * seconds))))


def written(
    muxer: str, codec: str, channels: Sequence[Samples], rate: int, *, options: dict[str, str] | None = None, bit_rate: int = 0
) -> bytes:
    """*channels* of one length: one, two, or six of them."""
    layout, step = {1: "mono", 2: "stereo", 6: "5.1"}[len(channels)], 1024
    output = io.BytesIO()
    with av.open(output, "w", format=muxer) as container:
        stream = of_kind(av.AudioStream, container.add_stream(codec, rate=rate, layout=layout, options=options or {}))
        if bit_rate:
            stream.bit_rate = bit_rate
        for at in range(0, len(channels[0]), step):
            frame = av.AudioFrame(format="s16p", layout=layout, samples=len(channels[0][at : at + step]))
            for plane, channel in zip(frame.planes, channels, strict=True):
                plane.update(channel[at : at + step].tobytes())
            frame.rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return output.getvalue()


# A sine of 440 Hz, 0.6 s at 6.6 kbit/s: PyAV reads AMR-WB and does not write it. Made with ffmpeg's libvo_amrwbenc.
AMR_WB = b64decode(
    """
IyFBTVItV0IKBOJTYl6WBOXqoBOCwyEdhy0wBPqeCsKaj3SZ+HbUKMSsFKDABOPTMkbCZuLizw+pxzTm0hDgBPuS8N7zrHMV1OzCWojYMIIwBO
    2TdELvReZz1x+kyLmAoYiQBOfTUMbrZOFz/zzHLWBI/e3ABPfSAP7/rHR16x1Z4vgIZuvABOPTAObqpuGz6yzEu1gTcdEABP7SAN7/rHI1/x1U
    yCslB7+QBOfTAOb7pOAz+wzNPKgM6rJwBOeTROLrpOAz2z1VUUHBxHHQBPnSCPbnrHbV8H7TbiZasAIwBOxTyMajZOBz9x+pcvGgPk6wBP/ShP
    77rHMV8PzCuCkB0FwwBObTAMb6R+fz2z+jYiPrpQhgBO+TdkLGR+fzxzzLNGIGZcfABP9SgP77rHR16x1axp0KkhFABOfTImbSR+fz7yzJkGxK
    FGlQBPnSAP7nrHI1/w1Uz4o0a1bgBO3TEYT3pOAz4zzOZAsPksJABO/TskbTZOJzwx1bNHRAaFBgBPfSEZz/rHFV+H7TWldCqA4ABOrTgMbrpO
    Ez6x+k1W0MOSHABPbTMibSbnDV6PzFxAumr5igBO9TyOaqR+fz+z+rUiLSlNZwBOvTAObvZOJzwzzDZ0wMZoyQBP/SBP7/rHM11x1WnQGsFaTg
    BOaTRMLrZOBzzxzLPwQDJUGQBPnSAP7nrHM15y1TUqjwWmygBO9TyOaqR+fz2zzDRJ6A/iSQ
    """
)

SOUND: dict[str, Callable[[Sequence[Samples], int], bytes]] = {
    "amr": lambda channels, rate: written("amr", "libopencore_amrnb", channels, rate, bit_rate=12_200),
    "mp3": lambda channels, rate: written("mp3", "libmp3lame", channels, rate),
    "aac": lambda channels, rate: written("adts", "aac", channels, rate),
    "m4a": lambda channels, rate: written("ipod", "aac", channels, rate),
    "mp4": lambda channels, rate: written("mp4", "aac", channels, rate),
    "3gp": lambda channels, rate: written("3gp", "libopencore_amrnb", channels, rate, bit_rate=12_200),
    "wav": lambda channels, rate: written("wav", "pcm_s16le", channels, rate),
    "opus": lambda channels, rate: written("ogg", "libopus", channels, rate),
    "vorbis": lambda channels, rate: written("ogg", "vorbis", channels, rate, options={"strict": "experimental"}),
    "flac": lambda channels, rate: written("flac", "flac", channels, rate),
    "webm": lambda channels, rate: written("webm", "libopus", channels, rate),
}
DEMUXERS = {
    "amr": "amr",
    "amr-wb": "amr",
    "mp3": "mp3",
    "aac": "aac",
    "m4a": "mov",
    "mp4": "mov",
    "3gp": "mov",
    "wav": "wav",
    "ogg": "ogg",
    "flac": "flac",
    "webm": "matroska",
}


class Heard:
    """What a file sounds like, by decoding it."""

    def __init__(self, data: bytes, name: str) -> None:
        self.channels: list[array[float]] = []
        with av.open(io.BytesIO(data), "r", format=DEMUXERS[name]) as container:
            stream = container.streams.audio[0]
            self.codec = stream.codec_context.name
            for frame in _frames(container):
                if not self.channels:
                    self.rate = frame.sample_rate
                    self.channels = [array("f") for _ in range(frame.layout.nb_channels)]
                for channel, plane in zip(self.channels, frame.planes, strict=True):
                    channel.frombytes(bytes(plane)[: frame.samples * 4])

    @property
    def seconds(self) -> float:
        return len(self.channels[0]) / self.rate

    @property
    def peak(self) -> float:
        return max(abs(each) for each in self._middle(0))

    def power(self, hertz: float, channel: int = 0) -> float:
        """Of one frequency, in the middle of it: 1 is a sine at its loudest."""
        return _power(self._middle(channel), hertz / self.rate)

    def loudest(self, channel: int = 0) -> float:
        """Hertz, to 10: where the power below 3.4 kHz is greatest."""
        step = max(1, self.rate // 8_000)
        few, rate = self._middle(channel)[::step], self.rate / step
        coarse = max(range(100, 3_400, 20), key=lambda hertz: _power(few[: len(few) // 2], hertz / rate))
        return max((coarse - 10, coarse, coarse + 10), key=lambda hertz: _power(few, hertz / rate))

    def _middle(self, channel: int) -> "array[float]":
        """A fifth of a second: enough for 10 Hz, and little to count."""
        whole = self.channels[channel]
        start = len(whole) // 2 - self.rate // 10
        return whole[max(0, start) : start + self.rate // 5]


def _power(samples: Samples, turns: float) -> float:
    """Goertzel's algorithm in Hann's window; *turns* of the wave in a sample."""
    size, again = len(samples), 2 * math.cos(2 * math.pi * turns)
    before = last = 0.0
    for at, each in enumerate(samples):
        before, last = last, each * (1 - math.cos(2 * math.pi * at / size)) + again * last - before
    return (before * before + last * last - again * before * last) / (size / 2) ** 2


def _frames(container: "av.container.InputContainer") -> Iterator["av.AudioFrame"]:
    plain = av.AudioResampler(format="fltp")
    stream = container.streams.audio[0]
    decoder: av.AudioCodecContext = stream.codec_context
    if (rate := {"amrnb": 8_000, "amrwb": 16_000}.get(decoder.name)) is not None:
        decoder = of_kind(av.AudioCodecContext, av.CodecContext.create(f"libopencore_{decoder.name}", "r"))
        decoder.sample_rate, decoder.layout = rate, "mono"
    for packet in container.demux(stream):
        for frame in decoder.decode(packet):
            yield from plain.resample(frame)


def colour_at(picture: Image.Image, x: float, y: float) -> tuple[int, ...]:
    found = picture.getpixel((int(x), int(y)))
    assert isinstance(found, tuple)
    return found


def still(form: str, size: tuple[int, int] = (120, 80), mode: str = "RGB", *, turned: int = 0, **options: object) -> bytes:
    """The upper left quarter red, the rest blue; where *mode* has an alpha, the right half is clear."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    if "A" in mode:
        picture.putalpha(255)
        picture.paste((0, 0, 0, 0), (size[0] // 2, 0, *size))
    output = io.BytesIO()
    if turned:
        exif = Image.Exif()
        exif[0x0112] = turned
        exif.get_ifd(0x8825)[1] = "N"
        options["exif"] = exif.tobytes()
    picture.convert(mode).save(output, form, **options)
    return output.getvalue()


def moving(form: str = "GIF", count: int = 3) -> bytes:
    pictures = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue", "white", "black")[:count]]
    output = io.BytesIO()
    pictures[0].save(output, form, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return output.getvalue()


def film(
    muxer: str, codec: str, *, sound: str = "", size: tuple[int, int] = (160, 96), count: int = 25, pixels: str = "yuv420p", flags: str = ""
) -> bytes:
    """A second of a red picture, and of silence where *sound* is a codec."""
    output = io.BytesIO()
    with av.open(output, "w", format=muxer, options={"movflags": flags} if flags else {}) as container:
        quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        stream = of_kind(av.VideoStream, container.add_stream(codec, rate=25, width=size[0], height=size[1], pix_fmt=pixels, options=quiet))
        rate = 8_000 if "amr" in sound else 48_000
        spoken = of_kind(av.AudioStream, container.add_stream(sound, rate=rate, layout="mono")) if sound else None
        for _ in range(count):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", size, "red"))))
        container.mux(stream.encode(None))
        if spoken is not None:
            for at in range(0, rate, rate // 50):
                frame = av.AudioFrame(format="s16p", layout="mono", samples=rate // 50)
                frame.planes[0].update(bytes(rate // 25))
                frame.rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
                container.mux(spoken.encode(frame))
            container.mux(spoken.encode(None))
    return output.getvalue()
