"""HMAC-SHA256 over time and body, the same in both directions. Source: docs/own.md, "Signatures"."""

from collections.abc import Mapping
from hmac import compare_digest, digest
from typing import Literal

from converters.platform import SignedBody
from converters.platforms.own.account import OwnAccount

TIMESTAMP, SIGNATURE, VERSION = "X-Relay-Timestamp", "X-Relay-Signature", "v1="


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and 64 hex characters."""
    return VERSION + digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def headers(account: OwnAccount, now: int, body: bytes) -> dict[str, str]:
    """Of one request; *now* in seconds."""
    timestamp = str(now)
    return {TIMESTAMP: timestamp, SIGNATURE: signature(account.secret, timestamp, body)}


Fault = Literal["", "unsigned", "bad-signature", "stale"]


def untimely(given: Mapping[str, str], account: OwnAccount, now: int) -> Fault:
    """What is wrong with a signature, whatever the body is. *now* in ms."""
    timestamp = given.get("x-relay-timestamp", "")
    if not given.get("x-relay-signature"):
        return "unsigned"
    if not _is_time(timestamp):
        return "bad-signature"
    return "stale" if account.window and abs(int(timestamp) * 1000 - now) > account.window * 1000 else ""


def fault(given: Mapping[str, str], body: bytes, account: OwnAccount, now: int) -> Fault:
    """What is wrong with a signature, if anything is; takes as long for a wrong one as for a right one. *now* in ms."""
    timestamp, signed = given.get("x-relay-timestamp", ""), given.get("x-relay-signature", "").encode()
    if not signed:
        return "unsigned"
    if not _is_time(timestamp):
        return "bad-signature"
    secrets = (account.secret, account.secret_previous)
    fits = [compare_digest(signature(secret, timestamp, body).encode(), signed) for secret in secrets if secret]
    if not any(fits):
        return "bad-signature"
    return untimely(given, account, now)


def _is_time(timestamp: str) -> bool:
    return timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12


AUTH = SignedBody(headers=headers)
