"""One secret signs both directions; bodies are never signed.

Source: "RongCloud: Server API, request headers" and "RongCloud: full message routing".
"""

from collections.abc import Mapping
from hashlib import sha1
from hmac import compare_digest
from urllib.parse import urlencode

from tests.simulators.calls import Call


def signature(secret: str, nonce: str, timestamp: str) -> str:
    return sha1(f"{secret}{nonce}{timestamp}".encode()).hexdigest()


def header(call: Call, name: bytes) -> str:
    """The header under its plain name, or under the one for gateways that drop plain names."""
    return call.header(name) or call.header(b"rc-" + name)


def holds(call: Call, secret: str) -> bool:
    """Whether *call* is signed as it should be; its time may be in seconds or milliseconds, and of any age."""
    nonce, timestamp = header(call, b"nonce"), header(call, b"timestamp")
    if not (nonce and timestamp.isascii() and timestamp.isdigit() and len(timestamp) in (10, 13)):
        return False
    return compare_digest(signature(secret, nonce, timestamp).encode(), header(call, b"signature").encode())


def query(app_key: str, secret: str, nonce: str, timestamp: str, *, newer: bool) -> Mapping[str, str]:
    """The parameters that sign a callback."""
    sign = signature(secret, nonce, timestamp)
    if newer:
        return {"appKey": app_key, "nonce": nonce, "timestamp": timestamp, "signature": sign}
    return {"nonce": nonce, "signTimestamp": timestamp, "signature": sign}


def extended(url: str, parameters: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
