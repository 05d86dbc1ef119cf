"""Voice: decoded whole, whatever becomes of it, and remade in another form where the target wants one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import IO, Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import InputContainer
from av.filter import Graph
from av.packet import Packet
from msgspec import Struct, structs

from converters.files.media_formats import FORMATS
from streams.media.transcode import audio_repair, silk
from streams.media.transcode.containers import AUDIO, codec, opened
from streams.media.transcode.request import BadFileError, OpenRequest, TranscodeLimits, WorkerResult, begun, emptied, size

_RATES = range(4_000, 192_001)
_CHANNELS = 8
_CHUNK = 5760
"""Samples that pass from filter to encoder at once: a multiple of the frames of MP3, and few calls."""


class Encoding(Struct, frozen=True, kw_only=True):
    """How a format is written."""

    muxer: str
    codec: str
    sample_format: str
    rates: tuple[int, ...]
    """The next above the source's is taken; those of AAC leave its frame under 40 ms, so that half of one is within 20 ms."""
    channels: int
    frame: int = 0
    """Samples of a frame, where the file can only say its length in whole frames: the nearest number of them is kept."""
    silence: int = 0
    """Frames before the sound that a reader would play."""
    lead: int = 0
    """Frames before the sound that a reader does skip."""
    modes: tuple[tuple[int, int], ...] = ()
    """Bits of a second, and bytes of a frame, the best first. Source: RFC 4867."""


_MP3 = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC = (32_000, 44_100, 48_000)
_AMR = ((12_200, 32), (10_200, 27), (7_950, 21), (7_400, 20), (6_700, 18), (5_900, 16), (5_150, 14), (4_750, 13))
_MAGIC = len(b"#!AMR\n")
ENCODINGS = {
    "amr": Encoding(muxer="amr", codec="libopencore_amrnb", sample_format="s16", rates=(8_000,), channels=1, frame=160, modes=_AMR),
    "mp3": Encoding(muxer="mp3", codec="libmp3lame", sample_format="fltp", rates=_MP3, channels=2),
    "aac": Encoding(muxer="adts", codec="aac", sample_format="fltp", rates=_AAC, channels=2, frame=1024, silence=1),
    "m4a": Encoding(muxer="ipod", codec="aac", sample_format="fltp", rates=_AAC, channels=2, frame=1024, lead=1),
}
_TELEPHONE = 12_000
"""Samples a second, up to which sound is speech at best."""
_BETTER = {"amrnb": ("libopencore_amrnb", 8_000), "amrwb": ("libopencore_amrwb", 16_000)}
_STREAMS = frozenset({"mp3", "aac", "amr"})
"""Nothing but frames, one after another: what lies between them is skipped in silence, so its bytes are counted."""
_TAGS, _NOTHING = 4_096, 256
"""Bytes: of tags after the sound; of a file with a head and no more."""
_PLAIN = {"amr": ("amrnb", "libopencore_amrnb"), "mp3": ("mp3", "mp3float"), "m4a": ("aac",), "aac": ("aac",)}
"""What a format's name promises of the codec in it; a file that keeps another one is remade."""


