"""How RongCloud and we know each other: one secret signs both directions, and never what is said. Source: "RongCloud: API signature"."""

from hashlib import sha1
from hmac import compare_digest

from converters.platform import Signed
from converters.rongcloud.account import Account

_LONGEST_NONCE = 18


def signature(secret: str, nonce: str, timestamp: str) -> str:
    return sha1(f"{secret}{nonce}{timestamp}".encode(), usedforsecurity=False).hexdigest()


def sign(account: Account, now: int, nonce: str) -> dict[str, str]:
    """Headers of one request; *now* in seconds, where the documentation wants milliseconds."""
    nonce, timestamp = nonce[:_LONGEST_NONCE], f"{now}000"
    return {
        "App-Key": account.app_key,
        "Nonce": nonce,
        "Timestamp": timestamp,
        "Signature": signature(account.app_secret, nonce, timestamp),
    }


def fits(account: Account, nonce: str, timestamp: str, given: str) -> bool:
    """Whether one of the account's secrets made *given*; takes as long for a wrong one as for a right one."""
    raw = given.lower().encode()
    secrets = (account.app_secret, account.app_secret_previous)
    found = [compare_digest(signature(secret, nonce, timestamp).encode(), raw) for secret in secrets if secret]
    return any(found)


AUTH = Signed(headers=sign)
