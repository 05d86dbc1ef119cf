"""How RongCloud and we know each other: one secret signs both directions, and never what is said. Source: "RongCloud: API signature"."""

from hashlib import sha1
from hmac import compare_digest, digest

from converters.platform import Signed
from converters.platforms.rongcloud.account import RongcloudAccount

_LONGEST_NONCE = 18
_RANDOM = 10
"""Characters of a nonce of ours that are random; the others tell that it is ours."""


def signature(secret: str, nonce: str, timestamp: str) -> str:
    return sha1(f"{secret}{nonce}{timestamp}".encode(), usedforsecurity=False).hexdigest()


def sign(account: RongcloudAccount, now: int, nonce: str) -> dict[str, str]:
    """Headers of one request; *now* in seconds, where the documentation wants milliseconds. A long *nonce* becomes one of `is_ours`."""
    if len(nonce) >= _LONGEST_NONCE:
        nonce = nonce[:_RANDOM] + _tag(account.app_secret, nonce[:_RANDOM])
    timestamp = f"{now}000"
    return {
        "App-Key": account.app_key,
        "Nonce": nonce,
        "Timestamp": timestamp,
        "Signature": signature(account.app_secret, nonce, timestamp),
    }


def is_ours(account: RongcloudAccount, signed: str) -> bool:
    """Whether one of our requests has been *signed*: who has seen its headers cannot call us with them. *signed* is nonce and time in one."""
    secrets = (account.app_secret, account.app_secret_previous)
    given = signed[_RANDOM:_LONGEST_NONCE].encode()
    found = [compare_digest(_tag(secret, signed[:_RANDOM]).encode(), given) for secret in secrets if secret]
    return any(found)


def _tag(secret: str, random: str) -> str:
    return digest(secret.encode(), b"request\x1f" + random.encode(), "sha256").hex()[: _LONGEST_NONCE - _RANDOM]


def fits(account: RongcloudAccount, nonce: str, timestamp: str, given: str) -> bool:
    """Whether one of the account's secrets made *given*; takes as long for a wrong one as for a right one."""
    raw = given.lower().encode()
    secrets = (account.app_secret, account.app_secret_previous)
    found = [compare_digest(signature(secret, nonce, timestamp).encode(), raw) for secret in secrets if secret]
    return any(found)


AUTH = Signed(headers=sign)
