"""The pool's side of a worker's files: opened before it begins, checked when it has ended. What it says is a stranger's word."""

import os
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

from converters.files.media import Shape
from converters.files.media_formats import FORMATS, HEAD, sniff
from streams.media.transcode.request import LOST, VAST, Thumbnail, Transcoded, TranscodeLimits, TranscodeRequest, WorkerResult

_BOXES = frozenset({"mp4", "m4a", "mov", "3gp"})
"""One family of files: which of them it is, its inside says too."""


class FalseResultError(Exception):
    """The files are not what the worker says they are."""


class RequestFiles:
    """Open as a context. The descriptors are the worker's, too: the source to read from, the others to write to."""

    def __init__(self, order: TranscodeRequest, limits: TranscodeLimits) -> None:
        self._order = order
        self._limits = limits
        self._made = order.directory / "made"
        self._thumbnail = order.directory / "thumbnail"
        self._kept: set[int] = set()
        self.descriptors: list[int] = []

    def __enter__(self) -> Self:
        try:
            self.descriptors.append(os.open(self._order.source, os.O_RDONLY))
            for path in (self._made, self._thumbnail):
                path.unlink(missing_ok=True)
                self.descriptors.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for each in self.descriptors:
            os.close(each)
        for number, path in ((1, self._made), (2, self._thumbnail)):
            if number not in self._kept or kind is not None:
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    @property
    def film(self) -> bool:
        """As `TranscodeRequest.film`."""
        return self._order.film

    @property
    def threaded(self) -> bool:
        """Whether what reads such a file begins threads: libheif's reader of HEVC does, whatever it is told."""
        return self._order.role not in ("file", "forwarded") and _is(self.descriptors[0], "heic")

    def taken(self, said: WorkerResult) -> Transcoded:
        """What *said* has turned out to be; of a worker that has ended, so that nothing is changed after it was looked at. Raises `FalseResultError`."""
        shape, source, made, small = self._order.shape, *self.descriptors
        file = made if said.new else source
        _check(said.format in FORMATS and said.source_format in FORMATS)
        _check(said.width * said.height <= self._limits.pixels * (1 if said.new else VAST))
        _check(said.lost in LOST)
        self._sized(file, shape, new=said.new)
        _check(_is(file, said.format) and _is(source, said.source_format))
        thumbnail = self._small(said.thumbnail, small) if said.thumbnail is not None else None
        if said.new:
            self._kept.add(1)
        return Transcoded(
            path=self._made if said.new else self._order.source,
            format=said.format,
            source_format=said.source_format,
            width=said.width,
            height=said.height,
            duration=said.duration,
            thumbnail=thumbnail,
            lost=said.lost,
        )

    def _small(self, said: Thumbnail, file: int) -> Transcoded:
        shape = self._order.shape.thumbnail
        _check(self._order.alone and shape is not None)
        assert shape is not None
        _check(said.width * said.height <= self._limits.pixels)
        self._sized(file, shape, new=True)
        _check(_is(file, "jpeg"))
        self._kept.add(2)
        return Transcoded(path=self._thumbnail, format="jpeg", source_format="jpeg", width=said.width, height=said.height)

    def _sized(self, file: int, shape: Shape, *, new: bool) -> None:
        length = os.fstat(file).st_size
        _check(not shape.largest or length <= shape.largest)
        _check(not new or 0 < length <= self._limits.output_bytes)


def _check(holds: bool) -> None:  # noqa: FBT001
    if not holds:
        raise FalseResultError


def _is(file: int, name: str) -> bool:
    """Whether *file* begins as a *name* does."""
    found = sniff(os.pread(file, HEAD, 0)).name
    return found == name or {found, name} <= _BOXES


def pair() -> tuple[socket.socket, socket.socket]:
    """Ours, which never blocks, and the other side's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs
