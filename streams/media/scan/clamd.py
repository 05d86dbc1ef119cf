"""clamd's INSTREAM: the file in pieces behind their lengths, and one line for an answer. Source: clamd(8), "COMMANDS"."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from msgspec import Struct

Verdict = Literal["clean", "infected", "too-large", "away"]

_PIECE = 256 << 10
_LONGEST_ANSWER = 4 << 10
_NAME = 128


class ScanResult(Struct, frozen=True):
    verdict: Verdict
    """`too-large`: it takes no file of this size (its `StreamMaxLength`); `away`: nothing was said of the file."""
    signature: str = ""
    """What it found, as it calls it."""


class Clamd:
    """At *address*, `host:port` or the path of a socket. *timeout* is of one file, in seconds."""

    def __init__(self, address: str, timeout: float) -> None:
        self._address = address
        self._timeout = timeout

    async def scan(self, path: Path) -> ScanResult:
        """Raises OSError where the file cannot be read."""
        with path.open("rb") as file:
            try:
                async with asyncio.timeout(self._timeout):
                    return _read(await self._asked(file))
            except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return ScanResult("away")

    async def _asked(self, file: BinaryIO) -> bytes:
        reader, writer = await self._connected()
        answer = asyncio.ensure_future(reader.readuntil(b"\0"))  # it may answer before the end, and hang up
        try:
            with suppress(ConnectionError):  # and then the answer says why
                await _stream(file, writer, answer)
            return await answer
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address, limit=_LONGEST_ANSWER)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port), limit=_LONGEST_ANSWER)


async def _stream(file: BinaryIO, writer: asyncio.StreamWriter, answer: "asyncio.Future[bytes]") -> None:
    writer.write(b"zINSTREAM\0")
    while not answer.done() and (piece := await asyncio.to_thread(file.read, _PIECE)):
        writer.write(len(piece).to_bytes(4, "big") + piece)
        await writer.drain()
    if not answer.done():
        writer.write(bytes(4))
        await writer.drain()


def _read(answer: bytes) -> ScanResult:
    """Only what says so is clean."""
    text = answer.rstrip(b"\0\n").decode("ascii", "replace")
    if text == "stream: OK":
        return ScanResult("clean")
    if text.startswith("stream: ") and text.endswith(" FOUND"):
        name = text.removeprefix("stream: ").removesuffix(" FOUND")
        return ScanResult("infected", "".join(each for each in name if each.isascii() and each.isprintable())[:_NAME])
    return ScanResult("too-large" if "size limit exceeded" in text else "away")
