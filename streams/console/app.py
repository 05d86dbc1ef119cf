"""The ASGI application of the page: every request is somebody's, every form is ours, and every answer forbids script.

No page has any, so that nothing that strangers wrote can become one: the policy that goes with each answer says so to the browser as well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, quote

import structlog
from msgspec import Struct

from streams.audit.log import AuditLog
from streams.console.access import Access, Person, RefusedError
from streams.console.forms import BadFormError, Form, acted, read_form, resolve_letters
from streams.console.frame import View, page
from streams.console.looks import LOOKS
from streams.console.readings import Readings
from streams.console.views import login_view, problem_view
from streams.console.words import Words, language
from streams.http_server.answer import PROVEN
from streams.observe.log import place
from streams.operate.topic_reader import OperateError

log = structlog.get_logger(__name__)

STYLE = files("streams.console").joinpath("style.css").read_bytes()
GUARD: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none at all, browsers would not say where a form comes from
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
AT_ONCE = 2
"""Passwords that are checked at once: each takes a core for some tenths of a second, and 128 MiB."""
QUEUED = 16
"""Logins that wait for it; beyond it 503."""
LONGEST_QUERY = 8192

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Reply(Struct, frozen=True):
    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class ConsoleApp:
    def __init__(self, access: Access, readings: Readings, audit: AuditLog) -> None:
        self._access, self._readings, self._audit = access, readings, audit
        self._hashing = asyncio.Semaphore(AT_ONCE)
        self._queued = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001 - its text may quote what strangers wrote
            log.error("defect in the console", where=place(error))  # noqa: TRY400 - for the same reason
            reply = Reply(b"defect", 500, "text/plain")
        headers = {"content-type": reply.kind, "cache-control": "no-store", **GUARD}
        sent = [(name.encode(), value.encode("latin-1", "replace")) for name, value in (*headers.items(), *reply.headers)]
        sent = [*sent, (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        method, path = scope["method"], scope["path"]
        words, more = self._words(scope)
        if path == "/style.css" and method in ("GET", "HEAD"):
            return Reply(STYLE, 200, "text/css; charset=utf-8")
        try:
            person = self._access.person(scope)
        except RefusedError as error:
            log.warning("console login refused", why=str(error), source=self._access.source(scope))
            return _shown(problem_view(words, words("not-known", why=str(error)), 403), words, None)
        if method == "POST":
            try:
                return await self._form(scope, receive, person, words)
            except BadFormError:
                return _shown(problem_view(words, words("bad-request"), 400), words, person, _ENDS)
        if method not in ("GET", "HEAD"):
            return _shown(problem_view(words, words("bad-request"), 405), words, person, (("allow", "GET, HEAD, POST"),))
        look = LOOKS.get(path)
        if person is None:
            by_password = self._access.by_password
            status = 200 if path == "/login" and by_password else 401
            return _shown(login_view(words, by_password=by_password, status=status), words, None, more)
        scope[PROVEN] = True
        if path == "/login":
            return _to("/")
        if look is None:
            return _shown(problem_view(words, words("not-found"), 404), words, person)
        try:
            given = _query(scope)
            view = await look(self._readings, given, words, person)
        except BadFormError:
            view = problem_view(words, words("bad-request"), 400)
        except OperateError as error:
            view = problem_view(words, str(error), 503)
        return _shown(view, words, person, more)

    async def _form(self, scope: Scope, receive: Receive, person: Person | None, words: Words) -> Reply:
        """Nothing is done unless the browser says that a page of ours sent it and, but for a login, it has this person's token.

        Raises BadFormError.
        """
        form = await read_form(scope, receive)
        if not self._access.ours(scope):
            log.warning(
                "form of another page refused",
                path=scope["path"] if scope["path"] in _FORMS else "other",
                source=self._access.source(scope),
            )
            return _shown(problem_view(words, words("bad-form"), 403), words, person)
        if scope["path"] == "/login":
            return await self._log_in(scope, form, words)
        if person is None or not self._access.fits(person, form.one("token")):
            return _shown(problem_view(words, words("bad-form"), 403), words, person)
        source = self._access.source(scope)
        if scope["path"] == "/logout":
            self._access.end(person)
            await self._audit.note("log-out", person.name, person.role, source, "done")
            return Reply(status=303, headers=(("location", "/login"), ("set-cookie", self._access.set_cookie("").decode())))
        try:
            if scope["path"] == "/letters":
                view = await acted(self._readings, form, words, person)
            elif scope["path"] == "/letters/resolve":
                view = await resolve_letters(self._readings, self._audit, form, words, person, source)
            else:
                view = problem_view(words, words("not-found"), 404)
        except OperateError as error:
            view = problem_view(words, str(error), 503)
        return _shown(view, words, person)

    async def _log_in(self, scope: Scope, form: Form, words: Words) -> Reply:
        name, password, source = form.one("name"), form.one("password"), self._access.source(scope)
        known = name if self._access.knows(name) else ""
        if not self._access.by_password:
            return _shown(login_view(words, by_password=False, status=403), words, None)
        if wait := self._access.attempts.wait(source, name):
            log.warning("login put off", who=known, source=source)
            return _shown(login_view(words, words("login-wait", seconds=wait), status=429), words, None, (("retry-after", str(wait)),))
        if self._queued >= QUEUED:
            return _shown(login_view(words, words("login-wait", seconds=1), status=503), words, None, (("retry-after", "1"),))
        begun = self._access.attempts.begin(source, name)
        self._queued += 1
        try:
            async with self._hashing:
                role = await asyncio.to_thread(self._access.check, name, password)
        finally:
            self._queued -= 1
        if role is None:
            await self._audit.note("log-in", known, "", source, "refused")
            return _shown(login_view(words, words("login-failed"), status=401), words, None)
        self._access.attempts.succeeded(source, name, begun)
        await self._audit.note("log-in", name, role, source, "done")
        cookie = self._access.set_cookie(self._access.begin(name, role)).decode()
        return Reply(status=303, headers=(("location", "/"), ("set-cookie", cookie)))

    def _words(self, scope: Scope) -> tuple[Words, tuple[tuple[str, str], ...]]:
        """Of the address, else of the cookie, else of the browser; one that the address names is kept."""
        pairs = parse_qsl(scope["query_string"][:LONGEST_QUERY].decode("latin-1"), max_num_fields=None)
        asked = [value for name, value in pairs if name == "lang"]
        cookies = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
        kept = [part.strip().removeprefix("lang=") for each in cookies for part in each.split(";") if part.strip().startswith("lang=")]
        accepted = b"".join(value for name, value in scope["headers"] if name == b"accept-language").decode("latin-1")
        words = Words(language([*asked, *kept], accepted))
        return words, (("set-cookie", f"lang={words.language}; Path=/; Max-Age=31536000; SameSite=Strict"),) if asked else ()


_FORMS = frozenset({"/login", "/logout", "/letters", "/letters/resolve"})
_ENDS = (("connection", "close"),)


def _query(scope: Scope) -> dict[str, str]:
    """Each field of the address once. Raises BadFormError."""
    raw = scope["query_string"]
    if len(raw) > LONGEST_QUERY:
        raise BadFormError
    try:
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=32)
    except ValueError:  # UnicodeDecodeError, too
        raise BadFormError from None
    given = {name: value.strip() for name, value in pairs if name != "lang"}
    if len(given) != sum(name != "lang" for name, _ in pairs):
        raise BadFormError
    return given


def _shown(view: View, words: Words, person: Person | None, more: Sequence[tuple[str, str]] = ()) -> Reply:
    return Reply(
        page(view, words, person), view.status, headers=(("content-language", words.language), ("vary", "cookie, accept-language"), *more)
    )


def _to(path: str) -> Reply:
    return Reply(status=303, headers=(("location", quote(path)),))
