"""Where a role listens: both families, several addresses, and how long a connection may rest."""

import asyncio
import socket
from typing import Any

import pytest

from streams.files.settings import FilesSettings
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener, ListenError
from streams.settings.listening import ListenSettings, sockets
from streams.settings.root import IngressSettings


def six() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


SIX = pytest.mark.skipif(not six(), reason="this machine has no IPv6")


async def ok(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def asked(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.endswith(b"ok")


@SIX
@pytest.mark.parametrize(
    ("host", "four", "sixes"),
    [
        ("::", True, True),
        ("0.0.0.0", True, False),
        ("::1", False, True),
        ("127.0.0.1", True, False),
        (["0.0.0.0", "::"], True, True),
        ("0.0.0.0, ::", True, True),
        (["127.0.0.1", "::1"], True, True),
        ("[::1]", False, True),
        ("localhost", True, False),
    ],
)
async def test_each_address_is_listened_on_and_no_other(host: str | list[str], four: bool, sixes: bool) -> None:
    listener = Listener(ok, ListenSettings(host=host).hosts(), 0, "ingress")
    await listener.start()
    try:
        assert (await asked("127.0.0.1", listener.port), await asked("::1", listener.port)) == (four, sixes)
    finally:
        await listener.stop(1.0)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1:0 (Cannot assign requested address): change ingress.host"),
        ("no-such-name.invalid", "cannot listen on no-such-name.invalid:0 (there is no such name): change ingress.host"),
    ],
)
async def test_an_address_that_is_none_of_ours_is_named_with_its_setting(host: str, said: str) -> None:
    with pytest.raises(ListenError) as caught:
        await Listener(ok, ["127.0.0.1", host], 0, "ingress").start()
    assert str(caught.value) == said


async def test_a_port_that_is_taken_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            await Listener(ok, "127.0.0.1", port, "observe").start()
    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port} (Address already in use): change observe.port"


def test_what_was_bound_is_let_go_where_one_address_cannot_be() -> None:
    with pytest.raises(OSError, match="Cannot assign requested"):
        sockets(["127.0.0.1", "192.0.2.1"], 0, 5)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OSError, match="Cannot assign"):
        sockets(["127.0.0.1", "192.0.2.1"], port, 5)
    for one in sockets(["127.0.0.1"], port, 5):
        one.close()


def test_connections_rest_longer_than_the_balancers_keep_them() -> None:
    assert min(IngressSettings().keep_alive, FilesSettings().keep_alive) > 600, "Google's keeps them for 600 s"


async def test_the_setting_is_how_long_a_connection_may_rest() -> None:
    listener = Listener(ok, "127.0.0.1", 0, "ingress", PortLimits(idle=1.0))
    await listener.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await asyncio.wait_for(reader.read(), 30) == b"ok", "then it is closed"
        writer.close()
    finally:
        await listener.stop(1.0)
