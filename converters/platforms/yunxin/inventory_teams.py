"""Teams with their members, as they are now. Source: "Yunxin: team/queryDetail.action", "… team/listTeamMute.action", "Yunxin: superteam/getTinfos.action",
"… superteam/getTlists.action".

Of superteams the fields of a member are on no page: those of a team are taken, and what an SDK calls them.
"""

from collections.abc import Sequence
from typing import Any, Literal

from converters.core import wire
from converters.core.lenient import milliseconds
from converters.inventory import Group, GroupMember
from converters.migration import Cursor, Reader, Reading
from converters.platform import TimeRange
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.ids import SUPER
from converters.platforms.yunxin.inventory import ask, blocks, conversations, friends, history, rows, settings, teams, users
from converters.platforms.yunxin.inventory_rooms import room_members, rooms
from converters.platforms.yunxin.values import number, record, text
from converters.routing.user_ids import fold

_MEMBERS = 100
_ADMIN = {"1", "2", "3"}
_YES = (True, "true", 1, "1")


def groups(subjects: Sequence[str], span: TimeRange | None, cursor: str, account: YunxinAccount) -> Reading:
    del span
    for group in subjects:
        reading = _superteam(group, cursor, account) if group.startswith(SUPER) else _team(group, account)
        unseen = yield from reading
        if unseen:
            return unseen
        cursor = ""
    return ""


def _team(tid: str, account: YunxinAccount) -> Reading:
    del account
    answer = yield from ask("team/queryDetail", {"tid": tid})
    if isinstance(answer, str):
        return answer
    info = record(answer.get("tinfo")) or {}
    owner = record(info.get("owner")) or {}
    name = fold(text(owner, "accid"))
    yield _group(tid, info, name)
    silenced: set[str] = set()
    muted = yield from ask("team/listTeamMute", {"tid": tid, "owner": name})
    if not isinstance(muted, str):
        silenced = {fold(text(row, "accid")) for row in rows(muted, "mutes")}
    roles: list[tuple[list[dict[str, Any]], Literal["owner", "admin", "member"]]] = [
        ([owner], "owner"),
        (rows(info, "admins"), "admin"),
        (rows(info, "members"), "member"),
    ]
    for members, role in roles:
        for member in members:
            if user := fold(text(member, "accid")):
                yield _member(tid, user, role, member, muted=user in silenced or member.get("mute") in _YES)
    return ""


def _group(group: str, info: dict[str, Any], owner: str) -> Group:
    return Group(
        id=group,
        name=text(info, "tname"),
        description=text(info, "intro"),
        avatar=text(info, "icon"),
        owner=owner,
        approval=text(info, "joinmode") == "1",
        invites=text(info, "invitemode") == "1",
        invite_confirm=text(info, "beinvitemode") == "0",
        max=number(info, "maxusers"),
        announcement=_announced(text(info, "announcement")),
        ext=text(info, "custom") or text(info, "serverCustom"),
        muted=info.get("mute") in _YES or text(info, "muteType") in {"1", "3"},
        created=milliseconds(text(info, "createtime"), 0),
    )


def _announced(said: str) -> str:
    """Clients write a list of announcements as JSON; the last of them is shown."""
    try:
        listed = wire.load_any(said) if said.startswith("[") else None
    except wire.Malformed:
        listed = None
    if not isinstance(listed, list) or not listed or not isinstance(listed[-1], dict):
        return said
    last = listed[-1]
    return "\n".join(part for part in (text(last, "title"), text(last, "content")) if part) or said


def _member(group: str, user: str, role: Literal["owner", "admin", "member"], row: dict[str, Any], *, muted: bool) -> GroupMember:
    own = text(row, "custom")
    return GroupMember(
        group=group,
        user=user,
        role=role,
        name=text(row, "nick"),
        attributes={"custom": own} if own else {},
        muted=muted,
        joined=milliseconds(text(row, "createtime") or text(row, "joinTime"), 0),
    )


def _superteam(group: str, cursor: str, account: YunxinAccount) -> Reading:
    del account
    tid = group.removeprefix(SUPER)
    answer = yield from ask("superteam/getTinfos", {"tids": wire.dump_any([tid]).decode()})
    if isinstance(answer, str):
        return answer
    infos = rows(answer, "tinfos", "infos")
    if not infos:
        return "superteam/getTinfos: no such team any more"
    owner = fold(text(infos[0], "owner"))
    yield _group(group, infos[0], owner)
    begin, seen = cursor or "0", frozenset[str]()
    while True:
        answer = yield from ask("superteam/getTlists", {"tid": tid, "timetag": begin, "limit": str(_MEMBERS), "reverse": "1"})
        if isinstance(answer, str):
            return answer
        members = rows(answer, "tlists", "tlist", "members", "data")
        names = {fold(text(member, "accid")) for member in members}
        for member in members:
            user = fold(text(member, "accid"))
            if user and user not in seen:
                role: Literal["owner", "admin", "member"] = (
                    "owner" if user == owner else "admin" if text(member, "type") in _ADMIN else "member"
                )
                silent = member.get("mute") in _YES or text(member, "silentType") == "1"
                yield _member(group, user, role, member, muted=silent)
        last = max((milliseconds(text(member, "createtime") or text(member, "joinTime"), 0) for member in members), default=0)
        if len(members) < _MEMBERS or not names - seen or str(last) == begin:
            return ""
        begin, seen = str(last), frozenset(names)
        yield Cursor(begin)


READERS = (
    Reader(name="users", of="user", most=200, ask=users, needs="Names of accounts: there is no list of them."),
    Reader(name="friends", of="user", ask=friends),
    Reader(name="blocks", of="user", ask=blocks),
    Reader(name="teams", of="user", ask=teams),
    Reader(name="settings", of="user", ask=settings),
    Reader(name="groups", of="group", ask=groups),
    Reader(name="rooms", of="user", ask=rooms),
    Reader(name="room-members", of="room", ask=room_members),
    Reader(
        name="conversations",
        of="user",
        ask=conversations,
        whole=False,
        needs="Sessions of the cloud (云端会话), as many as the plan keeps; of others name the pairs.",
    ),
    Reader(name="history", of="conversation", ask=history, needs="Cloud history (云端历史消息): a year by default, at most three."),
)
