"""Servers that stop, break off, lie or never end."""

import asyncio
import socket
import struct
from pathlib import Path

import pytest
from aiohttp.abc import ResolveResult

from converters.files.media import Download
from streams.kafka.local.ports import free_port
from streams.media.body import FileWriter, WrittenFile
from streams.media.fetch import Fetched, Fetcher, FetchFailed
from streams.media.ssrf_guard import AddressPolicy
from tests.media.origin import Names, Origin, answer

LARGEST = 1_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


async def failure(fetcher: Fetcher, url: str, into: Path) -> FetchFailed:
    got = await fetcher.fetch(Download(url), into, largest=LARGEST)
    assert isinstance(got, FetchFailed)
    assert not into.exists()
    return got


async def forever(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def silent_half_way(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"x" * 500)
    await writer.drain()
    await forever(writer)


async def reset_half_way(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"x" * 500)
    await writer.drain()
    reset(writer)


async def reset_at_once(writer: asyncio.StreamWriter) -> None:
    reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def endless_in_chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0)


async def endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: " + b"x" * 65_536)
        await writer.drain()


@pytest.mark.parametrize("speech", [forever, silent_half_way])
async def test_a_server_that_falls_silent_is_left(speech: object, origin: Origin, into: Path) -> None:
    origin.paths["/"] = speech  # type: ignore[assignment]
    fetcher = Fetcher(AddressPolicy(["127.0.0.1"]), silence=0.1)
    got = await failure(fetcher, origin.url("/"), into)
    assert (got.reason, got.again) == ("stalled", True)
    await fetcher.close()


async def test_a_server_that_drips_has_its_time_in_all(origin: Origin, into: Path) -> None:
    origin.paths["/"] = dripping
    fetcher = Fetcher(AddressPolicy(["127.0.0.1"]), total=0.3)
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="too-slow", again=False)
    await fetcher.close()


@pytest.mark.parametrize("speech", [reset_at_once, reset_half_way])
async def test_a_connection_that_is_reset_is_told(speech: object, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = speech  # type: ignore[assignment]
    got = await failure(fetcher, origin.url("/"), into)
    assert (got.reason, got.again) == ("reset", True)


async def test_fewer_bytes_than_were_told_are_no_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = HEAD + b"x" * 999
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="length", again=True, status=200)


async def test_chunks_that_break_off_are_no_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    got = await failure(fetcher, origin.url("/"), into)
    assert (got.reason, got.again) == ("reset", True)


async def test_more_bytes_than_were_told_are_not_of_the_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = answer("200 OK", b"hello").replace(b"Length: 5", b"Length: 4")
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="malformed", again=False)


async def test_an_answer_that_was_left_on_a_connection_is_of_no_other_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    async def later(writer: asyncio.StreamWriter) -> None:
        writer.write(answer("200 OK", b"hell", Connection="keep-alive"))
        await writer.drain()
        await read.wait()
        writer.write(answer("200 OK", b"evil"))

    read = asyncio.Event()
    origin.paths |= {"/": later, "/next": answer("200 OK", b"good")}
    for path, body in (("/", b"hell"), ("/next", b"good")):
        assert isinstance(await fetcher.fetch(Download(origin.url(path)), into, largest=4), Fetched)
        assert into.read_bytes() == body
        read.set()


@pytest.mark.parametrize("speech", [endless, endless_in_chunks])
async def test_a_body_without_end_is_left_at_the_limit(speech: object, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = speech  # type: ignore[assignment]
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="too-large", again=False, status=200)


async def test_a_length_beyond_the_limit_is_believed(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = f"HTTP/1.1 200 OK\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode()
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="too-large", again=False, status=200)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x00" * 100,
    ],
)
async def test_what_is_no_http_is_told(said: bytes, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = said
    assert await failure(fetcher, origin.url("/"), into) == FetchFailed(reason="malformed", again=False)


async def test_a_head_without_end_is_left(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = endless_head
    assert (await failure(fetcher, origin.url("/"), into)).reason == "malformed"


async def test_nobody_listens(fetcher: Fetcher, into: Path) -> None:
    assert await failure(fetcher, f"http://127.0.0.1:{free_port()}/", into) == FetchFailed(reason="no-connection", again=True)


async def test_a_name_that_nobody_knows_is_told(into: Path) -> None:
    fetcher = Fetcher(AddressPolicy(), resolver=Names())
    assert await failure(fetcher, "http://nowhere.example/", into) == FetchFailed(reason="dns", again=False)
    await fetcher.close()


async def test_a_name_or_a_connection_that_hangs_has_its_time(into: Path) -> None:
    class Hanging(Names):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
            await asyncio.Event().wait()
            raise AssertionError

    fetcher = Fetcher(AddressPolicy(), resolver=Hanging(), connect=0.1)
    assert await failure(fetcher, "http://files.example/", into) == FetchFailed(reason="no-connection", again=True)
    await fetcher.close()


async def test_a_fetch_that_is_given_up_leaves_no_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    begun = asyncio.Event()

    async def part(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 800_000)
        await writer.drain()
        begun.set()
        await forever(writer)

    origin.paths["/"] = part
    task = asyncio.create_task(fetcher.fetch(Download(origin.url("/")), into, largest=LARGEST))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not into.exists()


@pytest.mark.parametrize("ended", [True, False])
def test_what_is_given_up_after_it_was_written_is_not_kept(ended: bool, into: Path) -> None:
    def written() -> None:
        with FileWriter(into, 9, "") as landing:
            assert landing.take(b"hello") is None
            assert into.exists()
            if ended:
                assert isinstance(landing.end(), WrittenFile)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        written()
    assert not into.exists()


def test_what_comes_late_from_a_thread_makes_no_file(into: Path) -> None:
    with FileWriter(into, 9, "") as landing:
        pass
    assert landing.take(b"hello") == landing.end() == "length"
    assert not into.exists()


def test_a_full_disk_is_told_and_nothing_is_kept(into: Path) -> None:
    into.symlink_to("/dev/full")
    for size in (5, 500_000):
        with FileWriter(into, 1_000_000, "") as landing:
            landing.take(b"x" * size)
            assert landing.end() == "disk"
        assert not into.is_symlink()
        into.symlink_to("/dev/full")
