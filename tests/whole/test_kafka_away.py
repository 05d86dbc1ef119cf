"""All of Kafka goes, comes back, and comes back elsewhere: no role is to be restarted, and what is said afterwards arrives."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.gateway import Gateway
from tests.stack import Role, Stack
from tests.waiting import until
from tests.whole.crossing import IMPATIENT, Exchange


def asked(role: Role, path: str) -> tuple[int, str]:
    found = httpx.get(f"http://127.0.0.1:{role.observe}{path}", timeout=5, trust_env=False)
    return found.status_code, found.text


def says_that_it_is_away(role: Role) -> bool:
    assert role.child is not None
    assert role.child.poll() is None, role.tail()
    try:
        code, said = asked(role, "/readyz")
    except httpx.TransportError:
        return False  # it is just being started
    assert asked(role, "/livez")[0] == 200, "a restart would not help"
    return code == 503 and "Kafka cannot be reached since 20" in said


@pytest.mark.slow
def test_kafka_goes_and_comes_back_and_every_role_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is started meanwhile, too."""
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    with Stack(tmp_path, partitions=2, settings=IMPATIENT) as stack:
        exchange = Exchange(stack)
        exchange.say("yunxin", "alice", "bob", "before")
        exchange.has_arrived(1)
        assert stack.node is not None
        stack.node.stop()
        for role in stack.roles.values():
            until(partial(says_that_it_is_away, role), why=role.tail)
        again = stack.roles["deliver-easemob"]
        again.stop()
        again.start()
        until(lambda: says_that_it_is_away(again), why=again.tail)
        pids = [role.child.pid for role in stack.roles.values() if role.child is not None]
        stack.node.start()
        for role in stack.roles.values():
            stack.wait_ready(role, 120)
            assert asked(role, "/livez")[0] == 200
        exchange.say("yunxin", "alice", "bob", "after")
        exchange.say("easemob", "bob", "alice", "and back")
        exchange.has_arrived(3)
        assert [role.child.pid for role in stack.roles.values() if role.child is not None] == pids


class _Ways:
    """A gateway, in a loop of its own."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self.gateway = gateway
        self._loop = loop

    def move(self) -> None:
        async def moved() -> None:
            await self.gateway.shut()
            await self.gateway.come()

        asyncio.run_coroutine_threadsafe(moved(), self._loop).result(30)


@contextmanager
def way(kafka: str) -> Iterator[_Ways]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    gateway = Gateway(kafka)
    asyncio.run_coroutine_threadsafe(gateway.__aenter__(), loop).result(30)
    try:
        yield _Ways(gateway, loop)
    finally:
        asyncio.run_coroutine_threadsafe(gateway.__aexit__(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


@pytest.mark.slow
def test_all_brokers_move_and_every_role_finds_them(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CONNECT_TIMEOUT", "1"), ("REQUEST_TIMEOUT", "2"), ("KEEPALIVE", "1")):
        monkeypatch.setenv(f"IM_RELAY_KAFKA__{name}", value)
    with (
        way(kafka) as ways,
        Stack(tmp_path, bootstrap=ways.gateway.bootstrap, prefix=f"{tmp_path.name}.", partitions=2, settings=IMPATIENT) as stack,
    ):
        exchange = Exchange(stack)
        exchange.say("yunxin", "alice", "bob", "before")
        exchange.has_arrived(1)
        before = ways.gateway.named
        ways.move()
        exchange.say("yunxin", "alice", "bob", "after")
        exchange.say("easemob", "bob", "alice", "and back")
        exchange.has_arrived(3)
        assert ways.gateway.named != before
        for role in stack.roles.values():
            stack.wait_ready(role)
            assert asked(role, "/livez")[0] == 200
