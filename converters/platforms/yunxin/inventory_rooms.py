"""Chat rooms that are open, and who has a role or may not speak in them. Source: "Yunxin: chatroom/queryUserRoomIds.action", "… chatroom/get.action",
"… chatroom/membersByPage.action".

A room is listed for whoever made it. History of rooms is not asked for: what it is about is over.
"""

from collections.abc import Sequence
from typing import Any

from converters.core.lenient import milliseconds, word
from converters.inventory import Room, RoomMember
from converters.migration import Cursor, Found, Reading
from converters.platform import TimeRange
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.inventory import ask, rows
from converters.platforms.yunxin.values import parsed, record, text
from converters.routing.user_ids import fold

_PAGE = 100
_FIXED = "0"
"""Members who stay on the list when they leave."""
_YES = (True, "true", 1, "1")


def rooms(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    del span, cursor, account
    for user in subjects:
        answer = yield from ask("chatroom/queryUserRoomIds", {"creator": user})
        if isinstance(answer, str):
            return answer
        listed = parsed((record(answer.get("desc")) or {}).get("roomids"))
        for room in listed if isinstance(listed, list) else ():
            if isinstance(room, str | int) and (name := word(room)):
                yield Found("room", name)
    return ""


def room_members(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    """Each room, and of its fixed members those who are more or less than a member; the cursor is the time before which the others are."""
    del span, account
    for room in subjects:
        answer = yield from ask("chatroom/get", {"roomid": room, "needOnlineUserCount": "false"})
        if isinstance(answer, str):
            return answer
        info = record(answer.get("chatroom")) or {}
        owner = fold(text(info, "creator"))
        yield Room(
            id=room,
            name=text(info, "name"),
            owner=owner,
            announcement=text(info, "announcement"),
            ext=text(info, "ext"),
            muted=info.get("muted") in _YES,
        )
        unseen = yield from _members(room, owner, cursor)
        if unseen:
            return unseen
        cursor = ""
    return ""


def _members(room: str, owner: str, cursor: str) -> Reading:
    """The newest first. Whether the time that is given is without the member of that time, the page does not say."""
    until, seen, left = cursor or "0", frozenset[str](), 0
    while True:
        answer = yield from ask("chatroom/membersByPage", {"roomid": room, "type": _FIXED, "endtime": until, "limit": str(_PAGE)})
        if isinstance(answer, str):
            return answer
        members = rows(record(answer.get("desc")) or answer, "data", "members")
        names = {fold(text(member, "accid")) for member in members}
        for member in members:
            user = fold(text(member, "accid"))
            if user and user not in seen and user != owner:
                left += member.get("blacklisted") in _YES or member.get("tempMuted") in _YES
                yield from _ranked(room, user, member)
        oldest = min((milliseconds(text(member, "enterTime"), 0) for member in members), default=0)
        if len(members) < _PAGE or not names - seen or str(oldest) == until:
            break
        until, seen = str(oldest), frozenset(names)
        yield Cursor(until)
    return f"chatroom/membersByPage: {left} members are blocked, or muted for a while, in a room: that is not moved" if left else ""


def _ranked(room: str, user: str, member: dict[str, Any]) -> "list[RoomMember]":
    admin, muted = text(member, "type") == "MANAGER", member.get("muted") in _YES
    return [RoomMember(room=room, user=user, role="admin" if admin else "member", muted=muted)] if admin or muted else []
