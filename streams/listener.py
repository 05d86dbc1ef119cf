"""An HTTP listener inside an event loop that somebody else runs."""

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from streams.listening import sockets

HEAD_TIMEOUT = 10.0
"""Seconds a connection may take to send the head of its (next) request, once it has begun."""
MAX_HEAD = 32 * 1024
"""Bytes of a request's head that come in pieces."""

WHOLE = "im_relay.whole"
"""In the scope of a request whose body had come, all of it, when its application began: that body."""
ANSWER = "im_relay.answer"
"""In the scope of the same: an `Answer`."""

Answer = Callable[[bytes, bytes], bool]
"""(head, body) -> whether it was written: the head with its status line, each line ended, and no empty line after it.

Two messages of ASGI cost ten times as much. False where they have to do: the other end reads too slowly.
"""
CLOSE = b"connection: close\r\n"


class ListenError(Exception):
    """The address cannot be listened on; the text names the setting."""


class Listener:
    """Serves the ASGI *app* between `start` and `stop`; leaves signals to its owner.

    *where* names the settings section for errors. *silence* is how many seconds a connection may idle between requests.
    """

    def __init__(self, app: Any, host: str | list[str], port: int, where: str, *, silence: float = 75.0, backlog: int = 2048) -> None:
        self._where, self._hosts, self._asked = where, [host] if isinstance(host, str) else host, port
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            loop="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(silence),
            backlog=backlog,
            interface="asgi3",
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None
        self._sockets: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Raises ListenError."""
        try:
            self._sockets = sockets(self._hosts, self._asked, backlog=2048)
        except OSError as error:
            host = f"[{error.filename}]" if ":" in error.filename else error.filename
            change = "port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "host"
            raise ListenError(f"cannot listen on {host}:{self._asked} ({error.strerror}): change {self._where}.{change}") from None
        self._task = asyncio.create_task(self._server.serve(self._sockets))
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait((up, self._task), return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if self._task.done():
            self._task.result()
            raise ListenError(f"the listener of {self._where} ended while starting")

    async def stop(self, patience: float) -> None:
        """Stop accepting, let open requests end for *patience* seconds, then cut them off."""
        if self._task is None:
            return
        self._server.config.timeout_graceful_shutdown = max(1, round(patience))
        self._server.should_exit = True
        await self._task


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


class _Protocol(HttpToolsProtocol):
    """uvicorn's own waits for ever for a head that does not end, and keeps all of it. And it sets a timer for each request."""

    _in_head = False
    _head_bytes = 0
    _hang_up: asyncio.TimerHandle | None = None
    _idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._hang_up = self.loop.call_later(HEAD_TIMEOUT, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop(WHOLE, None)  # type: ignore[misc]  # so that its application sees that nobody waits
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_came()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        cycle = self.cycle
        if not cycle.more_body:
            # Nearly every request comes in one piece: who reads it need not set a timer.
            self.scope[WHOLE] = bytes(cycle.body)  # type: ignore[literal-required]
            self.scope[ANSWER] = partial(_answer, cycle)  # type: ignore[literal-required]

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._close_after(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """The timer runs on: when it fires, it looks how long it has been silent."""

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._in_head or not self.cycle.response_complete:
            return  # the next response sets it again
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            super().timeout_keep_alive_handler()
        else:
            self._close_after(left)

    def _close_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD:
            self.send_400_response("Request head too large.")
        elif self._hang_up is None:
            self._hang_up = self.loop.call_later(HEAD_TIMEOUT, self.transport.close)

    def _head_came(self) -> None:
        self._head_bytes = 0
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None


def _answer(cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
    """See `Answer`. What uvicorn's own `send` does, for a response that is there at once."""
    if cycle.disconnected:
        return True
    if cycle.flow.write_paused or cycle.response_started:
        return False
    cycle.response_started = cycle.response_complete = True
    if head.endswith(CLOSE):
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        head += CLOSE
    cycle.transport.write(b"%b\r\n%b" % (head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
