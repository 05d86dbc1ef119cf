"""When certificates expire, for metrics: read from PEM without another package."""

import math
import ssl
import tempfile
from collections.abc import Callable

from streams.observe import metrics

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def expires(pem: str) -> float | None:
    """The first of the ends of its certificates, in seconds since 1970; None where it has none, or this Python cannot read them."""
    ends = []
    for part in pem.split(_BEGIN)[1:]:
        body, found, _ = part.partition(_END)
        if found and (end := _end(f"{_BEGIN}{body}{_END}\n")) is not None:
            ends.append(end)
    return min(ends, default=None)


def _end(pem: str) -> float | None:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        try:
            about = ssl._ssl._test_decode_cert(file.name)  # type: ignore[attr-defined]  # noqa: SLF001 - see `streams.kafka.credentials`
            return float(ssl.cert_time_to_seconds(about["notAfter"]))
        except (AttributeError, KeyError, ssl.SSLError, OSError, ValueError):
            return None


def show(what: str, name: str, text: Callable[[], str]) -> None:
    """From now on each scrape shows when the certificate in *text* expires; what cannot be read has no value. Raises nothing."""
    known: tuple[str, float] = "", math.nan

    def value() -> float:
        nonlocal known
        try:
            now = text()
        except Exception:  # noqa: BLE001 - a scrape must not fail; the next connection tells what is wrong with the file
            return math.nan
        if now != known[0]:
            known = now, expires(now) or math.nan
        return known[1]

    metrics.CERTIFICATE_EXPIRY.labels(what, name).set_function(value)
