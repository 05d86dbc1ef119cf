"""One HTTP connection: uvicorn's, bounded in bytes and time.

uvicorn's own waits for ever for a head or a body, keeps all of a head, of trailers and of requests in a row, and sets a timer for each.
"""

import asyncio
from functools import partial
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from streams.http_server.answer import ANSWER, WHOLE, ClosingTransport, RefusedInputError, at_once, forget, reason, refusal
from streams.http_server.connections import BUSY, ENDING, IDLE, KNOWN, STRANGER, Connections, peer
from streams.http_server.deadline import Deadline
from streams.http_server.pieces import READ
from streams.http_server.reading_turns import PIECE, TurnFlow

REQUEST, HEAD, BODY = range(3)
"""What is to come next: one that has not begun, more of its head, more of its body."""
TRAILERS = 8
"""Lines behind a body: no platform sends any, and each costs as much as one of the head."""
FIELD, QUEUED = 130, 4096
"""Bytes that a line of a head takes beside its own, and a request that waits for the answer to the one before it."""
UNREAD = 1024 * 1024
"""Bytes that still come after an answer which did not wait for them, and are passed over so that the answer is not lost."""


class HttpProtocol(HttpToolsProtocol):
    """*connections* are all of the port."""

    def __init__(self, connections: Connections, config: uvicorn.Config, **of: Any) -> None:
        super().__init__(config, **of)
        self.held = 0
        self._all = connections
        self._bounds = connections.bounds
        self._awaits = REQUEST
        self._head_bytes = self._fields = self._body_bytes = self._barren = self._trailers = 0
        """Of the request that is coming: bytes of its head, what its lines take, bytes of its body, those since without any, and lines behind it."""
        self._answering = 0
        """Bytes of requests that have come, and whose answers have not left."""
        self._passed = 0
        self._good = self._ending = False
        self._deadline = Deadline()
        self._idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # Not uvicorn's own, which makes two objects of the socket for the addresses; an attacker makes thousands of connections a second.
        self.connections.add(self)
        self.transport, self.scheme, self.client = transport, "http", peer(transport)
        self.flow: TurnFlow = TurnFlow(transport)
        if not self._all.admit(self):
            self._all.count("full")
            transport.abort()
            return
        self._limit(self._bounds.head_seconds, "slow-head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.clear()
        self._all.gone(self)
        self._all.turns.leave(self.flow)
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop(WHOLE, None)  # type: ignore[misc]  # so that its application sees that nobody waits
        while self.pipeline:
            forget(self.pipeline.pop()[0], unrun=True)
        if self.cycle is not None:
            forget(self.cycle)
            self.cycle.transport = self.transport
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def evict(self) -> None:
        """Its descriptor is for another one."""
        self._cut("connections")

    def relieve(self) -> None:
        """Its bytes are for another one."""
        self._refuse(503, "memory")

    def _cut(self, reason: str) -> None:
        if not self._ending:
            self._all.count(reason)
        self._ending = True
        self._desert()
        self.transport.abort()

    def _desert(self) -> None:
        """The application that waits for a body sees that nobody sends it."""
        if self._awaits == BODY:
            self.cycle.disconnected = True
            self.cycle.body = bytearray()
            self.cycle.message_event.set()

    def _refuse(self, status: int, reason: str) -> None:
        """Answer in place of the application, and close."""
        if self._ending:
            return
        if not self._is_next():
            self._cut(reason)
            return
        self._all.count(reason)
        self.transport.write(refusal(status, reason))
        self._desert()
        self.end()

    def _is_next(self) -> bool:
        """Whether what is written now would be the answer to the request that is coming, and not to one before it."""
        cycle = self.cycle
        if self._awaits == BODY:
            return not self.pipeline and not cycle.response_started
        return cycle is None or cycle.response_complete  # type: ignore[redundant-expr]  # none, before the first

    def end(self) -> None:
        """Close once the answer is taken, which must not take long, and pass over what still comes: unread, it would undo the answer."""
        if self._ending or self.transport.is_closing():
            return
        self._ending = True
        self._all.hold(self, 0)
        self._all.move(self, ENDING)
        self._limit(self._bounds.ending, "")
        if self._awaits != REQUEST and self.transport.can_write_eof():
            self._all.turns.leave(self.flow)
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def eof_received(self) -> None:
        if self._ending:
            self.transport.abort()

    def _limit(self, seconds: float, reason: str) -> None:
        self._deadline.set(self.loop, seconds, self._too_slow, reason)

    def _too_slow(self, reason: str) -> None:
        if reason == "slow-body":
            self._refuse(408, reason)
        else:
            self._cut(reason)

    # -- in

    @property
    def most(self) -> int:
        """Bytes that may be read at once: of a stranger no more than what waits for no turn."""
        return READ if self._good or self._ending else PIECE

    def data_received(self, data: bytes | memoryview) -> None:
        if self._ending:
            self._passed += len(data)
            if self._passed > UNREAD:
                self.transport.abort()
            return
        try:
            if len(data) <= PIECE:
                self._feed(data)
            else:
                whole = memoryview(data)
                for begin in range(0, len(data), PIECE):  # what comes of a chunked body without any body in it is bounded by pieces
                    self._feed(whole[begin : begin + PIECE])
            if not self._good and (len(data) >= PIECE or self._body_bytes > PIECE):
                self._all.turns.took(self.flow, len(data))
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # what follows is another protocol, and nobody speaks it here
        except (RefusedInputError, httptools.HttpParserError) as error:
            why = reason(error)
            self._refuse(503 if why == "memory" else 400, why)

    def _feed(self, data: bytes | memoryview) -> None:
        if self._ending:
            return
        before = self._body_bytes
        self.parser.feed_data(data)
        if self._awaits == HEAD:
            self._head_is_coming(len(data))
        elif self._awaits == BODY:
            self._barren = 0 if self._body_bytes != before else self._barren + len(data)
            self._body_is_coming()

    def _head_is_coming(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._bounds.head:
            raise RefusedInputError("head")
        self._charge(self._head_bytes + self._fields)
        if not self._deadline:
            self._begun("slow-head", self._bounds.head_seconds)

    def _body_is_coming(self) -> None:
        if self._barren > self._bounds.head:
            raise RefusedInputError("trailers")
        if ANSWER not in self.scope:
            # Who answers before the body has come closes.
            self.scope[ANSWER] = partial(at_once, self, self.cycle)  # type: ignore[literal-required]
            self.cycle.transport = ClosingTransport(self)  # type: ignore[assignment]
            self._begun("slow-body", self._bounds.body_seconds)
        self._charge(self._fields + self._barren + (0 if self._bounds.streams else self._body_bytes))

    def _begun(self, slow: str, seconds: float) -> None:
        """It does not come in one piece."""
        if seconds:
            self._limit(seconds, slow)
        if self._all.tier(self) is IDLE:
            self._all.move(self, KNOWN)

    def _charge(self, size: int) -> None:
        if not self._all.hold(self, self._answering + size):
            raise RefusedInputError("memory")

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self._bounds.queued:
            raise RefusedInputError("pipelined")
        self._awaits = HEAD
        self._head_bytes = self._fields = self._body_bytes = self._barren = self._trailers = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._awaits == BODY:  # it stands behind the body, and nobody asks for it
            self._trailers += 1
            if self._trailers > TRAILERS:
                raise RefusedInputError("trailers")
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        self._fields += len(name) + len(value) + FIELD
        if len(self.headers) > self._bounds.fields:
            raise RefusedInputError("head")

    def on_headers_complete(self) -> None:
        super().on_headers_complete()  # raises where the URL is none: then no request has come, and no cycle is this one's
        self._awaits = BODY
        self._deadline.clear()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        size = 0 if self._bounds.streams else self._body_bytes
        size += QUEUED + self._fields if self.pipeline else 0
        if size:
            self._charge(size)
            self._answering += size
        super().on_message_complete()
        self._awaits = REQUEST
        self._deadline.clear()
        self._all.move(self, BUSY)
        cycle = self.cycle
        if not cycle.more_body:
            # Nearly every request comes in one piece: who reads it need not set a timer.
            self.scope[WHOLE] = bytes(cycle.body)  # type: ignore[literal-required]
            self.scope[ANSWER] = partial(at_once, self, cycle)  # type: ignore[literal-required]

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if not self.pipeline:
            self._answering = 0
            if self.cycle.response_complete:
                forget(self.cycle)
        if self._ending:
            return
        if self.transport.is_closing():
            self._all.hold(self, 0)
            self._ending = True
            self._limit(self._bounds.ending, "")
            return
        if self._awaits == REQUEST and not self.pipeline:
            self._all.hold(self, 0)
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if self._awaits == BODY and not self.pipeline:
                self._all.move(self, KNOWN if self._good else STRANGER)
            return
        self._all.move(self, IDLE if self._good else STRANGER)
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._close_after(self._bounds.idle)

    def answered(self, *, good: bool) -> None:
        self._good = self._good or good

    def _unset_keepalive_if_required(self) -> None:
        """The timer runs on: when it fires, it looks how long it has been silent."""

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._awaits != REQUEST or not self.cycle.response_complete:
            return  # the next response sets it again
        left = self._idle_since + self._bounds.idle - self.loop.time()
        if left <= 0:
            self.end()
        else:
            self._close_after(left)

    def _close_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)
