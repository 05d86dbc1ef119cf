"""SILK version 3, as WeChat and QQ record voices: decoded packet by packet, since the package's own loop takes the first frame of each alone.

Source: "SILK Speech Codec" (draft-vos-silk), and the interface of Skype's SDK that the package is made of.
"""

from collections.abc import Iterator
from typing import IO, Any

from av.audio.frame import AudioFrame
from pysilk.backends.cffi._silk import ffi, lib

from converters.files.media_formats import SILK_HEAD
from streams.media.transcode.request import BadFileError, begun

RATE = 24_000
"""Samples a second that are asked for: the most that it holds."""
_PACKET = 1_250
"""Bytes of a packet at most."""
_FRAMES, _FRAME = 5, RATE // 50
"""Of a packet at most, and samples of one."""
_ROOM = 2 * _FRAME
_LOST = 1


def frames(file: IO[bytes]) -> Iterator[AudioFrame]:
    """The sound of *file*. Raises `BadFileError` where more than two in a hundred packets (and more than two) cannot be decoded."""
    memory, control, samples, count = _decoder()
    total = broken = 0
    for packet in _packets(file):
        total += 1
        lost = 0 if packet else _LOST  # what was not recorded is filled up, as of a packet that got lost
        for _ in range(_FRAMES):
            if lib.SKP_Silk_SDK_Decode(memory, control, lost, packet, len(packet), samples, count):
                broken += not lost
                break
            if 0 < count[0] <= _ROOM:
                yield _frame(bytes(ffi.buffer(samples, 2 * count[0])), count[0])
            if lost or not control.moreInternalDecoderFrames:
                break
    if not total:
        raise BadFileError("empty")
    if broken > 2 + total // 50 or broken == total:
        raise BadFileError("damaged")


def _packets(file: IO[bytes]) -> Iterator[bytes]:
    """Up to the end, which is a length below zero, or where the file is cut; each lies behind its length in two bytes."""
    head = begun(file).read(len(SILK_HEAD) + 1)
    file.seek(head.index(SILK_HEAD) + len(SILK_HEAD))
    while len(said := file.read(2)) == 2:
        length = int.from_bytes(said, "little", signed=True)
        if length > _PACKET:
            raise BadFileError("damaged")
        if length < 0 or len(packet := file.read(length)) < length:
            return
        yield packet


def _decoder() -> tuple[Any, Any, Any, Any]:
    """Its state, its settings, and where samples and their number are written."""
    length = ffi.new("int32_t *")
    if lib.SKP_Silk_SDK_Get_Decoder_Size(length):
        raise BadFileError("unsupported")
    memory = ffi.new("uint64_t[]", length[0] // 8 + 1)
    if lib.SKP_Silk_SDK_InitDecoder(memory):
        raise BadFileError("unsupported")
    control = ffi.new("SKP_SILK_SDK_DecControlStruct *")
    control.API_sampleRate, control.framesPerPacket = RATE, 1
    return memory, control, ffi.new("int16_t[]", 2 * _FRAMES * _ROOM), ffi.new("int16_t *")


def _frame(content: bytes, samples: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=samples)
    frame.planes[0].update(content)
    frame.sample_rate = RATE
    return frame
