"""What happens to a team or a superteam, and the NOTIFICATION of it, which is also in history.

Source: "Yunxin: Message copy, notifications". How a mute is told is not on the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.simulators.calls import Call
from tests.simulators.messages import Message
from tests.simulators.people import Group
from tests.simulators.yunxin.state import Yunxin


class Notification(NamedTuple):
    """Its id in a team and in a superteam, and which keys ``data`` has besides ``uinfos``."""

    team: int
    superteam: int
    keys: str


LIFE = {
    "add": Notification(0, 401, "ids tinfo"),
    "kick": Notification(1, 402, "ids tinfo"),
    "leave": Notification(2, 403, "tinfo"),
    "update": Notification(3, 404, "changed"),
    "remove": Notification(4, 405, ""),
    "pass": Notification(5, 410, "id tinfo"),
    "change_owner": Notification(6, 406, "id tinfo"),
    "add_manager": Notification(7, 407, "ids"),
    "remove_manager": Notification(8, 408, "ids"),
    "accept": Notification(9, 411, "id tinfo"),
    "mute": Notification(10, 409, "ids mute"),
}
TINFO = {
    "tname": "3",
    "max": "6",
    "intro": "14",
    "announcement": "15",
    "joinmode": "16",
    "custom": "18",
    "icon": "20",
    "beinvitemode": "21",
    "invitemode": "22",
    "uptinfomode": "23",
    "upcustommode": "24",
}
UINFO = {"name": "3", "icon": "4", "sign": "5", "gender": "6", "email": "7", "birth": "8", "mobile": "9", "ex": "10", "created": "12"}


def happen(yunxin: Yunxin, team: Group, what: str, operator: str, users: Sequence[str], call: Call | None, **changes: Any) -> Message:
    """Carry out one of ``LIFE`` and tell of it. *users* are those whom it is about, the inviter for ``accept``."""
    alter(team, what, operator, users, changes)
    notification = LIFE[what]
    own = "superteam" in team.settings and yunxin.options.superteam_ids == "own"
    people = [operator, *users]
    data: dict[str, Any] = {"uinfos": [uinfo(yunxin, user) for user in (people if what == "pass" else dict.fromkeys(people))]}
    for key in notification.keys.split():
        match key:
            case "ids":
                data["ids"] = list(users)
            case "id":
                data["id"] = users[0]
            case "tinfo":
                data["tinfo"] = tinfo(team, yunxin.now())
            case "changed":
                data["tinfo"] = {TINFO[name]: str(value) for name, value in changes.items() if name in TINFO} | {"12": str(yunxin.now())}
            case _:
                data["mute"] = int(bool(changes["mute"]))
    content = {"data": data, "id": notification.superteam if own else notification.team}
    message = yunxin.store("group", operator, team.id, "NOTIFICATION", content, rest=call is not None)
    yunxin.copy(message, call)
    if what == "remove":
        yunxin.dismissed[team.id] = yunxin.people.groups.pop(team.id)
    return message


def alter(team: Group, what: str, operator: str, users: Sequence[str], changes: Mapping[str, Any]) -> None:
    match what:
        case "add" | "pass":
            team.members += users
        case "accept":
            team.members.append(operator)
        case "kick":
            go(team, users)
        case "leave":
            go(team, [operator])
        case "change_owner":
            go(team, users)
            team.owner = users[0]
            team.members.insert(0, team.owner)
            if changes.get("leave"):
                go(team, [operator])
        case "add_manager":
            team.settings["managers"] = [*managers(team), *users]
        case "remove_manager":
            team.settings["managers"] = [one for one in managers(team) if one not in users]
        case "mute":
            rest = [one for one in muted(team) if one not in users]
            team.settings["muted"] = [*rest, *users] if changes["mute"] else rest
        case "update":
            team.name = changes.get("tname", team.name)
            team.custom = changes.get("custom", team.custom)
            team.settings |= {name: value for name, value in changes.items() if name not in ("tname", "custom")}
        case _:
            assert what == "remove", what


def go(team: Group, users: Sequence[str]) -> None:
    team.members = [one for one in team.members if one not in users]
    team.settings["managers"] = [one for one in managers(team) if one not in users]


def managers(team: Group) -> list[str]:
    listed = team.settings.get("managers", [])
    assert isinstance(listed, list)
    return listed


def muted(team: Group) -> list[str]:
    listed = team.settings.get("muted", [])
    assert isinstance(listed, list)
    return listed


def tinfo(team: Group, now: int) -> dict[str, str]:
    facts = {
        "1": team.id,
        "3": team.name,
        "4": "1",
        "5": team.owner,
        "8": "1",
        "9": str(len(team.members)),
        "11": str(team.created),
        "12": str(now),
    }
    if team.custom:
        facts["18"] = team.custom
    return facts | {TINFO[name]: str(value) for name, value in team.settings.items() if name in TINFO}


def uinfo(yunxin: Yunxin, user: str) -> dict[str, str]:
    profile = yunxin.people.users.get(user, {})
    known = {UINFO[name]: str(value) for name, value in profile.items() if name in UINFO}
    return {"1": user, "3": user, "6": "0"} | known


def invite(yunxin: Yunxin, team: Group, what: str, operator: str, listeners: Sequence[str], words: str, call: Call | None) -> Message:
    """An application or an invitation, or the refusal of one: heard by *listeners* alone, in no history."""
    prefix = "SUPERTEAM" if "superteam" in team.settings else "TEAM"
    named = what in ("invite", "apply_reject")
    content = {"tinfo": tinfo(team, yunxin.now())} if named else None
    notice = yunxin.notice("group", operator, team.id, f"{prefix}_{what.upper()}", content, text=words, rest=call is not None)
    yunxin.post(notice, yunxin.copies.custom(notice, team, listeners, safe=True), call)
    return notice
