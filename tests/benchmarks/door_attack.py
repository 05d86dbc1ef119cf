"""Ten thousand connections of one hostile sort, as a process of its own: `python -m tests.benchmarks.door_attack SORT PORT CONNECTIONS SECONDS`.

It prints `held` once its connections are made, and holds them: one that is closed on it is opened again. On loopback only.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import cast

import uvloop

from tests.benchmarks.ingress_requests import APP

EVERY = 1.0
"""Seconds between two pieces of one connection."""
MOST_A_SECOND = 2000
"""Connections that are opened; all of the machine is shared with the server."""
POST = f"POST /callbacks/{APP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
UNKNOWN = b"POST /callbacks/nobody HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LONG = b"Content-Length: 262000\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def slow_head() -> Iterator[bytes]:
    yield POST
    yield from (b"X-%d: a\r\n" % number for number in range(1_000_000))


def slow_body() -> Iterator[bytes]:
    yield POST + LONG
    yield from repeat(b"{")


def trailers() -> Iterator[bytes]:
    yield POST + CHUNKED + b"1\r\n{\r\n0\r\n"
    yield from repeat(b"".join(b"X-Trailer-%d: %b\r\n" % (number, b"t" * 200) for number in range(60)))


def unfinished_body() -> Iterator[bytes]:
    yield POST + LONG + b" " * 250_000
    yield from repeat(b" ")


def answered_before_body() -> Iterator[bytes]:
    yield UNKNOWN + LONG
    yield from repeat(b" ")


def idle() -> Iterator[bytes]:
    yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield from repeat(b"")


def nested() -> Iterator[bytes]:
    """Lists within lists, unsigned; Easemob's body says itself whether it is signed, so the app is one of Easemob."""
    lists = b"[" + (b"[" * 90 + b"]" * 90 + b",") * 1400 + b"1]"
    body = b'{"callId":"1","security":"0","timestamp":"1","payload":' + lists + b"}"
    head = f"POST /callbacks/{APP}-easemob HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    yield head.encode() + body
    yield from repeat(b"")


SORTS: dict[str, Callable[[], Iterator[bytes]]] = {
    "slow-head": slow_head,
    "slow-body": slow_body,
    "trailers": trailers,
    "unfinished-body": unfinished_body,
    "answered-before-body": answered_before_body,
    "idle": idle,
    "nested": nested,
}


class One(asyncio.Protocol):
    def __init__(self, pieces: Iterator[bytes], lost: Callable[["One"], None]) -> None:
        self.pieces, self.lost = pieces, lost
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self.transport.set_write_buffer_limits(high=1024)
        self.paused = False
        self.push()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def push(self) -> None:
        if not self.paused and not self.transport.is_closing():
            self.transport.write(next(self.pieces))

    def connection_lost(self, error: Exception | None) -> None:
        self.lost(self)


async def main(sort: str, port: int, connections: int, seconds: float) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop, make = asyncio.get_running_loop(), SORTS[sort]
    there: set[One] = set()
    opened = 0
    until = time.monotonic() + seconds
    said = False

    async def connect() -> None:
        try:
            _, one = await loop.create_connection(lambda: One(make(), there.discard), "127.0.0.1", port)
        except OSError:
            return
        there.add(one)

    while (now := time.monotonic()) < until:
        missing = min(connections - len(there), MOST_A_SECOND // 20, connections - opened if not said else MOST_A_SECOND)
        if missing > 0:
            await asyncio.gather(*(connect() for _ in range(missing)))
            opened += missing
        if opened >= connections and not said:
            said = True
            print("held", flush=True)
        for place, one in enumerate(list(there)):
            if place % 20 == int(now * 20) % 20:
                one.push()
        await asyncio.sleep(max(0.0, now + 0.05 - time.monotonic()))
    print(f"{opened} opened, {len(there)} open at the end", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
