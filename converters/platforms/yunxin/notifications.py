"""What happened to a team, to a friendship, and what apps tell each other: NOTIFICATION and the CUSTOM_ kinds.

Source: "Yunxin: Message copy (抄送)", notifications. Not told at all: that a team was made without members, that all of a team are
muted, and invitations are told to the invited only.
"""

from typing import Any

from converters.core.bodies import Command
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds, word, words
from converters.core.model import Conversation, Direct, Event, Group, Loss
from converters.core.operations import (
    AdminsChanged,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Post,
    Typing,
)
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.callback import CopiedMessage, by_server, receiver_of
from converters.platforms.yunxin.ids import person, scope
from converters.platforms.yunxin.values import number, parsed, record, text
from converters.routing.user_ids import fold
from converters.text import echo_mark

# Superteams have numbers of their own, and are seen with those of teams as well.
_SUPER = {
    "401": "0",
    "402": "1",
    "403": "2",
    "404": "3",
    "405": "4",
    "406": "6",
    "407": "7",
    "408": "8",
    "409": "10",
    "410": "5",
    "411": "9",
}
_FRIENDS = {"1": "added", "2": "requested", "3": "added", "4": "refused"}
_NEW = 10_000  # ms after which nobody is put into a team any more by its making
_TOLD = {"CUSTOM_P2P_MSG", "CUSTOM_TEAM_MSG", "CUSTOM_SUPERTEAM_MSG"}
_ASKED = ("APPLY", "APPLY_REJECT", "INVITE", "INVITE_REJECT")


def read(
    callback: Callback, copy: CopiedMessage, conversation: Conversation, remote_id: str, account: YunxinAccount, lost: list[Loss]
) -> Decoded:
    kind = word(copy.msg_type).upper()
    sender = fold(word(copy.from_account))
    at = milliseconds(copy.msg_timestamp, callback.received)
    operation: Operation | None
    found: echo_mark.EchoMark | str | None = None
    if kind == "NOTIFICATION":
        held = record(copy.attach, lost)
        if not isinstance(conversation, Group) or held is None:
            return Ignored("event:notification")
        operation = _group(held, sender, at)
        if isinstance(operation, GroupCreated):
            found = _made(held, echo_mark.MarkedMessage(callback.app, echo_mark.NEW_GROUP, operation.owner, ""), account, at)
        if operation is None:
            return Ignored("event:group-settings")
    elif kind in {"FRIEND_ADD", "FRIEND_DELETE"} and isinstance(conversation, Direct):
        operation = _friend(kind, copy)
        if operation is None:
            return Ignored("event:friend")
    elif kind in _TOLD:
        held = record(copy.attach, lost) or {}
        where = echo_mark.on(callback.app, conversation, sender, receiver_of(copy, conversation))
        found = echo_mark.read(held.get(account.mark), where, account, at)
        operation = _told(copy.attach, account.mark)
    else:
        return Ignored("event:invitation" if kind.endswith(_ASKED) else "event:notice")
    found = found if by_server(copy) else echo_mark.by_client(found)
    if isinstance(found, echo_mark.EchoMark):
        named = conversation.id if isinstance(operation, GroupCreated) and isinstance(conversation, Group) else remote_id
        return OwnEcho(found.event, named, at, conversation, keyed=found.keyed)
    # Their ids are counted apart from those of messages: no two have one event id.
    tag = "command" if isinstance(operation, Post) else str(operation.__struct_config__.tag)
    event = Event(
        id=new_event_id("yunxin", callback.app, scope(conversation), remote_id, tag),
        source=callback.app,
        remote_id=remote_id,
        conversation=conversation,
        sender=sender,
        sender_name=words(copy.from_nick) or "",
        at=at,
        operation=operation,
    )
    return DecodedEvent(event, unfit=found or "")


