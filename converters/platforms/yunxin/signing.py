"""The checksums of Yunxin: on what we send, and on what is copied to us. Source: "Yunxin: API call signature"."""

from hashlib import md5, sha1
from hmac import compare_digest

from converters.platform import Signed
from converters.platforms.yunxin.account import YunxinAccount


def checksum(secret: str, middle: str, current: str) -> str:
    """SHA-1 over secret, nonce (or MD5 of the body) and time."""
    return sha1(f"{secret}{middle}{current}".encode(), usedforsecurity=False).hexdigest()


def sign(account: YunxinAccount, now: int, nonce: str) -> dict[str, str]:
    """Headers of one request; good for five minutes around *now* (seconds)."""
    current = str(now)
    return {"AppKey": account.app_key, "Nonce": nonce, "CurTime": current, "CheckSum": checksum(account.app_secret, nonce, current)}


def digest_fits(body: bytes, digest: str) -> bool:
    """Whether *digest* is the MD5 of the body as received."""
    ours = md5(body, usedforsecurity=False).hexdigest()
    return compare_digest(ours.encode(), digest.lower().encode())


def signature_fits(account: YunxinAccount, digest: str, current: str, signature: str) -> bool:
    """Whether one of the account's secrets made *signature*; takes as long for a wrong one as for a right one."""
    given = signature.lower().encode()
    secrets = (account.app_secret, account.app_secret_previous)
    fits = [compare_digest(checksum(secret, digest, current).encode(), given) for secret in secrets if secret]
    return any(fits)


AUTH = Signed(headers=sign)
