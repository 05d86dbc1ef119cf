"""A film remade as what phones play: H.264 and AAC in MP4. A stream that is played already is copied, the other one encoded.

Bounded by the seconds of CPU that are left, the bytes that the target takes, and the pixels and pictures a second that follow from both.
"""

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import IO, Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from msgspec import Struct

from streams.media.transcode.containers import codec
from streams.media.transcode.film import Film
from streams.media.transcode.request import BadFileError, TranscodeLimits

_SIDES = (1280, 960, 640, 480)
"""Pixels of the longer side: the largest that time allows."""
_ENCODED, _DECODED = 12_000_000, 40_000_000
"""Pixels a second of one slow core, of H.264 written and of any codec read."""
_RATE = 30
"""Pictures a second at most: of more, some are left out."""
_CLOCK = Fraction(1, 90_000)
_BITS, _LEAST_BITS, _SOUND_BITS, _SOUND_RATE = 2_500_000, 120_000, 96_000, 48_000
_MARGIN = 0.9
_SPARE = 0.8
"""Of the seconds of CPU: the rest is for what comes after, and for an error that is told instead of a process that is killed."""
_HVC1 = "hvc1"
"""The name of HEVC that iPhones look for."""


class Bounded:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most, self.full = file, most, False
        self.seek, self.tell, self.read = file.seek, file.tell, file.read

    def write(self, data: bytes) -> int:
        self.full = self.full or self._file.tell() + len(data) > self._most
        return len(data) if self.full else self._file.write(data)


class Goal(Struct, frozen=True, kw_only=True):
    """What the MP4 may take."""

    limits: TranscodeLimits
    largest: int
    """Bytes; 0 is no limit of the target's."""
    duration: int
    """Milliseconds; 0 where the source does not say it."""
    turned: int
    """By how many degrees to the left it is shown."""
    until: float
    """When `time.process_time` will have come to this, it is over."""


def remade(container: InputContainer, found: Film, written: IO[bytes], goal: Goal) -> tuple[int, int]:
    """*found* of *container* as an MP4, in *written*; the answer is the sides of its pictures, or zeros where they were copied. Raises `BadFileError`."""
    most = goal.limits.output_bytes
    bounded = Bounded(written, min(most, goal.largest or most))
    if not found.played and not goal.limits.film_seconds:
        raise BadFileError("unsupported")
    with av.open(bounded, "w", format="mp4") as output:
        pictures: _Track = (
            _Copied(output, found.pictures) if found.shown else _Pictures(output, found.pictures, _plan(found, goal), goal.turned)
        )
        tracks = {found.pictures.index: pictures}
        if found.sound is not None:
            tracks[found.sound.index] = _Copied(output, found.sound) if found.heard else _Sound(output, found.sound)
        for packet in container.demux([one for one in (found.pictures, found.sound) if one is not None]):
            for ready in tracks[packet.stream.index].take(packet):
                output.mux(ready)
            if bounded.full:  # said here: an error of its own, FFmpeg would not pass on
                break
            if not found.played and time.process_time() > goal.until:
                raise BadFileError("cpu")
    if bounded.full:
        raise BadFileError("too-large")
    return pictures.sides


class _Plan(Struct, frozen=True):
    side: int
    bits: int


def end(limits: TranscodeLimits) -> float:
    """`Goal.until`, of a film that is begun now."""
    return time.process_time() + limits.film_seconds * _SPARE


def _plan(found: Film, goal: Goal) -> _Plan:
    """Raises `BadFileError` where no time, or no room, is enough."""
    context = found.pictures.codec_context
    seconds = max(goal.duration / 1000, 1.0)
    rate = float(found.pictures.average_rate or _RATE)
    read = seconds * max(1.0, min(rate, 120.0)) * context.width * context.height / _DECODED
    left = goal.until - time.process_time() - read
    pixels = max(0.0, left) * _ENCODED / (seconds * min(max(rate, 1.0), _RATE))
    longer, shorter = max(context.width, context.height), min(context.width, context.height)
    for side in _SIDES:
        scale = min(1.0, side / longer)
        if longer * shorter * scale * scale <= pixels:
            break
    else:
        raise BadFileError("cpu")
    room = int(goal.largest * 8 * _MARGIN / seconds) - _SOUND_BITS if goal.largest else _BITS
    if room < _LEAST_BITS:
        raise BadFileError("too-large")
    return _Plan(side, min(_BITS, room))


class _Track:
    """A stream of the MP4."""

    sides = (0, 0)

    def take(self, packet: Any) -> Iterator[Any]:
        """What of it can be written when *packet* of the source has come; the last one is empty."""
        raise NotImplementedError


class _Copied(_Track):
    def __init__(self, output: OutputContainer, source: VideoStream | AudioStream) -> None:
        self._stream: Any = output.add_stream_from_template(source)
        if codec(source) == "hevc":
            self._stream.codec_context.codec_tag = _HVC1
        rate = getattr(source, "average_rate", None)
        self._lasts = max(1, round(1 / (rate * source.time_base))) if rate and source.time_base else 1
        self._waiting: list[Any] = []

    def take(self, packet: Any) -> Iterator[Any]:
        """Matroska does not say when the first pictures are to be decoded, only when they are shown."""
        ends = packet.dts is None and packet.size == 0
        if not ends:
            self._waiting.append(packet)
        if not ends and packet.dts is None:
            return
        known = packet.dts
        for before, one in enumerate(reversed(self._waiting)):
            if one.dts is None:
                one.dts = one.pts if known is None else known - before * self._lasts
            one.stream = self._stream
        yield from self._waiting
        self._waiting = []


