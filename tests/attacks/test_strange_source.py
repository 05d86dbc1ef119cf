"""Somebody posts from where the platform never does, or says so of himself; or sends so much that others have no place."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from streams.ingress import sources
from streams.ingress.sources import PROVEN, SourceLimits, networks, read, within
from streams.settings.root import AppSettings, IngressSettings
from tests.ingress import client, signed
from tests.ingress.conftest import Running, running


def scope(peer: str, *forwarded: str) -> dict[str, Any]:
    return {"client": (peer, 1), "headers": [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "hops", "proxies", "seen"),
    [
        ("198.51.100.9", (), 0, [], "198.51.100.9"),
        ("198.51.100.9", ("203.0.113.1",), 0, [], "198.51.100.9"),
        ("10.0.0.1", ("203.0.113.1",), 1, [], "203.0.113.1"),
        ("10.0.0.1", ("203.0.113.1, 198.51.100.9",), 1, [], "198.51.100.9"),
        ("10.0.0.1", ("203.0.113.1", "198.51.100.9"), 1, [], "198.51.100.9"),
        ("10.0.0.1", ("203.0.113.1, 198.51.100.9, 10.0.0.2",), 2, [], "198.51.100.9"),
        ("10.0.0.1", ("203.0.113.1",), 1, ["10.0.0.0/8"], "203.0.113.1"),
        ("198.51.100.9", ("203.0.113.1",), 1, ["10.0.0.0/8"], "198.51.100.9"),
        ("::ffff:10.0.0.1", ("203.0.113.1",), 1, ["10.0.0.0/8"], "203.0.113.1"),
        ("10.0.0.1", (), 1, [], None),
        ("10.0.0.1", ("203.0.113.1",), 2, [], None),
        ("10.0.0.1", ("nonsense\xff",), 1, [], None),
        ("10.0.0.1", ('"[2001:db8::7]:443"',), 1, [], "2001:db8::7"),
        ("10.0.0.1", ("203.0.113.1:5000",), 1, [], "203.0.113.1"),
        ("10.0.0.1", ("::ffff:203.0.113.1",), 1, [], "203.0.113.1"),
    ],
)
def test_only_what_our_proxies_wrote_is_believed(
    peer: str, forwarded: tuple[str, ...], hops: int, proxies: list[str], seen: str | None
) -> None:
    address = SourceLimits(IngressSettings(proxy_hops=hops, proxies=proxies)).address(scope(peer, *forwarded))
    assert (str(address) if address else None) == seen


def test_networks_hold_for_both_kinds_of_addresses() -> None:
    allowed = networks(["203.0.113.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120"])
    for inside in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8:1::2", "192.0.2.200"):
        assert within(read(inside), allowed), inside
    for outside in ("203.0.114.7", "2001:db9::1", "192.0.3.1", "", "x"):
        assert not within(read(outside), allowed), outside


@pytest.mark.parametrize("odd", ["203.0.113.7/24", "203.0.113.0/33", "example.com", ""])
def test_what_is_no_network_is_named(odd: str) -> None:
    with pytest.raises(ValidationError, match="is no network"):
        AppSettings(platform="own", target="a", sources=[odd])
    with pytest.raises(ValidationError, match="is no network"):
        IngressSettings(proxies=[odd])


async def test_a_signed_callback_from_elsewhere_is_refused_unread(kafka: str) -> None:
    one = Running(kafka)
    one.sources = ["203.0.113.0/24"]
    await one.make_topics()
    async with running(kafka, again=one, proxy_hops=1):
        body = signed.text(1)
        for forwarded, status in (("198.51.100.9", 403), ("203.0.113.5, 198.51.100.9", 403), ("203.0.113.5", 200)):
            raw = client.authentic(one.yunxin, body, **{"X-Forwarded-For": forwarded})
            assert (await client.ask(one.port, raw)).status == status
        assert (await client.ask(one.port, client.authentic(one.yunxin, body))).status == 403
        head = f"POST /callbacks/{one.yunxin} HTTP/1.1\r\nContent-Length: 4000\r\n\r\n".encode()
        assert (await client.ask(one.port, head)).status == 403  # of a body nothing was sent
        assert len(await one.records()) == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(sources, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_who_is_refused_too_often_is_put_off_and_who_has_proven_himself_is_not(clock: list[float]) -> None:
    held = SourceLimits(IngressSettings(refusals=3, rate=2))
    assert held.taken("a", "proxy")
    for _ in range(5):
        held.refused("stranger")
        held.refused("proxy")
    assert held.put_off("stranger")
    assert not held.put_off("proxy"), "a stranger behind the same proxy would silence the platform"
    clock[0] += 1
    assert not held.put_off("stranger")
    clock[0] += PROVEN
    for _ in range(3):
        held.refused("proxy")
    assert held.put_off("proxy")


def test_a_proxy_that_the_settings_do_not_know_is_never_put_off(clock: list[float]) -> None:
    """All come from its address: a stranger's flood would keep the platform out."""
    held = SourceLimits(IngressSettings(refusals=1))
    behind, before = scope("10.0.0.1", "203.0.113.1"), scope("203.0.113.1")
    for each in (behind, before):
        source = held.name(each, held.address(each))
        for _ in range(9):
            held.refused(source)
        assert held.put_off(source) is (each is before)


def test_callbacks_of_one_app_and_source_are_bounded(clock: list[float]) -> None:
    held = SourceLimits(IngressSettings(rate=2))
    assert [held.taken("a", "one") for _ in range(3)] == [True, True, False]
    assert held.taken("b", "one")
    clock[0] += 1
    assert held.taken("a", "one")
    assert held.taken("a", "other")


def test_an_ipv6_network_is_one_source() -> None:
    assert sources.name(read("2001:db8::1")) == sources.name(read("2001:db8::ffff")) == "2001:db8::/64"
    assert sources.name(read("2001:db8:0:1::1")) != sources.name(read("2001:db8::1"))


async def test_beyond_the_rate_it_is_503_and_when_to_come_again(kafka: str) -> None:
    async with running(kafka, rate=1) as one:
        connection = await client.Connection.open(one.port)
        connection.writer.write(b"".join(client.authentic(one.yunxin, signed.text(number)) for number in range(40)))
        seen = [(await connection.reply()).status for _ in range(40)]
        connection.close()
        assert {200, 503} == set(seen), "forty at once take less than some seconds"
        assert one.counted(one.yunxin, 503, "rate") == seen.count(503)
