"""What becomes of groups and chat rooms, in both envelopes. Source: "Easemob: Group and chat room operation events"."""

from typing import Any

from converters import mending
from converters.core import wire
from converters.core.lenient import word
from converters.core.model import Direct, Group
from converters.core.operations import (
    AdminsChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
)
from converters.platform import Decoded, Ignored, OwnEcho
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.envelope import Envelope
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.scene import EventContext, id_of, person
from converters.platforms.easemob.values import flag, number, table, text, users
from converters.text import echo_mark

_NOBODY = "group-nobody"
_LEFT_OUT = {
    "BLOCK": "group-block",  # who is put on the list is also called back as having left
    "WHITE": "group-white",
    "SHIELD": "group-shield",
    "SHARE_FILE": "group-files",
}


def operation(envelope: Envelope, scene: EventContext, account: EasemobAccount) -> Decoded:
    """Of the newer envelope, `group_op_event`."""
    payload = table(envelope.payload)
    operator = person(plain(word(envelope.operator)))
    name = word(envelope.operation)
    if name == "CREATE":
        return _created(envelope, scene, payload, account)
    done = _LEFT_OUT.get(name) or _done(name, text(payload.get("type")), payload, operator, account)
    return Ignored(done) if isinstance(done, str) else scene.said(done, operator, id_of(envelope))


def _created(envelope: Envelope, scene: EventContext, payload: dict[str, Any], account: EasemobAccount) -> Decoded:
    if not isinstance(scene.conversation, Group):
        return Ignored("room-created")  # which room it is elsewhere, a person says
    info = table(payload.get("info"))
    owners = [user for user, role in table(payload.get("role")).items() if role == "owner"]
    owner = plain(owners[0] if owners else text(info.get("owner")))
    # A group that we make bears our mark in the field for the customer's own.
    where = echo_mark.MarkedMessage(scene.app, echo_mark.NEW_GROUP, owner, "")
    found = echo_mark.read(_custom(info).get(account.mark), where, account, scene.at)
    operator = person(plain(word(envelope.operator)))
    if operator:
        found = echo_mark.by_client(found)  # a user who made another group with what lay in one of ours
    if isinstance(found, echo_mark.EchoMark):
        return OwnEcho(found.event, scene.conversation.id, scene.at, scene.conversation, keyed=found.keyed)
    made = GroupCreated(
        text(info.get("title")),
        owner,
        tuple(user for user in users(payload.get("member")) if user != owner),
        text(info.get("description")),
        text(info.get("avatar")),
    )
    return scene.said(made, operator, id_of(envelope), unfit=found or "")


def _custom(info: dict[str, Any]) -> dict[str, Any]:
    try:
        return table(mending.load_any(text(info.get("custom")) or "{}")[0])
    except wire.Malformed:
        return {}


def _done(name: str, kind: str, payload: dict[str, Any], operator: str, account: EasemobAccount) -> Operation | str:
    """What was done, or why it is not carried."""
    members, admins = users(payload.get("member")), users(payload.get("admin"))
    match name, kind:
        case "DELETE", _:
            return GroupDismissed() if account.dissolved_by == "delete" else "group-dissolved"
        case "JOIN", ("DIRECT" | "INVITE" | "APPLY"):
            # Members whom the REST API adds are called back as if they had come by themselves.
            invited = kind == "INVITE" or (kind == "DIRECT" and operator not in members)
            return MembersAdded(members, "invited" if invited else "joined") if members else _NOBODY
        case "LEAVE", "DELETE":
            # All members go because the group was dissolved, which the event DELETE tells too. One alone may be a user who was deleted.
            return GroupDismissed() if account.dissolved_by == "leave" and len(members) > 1 else "group-dissolved"
        case "LEAVE", "QUIT":
            return MembersRemoved(members) if members else _NOBODY
        case "LEAVE", ("KICK" | "BLOCK"):
            return MembersRemoved(members, "kicked") if members else _NOBODY
        case "UPDATE", "INFO":
            return _changed(table(payload.get("info")))
        case "UPDATE", "OWNER":
            owner = plain(text(payload.get("new_owner")))
            return OwnerChanged(owner) if owner else _NOBODY
        case "UPDATE", "ANNOUNCEMENT":
            return GroupChanged(announcement=text(payload.get("announcement")))
        case "UPDATE", "MUTE":
            muted = flag(payload.get("mute"))
            return Muted(muted=muted) if muted is not None else "group-other"
        case "UPDATE", "DISABLE":
            return "group-disabled"
        case "ADMIN", ("ADD" | "REMOVE"):
            return AdminsChanged(admins, kind == "ADD") if admins else _NOBODY
        case "MUTE", ("ADD" | "REMOVE"):
            until = int(number(payload.get("expire_timestamp"))) if kind == "ADD" else 0
            return Muted(members, kind == "ADD", until) if members else _NOBODY
        case _:
            return "group-other"


