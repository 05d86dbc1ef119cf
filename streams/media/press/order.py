"""What is asked of the worker processes, and what becomes of it."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from converters.media import Role, Shape

Reason = Literal[
    "truncated", "unsupported", "pixels", "too-long", "too-large", "cpu", "memory", "timeout", "crashed", "damaged", "mislabelled",
    "empty",
]  # fmt: skip


class Limits(Struct, frozen=True, kw_only=True):
    """What one order may use, whoever sent the file."""

    cpu_seconds: int = 20
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


class Order(Struct, frozen=True):
    source: Path
    directory: Path
    """What is made is written here, and nowhere else; the caller's, who also removes it."""
    role: Role
    shape: Shape
    alone: bool = False
    """Nobody sent a thumbnail: one is made, where the shape wants one."""


class Made(Struct, frozen=True, kw_only=True, omit_defaults=True):
    path: Path
    """The source itself, where the target shows it as it is."""
    format: str
    """A name of `converters.formats`, of the file at *path*; *source_format* is the source's, as it turned out when it was read."""
    source_format: str
    width: int = 0
    """As it is shown: a picture that lies on its side has them exchanged."""
    height: int = 0
    duration: int = 0
    """Milliseconds: of sound as decoded, of a film as its container says."""
    thumbnail: "Made | None" = None


class Failed(Struct, frozen=True, omit_defaults=True):
    reason: Reason
    crashed: bool = False
    """It cost a worker process; perhaps for a reason that was not the file's."""


class Bad(Exception):
    """The file cannot be had in the form that is wanted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
