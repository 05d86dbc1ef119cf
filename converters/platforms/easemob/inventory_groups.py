"""Lists of groups and chat rooms and of who is in them. Source: "Easemob: Manage groups", "… Group members", "… Chat rooms"."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Literal

from converters.core.lenient import word
from converters.inventory import Group, GroupBlock, GroupMember, Room, RoomMember
from converters.migration import Cursor, Found, Reader, Reading
from converters.paging import Page, PageReading, paged
from converters.platform import TimeRange
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.inventory_find import Listed, listed_ids
from converters.platforms.easemob.listing import get, rows_of
from converters.platforms.easemob.requests import escaped
from converters.platforms.easemob.values import flag, number, table, text

_GROUPS, _DETAILS, _MEMBERS = 1000, 100, 1000


def groups(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del subjects, span
    return (yield from _all("chatgroups", "group", cursor, account))


def rooms(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del subjects, span
    return (yield from _all("chatrooms", "room", cursor, account))


def _all(kind: str, what: Literal["group", "room"], cursor: str, account: EasemobAccount) -> Reading:
    def page(_: str, cursor: str) -> PageReading:
        query = f"limit={_GROUPS}" + (f"&cursor={escaped(cursor)}" if cursor else "")
        answer = yield from get(f"{kind}?{query}", f"{kind}/list", account)
        if isinstance(answer, str):
            return answer
        ids = listed_ids(answer)
        return Page(tuple(Found(what, one) for one in ids), text(answer.cursor) if ids else "")

    return (yield from paged(("",), cursor, page))


def group_details(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span, cursor
    answer = yield from get(f"chatgroups/{','.join(map(escaped, subjects))}", "chatgroups/get", account)
    if isinstance(answer, str):
        return answer
    for row in map(table, rows_of(answer)):
        said = yield from get(f"chatgroups/{escaped(text(row.get('id')))}/announcement", "chatgroups/announcement/get", account)
        yield Group(
            id=text(row.get("id")),
            name=text(row.get("name")),
            description=text(row.get("description")),
            avatar=text(row.get("avatar")),
            owner=text(row.get("owner")),
            public=_yes(row, "public"),
            approval=_yes(row, "membersonly"),
            invites=_yes(row, "allowinvites"),
            max=int(number(row.get("maxusers"))),
            ext=text(row.get("custom")),
            muted=_yes(row, "mute"),
            created=int(number(row.get("created"))),
            announcement="" if isinstance(said, str) else text(table(said.data).get("announcement")),
        )
    return ""


def room_details(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span, cursor
    answer = yield from get(f"chatrooms/{','.join(map(escaped, subjects))}", "chatrooms/get", account)
    if isinstance(answer, str):
        return answer
    for row in map(table, rows_of(answer)):
        said = yield from get(f"chatrooms/{escaped(text(row.get('id')))}/announcement", "chatrooms/announcement/get", account)
        yield Room(
            id=text(row.get("id")),
            name=text(row.get("name")),
            description=text(row.get("description")),
            owner=text(row.get("owner")),
            max=int(number(row.get("maxusers"))),
            ext=text(row.get("custom")),
            muted=_yes(row, "mute"),
            created=int(number(row.get("created"))),
            announcement="" if isinstance(said, str) else text(table(said.data).get("announcement")),
        )
    return ""


def _yes(row: dict[str, Any], field: str) -> bool:
    return flag(row.get(field)) is True


def members(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    """Ranks and mutes are asked for before each page that is gone on with."""
    del span
    for group in subjects:
        ranks = yield from _ranks("chatgroups", group, account)
        if isinstance(ranks, str):
            return ranks
        page = int(cursor or "1")
        while True:
            query = f"pagenum={page}&pagesize={_MEMBERS}"
            answer = yield from get(f"chatgroups/{escaped(group)}/users?{query}", "chatgroups/users/list", account)
            if isinstance(answer, str):
                return answer
            rows = list(map(table, rows_of(answer)))
            for row in rows:
                if name := text(row.get("owner")) or text(row.get("member")):
                    role: Literal["owner", "admin", "member"] = (
                        "owner" if row.get("owner") else "admin" if name in ranks.admins else "member"
                    )
                    yield GroupMember(group=group, user=name, role=role, **ranks.of(name))
            if len(rows) < _MEMBERS:
                break
            page += 1
            yield Cursor(str(page))
        cursor = ""
    return ""


def room_members(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    """Those who have a rank, or may not speak."""
    del span, cursor
    for room in subjects:
        ranks = yield from _ranks("chatrooms", room, account)
        if isinstance(ranks, str):
            return ranks
        for name in sorted({*ranks.admins, *ranks.mutes, *ranks.allowed}):
            yield RoomMember(room=room, user=name, role="admin" if name in ranks.admins else "member", **ranks.of(name))
    return ""


class _Ranks:
    def __init__(self, admins: Iterator[str], mutes: dict[str, int], allowed: Iterator[str]) -> None:
        self.admins = frozenset(admins)
        self.mutes = mutes
        self.allowed = frozenset(allowed)

    def of(self, user: str) -> dict[str, Any]:
        return {"muted": user in self.mutes, "muted_until": self.mutes.get(user, 0), "allowed": user in self.allowed}


def _ranks(kind: str, group: str, account: EasemobAccount) -> Generator[Any, Any, _Ranks | str]:
    held: list[Listed] = []
    for name, api in (("admin", "admin"), ("mute", "mute"), ("white/users", "white")):
        answer = yield from get(f"{kind}/{escaped(group)}/{name}", f"{kind}/{api}/list", account)
        if isinstance(answer, str):
            return answer
        held.append(answer)
    admins, mutes, allowed = held
    ends = {text(row.get("user")): max(0, int(number(row.get("expire")))) for row in map(table, rows_of(mutes))}
    return _Ranks(map(word, rows_of(admins)), ends, map(word, rows_of(allowed)))


def group_blocks(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span, cursor
    for group in subjects:
        answer = yield from get(f"chatgroups/{escaped(group)}/blocks/users", "chatgroups/blocks/list", account)
        if isinstance(answer, str):
            return answer
        for name in map(word, rows_of(answer)):
            yield GroupBlock(group=group, user=name)
    return ""


def member_attributes(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: EasemobAccount) -> Reading:
    del span, cursor
    for subject in subjects:
        group, _, user = subject.partition("|")
        answer = yield from get(f"metadata/chatgroup/{escaped(group)}/user/{escaped(user)}", "chatgroups/attributes/get", account)
        if isinstance(answer, str):
            return answer
        held = {key: text(value) for key, value in table(answer.data).items()}
        yield GroupMember(group=group, user=user, name=held.pop(account.member_name, ""), attributes=held)
    return ""


GROUP_READERS = (
    Reader(name="groups", of="app", ask=groups),
    Reader(
        name="group-details",
        of="group",
        most=_DETAILS,
        tells=("name", "description", "avatar", "owner", "public", "invites", "announcement", "muted"),
        ask=group_details,
    ),
    Reader(name="members", of="group", tells=("role", "muted", "allowed"), ask=members),
    Reader(name="group-blocks", of="group", ask=group_blocks),
    Reader(name="member-attributes", of="member", tells=("name", "attributes"), ask=member_attributes),
    Reader(name="rooms", of="app", ask=rooms),
    Reader(
        name="room-details", of="room", most=_DETAILS, tells=("name", "description", "owner", "announcement", "muted"), ask=room_details
    ),
    Reader(name="room-members", of="room", tells=("role", "muted"), ask=room_members),
)
