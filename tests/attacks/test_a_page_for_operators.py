"""Somebody wants to act on the operator's page, or to have an operator's browser do it for him."""

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from converters.core.bodies import Text
from streams.console import access as accesses
from streams.console import passwords
from streams.console.app import GUARD, QUEUED
from streams.console.attempts import PER_NAME, PER_SOURCE, SPAN
from streams.console.markup import TAGS
from streams.console.readings import UserSides, Way
from streams.console.scrape import Sample, Scraped
from streams.operate.trace import TraceRecord
from streams.operate.trace_state import MessageState
from tests.console.conftest import ORIGIN, PASSWORD, PROXY, PROXY_SECRET, Page, letter, made_up, token_of

__all__ = ["made_up"]

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}",
    "\u202e\u2066gnp.exe",
    "a\r\nSet-Cookie: x=y",
    "<!--",
    "&lt;script&gt;",
    "\x00<script>",
    "</textarea><script>alert(1)</script>",
]
EACH = pytest.mark.parametrize("hostile", HOSTILE)
ADDRESSES = ("/", "/message", "/letters", "/identities", "/migrations", "/audit")


def harmless(answer: httpx.Response) -> None:
    """No tag, attribute or link but those that the page has anyway."""
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "script-src" not in answer.headers["content-security-policy"]
    found: list[tuple[str, dict[str, str | None]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))  # type: ignore[method-assign]
    reader.handle_comment = lambda data: pytest.fail("a comment")  # type: ignore[method-assign]
    reader.feed(answer.text)
    assert {tag for tag, _ in found} <= TAGS
    for _, attributes in found:
        assert [name for name in attributes if name.startswith("on") or name in ("style", "src")] == []
        assert {(attributes.get(name) or "/")[:1] for name in ("href", "action", "formaction")} == {"/"}
    assert "\u202e" not in answer.text
    assert "\x00" not in answer.text


def loaded(page: Page, hostile: str) -> None:
    """Wherever a stranger's word may come from, it is there."""
    page.readings.found = [letter(hostile, hostile, cause=hostile, conversations=frozenset({hostile}), users=frozenset({hostile}))]
    record = TraceRecord(
        event=hostile,
        what="received",
        at=1,
        topic=hostile,
        partition=0,
        offset=0,
        facts={"sender": hostile, "conversation": hostile},
        text=Text(hostile),
    )
    page.readings.ways = [Way(hostile, [record], MessageState("ignored", {"reason": hostile}))]
    page.readings.side = UserSides(hostile, "user", {"easemob": (hostile, True)}, {"easemob": hostile}, hostile)
    samples = [
        Sample("im_relay_breaker", {"app": hostile}, 2.0),
        Sample("im_relay_canary_last_success_seconds", {"direction": hostile, "kind": hostile}, 1.0),
    ]
    page.readings.scraped = Scraped(samples, 1, [(hostile, hostile)])


@EACH
async def test_what_strangers_call_themselves_is_text_on_every_page(made_up: Page, hostile: str) -> None:
    loaded(made_up, hostile)
    async with made_up.logged_in() as client:
        for address in ADDRESSES:
            for language in ("en", "zh"):
                answer = await client.get(address, params={"id": "known" + hostile if "\x00" not in hostile else "known", "lang": language})
                assert answer.status_code == 200, address
                harmless(answer)


@EACH
async def test_what_an_address_says_is_text_and_no_header(made_up: Page, hostile: str) -> None:
    async with made_up.logged_in() as client:
        for address in (*ADDRESSES, "/nowhere"):
            for name in ("id", "since", "cause", "user", "conversation", "kind", "platform", "whose", "stage", "app", "lang", "unknown"):
                answer = await client.get(f"{address}?{urlencode({name: hostile})}")
                assert answer.status_code in (200, 400, 404, 503)
                harmless(answer)
                assert "set-cookie" not in answer.headers or re.fullmatch(r"lang=(en|zh); .*", answer.headers["set-cookie"])


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/style.css/../passwords.py",
        "/static/style.css",
        "//elsewhere.example/",
        "/.git/config",
        "/%2e%2e/",
        "/letters/",
        "/LETTERS",
        "/letters/resolve",
        "/style.css%00.html",
        "/app.py",
    ],
)
async def test_a_path_leads_to_a_view_or_nowhere(made_up: Page, path: str) -> None:
    async with made_up.logged_in() as client:
        request = client.build_request("GET", ORIGIN)
        request.url = httpx.URL(ORIGIN).copy_with(raw_path=path.encode())
        answer = await client.send(request)
        assert answer.status_code == 404
        assert "root:" not in answer.text
        assert "location" not in answer.headers
        harmless(answer)


async def test_who_is_not_logged_in_sees_and_does_nothing(made_up: Page) -> None:
    loaded(made_up, "seen-only-by-operators")
    async with made_up.at() as client:
        for address in ADDRESSES:
            answer = await client.get(address)
            assert answer.status_code == 401
            assert "seen-only-by-operators" not in answer.text
        for address in ("/letters", "/letters/resolve", "/logout"):
            assert (await client.post(address, data={"what": "replay"}, headers={"origin": ORIGIN})).status_code == 403
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            assert (await client.request(method, "/")).status_code == 405
    assert made_up.readings.resolved == []


