"""What is got when all goes well, and when the server says in so many words that it does not."""

import gzip
import hashlib
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from converters.files.media import Download
from streams.media.fetch import Fetched, Fetcher, FetchFailed
from streams.media.ssrf_guard import AddressPolicy
from tests.media.origin import Origin, answer

BODY = bytes(range(256)) * 40


async def test_a_file_comes_whole_with_its_digests_type_and_name(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/files/%E5%9B%BE.jpg?sign=a%2Fb"] = answer("200 OK", BODY, Content_Type="Image/JPEG; charset=x")
    got = await fetcher.fetch(Download(origin.url("/files/%E5%9B%BE.jpg?sign=a%2Fb"), {"share-secret": "s3"}), into, largest=len(BODY))
    assert got == Fetched(
        size=len(BODY), sha256=hashlib.sha256(BODY).hexdigest(), md5=hashlib.md5(BODY).hexdigest(), mime="image/jpeg", name="图.jpg"
    )
    assert into.read_bytes() == BODY
    assert into.stat().st_mode & 0o777 == 0o600
    head = origin.heads[0].lower()
    assert "share-secret: s3\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "user-agent: im-relay\r\n" in head


async def test_a_large_file_in_chunks_comes_whole(fetcher: Fetcher, into: Path) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(BODY)
        return response

    app = web.Application()
    app.router.add_get("/big", stream)
    async with TestServer(app, host="127.0.0.1") as server:
        got = await fetcher.fetch(Download(str(server.make_url("/big"))), into, largest=300 * len(BODY))
        assert isinstance(got, Fetched)
        assert got.sha256 == hashlib.sha256(BODY * 300).hexdigest() == hashlib.sha256(into.read_bytes()).hexdigest()
        assert await fetcher.fetch(Download(str(server.make_url("/big"))), into, largest=300 * len(BODY) - 1) == FetchFailed(
            reason="too-large", again=False, status=200
        )
        assert not into.exists()


async def test_an_empty_file_is_a_file(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = answer("200 OK")
    got = await fetcher.fetch(Download(origin.url("/")), into, largest=0)
    assert isinstance(got, Fetched)
    assert (got.size, got.name, got.mime) == (0, "", "")
    assert into.read_bytes() == b""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('attachment; filename="voice one.amr"', "voice one.amr"),
        ("attachment; filename*=UTF-8''%E8%AF%AD%E9%9F%B3.amr", "语音.amr"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\..\\boot.ini"', "boot.ini"),
        ('attachment; filename="a\u202egpj.exe"', "path.bin"),
        ('inline; filename=".."', "path.bin"),
        ("inline", "path.bin"),
        (";;;=", "path.bin"),
        (f'inline; filename="{"x" * 300}.amr"', "x" * 196 + ".amr"),
    ],
)
async def test_a_name_is_no_path(said: str, expected: str, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/a/path.bin"] = answer("200 OK", b"x").replace(b"\r\n\r\n", f"\r\nContent-Disposition: {said}\r\n\r\n".encode())
    got = await fetcher.fetch(Download(origin.url("/a/path.bin")), into, largest=9)
    assert isinstance(got, Fetched)
    assert got.name == expected


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("gzip", gzip.compress(BODY)),
        ("X-GZIP", gzip.compress(BODY, 0)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY, wbits=-15)),
        ("identity", BODY),
    ],
)
async def test_a_body_that_comes_packed_all_the_same_is_unpacked(
    coding: str, sent: bytes, origin: Origin, fetcher: Fetcher, into: Path
) -> None:
    origin.paths["/"] = answer("200 OK", sent, Content_Encoding=coding)
    got = await fetcher.fetch(Download(origin.url("/")), into, largest=len(BODY) + 100)
    assert isinstance(got, Fetched)
    assert got.size == len(BODY)
    assert into.read_bytes() == BODY


async def test_a_bomb_costs_no_more_than_the_limit(origin: Origin, fetcher: Fetcher, into: Path) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    origin.paths["/"] = answer("200 OK", bomb, Content_Encoding="gzip")
    largest = 5_000_000
    assert len(bomb) < largest
    assert await fetcher.fetch(Download(origin.url("/")), into, largest=largest) == FetchFailed(reason="too-large", again=False, status=200)
    assert not into.exists()
    origin.paths["/"] = answer("200 OK", gzip.compress(bytes(largest)), Content_Encoding="gzip")
    assert isinstance(await fetcher.fetch(Download(origin.url("/")), into, largest=largest), Fetched)


