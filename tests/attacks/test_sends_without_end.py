"""Heads, trailers and requests in a row that do not end: what is kept of them is bounded, and the connection is closed."""

from collections.abc import Callable, Iterator
from itertools import count, islice, repeat

import pytest

from tests.attacks import door

pytestmark = pytest.mark.kafka
LINE = b"X-Line: " + b"x" * 200 + b"\r\n"
CHUNKED = "Transfer-Encoding: chunked"


def long_heads(app: str) -> Iterator[bytes]:
    yield door.head(app)[:-2]
    yield from repeat(LINE)


def many_lines(app: str) -> Iterator[bytes]:
    """Short ones: each takes thirty times its bytes."""
    yield door.head(app)[:-2]
    yield from repeat(b"a:\r\n" * 20)


def one_line(app: str) -> Iterator[bytes]:
    yield door.head(app)[:-2] + b"X: "
    yield from repeat(b"y" * 1000)


def long_path(app: str) -> Iterator[bytes]:
    yield f"POST /callbacks/{app}?".encode()
    yield from repeat(b"q" * 1000)


def trailers(app: str) -> Iterator[bytes]:
    yield door.head(app, CHUNKED) + b"1\r\n{\r\n0\r\n"
    yield from repeat(LINE)


def one_trailer(app: str) -> Iterator[bytes]:
    yield door.head(app, CHUNKED) + b"1\r\n{\r\n0\r\nX: "
    yield from repeat(b"t" * 1000)


def chunk_extension(app: str) -> Iterator[bytes]:
    yield door.head(app, CHUNKED) + b"1;x="
    yield from repeat(b"e" * 1000)


SORTS = {one.__name__: one for one in (long_heads, many_lines, one_line, long_path, trailers, one_trailer, chunk_extension)}
MOST = 64 * 1024 * 1024
"""Bytes after which an attack of this test gives up: more was taken than any bound allows."""


@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)
async def test_it_is_closed_after_some_kilobytes(kafka: str, sort: Callable[[str], Iterator[bytes]]) -> None:
    async with door.port(kafka, read_timeout=30.0, head_timeout=30.0) as one:
        connection = await door.connect(one)
        assert await door.pour(connection, sort(one.yunxin), MOST) < MOST
        assert door.held() < 1024 * 1024
        await door.honest(one)


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/nowhere"])
async def test_so_it_is_on_the_other_port(kafka: str, path: str) -> None:
    async with door.port(kafka) as one:
        connection = await door.connect_to(one.observe)
        connection.writer.write(f"GET {path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n0\r\n".encode())
        assert await door.pour(connection, repeat(LINE * 50), MOST) < MOST


async def test_requests_in_a_row_are_bounded_by_what_they_take(kafka: str) -> None:
    async with door.port(kafka, max_memory=1024 * 1024) as one:
        connection = await door.connect(one)
        requests = (door.head(one.yunxin, "Content-Length: 2", f"X-Number: {number}") + b"{}" for number in count())
        before = door.closed("pipelined") + door.closed("memory")
        assert await door.pour(connection, (b"".join(islice(requests, 200)) for _ in count()), MOST) < MOST
        assert door.closed("pipelined") + door.closed("memory") > before
        await door.honest(one)