def _changed(info: dict[str, Any]) -> Operation | str:
    """All is told again, changed or not; so an empty field is taken for one that has always been empty."""
    changed = GroupChanged(
        name=text(info.get("title")) or None, description=text(info.get("description")) or None, avatar=text(info.get("avatar")) or None
    )
    return changed if changed != GroupChanged() else "group-unsaid"


def legacy(envelope: Envelope, scene: EventContext) -> Decoded:
    """Of the older envelope, `muc`, which says who and whom in from and to."""
    payload = table(envelope.payload)
    if text(table(payload.get("status")).get("error_code")) not in {"", "ok"}:
        return Ignored("group-failed")
    sender, to = plain(word(envelope.sender)), plain(word(envelope.to))
    if not sender:
        raise wire.Malformed("event without from")
    group = "" if isinstance(scene.conversation, Direct) else scene.conversation.id
    # `to` is the group itself where nobody else is meant.
    done = _of_old(text(payload.get("operation")), payload, sender, sender if to in {"", group} else to)
    if isinstance(done, GroupCreated) and not isinstance(scene.conversation, Group):
        done = "room-created"
    return Ignored(done) if isinstance(done, str) else scene.said(done, person(sender), id_of(envelope))


def _of_old(name: str, payload: dict[str, Any], sender: str, user: str) -> Operation | str:
    match name:
        case "create":
            return GroupCreated(owner=person(sender))
        case "destroy":
            return GroupDismissed()
        case "presence":
            return MembersAdded((sender,))
        case "direct_joined":
            return MembersAdded((user,), "joined" if user == sender else "invited")
        case "absence" | "leave":
            return MembersRemoved((sender,))
        case "kick" | "ban":
            return MembersRemoved((user,), "kicked") if user != sender else _NOBODY
        case "assing_owner":
            return OwnerChanged(user) if user != sender else _NOBODY
        case "add_admin" | "remove_admin":
            return AdminsChanged((user,), name == "add_admin") if user != sender else _NOBODY
        case "add_mute" | "remove_mute":
            return Muted((user,), name == "add_mute") if user != sender else _NOBODY
        case "ban_group" | "remove_ban_group":
            return Muted(muted=name == "ban_group")
        case "delete_announcement":
            return GroupChanged(announcement="")
        case "update_announcement":
            said = payload.get("reason")
            known = isinstance(said, str) and said not in {"", "undefined"}
            return GroupChanged(announcement=str(said)) if known else "group-unsaid"
        case "update":
            return "group-unsaid"
        case "apply" | "apply_accept" | "invite" | "invite_accept" | "invite_decline":
            return "group-asked"  # who has come in is told by itself
        case "allow" | "block" | "unblock":
            return "group-block"
        case "upload_file" | "delete_file":
            return "group-files"
        case "add_user_white_list" | "remove_user_white_list":
            return "group-white"
        case "set_metadata" | "delete_metadata" | "group_member_metadata_update":
            return "group-metadata"
        case _:
            return "group-other"
