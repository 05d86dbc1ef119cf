"""Lists that Easemob gives out, to be held against what a migration has written.

Source: "Easemob: Manage users", "… User attributes", "… Contacts", "… Block lists", "… Groups", "… Group members", "… Chat rooms", "… Push settings".
Whoever reads a page gets what was there when it was asked for: beside live traffic lists may be a little ahead.
"""

from collections.abc import Sequence
from typing import Any, Literal

from converters.core import wire
from converters.inventory import Block, Friendship, Setting, User
from converters.migration import Reader, Reading
from converters.paging import Page, PageReading, paged
from converters.platform import TimeRange
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.inventory_groups import GROUP_READERS
from converters.platforms.easemob.listing import ask, get, rows_of
from converters.platforms.easemob.requests import call, escaped
from converters.platforms.easemob.values import flag, number, table, text

_USERS, _TARGETS, _FRIENDS, _BLOCKED = 100, 100, 50, 50
_PROPERTIES = ("nickname", "avatarurl", "phone", "mail", "gender", "sign", "birth", "ext")
_GENDERS: dict[str, Literal["male", "female"]] = {"1": "male", "2": "female"}
_MODES: dict[str, Literal["", "all", "mentions", "none"]] = {"ALL": "all", "AT": "mentions", "NONE": "none", "DEFAULT": ""}


def users(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del subjects, span

    def page(_: str, cursor: str) -> PageReading:
        query = f"limit={_USERS}" + (f"&cursor={escaped(cursor)}" if cursor else "")
        answer = yield from get(f"users?{query}", "users/list", account)
        if isinstance(answer, str):
            return answer
        rows = [table(row) for row in rows_of(answer)]
        found = tuple(_user(name, row) for row in rows if (name := text(row.get("username"))))
        return Page(found, text(answer.cursor) if rows else "")

    return (yield from paged(("",), cursor, page))


def _user(name: str, row: dict[str, Any]) -> User:
    return User(
        id=name,
        push_name=text(row.get("nickname")),
        push_style=_style(row),
        created=int(number(row.get("created"))),
        state="banned" if flag(row.get("activated")) is False else "",
    )


def _style(row: dict[str, Any]) -> Literal["", "plain", "content"]:
    match text(row.get("notification_display_style")):
        case "0":
            return "plain"
        case "1":
            return "content"
        case _:
            return ""


def attributes(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span, cursor
    body = {"targets": list(subjects), "properties": list(_PROPERTIES)}
    answer = yield from ask(call(account, "POST", "metadata/user/get", "metadata/user/get", body))
    if isinstance(answer, str):
        return answer
    for name, held in table(answer.data).items():
        yield _attributed(name, table(held))
    return ""


def _attributed(name: str, held: dict[str, Any]) -> User:
    try:
        ext = table(wire.load_any(text(held.get("ext")) or "{}"))
    except wire.Malformed:
        ext = {"ext": held.get("ext")}
    return User(
        id=name,
        name=text(held.get("nickname")),
        avatar=text(held.get("avatarurl")),
        phone=text(held.get("phone")),
        mail=text(held.get("mail")),
        sign=text(held.get("sign")),
        birth=text(held.get("birth")),
        gender=_GENDERS.get(text(held.get("gender")), ""),
        attributes={key: text(value) for key, value in ext.items()},
    )


def friends(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span

    def page(owner: str, cursor: str) -> PageReading:
        query = f"limit={_FRIENDS}&needReturnRemark=true" + (f"&cursor={escaped(cursor)}" if cursor else "")
        answer = yield from get(f"user/{escaped(owner)}/contacts?{query}", "contacts/list", account)
        if isinstance(answer, str):
            return answer
        held = table(answer.data)
        contacts = held.get("contacts")
        rows = [table(row) for row in contacts] if isinstance(contacts, list) else []
        found = tuple(
            Friendship(owner=owner, friend=name, remark=text(row.get("remark"))) for row in rows if (name := text(row.get("username")))
        )
        return Page(found, text(held.get("cursor")) or text(answer.cursor) if contacts else "")

    return (yield from paged(subjects, cursor, page))


def blocks(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span

    def page(owner: str, cursor: str) -> PageReading:
        query = f"pageSize={_BLOCKED}" + (f"&cursor={escaped(cursor)}" if cursor else "")
        answer = yield from get(f"users/{escaped(owner)}/blocks/users?{query}", "blocks/list", account)
        if isinstance(answer, str):
            return answer
        names = [text(row) for row in answer.data] if isinstance(answer.data, list) else []
        return Page(tuple(Block(owner=owner, blocked=name) for name in names if name), text(answer.cursor) if names else "")

    return (yield from paged(subjects, cursor, page))


def settings(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    """Quiet hours as Easemob's clock has them, without a zone. The default of a user who has none set is answered as well."""
    del span, cursor
    for subject in subjects:
        user, kind, other = subject.split("|", 2)
        key = f"chatgroup/{escaped(other)}" if kind == "group" else f"user/{escaped(other or user)}"
        answer = yield from get(f"users/{escaped(user)}/notification/{key}", "notification", account)
        if isinstance(answer, str):
            return answer
        held = table(answer.data)
        begin, _, end = text(held.get("ignoreInterval")).partition("-")
        peer, group = (other, "") if kind == "user" else ("", other)
        yield Setting(
            user=user,
            peer=peer,
            group=group,
            mode=_MODES.get(text(held.get("type")), ""),
            until=int(number(held.get("ignoreDuration"))),
            quiet_from=begin,
            quiet_to=end,
        )
    return ""


READERS = (
    Reader(name="users", of="app", tells=("push_name", "push_style", "state"), ask=users),
    Reader(
        name="attributes",
        of="user",
        most=_TARGETS,
        tells=("name", "avatar", "gender", "mail", "phone", "sign", "birth", "attributes"),
        ask=attributes,
    ),
    Reader(name="friends", of="user", tells=("remark",), ask=friends),
    Reader(name="blocks", of="user", ask=blocks),
    Reader(name="settings", of="setting", tells=("mode",), ask=settings),
    *GROUP_READERS,
)
