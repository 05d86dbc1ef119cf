"""Signatures, in both directions. Source: docs/own.md, "Signatures"."""

import hashlib
import hmac
from collections.abc import Iterable


def sign(secret: str, body: bytes, now: int) -> dict[str, str]:
    """Headers; *now* in seconds."""
    digest = hmac.new(secret.encode(), b"%d." % now + body, hashlib.sha256).hexdigest()
    return {"X-Relay-Timestamp": str(now), "X-Relay-Signature": f"v1={digest}"}


def holds(secrets: Iterable[str], timestamp: str, given: str, body: bytes, now: float, window: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return False
    if abs(now - int(timestamp)) > window:
        return False
    made = [sign(secret, body, int(timestamp))["X-Relay-Signature"] for secret in secrets if secret]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in made)
