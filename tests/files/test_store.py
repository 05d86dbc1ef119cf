"""The store over HTTP: what is put, fetched, refused."""

import asyncio
import errno
import os
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.files import app as application
from streams.files import disk as disks
from streams.files.signed import SignedLink, headers, link, upload
from streams.kafka.local.ports import free_port
from streams.media.store import StoredObject, StoreFailed
from streams.observe.metric_types import REGISTRY
from tests.files.conftest import DAY, LARGEST, SECRET, Running

CONTENT = bytes(range(256)) * 5000  # in more than one block


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"im_relay_{name}", labels) or 0.0


async def test_what_is_put_is_fetched_with_its_type_its_name_and_its_guards(store: Running, web: httpx.AsyncClient) -> None:
    before = counted("files_bytes_total", method="GET"), counted("files_requests_total", method="PUT", status="2xx")
    found = await store.kept(CONTENT, name="声音 1.amr", mime="audio/amr")
    assert found.lives == 7 * DAY
    answer = await web.get(found.url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "audio/amr"
    assert answer.headers["content-disposition"] == f"inline; filename=\"__ 1.amr\"; filename*=UTF-8''{quote('声音 1.amr')}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["accept-ranges"] == "bytes"
    head = await web.head(found.url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    assert counted("files_bytes_total", method="GET") - before[0] == len(CONTENT)
    assert counted("files_requests_total", method="PUT", status="2xx") - before[1] == 1


async def test_a_page_is_saved_and_never_shown(store: Running, web: httpx.AsyncClient) -> None:
    answer = await web.get((await store.kept(b"<script>1</script>", name="a.html", mime="text/html")).url)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=100-299", 206, 100, 300),
        ("bytes=-5", 206, len(CONTENT) - 5, len(CONTENT)),
        ("bytes=1000-", 206, 1000, len(CONTENT)),
        (f"bytes=0-{len(CONTENT) * 9}", 206, 0, len(CONTENT)),
    ],
)
async def test_players_get_the_part_they_ask_for(
    store: Running, web: httpx.AsyncClient, asked: str, status: int, begin: int, end: int
) -> None:
    url = (await store.kept(CONTENT, name="a.mp4", mime="video/mp4")).url
    answer = await web.get(url, headers={"range": asked})
    assert (answer.status_code, answer.content) == (status, CONTENT[begin:end])
    assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_part_that_is_not_there_is_416_and_nonsense_costs_nothing(store: Running, web: httpx.AsyncClient) -> None:
    url = (await store.kept(CONTENT)).url
    assert (await web.get(url, headers={"range": f"bytes={len(CONTENT)}-"})).status_code == 416
    assert (await web.get(url, headers={"range": "lines=1-2"})).status_code == 400
    many = await web.get(url, headers={"range": "bytes=" + ",".join(["0-"] * 90)})
    assert (many.status_code, len(many.content)) == (206, len(CONTENT))  # overlapping parts are one


async def test_a_link_ends(store: Running, web: httpx.AsyncClient) -> None:
    url = (await store.kept(CONTENT)).url
    store.clock.now += 7 * DAY - 1
    assert (await web.get(url)).status_code == 200
    store.clock.now += 1
    answer = await web.get(url)
    assert (answer.status_code, answer.json()) == (410, {"error": "expired"})
    longer = url.replace("until=", "until=9")
    assert (await web.get(longer)).status_code == 403


async def test_a_link_to_what_is_deleted_is_404(store: Running, web: httpx.AsyncClient) -> None:
    key = (await store.kept(b"x")).url.split("/files/")[1].rpartition("/")[0]
    far = link(SECRET.encode(), SignedLink(key=key, name="a", mime="text/plain", until=int(store.clock.now) + 99 * DAY))
    assert (await web.get(f"http://127.0.0.1:{store.port}{far}")).status_code == 200
    store.clock.now += 30 * DAY
    assert (await web.get(f"http://127.0.0.1:{store.port}{far}")).status_code == 404


