"""Who runs a chat room, and what becomes of it. Source: "Yunxin: chatroom/update.action", toggleCloseStat, setMemberRole, kickMember, muteRoom and recall.

The vendor's server SDK for Java 1.2 has the same fields. That managers may do what the owner may, but for making managers and closing, is ours.
"""

from typing import Any

from tests.simulators.calls import Call
from tests.simulators.people import Group
from tests.simulators.yunxin.gate import Answer, Refusal
from tests.simulators.yunxin.kinds import CLIENTS
from tests.simulators.yunxin.rooms import shown
from tests.simulators.yunxin.state import Yunxin

ROLES = {"1": "managers", "2": "ordinary", "-1": "black", "-2": "muted"}
LENGTHS = {"name": 128, "announcement": 4096, "broadcasturl": 1024, "ext": 4096}
NO_ROOM = Refusal(404, "no such room", 113404)
NO_PERMISSION = Refusal(403, "no permission")


def roles(room: Group, role: str) -> set[str]:
    held: Any = room.settings.setdefault(role, set())
    found: set[str] = held
    return found


def run_by(room: Group, user: str) -> bool:
    return user == room.owner or user in roles(room, "managers")


def silenced(room: Group, user: str) -> str:
    """Why *user*'s app may not speak in *room*; its owner and managers always may while it is open."""
    if room.settings.get("closed"):
        return "13002 room closed"
    if run_by(room, user):
        return ""
    return "13004 muted in room" if room.settings.get("muted_all") or user in roles(room, "muted") else ""


def found(yunxin: Yunxin, form: dict[str, str]) -> Group | Refusal:
    return yunxin.rooms.get(form.get("roomid", "")) or NO_ROOM


def flag(form: dict[str, str], name: str) -> bool | None:
    return {"true": True, "false": False}.get(form.get(name, ""))


def update(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    room = found(yunxin, form)
    if isinstance(room, Refusal):
        return room
    changes = {name: form[name] for name in LENGTHS if name in form}
    if not changes or changes.get("name") == "" or any(len(value) > LENGTHS[name] for name, value in changes.items()):
        return Refusal(414, "parameter error")
    if form.get("needNotify", "true") not in ("true", "false"):
        return Refusal(414, "bad needNotify")
    room.name = changes.pop("name", room.name)
    room.settings |= changes
    yunxin.accept("chatroom.update", call, group=room.id, name=room.name, **changes)
    return {"chatroom": shown(room)}


def close(yunxin: Yunxin, call: Call) -> Answer:
    """By its owner alone, who may open it again."""
    form = call.form()
    room, valid = found(yunxin, form), flag(form, "valid")
    if isinstance(room, Refusal):
        return room
    if valid is None:
        return Refusal(414, "bad valid")
    if form.get("operator", "").lower() != room.owner:
        return NO_PERMISSION
    if valid is not room.settings.get("closed", False):
        return Refusal(417, "it is so already")
    room.settings["closed"] = not valid
    yunxin.accept("chatroom.close", call, group=room.id, valid=valid)
    return {"desc": shown(room)}


def set_role(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    room, on, role = found(yunxin, form), flag(form, "optvalue"), ROLES.get(form.get("opt", ""))
    operator, target = form.get("operator", "").lower(), form.get("target", "").lower()
    if isinstance(room, Refusal):
        return room
    if on is None or role is None:
        return Refusal(414, "bad opt or optvalue")
    if not run_by(room, operator) or (role == "managers" and operator != room.owner) or target == room.owner:
        return NO_PERMISSION
    if target not in yunxin.people.users:
        return Refusal(404, f"{target} not register")
    held = roles(room, role)
    (held.add if on else held.discard)(target)
    yunxin.accept("chatroom.role", call, group=room.id, role=role, on=on, user=target)
    return {"desc": {"roomid": room.id, "level": 10, "accid": target, "type": role.upper()}}


def kick(yunxin: Yunxin, call: Call) -> Answer:
    """Whoever is there; that they go is copied."""
    form = call.form()
    room = found(yunxin, form)
    operator, target = form.get("accid", "").lower(), form.get("targetAccid", "").lower()
    if isinstance(room, Refusal):
        return room
    if not run_by(room, operator) or target == room.owner:
        return NO_PERMISSION
    if target not in yunxin.people.users:
        return Refusal(404, f"{target} not register")
    yunxin.accept("chatroom.kick", call, group=room.id, user=target)
    facts = {"roomId": room.id, "event": "KICK", "accid": target, "clientType": str(CLIENTS["REST"])}
    notice = yunxin.notice("room", target, room.id, "room.kick", facts)
    yunxin.post(notice, yunxin.copies.write({"eventType": "9", **facts, "timestamp": str(notice.time)}), call)
    return {}


def mute(yunxin: Yunxin, call: Call) -> Answer:
    form = call.form()
    room, on = found(yunxin, form), flag(form, "mute")
    if isinstance(room, Refusal):
        return room
    if on is None or form.get("needNotify", "true") not in ("true", "false"):
        return Refusal(414, "bad mute or needNotify")
    if not run_by(room, form.get("operator", "").lower()):
        return NO_PERMISSION
    room.settings["muted_all"] = on
    yunxin.accept("chatroom.mute", call, group=room.id, on=on)
    return {"desc": {"success": True}}


def recall(yunxin: Yunxin, call: Call) -> Answer:
    """The client's id of a message, its time and its author must agree; the page tells of no copy, and there is none."""
    form = call.form()
    room = found(yunxin, form)
    if isinstance(room, Refusal):
        return room
    message = yunxin.archive.find("room", form.get("msgId", ""))
    given = (form.get("msgTimetag"), form.get("fromAcc", "").lower(), room.id)
    if message is None or given != (str(message.time), message.sender, message.to):
        return Refusal(414, "no such message")
    operator = form.get("operatorAcc", "").lower()
    if operator != message.sender and not run_by(room, operator):
        return NO_PERMISSION
    yunxin.archive.recall(message)
    yunxin.accept("recall", call, **message.facts())
    return {}
