"""How much of a connection is read at once: its protocol says so. asyncio's own protocols get whatever has come, up to 256 KiB."""

import asyncio
from typing import Protocol

READ = 64 * 1024
"""Bytes at the most."""


class PieceProtocol(Protocol):
    @property
    def most(self) -> int: ...

    def connection_made(self, transport: asyncio.Transport) -> None: ...

    def data_received(self, data: memoryview) -> None:
        """*data* is good until it returns."""

    def eof_received(self) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class PieceReader(asyncio.BufferedProtocol):
    """*buffer*, of `READ` bytes, is that of all connections of one loop: what was read is taken before anything else is."""

    def __init__(self, inner: PieceProtocol, buffer: memoryview) -> None:
        self._inner, self._buffer = inner, buffer
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.connection_lost = inner.connection_lost  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]
        self.connection_made = inner.connection_made  # type: ignore[method-assign, assignment]

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer[: self._inner.most]

    def buffer_updated(self, nbytes: int) -> None:
        self._inner.data_received(self._buffer[:nbytes])
