"""What of a container is worth a film: which pictures and which sound, and whether phones play them as they are."""

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
from msgspec import Struct

from streams.media.transcode.containers import AUDIO, codec

_DEPTHS = {
    "h264": frozenset({"yuv420p", "yuvj420p"}),
    "hevc": frozenset({"yuv420p", "yuvj420p", "yuv420p10le"}),
    "mpeg4": frozenset({"yuv420p"}),
}
"""Codecs that phones show in an MP4, each in the forms of pixels that they do."""
_SPOKEN = frozenset({"aac", "mp3", "mp3float"})


class Film(Struct, frozen=True, kw_only=True):
    """What of a container goes into the MP4; *sound* may be None."""

    pictures: VideoStream
    sound: AudioStream | None
    shown: bool
    """The pictures are played as they are."""
    heard: bool
    """So is the sound, or there is none."""

    @property
    def played(self) -> bool:
        return self.shown and self.heard


def find_film(container: InputContainer) -> Film:
    """The first pictures, and the first sound that phones play, else the first that can be read at all."""
    pictures, sounds = container.streams.video[0], container.streams.audio
    spoken = next((one for one in sounds if codec(one) in _SPOKEN), None)
    sound = spoken or next((one for one in sounds if codec(one) in AUDIO), None)
    shown = pictures.codec_context.pix_fmt in _DEPTHS.get(codec(pictures), ())
    return Film(pictures=pictures, sound=sound, shown=shown, heard=spoken is not None or sound is None)
