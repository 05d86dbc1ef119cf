"""What goes out goes through the proxy, to whom it was meant for and to nobody else; and what the proxy says is never taken for a platform's answer."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvloop
from pydantic import SecretStr

from converters import PLATFORMS
from converters.core.outcome import NotSent, Unsure
from converters.files.media import Download
from converters.platform import FileRequest, Reply, Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.media.fetch import Fetched, Fetcher, FetchFailed
from streams.media.ssrf_guard import AddressPolicy
from streams.media.store.s3 import _through
from streams.outbound.client import PlatformClient
from streams.outbound.errors import NoAnswerError, NoConnectionError
from streams.outbound.proxies import Proxies, ProxySettings, parsed, proxies
from streams.outbound.transport import HttpCall, PooledTransport
from streams.outbound.vendor_client import VendorClient
from tests.deliver.test_http import Server, plain
from tests.media.origin import Names, Origin, answer
from tests.proxy.standin import StandIn

pytestmark = pytest.mark.filterwarnings("ignore:Overriding the .event_loop_policy. fixture:pytest.PytestDeprecationWarning")
PASSWORD = "us er:p@ss-w0rd"
WRITTEN = "us%20er:p%40ss-w0rd"


@pytest.fixture(params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy], ids=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    policy: asyncio.AbstractEventLoopPolicy = request.param()
    return policy


def through(proxy: StandIn, user: str = "", **more: Any) -> Proxies:
    return proxies(ProxySettings(proxy=SecretStr(proxy.url(user)), **more), "deliver", {})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def secured(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def asked(url: str, ways: Proxies, tls: ssl.SSLContext | None = None) -> Reply:
    transport = PooledTransport(2, 5.0, ways)
    transport._pool._tls = tls
    try:
        return await transport.call(HttpCall("POST", url, {}, b"{}"), lambda: True)
    finally:
        await transport.close()


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
async def test_a_platform_is_reached_by_its_name_through_the_proxy(authority: trustme.CA, encrypted: bool) -> None:
    async with Origin(tls=secured(authority, "api.example") if encrypted else None) as origin:
        origin.paths["/x"] = answer("200 OK", b"ok")
        async with StandIn({"api.example": ("127.0.0.1", origin.port)}, password=PASSWORD) as proxy:
            trust = ssl.create_default_context()
            authority.configure_trust(trust)
            url = origin.url("/x", "api.example")
            reply = await asked(url, through(proxy, WRITTEN), trust)
            assert (reply.status, reply.body) == (200, b"ok")
            assert proxy.asked == [f"api.example:{origin.port}"]
            (head,) = origin.heads
            assert f"Host: api.example:{origin.port}\r\n" in head
            assert "Proxy" not in head, "the password is the proxy's alone"


async def test_a_connection_through_the_proxy_is_used_again() -> None:
    server = Server(plain(b"one"), plain(b"two"))
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with StandIn({"api.example": ("127.0.0.1", port)}) as proxy:
        transport = PooledTransport(2, 5.0, through(proxy))
        call = HttpCall("GET", f"http://api.example:{port}/x", {}, b"")
        assert [(await transport.call(call, lambda: True)).body for _ in range(2)] == [b"one", b"two"]
        await transport.close()
        assert (len(proxy.asked), server.connections) == (1, 1)
    listening.close()


@pytest.mark.parametrize(
    ("says", "ours", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", True, "the proxy answers 407"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n", True, "the proxy answers 403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", False, "the proxy answers 502"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", False, "the proxy answers 503"),
        (b"HTTP/1.1 429 Slowly\r\n\r\n", False, "the proxy answers 429"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", False, "the proxy's answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", False, "the proxy's answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, False, "the proxy's answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n", False, "the proxy's answer is no HTTP"),
    ],
)
async def test_what_the_proxy_says_is_no_connection_and_never_an_answer(says: bytes, ours: bool, said: str) -> None:
    async with StandIn(says=says) as proxy:
        with pytest.raises(NoConnectionError) as caught:
            await asked("http://api.example/x", through(proxy))
        assert (str(caught.value), caught.value.ours) == (said, ours)


async def test_a_proxy_that_is_away_or_silent_is_no_connection() -> None:
    async with StandIn() as gone:
        ways = through(gone)
    with pytest.raises(NoConnectionError):
        await asked("https://api.example/x", ways)
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(9), "127.0.0.1", 0)
    one = parsed(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}", "deliver.proxy")
    transport = PooledTransport(2, 0.2, Proxies(one, one))
    with pytest.raises(NoConnectionError):
        await transport.call(HttpCall("GET", "https://api.example/x", {}, b""), lambda: True)
    await transport.close()
    silent.close()


async def test_a_tunnel_that_breaks_after_the_request_is_a_doubt() -> None:
    async with Origin() as origin:
        origin.paths["/x"] = b""
        async with StandIn({"api.example": ("127.0.0.1", origin.port)}) as proxy:
            with pytest.raises(NoAnswerError):
                await asked(origin.url("/x", "api.example"), through(proxy))


def app(base: str) -> App:
    platform = PLATFORMS["yunxin"]
    account = platform.account(app_key="k", app_secret="s", base_url=base)
    return App(name="old", platform=platform, account=account, target="new", rules=())


async def test_a_message_waits_for_a_person_where_the_proxy_wants_another_password() -> None:
    request = Request(api="x", method="POST", path="/x", headers={}, body=b"")
    async with StandIn(password=PASSWORD) as proxy:
        client = PlatformClient(app("https://api.example"), DeliverSettings(proxy=SecretStr(proxy.url("user:wr0ng"))))
        assert await client.send(request) == NotSent("no connection: the proxy answers 407", ours=True)
        await client.close()
    async with StandIn(says=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy:
        client = PlatformClient(app("https://api.example"), DeliverSettings(proxy=SecretStr(proxy.url())))
        outcome = await client.send(request)
        assert isinstance(outcome, NotSent)
        assert not outcome.ours
        assert not isinstance(outcome, Unsure)
        await client.close()


async def test_the_environments_proxy_is_taken_and_no_proxy_is_let_out(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(api="x", method="POST", path="/x", headers={}, body=b"")
    async with StandIn(says=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        for base, count in (("https://api.example", 1), ("http://127.0.0.1:9", 1), ("https://api.inside.example", 1)):
            monkeypatch.setenv("NO_PROXY", ".inside.example")
            client = PlatformClient(app(base), DeliverSettings(timeout=2.0))
            assert isinstance(await client.send(request), NotSent)
            await client.close()
            assert len(proxy.heads) == count, base
        client = PlatformClient(app("https://api.example"), DeliverSettings(timeout=2.0, proxy=SecretStr("none")))
        await client.send(request)
        await client.close()
        assert len(proxy.heads) == 1, "the setting goes before the environment"


# -- files


def fetcher(ways: Proxies, *allow: str, **more: Any) -> Fetcher:
    return Fetcher(AddressPolicy(allow), proxies=ways, connect=5.0, total=10.0, **more)


async def test_a_file_is_asked_for_at_the_address_that_was_judged(authority: trustme.CA, tmp_path: Path) -> None:
    """And the certificate is still that of its name, and so is `Host`."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    async with Origin(tls=secured(authority, "files.example")) as origin:
        origin.paths["/a.png"] = answer("200 OK", b"picture")
        # To the proxy, the public address leads to the origin; the name leads to somewhere else altogether.
        async with StandIn({"93.184.216.34": ("127.0.0.1", origin.port), "files.example": ("127.0.0.1", 1)}) as proxy:
            one = fetcher(through(proxy), resolver=Names(files_example=[["93.184.216.34"]]), authorities=tmp_path / "authority.pem")
            got = await one.fetch(Download(origin.url("/a.png", "files.example")), tmp_path / "into", largest=100)
            assert isinstance(got, Fetched), got
            assert proxy.asked == [f"93.184.216.34:{origin.port}"]
            assert f"Host: files.example:{origin.port}" in origin.heads[0]
            await one.close()


