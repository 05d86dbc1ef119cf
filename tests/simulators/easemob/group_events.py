"""Callbacks of what becomes of groups and chat rooms, in both envelopes. Source: "Easemob: group and chat room
operation events", and for the old envelope "Easemob: post-delivery callback events"."""

from typing import Any

from msgspec import Struct

from tests.simulators.easemob.events import Event, Events
from tests.simulators.easemob.standing import Standing
from tests.simulators.people import Group

ADMIN = "@ppAdmin"
"""The operator of what a server does."""
OF_MEMBERS = ("absence", "presence")
MUC: dict[tuple[str, str], tuple[str, ...]] = {
    ("CREATE", ""): ("create",),
    ("DELETE", ""): ("destroy",),
    ("JOIN", "DIRECT"): ("direct_joined",),
    ("JOIN", "INVITE"): ("invite", "presence"),
    ("JOIN", "APPLY"): ("presence",),
    ("LEAVE", "QUIT"): ("absence",),
    ("LEAVE", "KICK"): ("kick",),
    ("LEAVE", "BLOCK"): ("absence",),
    ("UPDATE", "INFO"): ("update",),
    ("UPDATE", "OWNER"): ("assing_owner",),
    ("ADMIN", "ADD"): ("add_admin",),
    ("ADMIN", "REMOVE"): ("remove_admin",),
    ("MUTE", "ADD"): ("add_mute",),
    ("MUTE", "REMOVE"): ("remove_mute",),
    ("BLOCK", "ADD"): ("ban",),
    ("BLOCK", "REMOVE"): ("allow",),
    ("WHITE", "ADD"): ("add_user_white_list",),
    ("WHITE", "REMOVE"): ("remove_user_white_list",),
}
"""The old names, whose meaning the vendor leaves in part to the reader; disabling a group has none."""


class Change(Struct, frozen=True, kw_only=True):
    """What became of a group: the new names of it, who did it, and whom it is about."""

    operation: str
    kind: str = ""
    operator: str
    payload: dict[str, Any] = {}
    about: tuple[str, ...] = ()
    counted: bool = False
    """Whether the event tells how many members there are now."""


def new_envelope(events: Events, group: Group, standing: Standing, change: Change, event_id: str, now: int) -> bytes:
    event: Event = {"callId": f"{events.appkey}_{event_id}"}
    payload = change.payload | ({"type": change.kind} if change.kind else {})
    if payload:
        event["payload"] = payload
    event |= {
        "id": group.id,
        "type": "CHATROOM" if standing.room else "GROUP",
        "event": "group_op_event",
        "operation": change.operation,
        "operator": change.operator,
    }
    if change.counted:
        event["member_count"] = len(group.members)
    return events.signed(event | {"timestamp": now})


def old_names(change: Change) -> tuple[str, ...]:
    match change.operation, change.kind:
        case "UPDATE", "ANNOUNCEMENT":
            return ("update_announcement" if "announcement" in change.payload else "delete_announcement",)
        case "UPDATE", "MUTE":
            return ("ban_group" if change.payload["mute"] else "remove_ban_group",)
        case "JOIN", _ if change.about == (change.operator,):
            return ("presence",)
        case key:
            return MUC.get(key, ())


def old_ends(change: Change, name: str, group: Group) -> list[tuple[str, str]]:
    """From and to of each event of the old envelope: one a member, if it is about members."""
    if name in OF_MEMBERS:
        return [(member, group.id) for member in change.about]
    if change.about and name != "create":
        return [(change.operator, member) for member in change.about]
    return [(change.operator, group.id)]


def old_envelope(events: Events, group: Group, standing: Standing, name: str, ends: tuple[str, str], event_id: str, now: int) -> bytes:
    payload: Event = {"muc_id": f"{events.appkey}_{group.id}@conference.easemob.com", "is_chatroom": standing.room, "operation": name}
    sender = events.address(ends[0])
    if name not in OF_MEMBERS:
        payload["status"] = {"description": "", "error_code": "ok"}
        sender += "/server" if ends[0] == ADMIN else "/ios_11112222-3333"
    return events.signed(events.about("muc", event_id, sender, ends[1], payload, now) | {"group_id": group.id})


def info(events: Events, group: Group, standing: Standing) -> dict[str, str]:
    """All values are strings."""

    def setting(name: str, default: object = "") -> str:
        value = group.settings.get(name, default)
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {
        "owner": f"{events.appkey}_{group.owner}",
        "created": str(group.created),
        "title": group.name,
        "description": setting("description"),
        "custom": group.custom,
        "avatar": setting("avatar"),
        "max_users": setting("maxusers", 1000 if standing.room else 200),
        "public": setting("public", default=False),
        "mute": str(standing.mute).lower(),
        "mute_duration": "-1" if standing.mute else "0",
        "allow_user_invites": setting("allowinvites", default=False),
        "invite_need_confirm": setting("invite_need_confirm", default=True),
        "disabled": str(standing.disabled).lower(),
        "last_modified": str(standing.modified or group.created),
    }
