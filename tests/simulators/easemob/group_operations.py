"""What a person does to a group or chat room in the app.

``create`` {name?, members?, description?, custom?, ...; ``to`` is the id, or empty for one of the platform's}, ``join``,
``leave``, ``destroy``, ``invite`` {members}, ``kick`` {members}, ``update`` {name?, description?, ...}, ``owner`` {user},
``admin_add`` and ``admin_remove`` {user}, ``mute`` {members, duration in ms, -1 for ever} and ``unmute`` {members},
``mute_all`` and ``unmute_all``, ``announcement`` {text, empty deletes it}, ``block`` and ``unblock`` {members},
``allow`` and ``disallow`` {members}.
"""

from collections.abc import Callable
from typing import Any

from tests.simulators.easemob.group_life import GroupLife
from tests.simulators.easemob.names import ids
from tests.simulators.easemob.state import Easemob
from tests.simulators.people import Group
from tests.simulators.platform import Saying

Payload = dict[str, Any]


class Refused(str):
    """Why an operation cannot be."""

    __slots__ = ()


ANYONE = ("join", "leave", "invite")
OWNER = ("destroy", "owner", "admin_add", "admin_remove")


def operate(easemob: Easemob, saying: Saying, sender: str, payload: Payload) -> str:
    """The id of the group; admins may do what only the owner must not, members may leave and invite."""
    room, operation = saying.type == "room", saying.operation or ""
    groups = easemob.rooms if room else easemob.people.groups
    members = ids(payload.get("members", []))
    if members is None:
        return Refused("members must be a list of ids")
    if operation == "create":
        if saying.to in groups:
            return Refused(f"{saying.to} exists already")
        members = [member for member in members if member != sender]
        given, wanted = {"allowinvites": True, "invite_need_confirm": False} | payload, saying.to or None
        return GroupLife.begin(easemob, sender, given, sender, group_id=wanted, members=members, room=room).id
    group = groups.get(saying.to)
    if group is None:
        return Refused(f"no such {saying.type}: {saying.to}")
    life = GroupLife(easemob, group, sender, room=room)
    if operation not in WORK:
        return Refused(f"no such operation: {operation}")
    if wrong := forbidden(group, life, operation, sender, payload, members):
        return Refused(wrong)
    WORK[operation](life, sender, payload, members)
    return group.id


def forbidden(group: Group, life: GroupLife, operation: str, sender: str, payload: Payload, members: list[str]) -> str | None:
    """Why it cannot be."""
    user = payload.get("user")
    if (sender in group.members) is (operation == "join"):
        return f"{sender} is {'already' if operation == 'join' else 'not'} in {group.id}"
    if operation in OWNER and sender != group.owner:
        return f"{sender} does not own {group.id}"
    if operation not in ANYONE and sender != group.owner and sender not in life.standing.admins:
        return f"{sender} has no rank in {group.id}"
    if operation == "leave" and sender == group.owner:
        return f"{sender} owns {group.id}"
    if operation in NAMED and not members:
        return f"{operation} needs members"
    if operation == "invite" and any(member in group.members for member in members):
        return "already a member"
    if operation == "kick" and not all(member in group.members and member != group.owner for member in members):
        return "not a member to be removed"
    if operation in ("owner", "admin_add") and (user not in group.members or user == group.owner):
        return "user must be another member"
    if (operation == "admin_add" and user in life.standing.admins) or (operation == "admin_remove" and user not in life.standing.admins):
        return "nothing to change"
    return None


def mute(life: GroupLife, sender: str, payload: Payload, members: list[str]) -> None:
    life.mute(members, life.end_of(payload.get("duration", -1)))


Work = Callable[[GroupLife, str, Payload, list[str]], None]
WORK: dict[str, Work] = {
    "join": lambda life, sender, payload, members: life.join([sender], "DIRECT" if life.standing.room else "APPLY"),
    "leave": lambda life, sender, payload, members: life.leave([sender], "QUIT"),
    "invite": lambda life, sender, payload, members: life.join(members, "INVITE"),
    "kick": lambda life, sender, payload, members: life.leave(members, "KICK"),
    "destroy": lambda life, sender, payload, members: life.destroy(),
    "update": lambda life, sender, payload, members: life.update(payload),
    "owner": lambda life, sender, payload, members: life.hand_over(payload["user"]),
    "admin_add": lambda life, sender, payload, members: life.rank(payload["user"], on=True),
    "admin_remove": lambda life, sender, payload, members: life.rank(payload["user"], on=False),
    "mute": mute,
    "unmute": lambda life, sender, payload, members: life.unmute(members),
    "mute_all": lambda life, sender, payload, members: life.mute_all(on=True),
    "unmute_all": lambda life, sender, payload, members: life.mute_all(on=False),
    "announcement": lambda life, sender, payload, members: life.announce(str(payload.get("text", ""))),
    "block": lambda life, sender, payload, members: life.block(members, on=True),
    "unblock": lambda life, sender, payload, members: life.block(members, on=False),
    "allow": lambda life, sender, payload, members: life.allow(members, on=True),
    "disallow": lambda life, sender, payload, members: life.allow(members, on=False),
}
NAMED = ("invite", "kick", "mute", "unmute", "block", "unblock", "allow", "disallow")