class _Encoded(_Track):
    """Decoded and encoded again; packets that cannot be decoded are left out, unless it is many of them."""

    def __init__(self, source: Any) -> None:
        self._source = source
        source.codec_context.thread_count = 1
        self._stream: Any = None
        self._packets = self._broken = 0

    def _frames(self, packet: Any) -> list[Any]:
        self._packets += 1
        try:
            return list(self._source.decode(packet))
        except EOFError:
            return []
        except (av.error.InvalidDataError, av.error.UndefinedError):
            self._broken += 1
            if self._broken > 4 + self._packets // 10:
                raise BadFileError("damaged") from None
            return []


class _Pictures(_Encoded):
    def __init__(self, output: OutputContainer, source: VideoStream, plan: _Plan, turned: int) -> None:
        super().__init__(source)
        self._output, self._plan, self._turned = output, plan, turned
        context = source.codec_context
        scale = min(1.0, plan.side / max(context.width, context.height))
        self._size = tuple(max(2, round(each * scale / 2) * 2) for each in (context.width, context.height))
        across, down = self._size if turned % 180 == 0 else self._size[::-1]
        self.sides = (across, down)
        options = {
            "preset": "superfast",
            "crf": "25",
            "maxrate": str(plan.bits),
            "bufsize": str(2 * plan.bits),
            "threads": "1",
            "profile": "high",
        }
        self._stream = output.add_stream("libx264", rate=_RATE, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = across, down, "yuv420p"
        self._stream.codec_context.time_base = _CLOCK
        self._stream.codec_context.thread_count = 1
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None
        self._last: int | None = None

    def take(self, packet: Any) -> Iterator[Any]:
        for frame in self._frames(packet):
            yield from self._written(frame)
        if packet.dts is None and packet.size == 0:
            yield from self._stream.encode(None)

    def _written(self, frame: VideoFrame) -> Iterator[Any]:
        """One picture, if the one before has been there long enough."""
        step = int(1 / _CLOCK) // _RATE
        if frame.pts is None or frame.time_base is None:
            at = 0 if self._last is None else self._last + step
        else:
            at = round(frame.pts * frame.time_base / _CLOCK)
        if self._last is not None and at - self._last < step * 9 // 10:
            return
        self._last = at
        picture = self._shaped(frame)
        picture.pts, picture.time_base = at, _CLOCK
        picture.pict_type = 0
        yield from self._stream.encode(picture)

    def _shaped(self, frame: VideoFrame) -> VideoFrame:
        """Upright, in the sides of the film: some change theirs on their way."""
        form = frame.width, frame.height, frame.format.name
        if self._graph is None or form != self._form:
            self._graph, self._form = self._filters(frame), form
        frame.pts = None
        self._graph.push(frame)
        picture = self._graph.pull()
        assert isinstance(picture, VideoFrame)
        return picture

    def _filters(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        ratio = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/90000:pixel_aspect=1/1"
        turn = {90: [("transpose", "cclock")], 180: [("hflip", ""), ("vflip", "")], 270: [("transpose", "clock")]}.get(
            self._turned % 360, []
        )
        named = [("scale", f"{self._size[0]}:{self._size[1]}"), *turn, ("format", "yuv420p")]
        nodes = [
            graph.add("buffer", ratio),
            *(graph.add(name, given) if given else graph.add(name) for name, given in named),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


class _Sound(_Encoded):
    def __init__(self, output: OutputContainer, source: AudioStream) -> None:
        super().__init__(source)
        better = {"amrnb": ("libopencore_amrnb", 8_000), "amrwb": ("libopencore_amrwb", 16_000)}.get(codec(source))
        if better is not None:
            decoder: Any = CodecContext.create(better[0], "r")
            decoder.sample_rate, decoder.layout = better[1], "mono"
            self._source = decoder
        self._resampler = av.AudioResampler(
            format="fltp", layout="stereo" if source.codec_context.layout.nb_channels > 1 else "mono", rate=_SOUND_RATE, frame_size=1024
        )
        self._stream = output.add_stream("aac", rate=_SOUND_RATE, layout=self._resampler.layout.name)
        self._stream.bit_rate = _SOUND_BITS
        self._samples: int | None = None

    def take(self, packet: Any) -> Iterator[Any]:
        for frame in self._frames(packet):
            yield from self._written(frame)
        if packet.dts is None and packet.size == 0:
            yield from self._written(None)
            yield from self._stream.encode(None)

    def _written(self, frame: AudioFrame | None) -> Iterator[Any]:
        if frame is not None:
            if self._samples is None:
                begins = 0.0 if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
                self._samples = round(max(0.0, begins) * _SOUND_RATE)
            frame.pts = None
        for one in self._resampler.resample(frame):
            one.pts, one.time_base = self._samples or 0, Fraction(1, _SOUND_RATE)
            self._samples = (self._samples or 0) + one.samples
            yield from self._stream.encode(one)
