"""How much of a connection is read at once: its protocol says so. asyncio's own protocols get whatever has come, up to 256 KiB."""

import asyncio
from typing import Protocol, cast

READ = 256 * 1024
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

    __slots__ = ("_buffer", "_inner")

    def __init__(self, inner: PieceProtocol, buffer: memoryview) -> None:
        self._inner, self._buffer = inner, buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(cast(asyncio.Transport, transport))  # uvloop's is none by its class

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer[: self._inner.most]

    def buffer_updated(self, nbytes: int) -> None:
        self._inner.data_received(self._buffer[:nbytes])

    def eof_received(self) -> None:
        self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)
        # uvloop's transport keeps this object, and the inner one its transport: as a ring they would wait for a collection.
        del self._inner
