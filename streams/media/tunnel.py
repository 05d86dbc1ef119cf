"""Strangers' files through a proxy: what was judged here is what the proxy is asked for, and no name that it would look up by itself.

A proxy that is given a name looks it up anew, and may find an address inside that this side has never seen. So it is given the address
that was found good, whatever the scheme; the name stays in the certificate and in `Host`. A host that the operator has allowed by name is not
judged, and goes by its name: in a network where only the proxy knows names, that is the way.
"""

import socket
import ssl
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import ClientConnectorCertificateError, ClientConnectorError, ClientConnectorSSLError

from streams.media.ssrf_guard import AddressPolicy
from streams.outbound.proxies import Proxies, ProxyRefusedError, tunnel


class TunnelConnector(aiohttp.TCPConnector):
    """As its base, but that what *proxies* names a proxy for is reached through it."""

    def __init__(self, proxies: Proxies, **more: Any) -> None:
        super().__init__(**more)
        self._proxies = proxies

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: Any,
        req: Any,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as its base has it
        client_error: type[Exception] = ClientConnectorError,
        **kwargs: Any,
    ) -> Any:
        proxy = self._proxies.of(req.url.scheme == "https", req.url.raw_host or "", req.url.port or 0)
        if proxy is None:
            return await super()._wrap_create_connection(
                *args, addr_infos=addr_infos, req=req, timeout=timeout, client_error=client_error, **kwargs
            )
        address = addr_infos[0][4]
        try:
            # The session bounds the time until there is a connection.
            made = await tunnel(proxy, str(address[0]), int(address[1]))
            try:
                return await self._loop.create_connection(*args, **kwargs, sock=made)
            except BaseException:
                made.close()
                raise
        except ssl.CertificateError as error:
            raise ClientConnectorCertificateError(req.connection_key, error) from None
        except ssl.SSLError as error:
            raise ClientConnectorSSLError(req.connection_key, error) from None
        except (OSError, ProxyRefusedError) as error:
            raise ClientConnectorError(req.connection_key, OSError(str(error))) from None


class ProxyNameResolver(AbstractResolver):
    """*below*, but that a host which the operator has allowed by name stays a name where a proxy is asked for it."""

    def __init__(self, addresses: AddressPolicy, proxies: Proxies, below: AbstractResolver) -> None:
        self._addresses, self._proxies, self._below = addresses, proxies, below

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Raises OSError."""
        # The resolver is not told the scheme: it is looked up unless either way leads through the proxy.
        through = self._proxies.of(True, host, port) is not None and self._proxies.of(False, host, port) is not None
        if through and self._addresses.allows(host, port):
            return [ResolveResult(hostname=host, host=host, port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST)]
        return await self._below.resolve(host, port, family)

    async def close(self) -> None:
        await self._below.close()