@pytest.mark.parametrize(
    ("coding", "sent", "reason"),
    [
        ("br", BODY, "encoding"),
        ("zstd", BODY, "encoding"),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY)), "encoding"),
        ("gzip", BODY, "encoding"),
        ("deflate", b"\xff" * 100, "encoding"),
        ("gzip", gzip.compress(BODY) + b"more", "encoding"),
        ("gzip", gzip.compress(b"") * 10_000, "encoding"),
        ("gzip", gzip.compress(BODY)[:-5], "length"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_no_file(
    coding: str, sent: bytes, reason: str, origin: Origin, fetcher: Fetcher, into: Path
) -> None:
    origin.paths["/"] = answer("200 OK", sent, Content_Encoding=coding)
    got = await fetcher.fetch(Download(origin.url("/")), into, largest=1_000_000)
    assert isinstance(got, FetchFailed)
    assert got.reason == reason
    assert not into.exists()


@pytest.mark.parametrize(
    ("status", "reason", "again"),
    [
        (401, "forbidden", False),
        (403, "forbidden", False),
        (404, "not-found", False),
        (410, "gone", False),
        (429, "throttled", True),
        (400, "refused-by-server", False),
        (451, "refused-by-server", False),
        (408, "server-error", True),
        (500, "server-error", True),
        (503, "server-error", True),
        (204, "unexpected", False),
        (206, "unexpected", False),
        (202, "unexpected", False),
        (304, "unexpected", False),
        (300, "unexpected", False),
        (302, "redirects", False),
    ],
)
async def test_an_answer_without_a_file_is_told_in_a_word(
    status: int, reason: str, again: bool, origin: Origin, fetcher: Fetcher, into: Path
) -> None:
    origin.paths["/"] = answer(f"{status} Whatever", b"" if status in (204, 304) else b"<secret>")
    got = await fetcher.fetch(Download(origin.url("/")), into, largest=100)
    assert got == FetchFailed(reason=reason, again=again, status=status)  # type: ignore[arg-type]
    assert not into.exists()


@pytest.mark.parametrize("status", [429, 503])
async def test_the_server_says_how_long_to_wait(status: int, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    origin.paths["/"] = answer(f"{status} No", Retry_After="7")
    assert await fetcher.fetch(Download(origin.url("/")), into, largest=100) == FetchFailed(
        reason="throttled", again=True, after=7.0, status=status
    )
    origin.paths["/"] = answer(f"{status} No", Retry_After=format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    got = await fetcher.fetch(Download(origin.url("/")), into, largest=100)
    assert isinstance(got, FetchFailed)
    assert got.after is not None
    assert 0 < got.after <= 3600
    origin.paths["/"] = answer("429 No", Retry_After="soon")
    assert await fetcher.fetch(Download(origin.url("/")), into, largest=100) == FetchFailed(reason="throttled", again=True, status=429)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00", "名", "a\n"])
async def test_a_secret_that_is_no_header_is_not_sent(value: str, origin: Origin, fetcher: Fetcher, into: Path) -> None:
    assert await fetcher.fetch(Download(origin.url("/"), {"share-secret": value}), into, largest=9) == FetchFailed(
        reason="credentials", again=False
    )
    assert origin.heads == []


async def test_a_place_that_cannot_be_written_to_is_told_as_such(origin: Origin, fetcher: Fetcher, tmp_path: Path) -> None:
    origin.paths["/"] = answer("200 OK", b"x")
    got = await fetcher.fetch(Download(origin.url("/")), tmp_path / "none" / "file", largest=9)
    assert got == FetchFailed(reason="disk", again=True, status=200)


async def test_what_surrounds_the_process_is_not_asked(origin: Origin, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    origin.paths["/"] = answer("200 OK", b"x", Set_Cookie="a=b")
    fetcher = Fetcher(AddressPolicy(["127.0.0.1"]))
    for _ in range(2):
        assert isinstance(await fetcher.fetch(Download(origin.url("/")), into, largest=9), Fetched)
    await fetcher.close()
    assert not any("authorization" in head.lower() or "cookie" in head.lower() for head in origin.heads)