def _group(held: dict[str, Any], sender: str, at: int) -> Operation | None:
    data = held.get("data")
    data = data if isinstance(data, dict) else {}
    users, one = _people(data.get("ids")), person(data.get("id"))
    team = data.get("tinfo")
    team = team if isinstance(team, dict) else {}
    what = text(held, "id")
    match _SUPER.get(what, what):
        case "0" if users:
            return _created(team, users, sender, at) or MembersAdded(users, "invited")
        case "1" if users:
            return MembersRemoved(users, "kicked")
        case "2":
            return MembersRemoved((sender,), "left")
        case "3":
            return _changed(team)
        case "4":
            return GroupDismissed()
        case "5" if one:
            return MembersAdded((one,), "joined")
        case "6" if one:
            return OwnerChanged(one)
        case "7" if users:
            return AdminsChanged(users, added=True)
        case "8" if users:
            return AdminsChanged(users, added=False)
        case "9":
            return MembersAdded((sender,), "joined")
        case "10" if users and "mute" in data:
            return Muted(users, muted=text(data, "mute") not in {"", "0", "false"} or data["mute"] is True)
        case _:
            return None


def _created(team: dict[str, Any], users: tuple[str, ...], sender: str, at: int) -> GroupCreated | None:
    """A team has no copy of its making, only one of its first members: all that are in it, put there at once by its owner."""
    fresh = 0 <= at - number(team, "11") < _NEW
    if not fresh or fold(text(team, "5")) != sender or number(team, "9") != len({*users, sender}):
        return None
    return GroupCreated(
        name=text(team, "3"),
        owner=sender,
        members=tuple(user for user in users if user != sender),
        description=text(team, "14"),
        avatar=text(team, "20"),
    )


def _made(held: dict[str, Any], where: echo_mark.MarkedMessage, account: YunxinAccount, at: int) -> echo_mark.EchoMark | str | None:
    """The mark of the event for which we made this team, as of `mark.read`."""
    seen: echo_mark.EchoMark | str | None = None
    team = held["data"]["tinfo"]
    for name in ("18", "19"):
        custom = record(team.get(name))
        found = echo_mark.read(custom.get(account.mark), where, account, at) if custom else None
        if isinstance(found, echo_mark.EchoMark):
            return found
        seen = found or seen
    return seen


def _changed(team: dict[str, Any]) -> GroupChanged | None:
    def said(name: str) -> str | None:
        return text(team, name) if name in team else None

    announcement = said("15")
    found = GroupChanged(said("3"), said("14"), _announced(announcement) if announcement else announcement, said("20"))
    return None if found == GroupChanged() else found


def _announced(announcement: str) -> str:
    """The UI kit keeps a list of title and content in it."""
    listed = parsed(announcement)
    if not isinstance(listed, list):
        return announcement
    lines = [text(one, name) for one in listed if isinstance(one, dict) for name in ("title", "content")]
    return "\n".join(line for line in lines if line)


def _friend(kind: str, copy: CopiedMessage) -> FriendChanged | None:
    user = fold(word(copy.to))
    if kind == "FRIEND_DELETE":
        return FriendChanged(user, "removed")
    held = record(copy.attach) or {}
    message = text(held, "msg") or (copy.body if isinstance(copy.body, str) else "")
    match _FRIENDS.get(text(held, "vt")):
        case "added":
            return FriendChanged(user, "added", message)
        case "requested":
            return FriendChanged(user, "requested", message)
        case "refused":
            return FriendChanged(user, "refused", message)
        case _:
            return None


def _told(attach: object, key: str) -> Operation:
    """*key* is our mark's: on what somebody passed on it means nothing any more."""
    held = record(attach)
    if held is None:
        found = parsed(attach)
        return Post(Command("", attach if found is None else found))
    if key in held:
        held = {name: value for name, value in held.items() if name != key}
    if held.keys() == {"typing"}:
        return Typing(active=held["typing"] in {1, "1", "true"} if isinstance(held["typing"], int | str) else False)
    if held.keys() == {"type", "data"} and isinstance(held["type"], str) and (held["type"] or not isinstance(held["data"], dict)):
        return Post(Command(held["type"], held["data"]))
    return Post(Command("", held))


def _people(listed: object) -> tuple[str, ...]:
    return tuple(user for one in listed if (user := person(one))) if isinstance(listed, list) else ()