async def test_http_is_tunnelled_too_so_that_the_proxy_looks_nothing_up(tmp_path: Path) -> None:
    async with Origin() as origin:
        origin.paths["/a.png"] = answer("200 OK", b"picture")
        async with StandIn({"93.184.216.34": ("127.0.0.1", origin.port)}) as proxy:
            one = fetcher(through(proxy), resolver=Names(files_example=[["93.184.216.34"]]))
            got = await one.fetch(Download(origin.url("/a.png", "files.example")), tmp_path / "into", largest=100)
            assert isinstance(got, Fetched), got
            assert proxy.heads[0].startswith(f"CONNECT 93.184.216.34:{origin.port} HTTP/1.1\r\n")
            await one.close()


INSIDE = ["10.0.0.1", "169.254.169.254", "127.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_the_guard_forbids_is_forbidden_behind_a_proxy_too(tmp_path: Path, address: str, scheme: str) -> None:
    shown = f"[{address}]" if ":" in address else address
    async with StandIn() as proxy:
        one = fetcher(through(proxy), resolver=Names(inner_example=[[address]], mixed_example=[["93.184.216.34", address]]))
        for host in (shown, "inner.example", "mixed.example"):
            got = await one.fetch(Download(f"{scheme}://{host}:8080/a"), tmp_path / "into", largest=100)
            assert got == FetchFailed(reason="address", again=False), host
        assert proxy.heads == [], "the proxy hears nothing of it"
        await one.close()


async def test_a_redirect_inside_is_not_followed_through_the_proxy(tmp_path: Path) -> None:
    async with Origin() as origin:
        origin.paths["/a"] = answer("302 Found", Location="http://169.254.169.254/latest/meta-data")
        async with StandIn({"93.184.216.34": ("127.0.0.1", origin.port)}) as proxy:
            one = fetcher(through(proxy), resolver=Names(files_example=[["93.184.216.34"]]))
            got = await one.fetch(Download(origin.url("/a", "files.example")), tmp_path / "into", largest=100)
            assert got == FetchFailed(reason="address", again=False)
            assert len(proxy.asked) == 1
            await one.close()


async def test_a_host_that_the_operator_allows_goes_by_its_name_where_only_the_proxy_knows_it(tmp_path: Path) -> None:
    async with Origin() as origin:
        origin.paths["/a"] = answer("200 OK", b"picture")
        async with StandIn({"files.example": ("127.0.0.1", origin.port)}) as proxy:
            one = fetcher(through(proxy), "files.example", resolver=Names())
            got = await one.fetch(Download(origin.url("/a", "files.example")), tmp_path / "into", largest=100)
            assert isinstance(got, Fetched), got
            assert proxy.asked == [f"files.example:{origin.port}"]
            await one.close()


async def test_a_proxy_that_refuses_a_file_is_no_connection(tmp_path: Path) -> None:
    async with StandIn(says=b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
        one = fetcher(through(proxy), resolver=Names(files_example=[["93.184.216.34"]]))
        got = await one.fetch(Download("https://files.example/a"), tmp_path / "into", largest=100)
        assert got == FetchFailed(reason="no-connection", again=True)
        await one.close()


async def test_history_files_of_a_platform_come_through_the_proxy() -> None:
    async with Origin() as origin:
        origin.paths[f"http://files.example:{origin.port}/day.gz"] = answer("200 OK", b"history")
        # httpx asks a proxy for plain HTTP by the whole address: the origin stands in for one that answers by itself.
        settings = DeliverSettings(proxy=SecretStr(f"http://u:p@127.0.0.1:{origin.port}"), backoff=0.01)
        questions = VendorClient(app("https://api.example"), settings, acts=False)
        reply = await questions.ask(FileRequest(f"http://files.example:{origin.port}/day.gz", largest=100))
        await questions.close()
        assert reply is not None
        assert reply.body == b"history"
        assert "proxy-authorization: basic dtpw" in origin.heads[0].lower()


def test_a_bucket_is_reached_as_the_setting_says() -> None:
    assert _through(ProxySettings()) == {}, "what the environment says the library reads by itself"
    assert _through(ProxySettings(proxy=SecretStr("none")))["proxy_excludes"] == "*"
    told = _through(ProxySettings(proxy=SecretStr("http://u:p@proxy:3128"), no_proxy=["minio"]))
    assert told == {"proxy_url": "http://u:p@proxy:3128", "proxy_excludes": "localhost,127.0.0.0/8,::1,minio"}


async def test_the_passwords_of_proxies_are_shown_nowhere(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    async with StandIn(password="u:other") as proxy:
        settings = DeliverSettings(proxy=SecretStr(proxy.url(WRITTEN)), timeout=1.0)
        client = PlatformClient(app("https://api.example"), settings)
        outcome = await client.send(Request(api="x", method="POST", path="/x", headers={}, body=b""))
        await client.close()
        with pytest.raises(NoConnectionError) as caught:
            await asked("https://api.example/x", through(proxy, WRITTEN))
        shown = [
            repr(settings),
            settings.model_dump_json(),
            repr(outcome),
            repr(caught.value),
            repr(through(proxy, WRITTEN).of(True, "h", 1)),
            caplog.text,
            *capsys.readouterr(),
        ]
        assert not [text for text in shown if "w0rd" in text or "dXMgZXI6" in text]


def test_httpx_reads_no_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of httpx that trusted it would take a proxy that no setting names."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert not httpx.AsyncClient(trust_env=False)._mounts