def press(work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult:
    """The sound of *work*'s source, which begins as a *name*. Raises `BadFileError`."""
    kind = FORMATS[name].kind
    if kind not in ("audio", "video"):
        raise BadFileError("unsupported" if kind == "other" else "mislabelled")
    shape = work.shape
    mended = audio_repair.mended(work.source, name)
    heard = DecodedAudio(limits, shape.longest)
    with _sound(mended or work.source, name, heard) as (found, spoken, frames):
        plain = not shape.formats or (found in shape.formats and spoken in _PLAIN.get(found, (spoken,)))
        target = found if plain else shape.formats[0]
        if plain:
            for _ in frames:
                pass
        elif target not in ENCODINGS:
            raise BadFileError("unsupported")
        else:
            AudioWriter(ENCODINGS[target], limits).write(emptied(work.made), frames)
    healed = plain and mended is not None and bool(shape.formats)
    if healed and mended is not None:
        emptied(work.made).write(begun(mended).read())
    made = WorkerResult(new=healed or not plain, format=target, source_format=found, duration=heard.milliseconds)
    return _smaller(made, work, limits, mended or work.source) or made


@contextmanager
def _sound(source: IO[bytes], name: str, heard: "DecodedAudio") -> Iterator[tuple[str, str, Iterator[AudioFrame]]]:
    """What *source* turns out to be, its codec, and what is heard of it. Raises `BadFileError`."""
    if name == "silk":
        yield name, "silk", heard.counted(silk.frames(source))
        return
    with opened(begun(source), name) as container:
        if not container.streams.audio:
            raise BadFileError("mislabelled")
        stream = container.streams.audio[0]
        spoken = codec(stream)
        if spoken not in AUDIO:
            raise BadFileError("unsupported")
        if name in ("mp4", "mov", "3gp") and spoken == "aac" and not container.streams.video:
            name = "m4a"
        yield name, spoken, heard.frames(container, stream)


def _smaller(made: WorkerResult, work: OpenRequest, limits: TranscodeLimits, source: IO[bytes]) -> WorkerResult | None:
    """In the best mode of AMR that still fits into a message, where *made* is too large for one."""
    shape, encoding = work.shape, ENCODINGS.get(made.format)
    room = shape.inline // 4 * 3
    has = size(work.made if made.new else work.source)
    if encoding is None or not encoding.modes or not 0 < room < has or 0 < shape.inline_longest < made.duration:
        return None
    frames = -(-made.duration * encoding.rates[0] // (1000 * encoding.frame))
    bits = next((bits for bits, each in encoding.modes if frames * each + _MAGIC <= room), None)
    if bits is None:
        return None
    with _sound(source, made.source_format, DecodedAudio(limits, shape.longest)) as (_, _, heard):
        AudioWriter(encoding, limits, bits).write(emptied(work.made), heard)
    return structs.replace(made, new=True)


class DecodedAudio:
    """What comes out of a decoder, counted and bounded."""

    def __init__(self, limits: TranscodeLimits, longest: int) -> None:
        self._samples = limits.samples
        self._longest = min(limits.longest_ms, longest or limits.longest_ms) / 1000
        self._seconds = 0.0

    @property
    def milliseconds(self) -> int:
        return round(self._seconds * 1000)

    def frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        """Raises `BadFileError`, also where more than two in a hundred packets (and more than two) cannot be decoded."""
        decoder = _decoder(stream)
        packets, broken, taken, start = 0, 0, 0, 0
        for packet in container.demux(stream):
            packets += 1
            start = packet.pos or 0 if packets == 1 else start
            try:
                decoded = decoder.decode(packet)
            except EOFError:
                continue
            except (av.error.InvalidDataError, av.error.UndefinedError):
                broken += 1
                decoded = []
            taken += packet.size if decoded else 0
            for frame in decoded:
                self._count(frame)
                yield frame
        if not self._seconds:
            raise BadFileError("damaged" if broken or container.size > _NOTHING else "empty")
        skipped = container.size - start - taken if container.format.name in _STREAMS else 0
        if broken > 2 + packets // 50 or skipped > container.size // 10 + _TAGS:
            raise BadFileError("damaged")

    def counted(self, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
        """*frames*. Raises `BadFileError`."""
        for frame in frames:
            self._count(frame)
            yield frame

    def _count(self, frame: AudioFrame) -> None:
        channels = frame.layout.nb_channels
        if frame.sample_rate not in _RATES or not 0 < channels <= _CHANNELS:
            raise BadFileError("unsupported")
        self._samples -= frame.samples * channels
        self._seconds += frame.samples / frame.sample_rate
        if self._samples < 0 or self._seconds > self._longest + 0.0005:
            raise BadFileError("too-long")


def _decoder(stream: AudioStream) -> Any:
    """FFmpeg's own reader of AMR lets the loudness of tones sink, to a fifth at worst; OpenCORE's is as exact as a telephone's."""
    if (better := _BETTER.get(stream.codec_context.name)) is not None:
        reader, rate = better
        decoder: Any = CodecContext.create(reader, "r")
        decoder.sample_rate, decoder.layout = rate, "mono"
        return decoder
    stream.codec_context.thread_count = 1
    return stream.codec_context


class AudioWriter:
    """Sound on its way into a file of one format."""

    def __init__(self, encoding: Encoding, limits: TranscodeLimits, bits: int = 0) -> None:
        self._encoding = encoding
        self._bits = bits
        self._room = limits.output_bytes
        self._samples = 0

    def write(self, file: IO[bytes], frames: Iterable[AudioFrame]) -> None:
        encoding, frames = self._encoding, iter(frames)
        first = next(frames)
        rate = next((each for each in encoding.rates if each >= first.sample_rate), encoding.rates[-1])
        layout = "stereo" if min(first.layout.nb_channels, encoding.channels) == 2 else "mono"
        with av.open(file, "w", format=encoding.muxer) as output:
            stream: Any = output.add_stream(
                encoding.codec, rate=rate, options=_options(encoding, rate), layout=layout, format=encoding.sample_format
            )
            stream.bit_rate = self._bits or _bits(encoding, rate, layout)
            stream.codec_context.thread_count = 1
            output.mux(self._kept(list(self._encoded(stream, first, frames, rate, layout))))

    def _encoded(self, stream: Any, first: AudioFrame, frames: Iterator[AudioFrame], rate: int, layout: str) -> "Iterator[Packet[Any]]":
        for frame in self._resampled(first, frames, rate, layout):
            frame.pts, frame.time_base = self._samples, Fraction(1, rate)
            self._samples += frame.samples
            yield from self._bounded(stream.encode(frame))
        yield from self._bounded(stream.encode(None))

    def _bounded(self, packets: "list[Packet[Any]]") -> "list[Packet[Any]]":
        self._room -= sum(packet.size for packet in packets)
        if self._room < 0:
            raise BadFileError("too-large")
        return packets

    def _kept(self, packets: "list[Packet[Any]]") -> "list[Packet[Any]]":
        encoding = self._encoding
        if not encoding.frame:
            return packets
        whole = max(1, (2 * self._samples + encoding.frame) // (2 * encoding.frame))
        return packets[encoding.silence : encoding.silence + encoding.lead + whole]

    def _resampled(self, first: AudioFrame, frames: Iterator[AudioFrame], rate: int, layout: str) -> Iterator[AudioFrame]:
        """A graph for as long as the source keeps its form: some files change it on their way."""
        graph, form = self._graph(first, rate, layout), _form(first)
        graph.push(first)
        waiting = first.samples
        for frame in frames:
            if _form(frame) != form:
                graph.push(None)
                yield from self._pulled(graph)
                graph, form = self._graph(frame, rate, layout), _form(frame)
            frame.pts = None
            graph.push(frame)
            waiting += frame.samples
            if waiting >= _CHUNK:  # to be told each time that there is none yet costs as much as the sound
                waiting = 0
                yield from self._pulled(graph)
        graph.push(None)
        yield from self._pulled(graph)

    def _pulled(self, graph: Graph) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, EOFError):
                return
            assert isinstance(frame, AudioFrame)
            yield frame

    def _graph(self, frame: AudioFrame, rate: int, layout: str) -> Graph:
        """Channels are mixed so that their sum cannot exceed one of them at its loudest; what rounding adds saturates."""
        rate_, form_, layout_ = _form(frame)
        graph = Graph()
        graph.threads = 1
        graph.link_nodes(
            graph.add("abuffer", sample_rate=str(rate_), sample_fmt=form_, channel_layout=layout_, time_base=f"1/{rate_}"),
            graph.add("aresample", rematrix_maxval="1.0"),
            graph.add("aformat", sample_rates=str(rate), sample_fmts=self._encoding.sample_format, channel_layouts=layout),
            graph.add("abuffersink"),
        ).configure()
        graph.set_audio_frame_size(_CHUNK)
        return graph


def _form(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.format.name, frame.layout.name


def _options(encoding: Encoding, rate: int) -> dict[str, str]:
    """LAME looks less long for what nobody hears in a telephone's sound."""
    return {"compression_level": "7" if rate <= _TELEPHONE else "5"} if encoding.codec == "libmp3lame" else {}


def _bits(encoding: Encoding, rate: int, layout: str) -> int:
    """Per second: AMR's best mode; as much as speech needs and music bears of the others."""
    if encoding.modes:
        return encoding.modes[0][0]
    mono = 32_000 if rate <= _TELEPHONE else 48_000 if rate <= 24_000 else 64_000
    return mono * (2 if layout == "stereo" else 1)
