"""The end of a certificate is seen where it is served, also once it has passed; and of a file, as it is now."""

import asyncio
import math
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from streams.kafka import expiry
from streams.kafka.credentials import Credentials
from streams.kafka.security import SecuritySettings
from streams.observe import metrics
from streams.watch.certificates import Certificates

AUTHORITY = trustme.CA()
NOW = datetime.now(UTC).replace(microsecond=0)


def certificate(until: datetime) -> trustme.LeafCert:
    return AUTHORITY.issue_cert("127.0.0.1", not_before=NOW - timedelta(days=900), not_after=until)


class Served:
    """An endpoint that serves what `certificate` is now; in the clear where that is None."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        self.certificate: trustme.LeafCert | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._door.accept()
            except OSError:
                return
            with suppress(OSError), peer:
                if self.certificate is None:
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    continue
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                self.certificate.configure_cert(context)
                with context.wrap_socket(peer, server_side=True) as spoken:
                    spoken.recv(1)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.close()


def seen(what: str, name: str) -> float:
    return metrics.CERTIFICATE_EXPIRY.labels(what, name)._value.get()  # type: ignore[no-any-return]


def reads(name: str, outcome: str) -> float:
    return metrics.CERTIFICATE_READS.labels("endpoint", name, outcome)._value.get()  # type: ignore[no-any-return]


def plain() -> Credentials:
    return Credentials(SecuritySettings())


@pytest.mark.parametrize("days", [400, -30], ids=["valid", "expired"])
def test_the_end_of_a_served_certificate_is_seen(served: Served, days: int) -> None:
    until = NOW + timedelta(days=days)
    served.certificate = certificate(until)
    asyncio.run(Certificates("127.0.0.1:1", plain(), [served.address]).look())
    assert seen("endpoint", served.address) == until.timestamp()
    assert (reads(served.address, "read"), reads(served.address, "failed")) == (1, 0)


def test_what_cannot_be_seen_is_counted_and_keeps_its_last_value(served: Served) -> None:
    served.certificate = certificate(NOW + timedelta(days=30))
    looking = Certificates("127.0.0.1:1", plain(), [served.address])
    asyncio.run(looking.look())
    served.certificate = None
    asyncio.run(looking.look())
    assert seen("endpoint", served.address) == (NOW + timedelta(days=30)).timestamp()
    assert (reads(served.address, "read"), reads(served.address, "failed")) == (1, 1)


def test_a_brokers_certificate_is_seen_where_tls_is_spoken(served: Served) -> None:
    served.certificate = certificate(NOW + timedelta(days=5))
    asyncio.run(Certificates(served.address, Credentials(SecuritySettings(protocol="SSL")), []).look())
    assert seen("broker", served.address) == (NOW + timedelta(days=5)).timestamp()


def test_each_role_shows_the_end_of_its_own_files_as_they_are_now(tmp_path: Path) -> None:
    mine, ca, key = tmp_path / "certificate", tmp_path / "ca", tmp_path / "key"
    leaf = certificate(NOW + timedelta(days=7))
    leaf.cert_chain_pems[0].write_to_path(mine)
    leaf.private_key_pem.write_to_path(key)
    AUTHORITY.cert_pem.write_to_path(ca)
    metrics.CERTIFICATE_EXPIRY.clear()  # of other tests in this process
    Credentials(SecuritySettings(protocol="SSL", ca_file=str(ca), certificate_file=str(mine), key_file=str(key)))

    def shown() -> dict[str, float]:
        return {
            s.labels["what"]: s.value
            for metric in metrics.CERTIFICATE_EXPIRY.collect()
            for s in metric.samples
            if s.labels["name"].startswith("kafka.security.")
        }

    assert shown()["client"] == (NOW + timedelta(days=7)).timestamp()
    assert shown()["ca"] > NOW.timestamp()
    certificate(NOW + timedelta(days=90)).cert_chain_pems[0].write_to_path(mine)
    assert shown()["client"] == (NOW + timedelta(days=90)).timestamp()
    mine.unlink()
    assert math.isnan(shown()["client"])


def test_of_a_bundle_the_first_end_counts_and_what_is_none_has_none() -> None:
    two = [certificate(NOW + timedelta(days=days)).cert_chain_pems[0].bytes().decode() for days in (50, 20)]
    assert expiry.expires("a comment\n" + "".join(two)) == (NOW + timedelta(days=20)).timestamp()
    assert expiry.expires("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n") is None
    assert expiry.expires("") is None
