"""Lists of chat rooms and of those in them. Source: "Yunxin: chatroom/membersByPage.action", "Yunxin: chatroom/queryUserRoomIds.action".

The page has no answer in full: the list lies in ``desc.data``, as that of other calls about rooms does.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.roomlife import ROLES, roles
from tests.simulators.yunxin.state import Yunxin
from tests.simulators.yunxin.teams import BAD


def members(yunxin: Yunxin, call: Call) -> Answer:
    """Those who stay on the list, the newest first, from before ``endtime`` on. When somebody became one is not kept: each a ms after the other."""
    form = call.form()
    room, limit, end = yunxin.rooms.get(form.get("roomid", "")), form.get("limit", ""), form.get("endtime", "")
    if room is None:
        return Refusal(404, "no such room")
    if form.get("type") not in ("0", "1", "2") or not (limit.isdecimal() and end.isdecimal() and 1 <= int(limit) <= 100):
        return BAD
    if form["type"] != "0":
        return {"desc": {"data": []}}  # nobody is online here, and only clients come and go
    fixed = [
        room.owner,
        *(user for user in yunxin.people.users if user != room.owner and any(user in roles(room, role) for role in ROLES.values())),
    ]
    listed = [{**member(room, user), "enterTime": room.created + place} for place, user in enumerate(fixed)]
    before = [one for one in reversed(listed) if not int(end) or one["enterTime"] < int(end)]
    return {"desc": {"data": before[: int(limit)]}}


def member(room: Group, user: str) -> dict[str, Any]:
    """What is not so has no field."""
    limited = {name: True for name, role in (("blacklisted", "black"), ("muted", "muted")) if user in roles(room, role)}
    kind = "CREATOR" if user == room.owner else "MANAGER" if user in roles(room, "managers") else "LIMITED" if limited else "COMMON"
    return {"roomid": int(room.id), "accid": user, "nick": user, "avator": "", "ext": "", "type": kind, "onlineStat": False, **limited}


def open_rooms(yunxin: Yunxin, call: Call) -> Answer:
    """The open ones."""
    creator = call.form().get("creator", "").lower()
    if creator not in yunxin.people.users:
        return Refusal(414, f"{creator} not register")
    return {"desc": {"roomids": [room.id for room in yunxin.rooms.values() if room.owner == creator and not room.settings.get("closed")]}}
