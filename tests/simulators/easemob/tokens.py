"""App tokens. Source: "Easemob: obtain an app token". Validity for the whole of ``expires_in`` is not promised."""

from time import monotonic
from typing import Any
from uuid import uuid4

from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.options import Options

PREFIX = "YWMt"


class Tokens:
    """Tokens given out, each with its end and, when they wear out, the sends left."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokens: dict[str, tuple[float, int]] = {}

    def give(self, request: dict[str, Any]) -> dict[str, Any] | Refusal:
        """*request* may name a ``ttl`` in seconds, 0 for ever; else the option holds."""
        if request.get("grant_type") != "client_credentials":
            return Refusal(400, "invalid_grant", "unsupported grant type")
        for name in ("client_id", "client_secret"):
            if not request.get(name):
                return Refusal(400, "illegal_argument", f"{name} must be provided")
            if request[name] != getattr(self._options, name):
                return Refusal(400, "invalid_grant", f"{name} does not match")
        ttl = request.get("ttl", self._options.token_ttl)
        if isinstance(ttl, bool) or not isinstance(ttl, int | float) or ttl < 0:
            return Refusal(400, "illegal_argument", "ttl must be a number")
        token = f"{PREFIX}{uuid4().hex}"
        end = monotonic() + ttl if ttl else float("inf")
        self._tokens[token] = (end, self._options.token_uses)
        return {"access_token": token, "expires_in": int(ttl)}

    def check(self, authorization: str, *, send: bool) -> Refusal | None:
        """Why the caller is refused, if so; a *send* wears the token."""
        token = authorization.removeprefix("Bearer ")
        if not token:
            return errors.EXPIRED
        if token == authorization or not token.startswith(PREFIX):
            return errors.CORRUPT
        if token not in self._tokens:
            return errors.FOREIGN
        end, left = self._tokens[token]
        if monotonic() >= end:
            return errors.EXPIRED
        if send and self._options.token_uses:
            if not left:
                return errors.EXPIRED
            self._tokens[token] = (end, left - 1)
        return None

    def expire(self) -> None:
        self._tokens = dict.fromkeys(self._tokens, (0.0, 0))
