"""Proxies for what goes out: which one for which address, from the settings or the environment. They may have a password: nothing here prints it.

Everything goes through a tunnel (CONNECT), plain HTTP too: so an answer is always that of whoever was asked, and a proxy that cannot reach
it is no connection, and never a platform's refusal.
"""

import asyncio
import os
import re
import socket
from base64 import b64encode
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiohappyeyeballs
from pydantic import Field, SecretStr

from converters.core.localized import localized
from streams.settings.secret_settings import SecretSection

DIRECT = "none"
LONGEST_HEAD = 16 << 10
"""Bytes of a proxy's answer."""
_TRIED = 0.25
"""Seconds after which another address of the proxy is tried as well."""


class ProxySettings(SecretSection):
    """A section whose role speaks to the outside."""

    proxy: SecretStr = Field(
        SecretStr(""),
        description="Proxy for outgoing requests: `http://host:port`, with `user:password@` if required; `none` for none. Empty: `HTTPS_PROXY`, "
        "`HTTP_PROXY` and `NO_PROXY` of the environment. It must allow CONNECT to the requested ports.",
    )
    proxy_file: str = Field("", description="Path of a file that holds `proxy`.")
    no_proxy: list[str] = Field(
        default_factory=list,
        description="Destinations reached without `proxy`: hosts, `.suffix`, addresses, networks, each with or without `:port`. This machine always is.",
    )


class Proxy(NamedTuple):
    host: str
    port: int
    authorization: str
    """A header's value; empty where none is wanted."""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"  # no password in logs and tracebacks


class ProxyRefusedError(Exception):
    """The proxy has answered, and not with a tunnel. *ours*: it is about our password or what it lets through."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answers {status}" if status else "the proxy's answer is no HTTP")
        self.ours = 400 <= status < 500 and status not in (408, 429)


class NoProxy:
    """What is reached without a proxy, as NO_PROXY has it: `*`, hosts with what lies below them, `.suffix`, addresses, networks."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._all = False
        self._networks: list[tuple[IPv4Network | IPv6Network, int]] = []
        self._names: list[tuple[str, int]] = []
        self._below: list[tuple[str, int]] = []
        for entry in (each.strip().lower() for each in entries):
            if entry == "*":
                self._all = True
            elif entry:
                self._take(entry)

    def holds(self, host: str, port: int) -> bool:
        host = host.strip("[]").rstrip(".").lower()
        if self._all or host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return any(only in (0, port) and host == name for name, only in self._names) or any(
                only in (0, port) and host.endswith(suffix) for suffix, only in self._below
            )
        return address.is_loopback or any(only in (0, port) and address in network for network, only in self._networks)

    def _take(self, entry: str) -> None:
        for text, port in ((entry.strip("[]"), 0), _split(entry)):
            try:
                self._networks.append((ip_network(text, strict=False), port))
            except ValueError:
                continue
            return
        name, port = _split(entry)
        name = name.removeprefix("*").rstrip(".")
        if not name.startswith("."):
            self._names.append((name, port))
            name = f".{name}"
        self._below.append((name, port))


class Proxies:
    """*plain* for http, *encrypted* for https; None is a way without."""

    def __init__(self, plain: Proxy | None = None, encrypted: Proxy | None = None, direct: Iterable[str] = ()) -> None:
        self._plain, self._encrypted = plain, encrypted
        self._direct = NoProxy(direct)

    def of(self, encrypted: bool, host: str, port: int) -> Proxy | None:  # noqa: FBT001 - as it stands in a URL
        found = self._encrypted if encrypted else self._plain
        return found if found is not None and not self._direct.holds(host, port) else None

    def __bool__(self) -> bool:
        return self._plain is not None or self._encrypted is not None


NO_PROXIES = Proxies()


def proxies(section: ProxySettings, name: str, environment: Mapping[str, str] = os.environ) -> Proxies:
    """Those of the section called *name*. Raises ValueError, which names the setting or the variable, and what to write."""
    return _settled(*given(section, name), section.no_proxy, name, environment)


