"""Looks at one item alone: what of it the target does not take, and the item as it will be moved."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from converters.inventory import AnyItem, GroupMember, Setting, User, kind_of
from converters.migration_rules import MigrationRules, TextLimit
from converters.routing.user_ids import IdRule, canonical_id

SECONDS_BELOW = 100_000_000_000
"""As milliseconds this is March 1973; as seconds it is the year 5138."""
_OLDEST = 946_684_800_000
"""2000, in milliseconds: what is earlier as microseconds is none. The year 9999 stands for ever."""
AHEAD = 10 * 60 * 1000
"""Milliseconds that clocks may be apart."""

_PHONE = re.compile(r"(?:\+|00)?(?:86)?1[3-9]\d{9}|\+\d{8,15}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""No target shows them, and some refuse them; tabs and line ends are left."""
_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_OFFSET = re.compile(r"Z|UTC|[+-](?:0\d|1[0-4]):[0-5]\d")
_UNITS = ("seconds", "micros")
_PAST = ("created", "joined")
_TIMES = (*_PAST, "until", "muted_until")
_IDS = ("id", "owner", "friend", "blocked", "group", "user", "room", "peer")
_USERS = {"user": ("id",), "friendship": ("owner", "friend"), "block": ("owner", "blocked"), "group": ("owner",), "room": ("owner",)}


class Finding(Struct, frozen=True):
    kind: str
    """As of `converters.migration_problems`."""
    text: str


class Examined(Struct, frozen=True):
    item: AnyItem | None
    """As it will be moved; None: not at all."""
    findings: tuple[Finding, ...] = ()


def odd_id(text: str) -> bool:
    """Whether *text* can be no id: the characters divide keys from each other, or cannot be shown."""
    if text.isascii() and text.isprintable():  # nearly all are
        return not 0 < len(text) <= 256
    return len(text) > 256 or _CONTROL.search(text) is not None


def without_control(text: str) -> str:
    """*text* itself where there are none."""
    return text if text.isprintable() or _UNSEEN.search(text) is None else _UNSEEN.sub("", text)


def likeness(name: str) -> str:
    """What people take *name* for: its compatible form, without spaces around it and what is not seen. Users with one likeness are easily taken for each other."""
    if name.isascii():
        return name.strip().lower()
    plain = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", plain.casefold()).strip()


def like_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None


def odd_time(at: int, now: int) -> str:
    """`seconds`, `micros`, `future`, or empty: the kind of the problem with a time that lies in the past."""
    if at <= now + AHEAD:
        return "seconds" if 0 < at < SECONDS_BELOW else ""
    return "micros" if _OLDEST <= at // 1000 <= now + AHEAD else "future"


def read_time(at: int, now: int, accepted: frozenset[str]) -> tuple[int, str]:
    """(*at* in ms as a person has *accepted* it, what is still odd about it)."""
    odd = odd_time(at, now)
    if odd in _UNITS and odd in accepted:
        at = at * 1000 if odd == "seconds" else at // 1000
        odd = odd_time(at, now)
    return at, odd


class Examiner:
    """*accepted*: kinds of problems that a person has accepted."""

    def __init__(self, rules: MigrationRules, ids: IdRule, now: int, accepted: frozenset[str]) -> None:
        self._rules, self._ids, self._now, self._accepted = rules, ids, now, accepted
        self._limits: dict[str, list[tuple[str, TextLimit]]] = {}
        """Fields of texts by the tag of the item."""
        for name, limit in rules.texts.items():
            kind, _, field = name.partition(".")
            self._limits.setdefault(kind, []).append((field, limit))

    def examine(self, item: AnyItem) -> Examined:
        kind = kind_of(item)
        findings: list[Finding] = []
        for field in _IDS:
            text = getattr(item, field, None)
            if text is not None and odd_id(text) and not (isinstance(item, Setting) and text == ""):
                return Examined(None, (Finding("id", f"{field} of a {kind} is no id: {len(text)} characters"),))
        if self._with_itself(item, kind):
            return Examined(None, (Finding("self", f"a {kind} of somebody with themselves"),))
        changes: dict[str, Any] = {}
        findings += self._times(item, changes)
        if isinstance(item, Setting):
            findings += self._hours(item, changes)
        findings += self._texts(item, kind, changes)
        item = structs.replace(item, **changes) if changes else item
        changes = {}
        findings += self._attributes(item, changes)
        item = structs.replace(item, **changes) if changes else item
        if isinstance(item, User):
            findings += self._id(item.id)
            if not self._rules.phone_ids and "phone" not in self._accepted and like_phone(item.id):
                return Examined(None, (*findings, Finding("phone", f"{item.id} looks like a telephone number")))
        return Examined(item, tuple(findings))

    def _with_itself(self, item: AnyItem, kind: str) -> bool:
        if isinstance(item, Setting):
            return bool(item.peer) and canonical_id(item.peer) == canonical_id(item.user)
        names = [canonical_id(getattr(item, field)) for field in _USERS.get(kind, ())]
        return len(names) == 2 and names[0] == names[1]

    def _id(self, name: str) -> Iterator[Finding]:
        written = self._ids.write(name)
        if written.hashed:
            yield Finding("hashed-id", f"{name} is written {written.native}")
        elif written.native != canonical_id(name):
            yield Finding("changed-id", f"{name} is written {written.native}")

    def _times(self, item: AnyItem, changes: dict[str, Any]) -> Iterator[Finding]:
        for field in _TIMES:
            at = getattr(item, field, 0)
            read, odd = read_time(at, self._now, self._accepted)
            if odd in _UNITS or (odd == "future" and field in _PAST):
                changes[field] = 0
                yield Finding(odd, f"{field} is {at}")
            elif read != at:
                changes[field] = read

    def _hours(self, item: Setting, changes: dict[str, Any]) -> Iterator[Finding]:
        """Whether a name of a zone is known is asked where the table of zones is: see `zone_known`."""
        if not (item.quiet_from or item.quiet_to):
            return
        if not (_HOURS.fullmatch(item.quiet_from) and _HOURS.fullmatch(item.quiet_to)):
            changes |= {"quiet_from": "", "quiet_to": ""}
            yield Finding("zone", "quiet hours are no HH:MM")

    def _texts(self, item: AnyItem, kind: str, changes: dict[str, Any]) -> Iterator[Finding]:
        for field, limit in self._limits.get(kind, ()):
            text = getattr(item, field)
            if not text:
                continue
            if (plain := without_control(text)) is not text:
                text = changes[field] = plain
                yield Finding("control", f"{field} has control characters")
            cut = limit.cut(text)
            if cut != text:
                changes[field] = cut
                size = len(text) if limit.unit == "characters" else len(text.encode())
                yield Finding("text", f"{field} has {size} {limit.unit}; {limit.most} are taken")

    def _attributes(self, item: AnyItem, changes: dict[str, Any]) -> Iterator[Finding]:
        if isinstance(item, User):
            size, most = _bytes(self._rules.attributes_of(item)), self._rules.attributes
        elif isinstance(item, GroupMember):
            size, most = _bytes(item.attributes), self._rules.member_attributes
        else:
            return
        if size > most:
            changes["attributes"] = {}
            yield Finding("attributes", f"{size} bytes of attributes; {most} are taken")


def zone_in_form(zone: str) -> bool:
    """Whether *zone* is an offset as `+08:00`; any other has to be a name of the table of time zones."""
    return _OFFSET.fullmatch(zone) is not None


def _bytes(attributes: Any) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in attributes.items())
