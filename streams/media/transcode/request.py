"""What is asked of the worker processes, and what becomes of it."""

from pathlib import Path
from typing import IO, Annotated, Literal

from msgspec import Meta, Struct, structs

from converters.files.media import Role, Shape

Reason = Literal[
    "truncated",
    "unsupported",
    "pixels",
    "too-long",
    "too-large",
    "cpu",
    "memory",
    "timeout",
    "crashed",
    "damaged",
    "mislabelled",
    "empty",
    "forbidden-call",
]
"""`forbidden-call`: it asked the kernel for what no reader of files asks for."""


class TranscodeLimits(Struct, frozen=True, kw_only=True):
    """What one order may use, whoever sent the file."""

    cpu_seconds: int = 20
    film_seconds: int = 120
    """The same for a film, which may have to be encoded anew; 0: none is."""
    memory_bytes: int = 1 << 30
    """Of address space, beyond the 170 MB of an idle worker. A WebP of 50 million pixels takes most of it, a voice next to nothing."""
    seconds: float = 30.0
    """By the clock on the wall, the reading of the file included."""
    pixels: int = 50_000_000
    """Of one picture, by its header."""
    samples: int = 200_000_000
    """Decoded, of all channels together."""
    longest_ms: int = 3_600_000
    """Of sound that is decoded; a film is not."""
    output_bytes: int = 64 << 20
    """Of each file that is written."""


def for_films(limits: TranscodeLimits) -> TranscodeLimits:
    """*limits* of a worker that may have to encode a film: more of all time."""
    longer = max(1.0, limits.film_seconds / limits.cpu_seconds)
    return structs.replace(limits, cpu_seconds=max(limits.cpu_seconds, limits.film_seconds), seconds=limits.seconds * longer)


VAST = 8
"""How many times `TranscodeLimits.pixels` a picture may have that is not unpacked: one that the target shows as it is."""


class TranscodeSpec(Struct, frozen=True):
    """What a worker is told."""

    role: Role
    shape: Shape
    alone: bool = False
    """Nobody sent a thumbnail: one is made, where the shape wants one."""


class TranscodeRequest(Struct, frozen=True):
    source: Path
    directory: Path
    """What is made is written here, and nowhere else; the caller's, who also removes it. No worker is told of it."""
    role: Role
    shape: Shape
    alone: bool = False
    """As `TranscodeSpec.alone`."""

    @property
    def film(self) -> bool:
        """Whether it may take the time of one."""
        return self.role == "video" and bool(self.shape.formats)

    @property
    def wanted(self) -> TranscodeSpec:
        return TranscodeSpec(self.role, self.shape, self.alone)


class OpenRequest(Struct, frozen=True):
    """What a worker has in hand: what is wanted, and the only files that there are for it, open."""

    wanted: TranscodeSpec
    source: IO[bytes]
    made: IO[bytes]
    thumbnail: IO[bytes]

    @property
    def shape(self) -> Shape:
        return self.wanted.shape


def begun(file: IO[bytes]) -> IO[bytes]:
    """*file*, at its first byte."""
    file.seek(0)
    return file


def emptied(file: IO[bytes]) -> IO[bytes]:
    """*file*, to be written from its first byte on."""
    file.seek(0)
    file.truncate(0)
    return file


def size(file: IO[bytes]) -> int:
    """Bytes; leaves it at its end."""
    return file.seek(0, 2)


LOST = frozenset({"", "colours", "motion", "thumbnail"})
"""What `WorkerResult.lost` may be."""
MOST = (1 << 31) - 1
Count = Annotated[int, Meta(ge=0, le=MOST)]
Name = Annotated[str, Meta(max_length=16)]


class Thumbnail(Struct, frozen=True, kw_only=True):
    """The thumbnail, a JPEG."""

    width: Count
    height: Count


class WorkerResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A worker's word, of which its pool believes what it can check; it names no file."""

    new: bool = False
    """It lies where the worker was to write it; or it is the source itself, which the target shows as it is."""
    format: Name
    """A name of `converters.files.media_formats`; *source_format* is the source's, as it turned out when it was read."""
    source_format: Name
    width: Count = 0
    """As it is shown: a picture that lies on its side has them exchanged."""
    height: Count = 0
    duration: Count = 0
    """Milliseconds: of sound as decoded, of a film as its container says."""
    thumbnail: Thumbnail | None = None
    lost: Name = ""
    """What the target's form has no room for, or what could not be made of it: one of `LOST`."""


class Transcoded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same, checked, and where it lies."""

    path: Path
    """The source itself, where the target shows it as it is."""
    format: str
    source_format: str
    width: int = 0
    height: int = 0
    duration: int = 0
    thumbnail: "Transcoded | None" = None
    lost: str = ""


class TranscodeFailed(Struct, frozen=True, omit_defaults=True):
    reason: Reason
    crashed: bool = False
    """It cost a worker process; perhaps for a reason that was not the file's."""


class BadFileError(Exception):
    """The file cannot be had in the form that is wanted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
