"""A look at what listens at an address, for whoever was turned away there without a word: TLS or not, names or not."""

import asyncio
import ssl
import struct
from typing import NamedTuple

TIMEOUT = 3.0
"""Seconds for the whole look."""
_API_VERSIONS, _HANDSHAKE = (18, 0), (17, 1)
_UNSUPPORTED = 33
_LARGEST = 1 << 20
"""Bytes of an answer; what looks larger is no answer of Kafka's."""


class ProbeResult(NamedTuple):
    """*tls* None: nothing could be learned. *mechanisms*: what may be proven with; empty where nothing has to be, None where it was not told."""

    tls: bool | None
    mechanisms: tuple[str, ...] | None = None


async def look(host: str, port: int) -> ProbeResult:
    """Never raises for what the other side does."""
    try:
        async with asyncio.timeout(TIMEOUT):
            for context in (None, unchecked()):
                try:
                    return await _ask(host, port, context)
                except (OSError, EOFError, ValueError, struct.error):
                    continue
            return ProbeResult(True) if await _is_tls(host, port) else ProbeResult(None)
    except (TimeoutError, OSError):
        return ProbeResult(None)


def unchecked() -> ssl.SSLContext:
    """For a look at what is served: nothing is said over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _is_tls(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=unchecked())
    except (OSError, EOFError):
        return False
    writer.close()
    return True


async def _ask(host: str, port: int, context: ssl.SSLContext | None) -> ProbeResult:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        writer.write(_request(_API_VERSIONS, b""))
        await _answer(reader)
        name = b"im-relay"  # no mechanism's name: the answer is which there are
        writer.write(_request(_HANDSHAKE, struct.pack(">h", len(name)) + name))
        body = await _answer(reader)
    finally:
        writer.close()
    error, count = struct.unpack_from(">hi", body)
    if error != _UNSUPPORTED:
        return ProbeResult(context is not None, ())
    at, found = 6, []
    for _ in range(count):
        (size,) = struct.unpack_from(">h", body, at)
        found.append(body[at + 2 : at + 2 + size].decode())
        at += 2 + size
    return ProbeResult(context is not None, tuple(sorted(found)))


def _request(api: tuple[int, int], body: bytes) -> bytes:
    message = struct.pack(">hhih", *api, 1, -1) + body
    return struct.pack(">i", len(message)) + message


async def _answer(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    if not 4 <= size <= _LARGEST:
        raise ValueError("no answer of Kafka's")
    return (await reader.readexactly(size))[4:]
