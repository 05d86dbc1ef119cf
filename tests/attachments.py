"""Pictures, voices, videos and files that tests make, each known again however it was coded meanwhile.

A picture is told by the colours of its four quarters, of which no two of the first 750 are alike; a voice by its tone, one of 36; a
video by its first picture and its length. What is made is kept for the process.
"""

import io
import math
from array import array
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import av
from av.audio.resampler import AudioResampler
from PIL import Image

from tests.narrowed import of_kind
from tests.pitch import loudest

Colour = tuple[int, int, int]
Quarters = tuple[Colour, Colour, Colour, Colour]
"""Upper left, upper right, lower left, lower right."""

PALETTE: tuple[Colour, ...] = ((220, 30, 30), (30, 180, 60), (40, 70, 210), (240, 200, 40), (20, 20, 20), (235, 235, 235))
SIDES = (160, 120)
SMALL = (80, 60)
TOLERANCE = 45
"""Of each channel: half of what lies between two colours of the palette."""
PITCH = 0.02
DRIFT = 0.12
"""Seconds by which two codings of one voice may differ in length: what encoders put before and behind."""
VOICES = {
    "amr": ("libopencore_amrnb", "amr", 8000, 12_200, "audio/amr"),
    "aac": ("aac", "adts", 16_000, 32_000, "audio/aac"),
    "mp3": ("libmp3lame", "mp3", 16_000, 32_000, "audio/mpeg"),
    "wav": ("pcm_s16le", "wav", 16_000, 0, "audio/wav"),
}


class Sample(NamedTuple):
    """What somebody sends; `duration` in milliseconds."""

    kind: str
    content: bytes
    name: str
    mime: str
    width: int = 0
    height: int = 0
    duration: int = 0
    thumbnail: bytes = b""
    thumbnail_size: tuple[int, int] = (0, 0)

    def media(self, **more: Any) -> dict[str, Any]:
        """As `SimulatorClient.send` takes it; *more*: `inline`, `restricted`."""
        return self._asdict() | more

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


class Heard(NamedTuple):
    codec: str
    rate: int
    channels: int
    seconds: float
    frequency: float


class Watched(NamedTuple):
    codec: str
    width: int
    height: int
    seconds: float
    first: Quarters


# -- making


@cache
def picture(number: int = 0, form: str = "jpeg") -> Sample:
    """*form*: `jpeg`, `png` or `webp`."""
    extension = {"jpeg": "jpg"}.get(form, form)
    whole = _drawn(colours(number), SIDES)
    return Sample("image", _saved(whole, form), f"picture-{number}.{extension}", f"image/{form}", *SIDES, **_thumbnail(whole))


@cache
def gif(number: int = 0) -> Sample:
    """Moving: its quarters go round, four pictures in all."""
    first = colours(number)
    pictures = [_drawn((*first[turn:], *first[:turn]), SIDES) for turn in range(4)]  # type: ignore[arg-type]
    out = io.BytesIO()
    pictures[0].save(out, "gif", save_all=True, append_images=pictures[1:], duration=200, loop=0)
    return Sample("gif", out.getvalue(), f"moving-{number}.gif", "image/gif", *SIDES, **_thumbnail(pictures[0]))


@cache
def voice(number: int = 0, codec: str = "amr", seconds: float = 2.0) -> Sample:
    """*codec*: one of `VOICES`. The tone swells and ebbs at its ends, as no click should be heard."""
    encoder, container, rate, bits, mime = VOICES[codec]
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = of_kind(av.AudioStream, file.add_stream(encoder, rate=rate, layout="mono"))
        if bits:
            stream.bit_rate = bits
        resampler = AudioResampler(format=stream.format.name, layout="mono", rate=rate, frame_size=stream.frame_size or None)
        for frame in [*resampler.resample(_tone(tone(number), seconds, rate)), *resampler.resample(None)]:
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return Sample("voice", out.getvalue(), f"voice-{number}.{codec}", mime, duration=round(seconds * 1000))


@cache
def video(number: int = 0, seconds: float = 2.0) -> Sample:
    """H.264 in MP4, ten pictures a second, with a tone."""
    whole = _drawn(colours(number), SIDES)
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        shown = file.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        shown.width, shown.height = SIDES
        shown.pix_fmt = "yuv420p"
        heard = file.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(round(10 * seconds)):
            file.mux(shown.encode(av.VideoFrame.from_image(whole)))
        file.mux(shown.encode(None))
        resampler = AudioResampler(format="fltp", layout="mono", rate=16_000, frame_size=1024)
        for frame in [*resampler.resample(_tone(tone(number), seconds, 16_000)), *resampler.resample(None)]:
            file.mux(heard.encode(frame))
        file.mux(heard.encode(None))
    return Sample("video", out.getvalue(), f"video-{number}.mp4", "video/mp4", *SIDES, round(seconds * 1000), **_thumbnail(whole))


