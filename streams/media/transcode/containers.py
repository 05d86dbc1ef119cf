"""FFmpeg's readers, of which the first bytes choose one; what is not in these tables is never run on a stranger's bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from typing import IO, Never

import av
from av.codec import CodecContext
from av.container import InputContainer
from av.stream import Stream

from streams.media.transcode.audio_repair import whole
from streams.media.transcode.request import BadFileError

DEMUXERS = {
    "amr": "amr",
    "amr-wb": "amr",
    "mp3": "mp3",
    "aac": "aac",
    "wav": "wav",
    "ogg": "ogg",
    "flac": "flac",
    "webm": "matroska",
    "m4a": "mov",
    "mp4": "mov",
    "mov": "mov",
    "3gp": "mov",
    "caf": "caf",
}
AUDIO = (
    "amrnb",
    "amrwb",
    "libopencore_amrnb",
    "libopencore_amrwb",
    "mp3",
    "mp3float",
    "aac",
    "alac",
    "opus",
    "libopus",
    "vorbis",
    "flac",
    "pcm_s8",
    "pcm_u8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
    "pcm_alaw",
    "pcm_mulaw",
    "adpcm_ms",
    "adpcm_ima_wav",
    "adpcm_ima_qt",
    "gsm_ms",
)
VIDEO = ("h264", "hevc", "mpeg4", "h263", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mjpeg")
_OPTIONS = {
    "codec_whitelist": ",".join(AUDIO + VIDEO),
    "format_whitelist": ",".join({*DEMUXERS.values(), "webm", "mp4", "m4a", "3gp", "3g2", "mj2"}),
    "protocol_whitelist": "none",
}

av.logging.set_level(None)


@contextmanager
def opened(file: IO[bytes], name: str) -> Iterator[InputContainer]:
    """*file*, which begins as a *name*, read by that format's reader. Raises `BadFileError`.

    The reader gets the open file and no name of it; whatever else the file asks it to open, it is refused.
    """
    if name not in DEMUXERS:
        raise BadFileError("unsupported")
    with _judged():
        if not whole(file, name):
            raise BadFileError("truncated")
        with av.open(file, "r", format=DEMUXERS[name], container_options=_OPTIONS, io_open=_refuse) as container:
            yield container


@contextmanager
def _judged() -> Iterator[None]:
    """FFmpeg's complaints in our words."""
    try:
        yield
    except MemoryError:
        raise BadFileError("memory") from None
    except (av.error.DecoderNotFoundError, av.error.PatchWelcomeError, av.error.NotImplementedError):
        raise BadFileError("unsupported") from None
    except (av.error.FFmpegError, EOFError, ValueError, OverflowError, UnicodeDecodeError):
        raise BadFileError("damaged") from None
    except OSError as error:
        if error.errno != EINVAL:  # the disk's
            raise
        raise BadFileError("damaged") from None  # it led to a place before its beginning


def codec(stream: Stream) -> str:
    """Its name; empty where nothing here knows how it is read."""
    context: CodecContext | None = stream.codec_context
    return "" if context is None else context.name


def _refuse(*_: object) -> Never:
    raise BadFileError("damaged")
