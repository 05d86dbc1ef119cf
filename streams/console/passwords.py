"""Passwords of the page, kept as scrypt makes them: a line is `NAME:ROLE:scrypt:N:R:P:SALT:HASH`, salt and hash in base64.

Source: RFC 7914; OWASP, "Password Storage Cheat Sheet" (N = 2**17, r = 8, p = 1).
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Literal

from msgspec import Struct

from converters.core.localized import localized

Role = Literal["viewer", "operator"]
ROLES: tuple[Role, ...] = ("viewer", "operator")

N, R, P = 2**17, 8, 1
LENGTH = 32
SHORTEST, LONGEST = 12, 256
"""Characters of a password."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_MEMORY = 256 << 20
"""Bytes that one check may take: a line asking for more is refused."""


class PasswordHash(Struct, frozen=True):
    n: int
    r: int
    p: int
    salt: bytes
    hash: bytes

    def fits(self, password: str) -> bool:
        """Takes some tenths of a second, and N * R * 128 bytes."""
        if len(password) > LONGEST:
            return False
        made = _scrypt(password, self.salt, self.n, self.r, self.p, len(self.hash))
        return hmac.compare_digest(made, self.hash)


class ConsoleAccount(Struct, frozen=True):
    name: str
    role: Role
    password: PasswordHash


NOBODY = PasswordHash(N, R, P, b"\0" * 16, b"\0" * LENGTH)
"""Checked in place of an account that is not there, so that the time says nothing of who is."""


def line(name: str, role: str, password: str, salt: bytes, n: int = N) -> str:
    """The line of a new account. Raises ValueError, which never quotes the password."""
    if not _NAME.fullmatch(name):
        raise ValueError(localized("the name is {name!r}; expected 1 to 64 of a-z, A-Z, 0-9, '.', '_', '@', '-'", name=name[:80]))
    if role not in ROLES:
        raise ValueError(localized("the role is {role!r}; expected {roles}", role=role[:80], roles=" or ".join(ROLES)))
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(
            localized(
                "the password has {password} characters; expected {shortest} to {longest}",
                password=len(password),
                shortest=SHORTEST,
                longest=LONGEST,
            )
        )
    made = _scrypt(password, salt, n, R, P, LENGTH)
    return f"{name}:{role}:scrypt:{n}:{R}:{P}:{base64.b64encode(salt).decode()}:{base64.b64encode(made).decode()}"


def accounts(text: str) -> dict[str, ConsoleAccount]:
    """By name. Empty lines and those that begin with # say nothing. Raises ValueError, which names the line and quotes none of it."""
    found: dict[str, ConsoleAccount] = {}
    for number, each in enumerate(text.splitlines(), 1):
        if not each.strip() or each.lstrip().startswith("#"):
            continue
        parts = each.strip().split(":")
        try:
            name, role, way, n, r, p, salt, made = parts
            password = PasswordHash(int(n), int(r), int(p), base64.b64decode(salt, validate=True), base64.b64decode(made, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError(
                localized("line {number} is not as im-relay console-user prints it: NAME:ROLE:scrypt:N:R:P:SALT:HASH", number=number)
            ) from None
        if not _NAME.fullmatch(name) or role not in ROLES or way != "scrypt" or not _sound(password):
            raise ValueError(
                localized(
                    "line {number} names no account, no role or no cost that is allowed: make it anew with im-relay console-user",
                    number=number,
                )
            )
        if name in found:
            raise ValueError(localized("line {number} names an account that a line before it has: take one of the two out", number=number))
        found[name] = ConsoleAccount(name, role, password)
    return found


def _sound(password: PasswordHash) -> bool:
    n, r, p = password.n, password.r, password.p
    strong = n >= 2**14 and n & (n - 1) == 0 and r >= 8 and 1 <= p <= 16 and 128 * n * r <= _MEMORY
    return strong and len(password.salt) >= 16 and len(password.hash) >= LENGTH


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=_MEMORY + (64 << 20), dklen=length)