SURE = {"what": "replay", "scope": "all", "count": "1", "until": "1"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ORIGIN + ".elsewhere.example"},
        {"origin": ORIGIN.replace("8070", "8071")},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"referer": ORIGIN + "/letters"},
    ],
)
async def test_a_form_of_another_page_does_nothing_even_with_the_cookie_and_the_token(made_up: Page, headers: dict[str, str]) -> None:
    async with made_up.logged_in() as client:
        token = token_of((await client.get("/letters")).text)
        answer = await client.post("/letters/resolve", data={**SURE, "token": token}, headers=headers)
        assert answer.status_code == 403
        assert (await client.post("/login", data={"name": "vic", "password": PASSWORD}, headers=headers)).status_code == 403
        assert (await client.get("/")).status_code == 200, "and nobody was logged out, or in as somebody else"
    assert made_up.readings.resolved == []


async def test_a_form_without_this_session_s_token_does_nothing(made_up: Page) -> None:
    async with made_up.logged_in("ann") as ann, made_up.logged_in("vic") as vic:
        others = re.search(r'name="token" value="(\w+)"', (await vic.get("/letters")).text)
        assert others
        for token in ("", "0" * 64, others[1], "\ud83d"):
            body = urlencode({**SURE, "token": token}, errors="surrogatepass")
            answer = await ann.post(
                "/letters/resolve", content=body, headers={"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code in (400, 403)
        again = Page()
        stale = {"cookie": "; ".join(f"{name}={value}" for name, value in ann.cookies.items())}
        async with again.at() as client:
            assert (await client.get("/letters", headers=stale)).status_code == 401
    assert made_up.readings.resolved == []


async def test_a_viewer_does_nothing_whatever_is_posted(made_up: Page) -> None:
    async with made_up.logged_in("vic") as vic:
        page = (await vic.get("/letters")).text
        assert "replay" not in page.lower().replace("replayed", "")
        for address in ("/letters", "/letters/resolve"):
            answer = await vic.post(address, data={**SURE, "token": token_of(page), "role": "operator"}, headers={"origin": ORIGIN})
            assert answer.status_code == 403
    assert made_up.readings.resolved == []
    assert [act for act in made_up.audit.acts if act[0] == "begun"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"what=replay&what=drop",
        b"a=" + b"x" * 70_000,
        b"&".join(b"place=0-%d" % at for at in range(500)),
        b"\xff\xfe",
        b"what=%ff",
        b"what=eval&scope=all",
        b"what=replay&scope=all&count=-1&until=1",
        b"what=replay&scope=all&count=1&until=1e9",
        b"what=replay&scope=all&app=unknown",
    ],
)
async def test_a_form_that_no_page_sends_does_nothing(made_up: Page, body: bytes) -> None:
    async with made_up.logged_in() as client:
        token = token_of((await client.get("/letters")).text).encode()
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json", "multipart/form-data; boundary=x"):
            headers = {"origin": ORIGIN, "content-type": kind}
            answer = await client.post("/letters/resolve", content=b"token=" + token + b"&" + body, headers=headers)
            assert answer.status_code in (400, 403)
        for twice in ({"token": [token.decode()] * 2}, {"name": ["ann", "vic"], "password": PASSWORD}):
            for address in ("/letters/resolve", "/login", "/logout"):
                assert (await client.post(address, data=twice, headers={"origin": ORIGIN})).status_code in (400, 401, 403)
    assert made_up.readings.resolved == []


async def test_the_real_form_does_it_so_that_those_above_show_something(made_up: Page) -> None:
    async with made_up.logged_in() as client:
        token = token_of((await client.get("/letters")).text)
        answer = await client.post(
            "/letters/resolve", data={**SURE, "token": token}, headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"}
        )
        assert answer.status_code == 200
    assert len(made_up.readings.resolved) == 1
    assert [act[0] for act in made_up.audit.acts] == ["log-in", "begun", "done"]


VOUCHED = {"x-auth-request-email": "olga@example.com", "x-im-relay-proxy-secret": PROXY_SECRET}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.9", VOUCHED),
        ("192.0.2.9", [*VOUCHED.items(), ("x-forwarded-for", PROXY)]),
        (PROXY, {"x-auth-request-email": "olga@example.com"}),
        (PROXY, {**VOUCHED, "x-im-relay-proxy-secret": "x" * 20}),
        (PROXY, {**VOUCHED, "x-im-relay-proxy-secret": ""}),
        (PROXY, [*VOUCHED.items(), ("x-auth-request-email", "eve@example.com")]),
        (PROXY, [*VOUCHED.items(), ("x-im-relay-proxy-secret", PROXY_SECRET)]),
        (PROXY, [*VOUCHED.items(), ("x-auth-request-groups", "a"), ("x-auth-request-groups", "relay-operators")]),
        (PROXY, {**VOUCHED, "x-auth-request-email": "group:relay-operators"}),
        (PROXY, {**VOUCHED, "x-auth-request-email": "*"}),
        (PROXY, {**VOUCHED, "x-auth-request-email": " "}),
        (PROXY, {**VOUCHED, "x-auth-request-email": "o" * 300}),
        (PROXY, {"x-im-relay-proxy-secret": PROXY_SECRET}),
    ],
)
async def test_headers_of_a_login_are_believed_of_the_proxy_alone(made_up: Page, address: str, headers: Any) -> None:
    async with made_up.at(address) as client:
        answer = await client.get("/letters", headers=headers)
        assert answer.status_code == 403
        assert "direct:1:post" not in answer.text
        assert PROXY_SECRET not in answer.text


