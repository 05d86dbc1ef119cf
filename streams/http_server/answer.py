"""How a request is answered: at once where all of it is there, and for good where it is not."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

WHOLE = "im_relay.whole"
"""In the scope of a request whose body had come, all of it, when its application began: that body."""
ANSWER = "im_relay.answer"
"""In the scope of the same, and of one whose body is coming: an `Answer`, which closes where the body has not come before it."""

Answer = Callable[[bytes, bytes], bool]
"""(head, body) -> whether it was written: the head with its status line, each line ended, and no empty line after it.

Two messages of ASGI cost ten times as much. False where they have to do: the other end reads too slowly.
"""
CLOSE = b"connection: close\r\n"
PROVEN = "im_relay.proven"
"""Set in the scope by an application whose caller has shown a key, or may be believed: the connection stays while those of strangers go."""


class RefusedInputError(Exception):
    """The bytes are not wanted; the text is a fixed word."""


def reason(error: Exception) -> str:
    """Of what was raised while bytes were read, perhaps within the parser. Nobody else keeps the error: with its traceback it would be a ring."""
    refused = error if isinstance(error, RefusedInputError) else error.__context__
    return str(refused) if isinstance(refused, RefusedInputError) else "bad-request"


class ClosableConnection(Protocol):
    """A connection, as far as an answer goes."""

    transport: asyncio.Transport

    def answered(self, *, good: bool) -> None: ...

    def end(self) -> None: ...


class ClosingTransport:
    """The transport of a response that closes before its request was read."""

    def __init__(self, protocol: ClosableConnection) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        self.protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self.protocol.transport.is_closing()

    def close(self) -> None:
        self.protocol.end()


def early(app: Any) -> Any:
    """*app*, whose answer closes the connection where the body has not come before it."""

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start" and ANSWER in scope:
                connection, cycle = scope[ANSWER].args
                if cycle.more_body:
                    cycle.keep_alive = False
                connection.answered(good=PROVEN in scope)
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            scope.pop(ANSWER, None)  # it holds the scope, and its connection may have gone without it

    return answering


def at_once(protocol: ClosableConnection, cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
    """See `Answer`. What uvicorn's own `send` does, for a response that is there at once."""
    if cycle.disconnected:
        return True
    if cycle.flow.write_paused or cycle.response_started:
        return False
    cycle.response_started = cycle.response_complete = True
    protocol.answered(good=PROVEN in cycle.scope)
    if head.endswith(CLOSE) or cycle.more_body:
        cycle.keep_alive = False
    if not cycle.keep_alive and not head.endswith(CLOSE):
        head += CLOSE
    cycle.transport.write(b"%b\r\n%b" % (head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    forget(cycle)
    return True


def forget(cycle: RequestResponseCycle, *, unrun: bool = False) -> None:
    """Nothing of an answered request stays with its connection, which may be idle for long; and what holds itself waits for no collection.

    *unrun*: its application has never begun, and does not; otherwise uvicorn does the rest when it ends.
    """
    cycle.body = bytearray()
    if unrun:
        cycle.on_response = None  # type: ignore[assignment]
    for name in (WHOLE, ANSWER, PROVEN):
        cycle.scope.pop(name, None)  # type: ignore[misc]


def refusal(status: int, reason: str) -> bytes:
    """A whole answer that closes; *reason* is a fixed word."""
    said = b'{"error":"%s"}' % reason.encode()
    line = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    return line + b"content-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b" % (len(said), CLOSE, said)
