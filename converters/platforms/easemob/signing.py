"""How Easemob and we know each other: the token of the REST API, the digest on callbacks."""

from hashlib import md5
from hmac import compare_digest

from msgspec import Struct

from converters.core import wire
from converters.platform import GrantedToken, Reply, Request, Token
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.error_words import known


class _Grant(Struct, frozen=True):
    access_token: str
    expires_in: float | str = 0


class _Error(Struct, frozen=True):
    error: str = ""


def signature_fits(account: EasemobAccount, call_id: str, timestamp: str, security: str) -> bool:
    """Whether one of the account's secrets made *security*. Source: "Easemob: Configure callback rules"."""
    given = security.lower().encode()
    secrets = (account.callback_secret, account.callback_secret_previous)
    fits = [
        compare_digest(md5(f"{call_id}{secret}{timestamp}".encode(), usedforsecurity=False).hexdigest().encode(), given)
        for secret in secrets
        if secret
    ]
    return any(fits)


def ask(account: EasemobAccount) -> Request:
    """Asks for an app token. Source: "Easemob: Authentication by app token"."""
    body = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    return Request("POST", f"/{account.org}/{account.app}/token", headers, wire.dump_any(body), "token")


def read(reply: Reply) -> GrantedToken | str:
    if reply.status != 200:
        return f"no token: {reply.status} {_error(reply)}".rstrip()
    try:
        grant = wire.load(reply.body, _Grant)
        return GrantedToken(grant.access_token, float(grant.expires_in))
    except (wire.Malformed, ValueError):
        return "no token: unreadable answer"


def worn_out(reply: Reply) -> bool:
    # An edit that is not allowed is answered 401 as well; a new token would not help.
    return reply.status == 401 and _error(reply) != "message_rewrite_error"


def _error(reply: Reply) -> str:
    """The platform's word for an error; never its description, which may quote the request."""
    try:
        error = wire.load(reply.body, _Error).error
    except wire.Malformed:
        return ""
    return known(error)


AUTH = Token(ask=ask, read=read, headers=lambda token: {"Authorization": f"Bearer {token}"}, worn_out=worn_out)
