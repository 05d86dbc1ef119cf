"""The certificates that brokers and other endpoints serve, as a client sees them who does not check them: also one that has expired."""

import asyncio
import ssl
from collections.abc import Sequence

import structlog

from streams.kafka.credentials import Credentials
from streams.kafka.expiry import expires
from streams.kafka.tls_probe import unchecked
from streams.observe import metrics

log = structlog.get_logger()

TIMEOUT = 5.0
"""Seconds for one handshake."""


class Certificates:
    """*bootstrap* as in the settings: looked at where TLS is spoken to the brokers. *endpoints*: `host` or `host:port`."""

    def __init__(self, bootstrap: str, credentials: Credentials, endpoints: Sequence[str]) -> None:
        brokers = [one.strip() for one in bootstrap.split(",")] if credentials.security.tls else []
        self._looked_at = [("broker", one, *_address(one, 9092)) for one in brokers] + [
            ("endpoint", one, *_address(one, 443)) for one in endpoints
        ]
        for what, name, *_ in self._looked_at:
            for outcome in ("read", "failed"):
                metrics.CERTIFICATE_READS.labels(what, name, outcome)

    async def look(self) -> None:
        """What cannot be seen keeps its last value, and is counted."""
        await asyncio.gather(*(self._one(*one) for one in self._looked_at))

    async def _one(self, what: str, name: str, host: str, port: int) -> None:
        try:
            until = expires(await _served(host, port))
            why = "unreadable"
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            until, why = None, type(error).__name__
        if until is None:
            metrics.CERTIFICATE_READS.labels(what, name, "failed").inc()
            log.warning("certificate not seen", what=what, name=name, error=why)
            return
        metrics.CERTIFICATE_READS.labels(what, name, "read").inc()
        metrics.CERTIFICATE_EXPIRY.labels(what, name).set(until)


async def _served(host: str, port: int) -> str:
    """PEM of the certificate that is served there, without those that signed it. Raises OSError, EOFError, TimeoutError."""
    async with asyncio.timeout(TIMEOUT):
        _, writer = await asyncio.open_connection(host, port, ssl=unchecked(), server_hostname=host)
        try:
            der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            writer.close()
    if not der:
        raise ValueError("no certificate")
    return ssl.DER_cert_to_PEM_cert(der)


def _address(given: str, port: int) -> tuple[str, int]:
    host, colon, number = given.rpartition(":")
    if not colon or given.endswith("]"):
        return given.strip("[]"), port
    return host.strip("[]"), int(number)
