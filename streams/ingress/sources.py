"""Where a request comes from, and what may come from there: the app's networks, and how much."""

import time
from collections import defaultdict
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from streams.settings.root import IngressSettings as Limits

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PROVEN = 86_400.0
"""Seconds after an authentic callback in which its source is not put off, whatever else comes from there: it may be a proxy's."""
_FORWARDED = b"x-forwarded-for"
MOST = 100_000
"""Sources that are remembered as proven."""


def networks(given: list[str]) -> tuple[Network, ...]:
    """Raises ValueError."""
    return tuple(_plain(ip_network(each)) for each in given)


def within(address: Address | None, allowed: tuple[Network, ...]) -> bool:
    return address is not None and any(address.version == each.version and address in each for each in allowed)


class SourceLimits:
    """Of one process. All of an IPv6 /64 is one source."""

    def __init__(self, limits: Limits) -> None:
        self._hops = limits.proxy_hops
        self._proxies = networks(limits.proxies)
        self._rate, self._refusals = limits.rate, limits.refusals
        self._second = 0
        self._taken: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._refused: defaultdict[str, int] = defaultdict(int)
        self._proven: dict[str, float] = {}

    def address(self, scope: dict[str, Any]) -> Address | None:
        """The client's; None where a proxy does not name it."""
        peer = scope.get("client")
        near = read(peer[0]) if peer else None
        if not self._hops or (self._proxies and not within(near, self._proxies)):
            return near
        named = b",".join(value for name, value in scope["headers"] if name == _FORWARDED).split(b",")
        # Only the last hops were written by proxies of ours: whatever stands before, the client may have made up.
        return read(named[-self._hops].decode("latin-1")) if len(named) >= self._hops else None

    def name(self, scope: dict[str, Any], address: Address | None) -> str:
        """Of the source; "" where *address* is a proxy's that the settings do not know, and stands for everybody."""
        if not self._hops and any(name == _FORWARDED for name, _ in scope["headers"]):
            return ""
        return name(address)

    def put_off(self, source: str) -> bool:
        """Whether so much of it was refused that its requests are not looked at for the rest of this second."""
        if not self._refusals or not source:
            return False
        self._turn()
        return self._refused.get(source, 0) >= self._refusals and self._proven.get(source, 0.0) < time.monotonic()

    def refused(self, source: str) -> None:
        self._turn()
        self._refused[source] += 1

    def taken(self, app: str, source: str) -> bool:
        """Whether one more authentic callback may be stored."""
        self._turn()
        self._proven.pop(source, None)
        self._proven[source] = time.monotonic() + PROVEN
        if len(self._proven) > MOST:
            self._proven.pop(next(iter(self._proven)))
        self._taken[app, source] += 1
        return not self._rate or self._taken[app, source] <= self._rate

    def _turn(self) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._taken.clear()
            self._refused.clear()


@lru_cache(4096)
def read(written: str) -> Address | None:
    """An address as proxies write it: with a port, in brackets, an IPv4 one as IPv6."""
    text = written.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return _address(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


@lru_cache(4096)
def name(address: Address | None) -> str:
    if address is None:
        return ""
    return str(address) if isinstance(address, IPv4Address) else str(ip_network((address, 64), strict=False))


def _address(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped if mapped is not None else address


def _plain(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped is not None:
        return ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


class RefusalShare:
    """How many of a platform's own callbacks are refused: one of them bans a receiver for minutes that fails 90 times in 30 s, both tries counted."""

    SECONDS = 30.0
    MOST = 20

    def __init__(self) -> None:
        self._until = 0.0
        self._count = 0

    def one_more(self) -> bool:
        """Whether it may be refused; if not, it is dropped without a word."""
        now = time.monotonic()
        if now >= self._until:
            self._until, self._count = now + self.SECONDS, 0
        self._count += 1
        return self._count <= self.MOST
