"""Which addresses may be dialled for a stranger's URL: looked up once, judged, and no other than these handed to the connector."""

import asyncio
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import quote

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from converters.core.localized import localized

Wrong = Literal["scheme", "url", "port", "address"]
"""Neither http nor https; not in its plain form; of some other service; not for strangers to choose."""

_LONGEST = 8192
_FORM = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*)([^#]*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\x00-\x20\x7f:%@\\\[\]]+))(?::([1-9][0-9]{0,4}))?")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_ASIS = "".join(map(chr, range(0x21, 0x7F)))
_PORTS = {"http": 80, "https": 443}

# What ipaddress may call global, depending on its version, and is not for strangers.
_REFUSED4 = tuple(
    map(
        IPv4Network,
        (
            "192.0.0.0/24",  # IETF protocols; Oracle's old metadata at .192
            "192.88.99.0/24",  # 6to4 relays
            "168.63.129.16/32",  # Azure's own services, beside each of its machines
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL6 = IPv6Network("2000::/3")
"""All that has been given out. Mapped, compatible, ULA, link- and site-local, multicast, local NAT64 lie outside."""
_REFUSED6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, benchmarking, ORCHID, and whatever else is a protocol's
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


class AddressPolicy:
    """All that is reachable from everywhere may be dialled, and what *allow* names.

    An entry is `host`, `host:port`, `*.suffix` (with or without a port; not the suffix itself), or a network,
    `10.1.0.0/16`. A host is what stands in the URL, and its addresses are not judged; a network is what is dialled, by
    whatever name. An IPv6 address as a host is in brackets. Raises ValueError, which names the entry.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._hosts: set[tuple[str, int]] = set()
        self._suffixes: list[tuple[str, int]] = []
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allow:
            self._allow(entry)

    def checked(self, text: str) -> URL | Wrong:
        """*text* as it may be asked for, its path and query unchanged; a host that is a name has still to be looked up.

        Only the plain form is taken: what two readers of a URL may read in two ways (userinfo, backslashes, control
        characters, escapes in the host, an address as one number, in octal or with parts left out, a dot at the end)
        is in no honest URL of a file. Ports below 1024 other than the two of the web belong to services that would
        take the request for something else.
        """
        form = _FORM.match(text) if len(text) <= _LONGEST else None
        if form is None:
            return "url"
        scheme, authority, rest = form[1].lower(), form[2], form[3]
        if scheme not in _PORTS:
            return "scheme"
        if authority is None or _CONTROL.search(text) or (found := _host(authority)) is None:
            return "url"
        host, port = found[0], found[1] or _PORTS[scheme]
        if not self.allows(host, port):
            if port < 1024 and port not in _PORTS.values():
                return "port"
            if _literal(host) and not self.good(host):
                return "address"
        try:
            # Quoted only where it must be: a signature may cover the exact spelling.
            rest = quote(rest, safe=_ASIS)
        except UnicodeEncodeError:
            return "url"
        shown = f"[{host}]" if ":" in host else host
        return URL(f"{scheme}://{shown}{'' if port == _PORTS[scheme] else f':{port}'}{rest or '/'}", encoded=True)

    def allows(self, host: str, port: int) -> bool:
        """Whether *allow* names this host, so that its addresses are not judged."""
        if (host, port) in self._hosts or (host, 0) in self._hosts:
            return True
        return any(host.endswith(suffix) and only in (0, port) for suffix, only in self._suffixes)

    def good(self, address: str) -> bool:
        """Whether *address*, an IP address in any form that ipaddress reads, may be dialled."""
        try:
            one = ip_address(address)
        except ValueError:
            return False
        return any(one in network for network in self._networks) or _reachable(one)

    def _allow(self, entry: str) -> None:
        if "/" in entry:
            try:
                self._networks.append(ip_network(entry))
            except ValueError:
                raise ValueError(localized("not a network: {entry}", entry=entry)) from None
            return
        suffix = entry.startswith("*.")
        found = _host(entry[2:] if suffix else entry)
        if found is None or (suffix and _literal(found[0])):
            raise ValueError(localized("neither host, host:port, *.suffix nor network: {entry}", entry=entry))
        if suffix:
            self._suffixes.append((f".{found[0]}", found[1]))
        else:
            self._hosts.add(found)


class ForbiddenAddressError(OSError):
    """A name stands for an address that may not be dialled. Has no text."""


class SystemResolver(AbstractResolver):
    """The system's look-up, on threads of its own: strangers' names that hang shall not hold up those of the brokers."""

    def __init__(self, threads: int = 8) -> None:
        self._threads = ThreadPoolExecutor(threads, "names")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Raises OSError."""
        look = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class CheckedResolver(AbstractResolver):
    """Gives the connector what *below* found and *addresses* found good: these are dialled, no name is looked up again.

    One bad address refuses them all: who mixes is either trying, or has a name that half of the time leads inside, and
    what becomes of a file should not hang on the order of an answer. (aiohttp asks no resolver for an address; those
    are judged by `AddressPolicy.checked`.)
    """

    def __init__(self, addresses: AddressPolicy, below: AbstractResolver | None = None) -> None:
        self._addresses = addresses
        self._below = below or SystemResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Raises NotForStrangersError, or OSError where there is no such name."""
        found = await self._below.resolve(host, port, family)
        if not found:
            raise OSError(socket.EAI_NONAME, "no addresses")
        if not self._addresses.allows(host, port) and not all(self._addresses.good(one["host"]) for one in found):
            raise ForbiddenAddressError
        return found

    async def close(self) -> None:
        await self._below.close()


def _host(authority: str) -> tuple[str, int] | None:
    """Host and port (0: not said) in the one form in which they are compared, judged and dialled."""
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or (port := int(parts[3] or 0)) > 65535:
        return None
    try:
        if parts[1] is not None:
            return str(IPv6Address(parts[1])), port
        written = parts[2].lower()
        name = written if written.isascii() else URL(f"http://{written}/").raw_host or ""
        if _NUMBER.fullmatch(name):
            # The system would take it for an address. IPv4Address reads four decimal parts, and nothing else.
            return (str(IPv4Address(written)), port) if written.isascii() else None
    except ValueError:
        return None
    return (name, port) if _NAME.fullmatch(name) else None


def _literal(host: str) -> bool:
    """Of a host from `_host`."""
    return ":" in host or _NUMBER.fullmatch(host) is not None


def _reachable(one: IPv4Address | IPv6Address) -> bool:
    if isinstance(one, IPv4Address):
        return one.is_global and not any(one in network for network in _REFUSED4)
    if one.scope_id is not None:
        return False
    if one in _NAT64:
        # Not refused outright: where a network has IPv6 only, each name of the IPv4 world leads here.
        return _reachable(IPv4Address(int(one) & 0xFFFF_FFFF))
    if (int(one) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return one in _GLOBAL6 and one.is_global and not any(one in network for network in _REFUSED6)