@cache
def document(number: int = 0, size: int = 4000) -> Sample:
    """It begins and ends as a PDF does."""
    middle = sha256(str(number).encode()).hexdigest() * (size // 64 + 1)
    content = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + middle.encode()[: size - 22] + b"\n%%EOF\n"
    return Sample("file", content, f"plan-{number}.pdf", "application/pdf")


def colours(number: int) -> Quarters:
    """Those of the picture, GIF and video of that number. Neighbours are not of one colour."""
    found = [number % len(PALETTE)]
    for place in range(3):
        # A step from the quarter before it, so that there is always an edge.
        found.append((found[-1] + number // len(PALETTE) // 5**place % 5 + 1) % len(PALETTE))
    one, two, three, four = (PALETTE[each] for each in found)
    return one, two, three, four


def tone(number: int) -> float:
    """Hertz: of the voice of that number."""
    return 400.0 * 1.05 ** (number % 36)


# -- looking and listening


def picture_of(content: bytes) -> Quarters:
    """The colours of an image's quarters, away from their edges; of a moving one, those it begins with."""
    with Image.open(io.BytesIO(content)) as image:
        return _quarters(image.convert("RGB"))


def same_picture(one: bytes, other: bytes | Quarters) -> bool:
    """Whether both show the same, in whatever form and size."""
    return alike(picture_of(one), picture_of(other) if isinstance(other, bytes) else other)


def alike(one: Quarters, other: Quarters) -> bool:
    pairs = zip(one, other, strict=True)
    return all(abs(here - there) <= TOLERANCE for first, second in pairs for here, there in zip(first, second, strict=True))


def pictures_in(content: bytes) -> int:
    """More than one in what moves."""
    with Image.open(io.BytesIO(content)) as image:
        return int(getattr(image, "n_frames", 1))


def samples_of(content: bytes) -> "tuple[str, int, int, array[int]]":
    """Codec, rate, channels and the samples of a sound, made mono."""
    found = array("h")
    with av.open(io.BytesIO(content), "r") as file:
        (stream, *_) = file.streams.audio
        codec, rate, channels = stream.codec_context.codec.canonical_name, stream.rate, stream.channels
        resampler = AudioResampler(format="s16", layout="mono", rate=rate)
        for frame in [*file.decode(stream), None]:
            for part in resampler.resample(frame):
                found.frombytes(bytes(part.planes[0])[: 2 * part.samples])
    return codec, rate, channels, found


def heard(content: bytes) -> Heard:
    codec, rate, channels, samples = samples_of(content)
    return Heard(codec, rate, channels, len(samples) / rate, loudest(samples, rate))


def dominant_frequency(content: bytes) -> float:
    """Hertz."""
    return heard(content).frequency


def same_sound(one: bytes, other: bytes) -> bool:
    """Whether both are as long and sound alike, in whatever form."""
    return sounds(heard(one), heard(other))


def sounds(one: Heard, other: Heard) -> bool:
    return abs(one.seconds - other.seconds) <= DRIFT and abs(one.frequency - other.frequency) <= PITCH * one.frequency


def watched(content: bytes) -> Watched:
    with av.open(io.BytesIO(content), "r") as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
        first = _quarters(frames[0].to_image().convert("RGB"))
        rate = float(stream.average_rate or 1)
        return Watched(stream.codec_context.name, stream.width, stream.height, len(frames) / rate, first)


def same_video(one: bytes, other: bytes) -> bool:
    first, second = watched(one), watched(other)
    return abs(first.seconds - second.seconds) <= DRIFT and alike(first.first, second.first)


def same(kind: str, one: bytes, other: bytes) -> bool:
    """Whether *other* is what *one* became: a picture and a sound may be coded anew, any other file is as it was."""
    if one == other:
        return True
    match kind:
        case "image":
            return same_picture(one, other)
        case "gif":
            return same_picture(one, other) and pictures_in(one) == pictures_in(other)
        case "voice":
            return same_sound(one, other)
        case "video":
            return same_video(one, other)
        case _:
            return False


# -- within


def _drawn(quarters: Quarters, sides: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", (2, 2))
    image.putdata(list(quarters))
    return image.resize(sides, Image.Resampling.NEAREST)


def _saved(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def _thumbnail(image: Image.Image) -> dict[str, Any]:
    return {"thumbnail": _saved(image.resize(SMALL), "jpeg"), "thumbnail_size": SMALL}


def _quarters(image: Image.Image) -> Quarters:
    width, height = image.size
    one, two, three, four = (
        image.crop(box).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        for box in (
            (x * width // 8, y * height // 8, (x + 2) * width // 8 or 1, (y + 2) * height // 8 or 1) for y in (1, 5) for x in (1, 5)
        )
    )
    return one, two, three, four  # type: ignore[return-value]


def _tone(frequency: float, seconds: float, rate: int) -> av.AudioFrame:
    count, ramp = round(seconds * rate), 0.05 * rate
    samples = array(
        "h",
        (
            round(12_000 * min(1.0, place / ramp, (count - place) / ramp) * math.sin(math.tau * frequency * place / rate))
            for place in range(count)
        ),
    )
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(samples.tobytes() + bytes(frame.planes[0].buffer_size - 2 * count))
    frame.sample_rate, frame.pts = rate, 0
    return frame
