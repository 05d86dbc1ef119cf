"""A stand-in for clamd, written from its manual page (clamd(8), COMMANDS) and that of clamd.conf(5), StreamMaxLength.

INSTREAM: chunks of `<length><data>`, the length 4 bytes in network order; a chunk of length zero ends them. `z` before a command: it and
the answer end with a null. A chunk beyond StreamMaxLength: "INSTREAM size limit exceeded", and the connection is closed.
"""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

# In pieces, or scanners would take this file away. Source: EICAR, "Anti-Malware Testfile".
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-" + b"TEST-FILE!$H+H*"


class Clamd:
    """Open as an async context. *mood* is what it does: `well`, or how it fails."""

    def __init__(self, *, largest: int = 1 << 20, path: Path | None = None) -> None:
        self._largest = largest
        self._path = path
        self._server: asyncio.Server | None = None
        self.mood = "well"
        self.scanned: list[bytes] = []

    @property
    def address(self) -> str:
        assert self._server is not None
        return str(self._path) if self._path is not None else f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        if self._path is not None:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, family=socket.AF_INET)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            answer = await self._answered(reader)
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader) -> bytes | None:
        if self.mood == "hangs up":
            return None
        command = await reader.readuntil(b"\0")
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            if len(content) + length > self._largest:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += await reader.readexactly(length)
        self.scanned.append(content)
        match self.mood:
            case "silent":
                await reader.read()
                return None
            case "babbles":
                return b"x" * 100_000
            case "fails":
                return b"stream: Can't allocate memory ERROR\0"
            case "cuts its answer":
                return b"stream: OK"
            case "says more than OK":
                return b"stream: OK but FOUN\0"
            case _:
                pass
        return b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in content else b"stream: OK\0"
