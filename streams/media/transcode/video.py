"""Films that phones play go as they are: looked into, and one picture taken out. Others are put into an MP4, remade where they have to be."""

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from converters.files.media_formats import FORMATS
from streams.media.transcode import video_encoding
from streams.media.transcode.containers import VIDEO, codec, opened
from streams.media.transcode.film import find_film
from streams.media.transcode.images import small
from streams.media.transcode.request import MOST, BadFileError, OpenRequest, TranscodeLimits, WorkerResult, begun, emptied

_LOOKED_AT = 200
"""Packets in which the first picture has to be."""


def press(work: OpenRequest, limits: TranscodeLimits, name: str) -> WorkerResult:
    """The film of *work*'s source, which begins as a *name*. Raises `BadFileError`."""
    kind = FORMATS[name].kind
    if kind != "video":
        raise BadFileError("unsupported" if kind == "other" else "mislabelled")
    shape, until = work.shape, video_encoding.end(limits)
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
        shown = not shape.formats or (name in shape.formats and find_film(container).played)
    if shown:
        return WorkerResult(format=name, source_format=name, width=width, height=height, duration=duration, thumbnail=thumbnail)
    if "mp4" not in shape.formats:
        raise BadFileError("unsupported")
    with opened(begun(work.source), name) as container:
        found = find_film(container)
        goal = video_encoding.Goal(limits=limits, largest=shape.largest, duration=duration, turned=int(first.rotation), until=until)
        sides = video_encoding.remade(container, found, emptied(work.made), goal)
    width, height = sides if all(sides) else (width, height)
    return WorkerResult(new=True, format="mp4", source_format=name, width=width, height=height, duration=duration, thumbnail=thumbnail)


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
    image: Image.Image = frame.to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def as_it_is(name: str) -> WorkerResult:
    return WorkerResult(format=name, source_format=name)
