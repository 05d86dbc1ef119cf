"""Check sums of calls and of copies.

Source: "Yunxin: Server API, request headers" and "Yunxin: Message copy, request". A call is signed with the time
in seconds, a copy with the time in milliseconds.
"""

from hashlib import md5, sha1
from hmac import compare_digest

WINDOW = 300
"""Seconds around CurTime in which a check sum holds."""


def check_sum(secret: str, middle: str, cur_time: str) -> str:
    """*middle* is the Nonce of a call, or the MD5 of a copy."""
    return sha1(f"{secret}{middle}{cur_time}".encode()).hexdigest()


def holds(secret: str, nonce: str, cur_time: str, given: str, now: float) -> bool:
    """Whether a call is signed as it should be; *now* in seconds."""
    if not (0 < len(nonce) <= 128 and cur_time.isascii() and cur_time.isdigit() and len(cur_time) < 16):
        return False
    fresh = abs(now - int(cur_time)) <= WINDOW
    return fresh and compare_digest(check_sum(secret, nonce, cur_time).encode(), given.encode())


def copy_headers(app_key: str, secret: str, body: bytes, now: int) -> dict[str, str]:
    """Headers of a copy; *now* in milliseconds."""
    digest = md5(body).hexdigest()
    return {
        "Content-Type": "application/json",
        "AppKey": app_key,
        "CurTime": str(now),
        "MD5": digest,
        "CheckSum": check_sum(secret, digest, str(now)),
    }
