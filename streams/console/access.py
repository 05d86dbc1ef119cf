"""Who asks: a person whom a trusted proxy names, or who has logged in here by password; and whether a form was ours."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import Any

from msgspec import Struct

from streams.console.attempts import Attempts
from streams.console.passwords import NOBODY, Role, accounts
from streams.console.settings import ConsoleSettings
from streams.ingress.sources import name, networks, read, within

PROXY_SECRET = b"x-im-relay-proxy-secret"
IDLE = 1800.0
"""Seconds without a request after which a login ends."""
SESSIONS = 1000
"""Logins that are kept; beyond it the oldest ends."""
LONGEST_NAME = 200


class Person(Struct, frozen=True):
    """*token* goes into every form that this person is shown; of a session it is that session's alone."""

    name: str
    role: Role
    token: str
    session: str = ""
    """The key of the session; "" where a proxy vouches."""

    @property
    def operates(self) -> bool:
        return self.role == "operator"


class _Session(Struct):
    name: str
    role: Role
    began: float
    seen: float


class RefusedError(Exception):
    """The request names somebody in a way that is not believed; the text is a fixed word for the log."""


class Access:
    """Of one process: sessions are gone with it. *clock*: seconds that only grow. *key* signs the tokens of forms."""

    def __init__(self, settings: ConsoleSettings, clock: Callable[[], float] = time.monotonic, key: bytes | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._key = key or secrets.token_bytes(32)
        self._accounts = accounts(settings.users.get_secret_value())
        self._proxies = networks(settings.proxies)
        self._proxy_secret = settings.proxy_secret.get_secret_value().encode()
        self._user, self._groups = settings.user_header.lower().encode(), settings.groups_header.lower().encode()
        self._sessions: dict[str, _Session] = {}
        self._secure = settings.origin.startswith("https:")
        self.attempts = Attempts(clock)

    @property
    def by_password(self) -> bool:
        return bool(self._accounts)

    @property
    def cookie(self) -> str:
        """A name with this prefix is taken by browsers only with Secure, for the whole site, and from nobody beside us."""
        return "__Host-im-relay" if self._secure else "im-relay"

    def person(self, scope: Mapping[str, Any]) -> Person | None:
        """None where nobody is logged in. Raises RefusedError."""
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        if (vouched := self._vouched(scope, headers)) is not None:
            return vouched
        key = _digest(self._given(headers))
        session = self._sessions.get(key)
        if session is None:
            return None
        now = self._clock()
        account = self._accounts.get(session.name)
        if now - session.seen > IDLE or now - session.began > self._settings.session_hours * 3600 or account is None:
            del self._sessions[key]
            return None
        session.seen = now
        return Person(session.name, account.role, self._token(key), key)

    def _vouched(self, scope: Mapping[str, Any], headers: Sequence[tuple[bytes, bytes]]) -> Person | None:
        """Whom the proxy names. Raises RefusedError where somebody else, or nobody who is known, says so."""
        peer = scope.get("client")
        claimed = [value for header, value in headers if header == self._user]
        proof = [value for header, value in headers if header == PROXY_SECRET]
        if not claimed and not proof:
            return None
        if not within(read(peer[0]) if peer else None, self._proxies):
            raise RefusedError("proxy-unknown")
        if len(proof) != 1 or not self._proxy_secret or not hmac.compare_digest(proof[0], self._proxy_secret):
            raise RefusedError("proxy-secret")
        groups = [value for header, value in headers if header == self._groups]
        if len(claimed) != 1 or len(groups) > 1:  # one of the two was not the proxy's
            raise RefusedError("proxy-headers")
        try:
            who = claimed[0].decode().strip()
            within_groups = {f"group:{one.strip()}" for one in b"".join(groups).decode().split(",") if one.strip()}
        except UnicodeDecodeError:
            raise RefusedError("proxy-headers") from None
        if not who or len(who) > LONGEST_NAME or not who.isprintable() or who.startswith("group:") or who == "*":
            raise RefusedError("proxy-headers")
        mine = {who} | within_groups
        if mine & set(self._settings.operators):
            return Person(who, "operator", self._token(f"proxy:{who}"))
        if mine & set(self._settings.viewers) or "*" in self._settings.viewers:
            return Person(who, "viewer", self._token(f"proxy:{who}"))
        raise RefusedError("not-allowed")

    def source(self, scope: Mapping[str, Any]) -> str:
        """Where a login comes from: the last address that a proxy of ours wrote, else whoever opened the connection."""
        peer = scope.get("client")
        near = read(peer[0]) if peer else None
        if within(near, self._proxies):
            named = b",".join(value for header, value in scope["headers"] if header == b"x-forwarded-for").split(b",")
            return name(read(named[-1].decode("latin-1"))) or name(near)
        return name(near)

    def check(self, given: str, password: str) -> Role | None:
        """Takes some tenths of a second of a core, whoever is named: for a thread."""
        account = self._accounts.get(given)
        fits = (account.password if account else NOBODY).fits(password)
        return account.role if account and fits else None

    def knows(self, given: str) -> bool:
        """Whether a name may be written down: people type passwords into its field."""
        return given in self._accounts

    def begin(self, given: str, role: Role) -> str:
        """The secret of a new session, for the cookie alone."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        while len(self._sessions) >= SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[_digest(secret)] = _Session(given, role, now, now)
        return secret

    def end(self, person: Person) -> None:
        self._sessions.pop(person.session, None)

    def set_cookie(self, secret: str) -> bytes:
        """Empty *secret*: the browser forgets it."""
        lives = "" if secret else "; Max-Age=0"
        return f"{self.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if self._secure else ''}{lives}".encode()

    def ours(self, scope: Mapping[str, Any]) -> bool:
        """Whether a form was sent from a page of ours, as the browser says it: a page of elsewhere can make it send one, and not say so."""
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        origins = [value for header, value in headers if header == b"origin"]
        sites = {value for header, value in headers if header == b"sec-fetch-site"}
        return len(origins) == 1 and origins[0].decode("latin-1").lower() == self._settings.origin and sites <= {b"same-origin"}

    def fits(self, person: Person, token: str) -> bool:
        return hmac.compare_digest(person.token.encode(), token.encode("utf-8", "surrogatepass"))

    def _token(self, of: str) -> str:
        return hmac.new(self._key, of.encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def _given(self, headers: Sequence[tuple[bytes, bytes]]) -> str:
        given = SimpleCookie()
        for header, value in headers:
            if header == b"cookie":
                try:
                    given.load(value.decode("latin-1"))
                except CookieError:
                    return ""
        found = given.get(self.cookie)
        return found.value if found else ""


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
