"""How Parley and we know each other. Source: "Webhooks", "Tokens"."""

from collections.abc import Mapping
from hmac import compare_digest, digest

from msgspec import Struct

from converters.core import wire
from converters.platform import GrantedToken, Reply, Request, Token
from tests.example_platform.parley.account import ParleyAccount

WINDOW = 300
"""Seconds."""


class _Grant(Struct, frozen=True, rename="camel"):
    token: str
    expires_in: float


class Error(Struct, frozen=True):
    code: str = ""


def fault(headers: Mapping[str, str], body: bytes, account: ParleyAccount, now: int) -> str:
    """What is wrong with a signature, "" if nothing is. *now* in ms."""
    timestamp, given = headers.get("parley-timestamp", ""), headers.get("parley-signature", "").encode()
    if not given:
        return "unsigned"
    secrets = (account.webhook_secret, account.webhook_secret_previous)
    fits = [
        compare_digest(digest(one.encode(), timestamp.encode() + b"\n" + body, "sha256").hex().encode(), given) for one in secrets if one
    ]
    return untimely(headers, now) if any(fits) else "bad-signature"


def untimely(headers: Mapping[str, str], now: int) -> str:
    """The same as far as the headers tell."""
    timestamp = headers.get("parley-timestamp", "")
    if not headers.get("parley-signature"):
        return "unsigned"
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return "bad-signature"
    return "stale" if abs(int(timestamp) * 1000 - now) > WINDOW * 1000 else ""


def ask(account: ParleyAccount) -> Request:
    body = wire.dump_any({"appKey": account.app_key, "appSecret": account.app_secret})
    return Request("POST", "/v1/token", {"Content-Type": "application/json"}, body, "token")


def read(reply: Reply) -> GrantedToken | str:
    if reply.status != 200:
        return f"no token: {reply.status}"
    try:
        grant = wire.load(reply.body, _Grant)
    except wire.Malformed:
        return "no token: unreadable answer"
    return GrantedToken(grant.token, grant.expires_in)


def worn_out(reply: Reply) -> bool:
    return reply.status == 401 and code_of(reply) == "token_expired"


def code_of(reply: Reply) -> str:
    """Parley's word for an error, "" where there is none."""
    try:
        return wire.load(reply.body, Error).code
    except wire.Malformed:
        return ""


AUTH = Token(ask=ask, read=read, headers=lambda token: {"Authorization": f"Bearer {token}"}, worn_out=worn_out)
