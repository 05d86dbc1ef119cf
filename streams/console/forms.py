"""What the page's forms ask for: read, checked, asked once more, written down, done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

from converters.core.localized import text_of
from streams.audit.act import What
from streams.audit.log import REASON, SUBJECT, AuditLog
from streams.cli.times import moment
from streams.console.access import Person
from streams.console.frame import View, box
from streams.console.letter_views import FILTERS, SHOWN, STAGES, LetterAct, confirm_view, done, letters_view, place_of
from streams.console.readings import Readings
from streams.console.views import problem_view
from streams.console.words import Words
from streams.dead_letters.dead_letter import Whose
from streams.http_server.body import BodyBrokenOffError, BodyTooLargeError, read_body
from streams.operate.dead_letter_reader import End, LetterFilter, LetterSummary, Resolution
from streams.operate.filters import Filter
from streams.operate.topic_reader import OperateError

LARGEST = 65_536
"""Bytes of a form."""
FIELDS = SHOWN + 32
PATIENCE = 10.0
"""Seconds in which it must have come."""
_ENDS: Mapping[str, tuple[End, What]] = {"replay": ("replayed", "dead-replay"), "drop": ("dropped", "dead-drop")}


class BadFormError(Exception):
    """No page of ours sends such a request."""


class Form(Struct, frozen=True):
    pairs: list[tuple[str, str]]

    def one(self, name: str) -> str:
        """The field that may be there once; "" where it is not. Raises BadFormError."""
        found = self.each(name)
        if len(found) > 1:
            raise BadFormError
        return found[0] if found else ""

    def each(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]


async def read_form(scope: Mapping[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]) -> Form:
    """Raises BadFormError."""
    kinds = [value.partition(b";")[0].strip().lower() for name, value in scope["headers"] if name == b"content-type"]
    if kinds != [b"application/x-www-form-urlencoded"]:
        raise BadFormError
    try:
        async with asyncio.timeout(PATIENCE):
            body = await read_body(receive, LARGEST)
        return Form(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS))
    except (BodyTooLargeError, BodyBrokenOffError, ValueError, TimeoutError):
        raise BadFormError from None


def choice_of(given: Mapping[str, str], readings: Readings, until: int | None = None) -> LetterFilter:
    """Raises BadFormError, OperateError."""
    whose: dict[str, Whose | None] = {"": None, "ours": "ours", "theirs": "theirs"}
    if (
        given.get("whose", "") not in whose
        or given.get("stage", "") not in ("", *STAGES)
        or given.get("app", "") not in ("", *readings.apps)
    ):
        raise BadFormError
    return LetterFilter(
        since=since_of(given.get("since", "")),
        until=until,
        cause=given.get("cause", ""),
        stage=given.get("stage", ""),
        whose=whose[given.get("whose", "")],
        filter=Filter(app=given.get("app", ""), conversation=given.get("conversation", ""), user=given.get("user", "")),
    )


def since_of(text: str) -> int | None:
    """In whole minutes, so that a page that is asked for again is read once. Raises OperateError."""
    if not text:
        return None
    try:
        return max(0, moment(text[:40], now()) // 60_000 * 60_000)
    except (ValueError, OverflowError) as error:
        raise OperateError(text_of(error)) from None


async def acted(readings: Readings, form: Form, words: Words, person: Person) -> View:
    """What is about to be done, to be confirmed. Raises BadFormError, OperateError."""
    if not person.operates:
        return problem_view(words, words("not-operator"), 403)
    until = now()
    act, letters = await _chosen(readings, form, until)
    if not letters:
        return await _again(readings, act.given, words, person, words("none-chosen"))
    return confirm_view(act, letters, _old(letters, readings), readings.settings.deliver.max_age, words, person)


async def resolve_letters(readings: Readings, audit: AuditLog, form: Form, words: Words, person: Person, source: str) -> View:
    """Done only to as many letters as the person was shown. Raises BadFormError, OperateError."""
    if not person.operates:
        return problem_view(words, words("not-operator"), 403)
    until, expected = _number(form.one("until")), _number(form.one("count"))
    act, letters = await _chosen(readings, form, until)
    reason = form.one("reason").strip()
    if len(reason) > REASON:
        raise BadFormError
    refused = ""
    if not letters:
        refused = words("none-chosen")
    elif len(letters) != expected:
        refused = words("changed", count=len(letters), expected=expected)
    elif act.what == "drop" and not reason:
        refused = words("reason-needed")
    elif act.what == "replay" and _old(letters, readings) and form.one("older") != "yes":
        refused = words("older-needed")
    if refused:
        return await _again(readings, act.given, words, person, refused)
    end, what = _ENDS[act.what]
    subject = _subject(letters)
    said = reason if act.what == "drop" else ""
    begun = await audit.begin(what, person.name, person.role, source, subject=subject, reason=said, count=len(letters))
    mark = Resolution(resolved=end, offset=0, at=now(), by=f"{person.name} (console)", reason=said)
    try:
        counts = await asyncio.shield(asyncio.ensure_future(readings.resolve(letters, mark)))
    except OperateError:
        await audit.end(begun, "failed", len(letters))
        raise
    await audit.end(begun, "done", counts.done)
    left = await readings.letters(choice_of(act.given, readings))
    return letters_view(left.letters, act.given, sorted(readings.apps), words, person, done(act.what, counts, words))


async def _chosen(readings: Readings, form: Form, until: int) -> tuple[LetterAct, list[LetterSummary]]:
    what, scope, places = form.one("what"), form.one("scope"), form.each("place")
    if what not in _ENDS or scope not in ("chosen", "all"):
        raise BadFormError
    given = {name: form.one(name) for name in FILTERS}
    found = await readings.letters(choice_of(given, readings, until))
    letters = found.letters
    if scope == "chosen":
        letters = [one for one in letters if place_of(one) in frozenset(places)]
    return LetterAct(what=what, given=given, places=places if scope == "chosen" else None, until=until, count=len(letters)), letters


async def _again(readings: Readings, given: Mapping[str, str], words: Words, person: Person, said: str) -> View:
    found = await readings.letters(choice_of(given, readings))
    return letters_view(found.letters, given, sorted(readings.apps), words, person, box("bad", said))


def _old(letters: list[LetterSummary], readings: Readings) -> int:
    return sum(one.letter.at < now() - readings.settings.deliver.max_age * 1000 for one in letters)


def _subject(letters: list[LetterSummary]) -> str:
    """Their keys, as many as have room."""
    text = " ".join(one.name for one in letters[:SHOWN])
    return text if len(text) <= SUBJECT else text[: SUBJECT - 2] + " …"


def _number(text: str) -> int:
    """Raises BadFormError."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise BadFormError
    return int(text)


def now() -> int:
    return int(time.time() * 1000)