def given(section: ProxySettings, name: str) -> tuple[str, str]:
    """What the setting holds, and what it is called. Raises ValueError."""
    text = section.proxy.get_secret_value().strip()
    if section.proxy_file and not text:
        raise ValueError(
            localized(
                "{name}.proxy_file: {proxy_file} is empty; write http://host:port into it, or none",
                name=name,
                proxy_file=section.proxy_file,
            )
        )
    return text, f"{name}.proxy_file" if section.proxy_file else f"{name}.proxy"


def _settled(text: str, called: str, direct: list[str], name: str, environment: Mapping[str, str]) -> Proxies:
    if text == DIRECT:
        return NO_PROXIES
    if text:
        one = parsed(text, called)
        return Proxies(one, one, direct)
    found: dict[str, Proxy | None] = {}
    for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
        value = (environment.get(variable.lower()) or environment.get(variable) or "").strip()
        found[variable] = parsed(value if "://" in value else f"http://{value}", variable, name) if value else None
    without = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return Proxies(found["HTTP_PROXY"], found["HTTPS_PROXY"], [*direct, *re.split(r"[\s,]+", without)])


def parsed(text: str, called: str, instead: str = "") -> Proxy:
    """Raises ValueError. *instead* is the section whose setting goes before the variable *called*."""
    advice = localized(' (or {instead}.proxy = "none", for none)', instead=instead) if instead else ""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port, user, password = parts.hostname, parts.port, parts.username, parts.password
    except ValueError:
        raise ValueError(localized("{called} is no address: write http://host:port{advice}", called=called, advice=advice)) from None
    where = f"{host or 'host'}:{port or 3128}"
    if parts.scheme != "http":
        seen = localized("of {scheme}", scheme=parts.scheme) if parts.scheme else localized("without a scheme")
        raise ValueError(
            localized(
                "{called} is {seen}; expected a proxy that is spoken to in HTTP: write http://{where}{advice}",
                called=called,
                seen=seen,
                where=where,
                advice=advice,
            )
        )
    if not host or re.search(r"[\s\\]", host):
        raise ValueError(localized("{called} has no host: write http://host:port{advice}", called=called, advice=advice))
    if port is None and not instead:
        raise ValueError(localized("{called} has no port: write http://{where}, or whatever the proxy's is", called=called, where=where))
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            localized("{called} has something after the port: write http://{where}{advice}", called=called, where=where, advice=advice)
        )
    secret = f"{unquote(user or '')}:{unquote(password or '')}"
    authorization = "Basic " + b64encode(secret.encode()).decode() if user is not None else ""
    return Proxy(host, port or 80, authorization)


async def tunnel(proxy: Proxy, host: str, port: int) -> socket.socket:
    """A connection through *proxy*, not blocking, on which *host* itself answers. Raises OSError, ProxyRefusedError; has no time-out of its own."""
    loop = asyncio.get_running_loop()
    addresses = list(await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
    made = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_TRIED, interleave=1, loop=loop)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        password = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        await loop.sock_sendall(made, f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\nUser-Agent: im-relay\r\n{password}\r\n".encode())
        _granted(_status(await _head(made, loop)))
    except BaseException:
        made.close()
        raise
    return made


def _granted(status: int) -> None:
    """Raises ProxyRefusedError."""
    if not 200 <= status < 300:
        raise ProxyRefusedError(status)


async def _head(made: socket.socket, loop: asyncio.AbstractEventLoop) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = await loop.sock_recv(made, 4096)
        head += more
        # What comes behind the head comes from nobody who was asked.
        if not more or len(head) > LONGEST_HEAD or (b"\r\n\r\n" in head and not head.endswith(b"\r\n\r\n")):
            raise ProxyRefusedError(_status(head) if _status(head) >= 300 else 0)
    return head


def _status(head: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]", head)
    return int(found[1]) if found else 0


def _split(entry: str) -> tuple[str, int]:
    """Host and port; 0 where there is none."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", entry)
    return (found[1].strip("[]"), int(found[2])) if found else (entry.strip("[]"), 0)