async def test_the_proxy_itself_is_believed_and_groups_make_no_operator_of_a_name(made_up: Page) -> None:
    async with made_up.at(PROXY) as client:
        answer = await client.get("/letters", headers=VOUCHED)
        assert "olga@example.com · operator" in answer.text
        answer = await client.get(
            "/letters", headers={**VOUCHED, "x-auth-request-email": "eve@example.com", "x-auth-request-groups": "olga@example.com"}
        )
        assert "eve@example.com · read-only" in answer.text


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared, not hashed: a real one takes tenths of a second."""
    monkeypatch.setattr(
        accesses.Access, "check", lambda self, name, password: "operator" if (name, password) == ("ann", PASSWORD) else None
    )


async def guess(page: Page, address: str, name: str = "ann", password: str = "wrong") -> int:
    async with page.at(address) as client:
        return (await client.post("/login", data={"name": name, "password": password}, headers={"origin": ORIGIN})).status_code


async def test_guessing_from_one_place_is_put_off_and_the_colleague_elsewhere_is_not(
    made_up: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    seen = [await guess(made_up, "192.0.2.66") for _ in range(PER_SOURCE + 5)]
    assert seen == [401] * PER_SOURCE + [429] * 5
    assert await guess(made_up, "192.0.2.66", password=PASSWORD) == 429, "also the right one"
    assert await guess(made_up, "198.51.100.1", password=PASSWORD) == 303
    made_up.clock.now += SPAN + 1
    assert await guess(made_up, "192.0.2.66", password=PASSWORD) == 303


async def test_guessing_one_name_from_many_places_and_many_at_once_is_put_off(made_up: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    seen = [await guess(made_up, f"192.0.{at}.1") for at in range(PER_NAME + 5)]
    assert seen == [401] * PER_NAME + [429] * 5
    made_up.clock.now += SPAN + 1
    at_once = await asyncio.gather(*(guess(made_up, "192.0.2.66") for _ in range(PER_SOURCE * 4)))
    assert at_once.count(401) <= PER_SOURCE, "side by side is no more than one after another"


async def test_an_owner_who_logs_in_often_is_not_locked_out(made_up: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    assert {await guess(made_up, "198.51.100.1", password=PASSWORD) for _ in range(PER_NAME + 5)} == {303}


async def test_a_flood_of_logins_does_not_queue_without_end(made_up: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    held = asyncio.Semaphore(0)
    made_up.app._hashing = held
    waiting = [asyncio.create_task(guess(made_up, f"192.0.{at}.1", name=f"n{at}")) for at in range(QUEUED + 5)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 5:
        more, _ = await asyncio.wait(set(waiting) - done, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert [task.result() for task in done] == [503] * 5
    for _ in range(QUEUED):
        held.release()
    assert sorted({await task for task in waiting}) == [401, 503]


async def test_a_name_that_is_none_is_not_written_down_and_costs_as_much(made_up: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """People type their password into the field above it."""
    asked: list[str] = []
    checked = passwords.PasswordHash.fits

    def fits(self: passwords.PasswordHash, password: str) -> bool:
        asked.append(password)
        return checked(self, password)

    monkeypatch.setattr(passwords.PasswordHash, "fits", fits)
    assert await guess(made_up, "192.0.2.9", name="my secret password") == 401
    assert len(asked) == 1
    assert made_up.audit.acts == [("log-in", "", "", "192.0.2.9", "refused")]


async def test_every_answer_is_guarded_and_kept_by_nobody(made_up: Page) -> None:
    async with made_up.logged_in() as client:
        for address in (*ADDRESSES, "/style.css", "/nowhere"):
            answer = await client.get(address)
            assert {name: answer.headers[name] for name in GUARD} == dict(GUARD)
            assert answer.headers["cache-control"] == "no-store"


def test_nothing_is_fetched_from_elsewhere() -> None:
    import streams.console

    style = (Path(streams.console.__file__).parent / "style.css").read_text()
    assert "url(" not in style
    assert "@import" not in style


async def test_a_logout_ends_the_session_for_whoever_has_copied_it(made_up: Page) -> None:
    async with made_up.logged_in() as client:
        copied = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        token = token_of((await client.get("/")).text)
        assert (await client.post("/logout", data={"token": token}, headers={"origin": ORIGIN})).status_code == 303
    async with made_up.at() as other:
        assert (await other.get("/", headers=copied)).status_code == 401
    assert [act[0] for act in made_up.audit.acts] == ["log-in", "log-out"]
