"""What RongCloud gives out of users, relations, groups and history, to be moved from there.

Source: "RongCloud: users", "… groups", "… notification settings", "… hosted friends", "RongCloud: v3/message/private/query", "… group/query",
"RongCloud: Message history log". There is no list of all users; a classic group has no owner and no ranks: whose it is, the customer's own server
knows, and the setting `operator` may stand for. Of hosted groups the service knows both.
"""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import structs

from converters.core import offset_hours as hours
from converters.core.lenient import milliseconds, word
from converters.inventory import Block, Friendship, GroupMember, Setting, User
from converters.inventory import Group as Team
from converters.migration import Found, NoAnswer, Reader, Reading
from converters.paging import Page, PageReading, paged
from converters.platform import TimeRange
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import text
from converters.platforms.rongcloud.hosted_groups import hosted, ranks
from converters.platforms.rongcloud.ids import ULTRA
from converters.platforms.rongcloud.inventory_history import ask, history, logs, rows
from converters.platforms.rongcloud.sending import call

_GROUPS, _FRIENDS, _BLOCKED = 1000, 100, 100
_MODES: dict[str, Literal["all", "mentions", "none"]] = {"-1": "all", "1": "mentions", "2": "mentions", "4": "mentions", "5": "none"}


def users(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    del span, cursor
    unknown = 0
    for user in subjects:
        answer = yield from ask(call("user/info", {"userId": user}))
        if isinstance(answer, str):
            if not answer.endswith("code 1002"):
                return answer
            unknown += 1
            continue
        created = hours.moment(text(answer.get("createTime")), account.hours_ahead) or 0
        yield User(id=user, name=text(answer.get("userName")), avatar=text(answer.get("userPortrait")), created=created)
    return f"user/info: {unknown} users are not known" if unknown else ""


def friends(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """Of apps that use the hosted service; without it the customer's own server keeps them."""
    del span, account

    def page(owner: str, cursor: str) -> PageReading:
        answer = yield from ask(
            call("friend/get", {"userId": owner, "size": str(_FRIENDS), "order": "0"} | ({"pageToken": cursor} if cursor else {}))
        )
        if isinstance(answer, str):
            return answer
        held = rows(answer, "friendList")
        found = tuple(
            Friendship(owner=owner, friend=name, remark=text(row.get("remarkName")), created=milliseconds(text(row.get("time")), 0))
            for row in held
            if isinstance(row, dict) and (name := text(row.get("userId")))
        )
        return Page(found, text(answer.get("pageToken")) if held else "")

    return (yield from paged(subjects, cursor, page))


def blocks(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    del span, account

    def page(owner: str, cursor: str) -> PageReading:
        answer = yield from ask(
            call("user/blacklist/query", {"userId": owner, "size": str(_BLOCKED)} | ({"pageToken": cursor} if cursor else {}))
        )
        if isinstance(answer, str):
            return answer
        names = [word(name) for name in rows(answer, "users") if isinstance(name, str | int)]
        return Page(
            tuple(Block(owner=owner, blocked=name) for name in names),
            text(answer.get("pageToken")) or text(answer.get("next")) if names else "",
        )

    return (yield from paged(subjects, cursor, page))


def joined(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """Nothing but the list of a member's groups tells what a group is called."""
    del span, account

    def page(user: str, cursor: str) -> PageReading:
        number = int(cursor or "1")
        answer = yield from ask(call("user/group/query", {"userId": user, "page": str(number), "size": str(_GROUPS)}))
        if isinstance(answer, str):
            return answer
        listed = rows(answer, "groups")
        named = [(name, row) for row in listed if isinstance(row, dict) and (name := text(row.get("id")))]
        found = tuple(each for name, row in named for each in (Found("group", name), Team(id=name, name=text(row.get("name")), owner="")))
        return Page(found, "" if len(listed) < _GROUPS else str(number + 1))

    return (yield from paged(subjects, cursor, page))


def members(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """With who may not speak, and who may although nobody may. *operator* of the settings is a classic group's owner where it is a member."""
    del span, cursor
    for group in subjects:
        if group.startswith(ULTRA):
            return "members of ultra groups are in no list"
        held: list[dict[str, Any]] = []
        for api, asked in (
            ("group/user/query", {"groupId": group}),
            ("group/user/gag/list", {"groupId": group}),
            ("group/ban/query", {"groupId": group}),
            ("group/user/ban/whitelist/query", {"groupId": group}),
        ):
            answer = yield from ask(call(api, asked))
            if isinstance(answer, str):
                return answer
            held.append(answer)
        inside, gagged, banned, allowed = held
        ranked = yield from ranks(group)
        if isinstance(ranked, NoAnswer):
            return ranked
        names = [text(row.get("id")) or text(row.get("userId")) for row in rows(inside, "users") if isinstance(row, dict)]
        mutes = {text(row.get("userId")): _until(row, account) for row in rows(gagged, "users") if isinstance(row, dict)}
        free = {word(name) for name in rows(allowed, "userIds") if isinstance(name, str | int)}
        muted = any(
            text(row.get("stat")) in {"1", "true"}
            for row in rows(banned, "groupinfo")
            if isinstance(row, dict) and text(row.get("groupId")) == group
        )
        owner = next((one.user for one in ranked.values() if one.role == "owner"), "")
        owner = owner or (account.operator if account.operator in names and not ranked else "")
        yield Team(id=group, owner=owner, muted=muted)
        for name in filter(None, names):
            known = ranked.get(name) or GroupMember(group=group, user=name)
            yield structs.replace(
                known,
                role="owner" if name == owner else known.role,
                muted=name in mutes,
                muted_until=mutes.get(name, 0),
                allowed=name in free,
            )
    return ""


def _until(row: dict[str, Any], account: RongcloudAccount) -> int:
    """A mute without an end has none, or one that lies decades ahead."""
    return hours.moment(text(row.get("time")), account.hours_ahead) or 0


def settings(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """The hours in which a user wants no push, by the clock of the data centre."""
    del span, cursor
    for user in subjects:
        answer = yield from ask(call("user/blockPushPeriod/get", {"userId": user}))
        if isinstance(answer, str):
            return answer
        held = answer.get("data")
        if not isinstance(held, dict):
            continue
        begin, period = text(held.get("startTime")), int(milliseconds(text(held.get("period")), 0))
        end = _after(begin, period)
        if end:
            sign = "-" if account.hours_ahead < 0 else "+"
            whole = round(abs(account.hours_ahead) * 60)
            zone = f"{sign}{whole // 60:02}:{whole % 60:02}"
            yield Setting(user=user, quiet_from=begin[:5], quiet_to=end, zone=zone)
    return ""


def _after(begin: str, minutes: int) -> str:
    parts = begin.split(":")
    if not minutes or len(parts) < 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        return ""
    at = (int(parts[0]) * 60 + int(parts[1]) + minutes) % 1440
    return f"{at // 60:02}:{at % 60:02}"


def quiet(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: RongcloudAccount) -> Reading:
    """How much of one conversation rings; as of `converters.migration.subject_of` a setting."""
    del span, cursor, account
    for subject in subjects:
        user, kind, other = subject.split("|", 2)
        if not kind:
            continue
        asked = {"conversationType": "3" if kind == "group" else "1", "requestId": user, "targetId": other}
        answer = yield from ask(call("conversation/notification/get", asked))
        if isinstance(answer, str):
            return answer
        mode = _MODES.get(text(answer.get("isMuted")) or text(answer.get("unpushLevel")))
        if mode is not None:
            yield Setting(user=user, peer="" if kind == "group" else other, group=other if kind == "group" else "", mode=mode)
    return ""


READERS = (
    Reader(name="users", of="user", ask=users, needs="Names of users: there is no list of them."),
    Reader(name="friends", of="user", ask=friends, needs="The hosted friends service; else the customer's own server keeps them."),
    Reader(name="blocks", of="user", ask=blocks),
    Reader(name="joined", of="user", ask=joined),
    Reader(name="hosted", of="user", ask=hosted, needs="The hosted groups service; without it groups have a name and nothing else."),
    Reader(
        name="members", of="group", ask=members, needs="Owners and admins, but for hosted groups, are not RongCloud's: name the owners."
    ),
    Reader(name="settings", of="user", ask=settings),
    Reader(name="quiet", of="setting", ask=quiet),
    Reader(name="history", of="conversation", ask=history, needs="Cloud storage (云存储): half a year by default."),
    Reader(
        name="logs",
        of="app",
        ask=logs,
        whole=False,
        needs="The hourly message log, for three days, and from the day on which it was switched on; the last hour or two are not there yet.",
    ),
)
