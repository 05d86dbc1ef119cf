"""Films go as they are: looked into, one picture taken out, and at most put into another container, the sound and pictures untouched."""

from typing import IO, Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from converters.files.media_formats import FORMATS
from streams.media.transcode.containers import VIDEO, codec, opened
from streams.media.transcode.images import small
from streams.media.transcode.request import (
    MOST,
    BadFileError,
    OpenRequest,
    TranscodeLimits,
    WorkerResult,
    begun,
    emptied,
)

_PLAYED = frozenset({"h264", "hevc", "mpeg4"}), frozenset({"aac", "mp3", "mp3float"})
"""What players of MP4 show and say; another container's file is put into one only where it holds nothing else."""
_LOOKED_AT = 200
"""Packets in which the first picture has to be."""


def press(work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult:
    """The film of *work*'s source, which begins as a *name*. Raises `BadFileError`."""
    kind = FORMATS[name].kind
    if kind != "video":
        raise BadFileError("unsupported" if kind == "other" else "mislabelled")
    shape = work.shape
    with opened(begun(work.source), name) as container:
        if not container.streams.video:
            raise BadFileError("mislabelled")
        stream = container.streams.video[0]
        if codec(stream) not in VIDEO:
            raise BadFileError("unsupported")
        if stream.width * stream.height > limits.pixels:
            raise BadFileError("pixels")
        duration = _milliseconds(container, stream)
        if shape.longest and duration > shape.longest:
            raise BadFileError("too-long")
        first = _picture(container, stream, limits)
        width, height = (first.height, first.width) if first.rotation % 180 else (first.width, first.height)
        thumbnail = None
        if work.wanted.alone and shape.thumbnail is not None:
            thumbnail = small(_upright(first), shape.thumbnail, work.thumbnail)
        movable = bool(shape.formats) and name not in shape.formats and shape.formats[0] == "mp4" and _playable(container)
    if movable:
        with opened(begun(work.source), name) as container:
            _moved(container, emptied(work.made), limits)
    return WorkerResult(
        new=movable, format="mp4" if movable else name, source_format=name, width=width, height=height, duration=duration, thumbnail=thumbnail
    )


def _milliseconds(container: InputContainer, stream: VideoStream) -> int:
    """As the file says it; bounded, since it may say anything."""
    said = 0
    if container.duration is not None:
        said = round(container.duration / 1000)
    elif stream.duration and stream.time_base:
        said = round(float(stream.duration * stream.time_base) * 1000)
    return min(max(said, 0), MOST)


def _picture(container: InputContainer, stream: VideoStream, limits: TranscodeLimits) -> VideoFrame:
    """The first that can be decoded."""
    stream.codec_context.thread_count = 1
    for count, packet in enumerate(container.demux(stream)):
        if count > _LOOKED_AT:
            break
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, av.error.UndefinedError, EOFError):
            continue
        for frame in frames:
            if frame.width * frame.height > limits.pixels:
                raise BadFileError("pixels")
            return frame
    raise BadFileError("damaged")


def _upright(frame: VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def _playable(container: InputContainer) -> bool:
    pictures, sound = _PLAYED
    streams = container.streams
    return {codec(one) for one in streams.video} <= pictures and {codec(one) for one in streams.audio} <= sound


class _BoundedFile:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most, self.full = file, most, False
        self.seek, self.tell, self.read = file.seek, file.tell, file.read

    def write(self, data: bytes) -> int:
        self.full = self.full or self._file.tell() + len(data) > self._most
        return len(data) if self.full else self._file.write(data)


def _moved(container: InputContainer, written: IO[bytes], limits: TranscodeLimits) -> None:
    taken: list[Any] = [container.streams.video[0], *container.streams.audio[:1]]
    bounded = _BoundedFile(written, limits.output_bytes)
    with av.open(bounded, "w", format="mp4") as output:
        streams = {one.index: output.add_stream_from_template(one) for one in taken}
        for packet in container.demux(taken):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
            if bounded.full:  # said here: an error of its own, FFmpeg would not pass on
                break
    if bounded.full:
        raise BadFileError("too-large")


def as_it_is(name: str) -> WorkerResult:
    return WorkerResult(format=name, source_format=name)
