"""The body of a request, bounded while it is read."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any


class BodyTooLargeError(Exception):
    """*seen*: bytes read until then."""

    def __init__(self, seen: int) -> None:
        super().__init__(seen)
        self.seen = seen


class BodyBrokenOffError(Exception):
    """The caller has hung up within it."""


async def read_body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], most: int) -> bytes:
    """The whole body, of at most *most* bytes; it sets no time limit. Raises BodyTooLargeError and BodyBrokenOffError. Source: "ASGI: HTTP & WebSocket"."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyBrokenOffError
        body += message.get("body", b"")
        if len(body) > most:
            raise BodyTooLargeError(len(body))
        if not message.get("more_body"):
            return bytes(body)
