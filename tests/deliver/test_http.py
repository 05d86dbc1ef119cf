"""Answers in every form of HTTP/1.1, and what a connection is worth after them."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
import uvloop

from converters.platform import Reply
from streams.outbound.connections import ConnectionPool
from streams.outbound.errors import NoAnswerError, NoConnectionError, TooLateError
from streams.outbound.transport import HttpCall, PooledTransport

pytestmark = pytest.mark.filterwarnings("ignore:Overriding the .event_loop_policy. fixture:pytest.PytestDeprecationWarning")
BODY = b'{"data":1}'


@pytest.fixture(params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy], ids=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    policy: asyncio.AbstractEventLoopPolicy = request.param()
    return policy


class Server:
    """Answers each request on a connection with the next of *answers*; "" is silence, None hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if answer.endswith(b"<end>"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(
    *answers: bytes | None, most: int = 4, timeout: float = 5.0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Server, Callable[..., "asyncio.Future[Reply]"]]]:
    server = Server(*answers)
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    transport = PooledTransport(most, timeout)
    base = f"{'https' if tls else 'http'}://localhost:{server.port}"

    def call(
        path: str = "/x", *, method: str = "POST", body: bytes = BODY, may_leave: bool = True, **headers: str
    ) -> "asyncio.Future[Reply]":
        return asyncio.ensure_future(transport.call(HttpCall(method, base + path, headers, body), lambda: may_leave))

    try:
        yield server, call
    finally:
        await transport.close()
        listening.close()


def plain(body: bytes = b"ok", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%b\r\n%b" % (len(body), more, body)


FORMS = {
    "of a length": plain(),
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nTrailer: t\r\n\r\n",
    "to the end of the connection": b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nok<end>",
    "of HTTP 1.0": b"HTTP/1.0 200 OK\r\n\r\nok<end>",
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + plain(),
    "after 103": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + plain(),
    "gzip": plain(gzip.compress(b"ok"), b"Content-Encoding: gzip\r\n"),
    "deflate": plain(zlib.compress(b"ok"), b"content-encoding: deflate\r\n"),
    "bare deflate": plain(zlib.compress(b"ok")[2:-4], b"content-encoding: deflate\r\n"),
}


@pytest.mark.parametrize("answer", FORMS.values(), ids=FORMS)
async def test_an_answer_is_read_in_every_form(answer: bytes) -> None:
    async with served(answer) as (_, call):
        reply = await call()
        assert (reply.status, reply.body.removesuffix(b"<end>")) == (200, b"ok")


async def test_a_header_is_found_under_its_name_in_small_letters_and_the_first_counts() -> None:
    async with served(plain(more=b"Retry-After: 7\r\nretry-after: 8\r\n")) as (_, call):
        assert (await call()).headers["retry-after"] == "7"


async def test_a_request_is_what_was_asked_and_a_connection_is_used_again() -> None:
    async with served(plain(), plain(b"")) as (server, call):
        await call("/a b?q=\u00e9", signature="s")
        await call("/c", method="GET", body=b"")
        first, second = server.requests
        assert first.startswith(b"POST /a%20b?q=%C3%A9 HTTP/1.1\r\nHost: localhost:" + str(server.port).encode() + b"\r\n")
        assert b"signature: s\r\nContent-Length: 10\r\n\r\n" + BODY in first
        assert b"Content-Length" not in second
        assert server.connections == 1


CUT = {
    "in its head": b"HTTP/1.1 200 OK\r\ncontent-le<end>",
    "in its body": b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nok<end>",
    "in its chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\no<end>",
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n<end>",
    "in gzip": plain(gzip.compress(b"ok" * 100)[:-4], b"content-encoding: gzip\r\n"),
    "to another protocol": b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    "by a head without end": b"HTTP/1.1 200 OK\r\nx: " + b"y" * (33 << 20),
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
async def test_half_an_answer_is_none(answer: bytes) -> None:
    async with served(answer, plain()) as (server, call):
        with pytest.raises(NoAnswerError):
            await call()
        assert len(server.requests) == 1
        assert (await call()).body == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize("rest", [plain(b"of somebody else"), b"HTTP/1.1 200 OK\r\nconte", b"nonsense"])
async def test_what_follows_an_answer_never_becomes_the_next_one(rest: bytes) -> None:
    async with served(plain() + rest, plain(b"mine")) as (server, call):
        assert (await call()).body == b"ok"
        assert (await call()).body == b"mine"
        assert server.connections == 2


async def test_what_nobody_asked_for_ends_the_connection() -> None:
    said = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(plain())
        await said.wait()
        writer.write(plain(b"of somebody else"))
        await reader.read()
        closed.set()

    closed = asyncio.Event()
    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    pool = ConnectionPool(1, 5.0)
    where = ("127.0.0.1", listening.sockets[0].getsockname()[1], False)
    assert (await pool.ask(where, b"GET / HTTP/1.1\r\n\r\n", lambda: True)) is not None
    said.set()
    async with asyncio.timeout(5):
        await closed.wait()
    pool.close()
    listening.close()


async def test_who_waits_too_long_for_a_connection_was_not_sent() -> None:
    server = Server(b"", b"")
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    pool = ConnectionPool(1, 60.0)
    where = ("127.0.0.1", listening.sockets[0].getsockname()[1], False)
    first = asyncio.create_task(pool.ask(where, b"GET / HTTP/1.1\r\n\r\n", lambda: True))
    while not server.requests:
        await asyncio.sleep(0)
    pool._timeout = 0.01
    with pytest.raises(NoConnectionError):
        await pool.ask(where, b"GET / HTTP/1.1\r\n\r\n", lambda: True)
    assert (server.connections, len(server.requests)) == (1, 1)
    pool.close()
    with pytest.raises(NoAnswerError):
        await first
    listening.close()


async def test_a_request_that_may_not_leave_does_not() -> None:
    async with served(plain()) as (server, call):
        with pytest.raises(TooLateError):
            await call(may_leave=False)
        assert (await call()).body == b"ok"
        assert len(server.requests) == 1
        assert server.connections == 1


async def test_a_request_that_is_given_up_takes_its_connection_along() -> None:
    async with served(b"", plain()) as (server, call):
        given_up = call()
        while not server.requests:
            await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert (await call()).body == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb"])
async def test_a_header_of_two_lines_does_not_leave(value: str) -> None:
    async with served(plain()) as (server, call):
        with pytest.raises(NoConnectionError):
            await call(token=value)
        assert not server.requests


async def test_over_tls_the_name_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for name in ("localhost", "elsewhere.example"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        async with served(plain(), tls=context) as (server, call):
            if name == "localhost":
                assert (await call()).body == b"ok"
            else:
                with pytest.raises(NoConnectionError):
                    await call()
                assert not server.requests
