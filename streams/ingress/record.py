"""A callback as it lies in `callbacks.<platform>`: the body is the value, everything else is in the headers."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from converters.platform import Callback
from streams.encryption.headers import AUTHOR, LOST, SEALED
from streams.kafka import record_kinds
from streams.kafka.record_kinds import VERSION
from streams.kafka.topics import CALLBACKS
from streams.observe.tracing import TRACEPARENT

APP = "app"
RECEIVED = "received"
RECOVERED = "recovered"
"""Stands on a callback that never came and was found in what the platform keeps; `im-relay gaps` has written it."""

PAST = "relay-past"
"""Stands on what is not live: found later, or put back by a person. `silent`: it is too old to be news."""
SILENT = b"silent"

ONCE = "relay-once"
"""The row of a signature that was used: see `streams.ingress.once`."""

_VERSION = record_kinds.headers_of(CALLBACKS.name("any"))

Headers = list[tuple[str, bytes]]

# Secrets of the way, and what belongs to the connection and not to the callback.
_DROPPED = frozenset(
    {
        APP,
        RECEIVED,
        RECOVERED,
        PAST,
        ONCE,
        VERSION,
        SEALED,
        AUTHOR,
        LOST,
        TRACEPARENT,  # ours: a stranger's must not stand beside them
        "authorization",
        "cookie",
        "proxy-authorization",
        "proxy-authenticate",
        "set-cookie",
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)

MAX_HEADER = 1024
MAX_HEADERS = 4096


@lru_cache(1024)
def _name(raw: bytes) -> str | None:
    name = raw.decode("latin-1").lower()
    return None if name in _DROPPED else name


def headers_of(app: str, received: int, request: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The record's headers; those of the *request* that are over 1 KiB, or beyond 4 KiB in all, are left out."""
    out: Headers = [*_VERSION, (APP, app.encode()), (RECEIVED, b"%d" % received)]
    room = MAX_HEADERS
    for raw, value in request:
        size = len(raw) + len(value)
        if size > MAX_HEADER or size > room or (name := _name(raw)) is None:
            continue
        room -= size
        out.append((name, value))
    return out


def app_of(headers: Iterable[tuple[str, bytes]]) -> str:
    """Whose callback it is; "" of a record that the ingress did not write."""
    return next((raw.decode("utf-8", "replace") for name, raw in headers if name == APP), "")


def past(headers: Iterable[tuple[str, bytes]]) -> bytes | None:
    """What `PAST` says; None of what is live."""
    return next((value for name, value in headers if name == PAST), None)


_OURS = frozenset({VERSION, PAST, ONCE, TRACEPARENT, SEALED, AUTHOR, LOST})


def callback_of(value: bytes, headers: Sequence[tuple[str, bytes]]) -> Callback:
    """Read a record back; without the ingress's own headers the app is "" and the time 0."""
    app, received = "", 0
    request: dict[str, str] = {}
    for name, raw in headers:
        if name == APP:
            app = raw.decode()
        elif name == RECEIVED:
            received = int(raw)
        elif name not in _OURS:
            request[name] = raw.decode("latin-1")
    return Callback(app=app, body=value, received=received, headers=request)