async def test_the_same_file_is_sent_once_and_lives_from_its_last_upload(store: Running, web: httpx.AsyncClient) -> None:
    before = counted("files_bytes_total", method="PUT")
    await store.kept(CONTENT, name="a.png", mime="image/png")
    store.clock.now += 29 * DAY
    again = await store.kept(CONTENT, name="b.png", mime="image/png")
    assert counted("files_bytes_total", method="PUT") - before == len(CONTENT)
    assert len(store.files()) == 1
    store.clock.now += 6 * DAY
    await store.disk.sweep()
    answer = await web.get(again.url)
    assert (answer.content, "b.png" in answer.headers["content-disposition"]) == (CONTENT, True)
    await store.kept(CONTENT, name="a.png", mime="image/png", app="old")
    assert len(store.files()) == 2


async def test_one_client_puts_many_one_after_another_and_at_once(store: Running, web: httpx.AsyncClient) -> None:
    client = store.client()
    paths = []
    for number in range(6):
        path = store.root / f"f{number}"
        path.write_bytes(CONTENT + bytes([number // 2]))  # each twice
        paths.append(path)

    async def put(path: Any) -> StoredObject | StoreFailed:
        digest = sha256(path.read_bytes()).hexdigest()
        return await client.put(path, name="a", mime="audio/mpeg", digest=digest, app="new")

    at_once = await asyncio.gather(*map(put, paths))
    in_turn = [await put(path) for path in paths]
    await client.close()
    assert len(store.files()) == 3
    for path, found in zip(paths * 2, [*at_once, *in_turn], strict=True):
        assert isinstance(found, StoredObject), found
        assert (await web.get(found.url)).content == path.read_bytes()


async def test_what_is_not_what_was_announced_is_not_kept(store: Running) -> None:
    assert await store.put(CONTENT, digest="ab" * 32) == StoreFailed("store-changed", again=False)
    assert store.files() == []


async def test_what_is_too_large_is_refused_before_it_is_sent(store: Running) -> None:
    assert await store.put(bytes(LARGEST + 1)) == StoreFailed("store-too-large", again=False)
    assert isinstance(await store.put(bytes(LARGEST)), StoredObject)


async def test_another_secret_or_clock_is_refused(store: Running) -> None:
    assert await store.put(CONTENT, secret="some other secret of theirs") == StoreFailed("store-refused", again=False)
    assert store.files() == []


async def test_nobody_there_is_worth_another_try(store: Running) -> None:
    found = await store.put(CONTENT, endpoint=f"http://127.0.0.1:{free_port()}")
    assert isinstance(found, StoreFailed)
    assert (found.reason, found.again) == ("store-away", True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_disk_that_gets_full_is_said_so_and_leaves_nothing(store: Running, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    before, append, calls = counted("files_requests_total", method="PUT", status="5xx"), disks._append, []

    def full(file: IO[bytes], block: bytes, seen: Any) -> None:
        calls.append(1)
        append(file, block[: len(block) // 2], seen)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disks, "_append", full)
    found = await store.put(CONTENT)
    assert len(calls) == 1
    assert isinstance(found, StoreFailed)
    assert (found.reason, found.again) == ("store-full", True)
    assert found.after > 0
    assert store.files() == []
    assert counted("files_requests_total", method="PUT", status="5xx") == before + 1
    monkeypatch.undo()
    assert isinstance(await store.put(CONTENT), StoredObject)


async def test_a_disk_that_is_full_takes_nothing_more(store: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.kept(CONTENT)
    monkeypatch.setattr(disks, "RESERVE", 1 << 62)
    found = await store.put(CONTENT + b"1")
    assert isinstance(found, StoreFailed)
    assert found.reason == "store-full"
    assert isinstance(await store.put(CONTENT), StoredObject), "what is there needs no room"


async def test_another_error_of_the_disk_is_ours_and_says_nothing_of_it(
    store: Running, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> None:
        raise OSError(errno.EIO, "secret-name.png")

    monkeypatch.setattr(disks, "_append", broken)
    assert await store.put(CONTENT) == StoreFailed("store-away", again=True, after=1.0)
    one = upload(SECRET.encode(), "new", digest=sha256(CONTENT).hexdigest(), length=len(CONTENT), name="a", mime="", now=store.clock.now)
    answer = await web.put(f"http://127.0.0.1:{store.port}/files/{one.key}", content=CONTENT, headers=headers(SECRET.encode(), one))
    assert (answer.status_code, answer.json()) == (500, {"error": "defect"})
    assert store.files() == []


async def test_an_upload_that_is_cut_off_leaves_nothing(store: Running) -> None:
    one = upload(SECRET.encode(), "new", digest="ab" * 32, length=3 << 20, name="a", mime="", now=store.clock.now)
    reader, writer = await asyncio.open_connection("127.0.0.1", store.port)
    lines = [f"PUT /files/{one.key} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers(SECRET.encode(), one).items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + bytes(2 << 20))
    await writer.drain()
    async with asyncio.timeout(20):
        while not any(path.stat().st_size for path in store.files()):
            await asyncio.sleep(0.01)
        writer.transport.abort()
        while store.files():
            await asyncio.sleep(0.01)
    assert not await reader.read()


async def test_an_upload_that_stalls_is_ended(store: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "STALL", 0.3)
    one = upload(SECRET.encode(), "new", digest="ab" * 32, length=3 << 20, name="a", mime="", now=store.clock.now)
    reader, writer = await asyncio.open_connection("127.0.0.1", store.port)
    lines = [f"PUT /files/{one.key} HTTP/1.1", "host: x", *(f"{name}: {value}" for name, value in headers(SECRET.encode(), one).items())]
    writer.write("\r\n".join([*lines, "", "some"]).encode())
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert store.files() == []


async def test_a_download_that_nobody_reads_is_ended(store: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    url = urlsplit((await store.kept(bytes(LARGEST))).url)
    monkeypatch.setattr(application, "STALL", 0.3)
    ended = asyncio.Event()
    monkeypatch.setattr(application.log, "info", lambda *_: ended.set(), raising=False)
    reader, writer = await asyncio.open_connection("127.0.0.1", store.port)  # which reads 128 KiB ahead, and no more
    writer.write(f"GET {url.path}?{url.query} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    async with asyncio.timeout(20):
        await ended.wait()
        assert len(await reader.read()) < LARGEST
    writer.close()


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
async def test_other_methods_are_not_there(store: Running, web: httpx.AsyncClient, method: str) -> None:
    url = (await store.kept(CONTENT)).url
    answer = await web.request(method, url)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT")


@pytest.mark.parametrize(
    "path", ["", "/", "/files", "/files/", "/files/new", "/files/new/", "/files/..", "/livez", "/metrics", "/kept/new"]
)
async def test_nothing_is_listed(store: Running, web: httpx.AsyncClient, path: str) -> None:
    await store.kept(CONTENT)
    for method, status in (("GET", 403), ("PUT", 401)):
        answer = await web.request(method, f"http://127.0.0.1:{store.port}{path}")
        assert (answer.status_code, set(answer.json())) == (status, {"error"})


parts = st.one_of(
    st.sampled_from(["..", ".", "", "new", "kept", "%2e%2e", "..%2f", "lock", "\\..", "%00", "to-put", "~"]), st.text(max_size=12)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(parts, max_size=8), st.booleans(), st.sampled_from(["GET", "PUT", "HEAD"]))
def test_no_path_leads_anywhere_else(found: list[str], sign: bool, method: str) -> None:
    """Whatever the path, even signed with our secret: only keys are looked for."""
    asyncio.run(_walk("/".join(found), method, sign=sign))


async def _walk(rest: str, method: str, *, sign: bool) -> None:
    touched: list[str] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            touched.append(name)
            raise AssertionError(name)

    one = Running(Path("/nowhere"))
    one.disk = Watching()  # type: ignore[assignment]
    query = (
        link(SECRET.encode(), SignedLink(key=rest.rpartition("/")[0], name=rest.rpartition("/")[2], mime="a/b", until=2**33)).partition(
            "?"
        )[2]
        if sign
        else ""
    )
    head = (
        headers(SECRET.encode(), upload(SECRET.encode(), "new", digest="ab" * 32, length=1, name="", mime="", now=one.clock.now))
        if sign
        else {}
    )
    scope = {
        "type": "http",
        "method": method,
        "path": f"/files/{rest}",
        "raw_path": quote(f"/files/{rest}").encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in head.items()],
    }
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await one.app(scope, receive, send)
    assert said[0]["status"] in (401, 403)
    assert not touched


def test_the_url_of_a_link_is_under_the_public_one() -> None:
    one = SignedLink(key="new/" + "0" * 40, name="a b.png", mime="image/png", until=1)
    assert urlsplit(link(SECRET.encode(), one)).path == f"/files/new/{'0' * 40}/a%20b.png"
