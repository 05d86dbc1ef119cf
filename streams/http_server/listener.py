"""An HTTP listener inside an event loop that somebody else runs."""

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from converters.core.localized import ReportedError, localized
from streams.http_server.answer import early
from streams.http_server.connections import Connections, PortLimits
from streams.http_server.pieces import READ, PieceReader
from streams.http_server.protocol import HttpProtocol
from streams.settings.listening import sockets

ACCEPTED = 16
"""Connections that are accepted in one turn of uvloop: libuv takes one of a socket, and what a burst leaves waits for as many turns.

asyncio's own loop takes all that wait; of several sockets each would make a timer for each of them where descriptors run out.
"""


class ListenError(ReportedError):
    """The address cannot be listened on; the text names the setting."""


class Listener:
    """Serves the ASGI *app* between `start` and `stop`; leaves signals to its owner.

    *where* names the settings section for errors and metrics.
    """

    def __init__(self, app: Any, host: str | list[str], port: int, where: str, bounds: PortLimits | None = None) -> None:
        self._where, self._hosts, self._asked = where, [host] if isinstance(host, str) else host, port
        self.connections = Connections(bounds or PortLimits(), where)
        self._buffer = memoryview(bytearray(READ))
        config = uvicorn.Config(
            early(app),
            http=self._connection,  # type: ignore[arg-type]
            ws="none",
            loop="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=self.connections.backlog,
            interface="asgi3",
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None
        self._sockets: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    def _connection(self, **of: Any) -> PieceReader:
        return PieceReader(HttpProtocol(self.connections, **of), self._buffer)

    async def start(self) -> None:
        """Raises ListenError."""
        try:
            self._sockets = sockets(self._hosts, self._asked, backlog=self.connections.backlog)
        except OSError as error:
            host = f"[{error.filename}]" if ":" in error.filename else error.filename
            change = "port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "host"
            raise ListenError(
                localized(
                    "cannot listen on {host}:{asked} ({strerror}): change {where}.{change}",
                    host=host,
                    asked=self._asked,
                    strerror=error.strerror,
                    where=self._where,
                    change=change,
                )
            ) from None
        self._task = asyncio.create_task(self._server.serve([*self._sockets, *_again(self._sockets)]))
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait((up, self._task), return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if self._task.done():
            self._task.result()
            raise ListenError(localized("the listener of {where} ended while starting", where=self._where))

    async def stop(self, patience: float) -> None:
        """Stop accepting, let open requests end for *patience* seconds, then cut them off."""
        if self._task is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, round(patience))
        self._server.should_exit = True
        await self._task


def _again(given: list[socket.socket]) -> list[socket.socket]:
    """The same once more, as often as `ACCEPTED` asks and there are descriptors: the port serves with fewer as well."""
    made: list[socket.socket] = []
    if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        with suppress(OSError):
            made.extend(one.dup() for _ in range(ACCEPTED - 1) for one in given)
    return made


async def until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Do *work*, whose event is set at SIGTERM and SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await work(stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
