"""In which conversation a callback happened. Source: "Easemob: Callback overview", "Easemob: Post-delivery callback", "Easemob: Callback events".

Ids tell nothing: users may be called by numbers of any length, groups by words, and `channel_channel` says `@conference` of two people
too. What says it is believed; where nothing does, every conversation that it can be is named.
"""

from typing import Any, Literal

from converters.core.lenient import word
from converters.core.model import Conversation, Group, Room, direct
from converters.platforms.easemob.envelope import Envelope, What, what_is
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.values import flag, table, text
from converters.routing.user_ids import fold

Scope = Literal["direct", "group", "room"]

_SCOPES: dict[str, Scope] = {"chat": "direct", "user": "direct", "group": "group", "groupchat": "group", "room": "room", "chatroom": "room"}
_SHORTEST = 12
"""Digits of a group's own id; of those of users only where they are numbers too."""
_GROUPS_RECEIPT = "chat:ack:read"


def likeliest(envelope: Envelope) -> Conversation | None:
    """As of `places`."""
    return next(iter(places(envelope)), None)


def places(envelope: Envelope) -> tuple[Conversation, ...]:
    """The conversation in Easemob's own ids; where it can be several, the likeliest first. None for what belongs to none."""
    what, payload = what_is(envelope), table(envelope.payload)
    sender, to = word(envelope.sender), word(envelope.to)
    group, kind = word(envelope.group_id), word(envelope.chat_type)
    match what:
        case "push" | "moderation" | "probe":
            return ()
        case "group":
            name = fold(word(envelope.id))
            return _one((Room(name) if word(envelope.type) == "CHATROOM" else Group(name)) if name else None)
        case "presence":
            user = plain(word(envelope.user))
            return _one(direct(user, user) if user else None)
        case "message" | "offline-copy" | "pre-delivery":
            if kind == "chat" and not group:
                return _one(_between(sender, to))
            return _one(_place(envelope, payload, group or to))
        case "group-legacy":
            group = group or plain(text(payload.get("muc_id")).partition("@")[0])
            return _one(_place(envelope, payload, group) if group else None)
        case "friend":
            return _one(_between(sender, to))
        case _:
            return _named(envelope, what, payload) if kind else ()


def _named(envelope: Envelope, what: What, payload: dict[str, Any]) -> tuple[Conversation, ...]:
    """Of what names a message that is there."""
    sender, to = _ends(envelope, what, payload)
    group, kind = word(envelope.group_id), word(envelope.chat_type)
    said = _said(envelope, payload)
    if said == "direct":
        return _one(_between(sender, to))
    if group or said is not None:
        return _one(_place(envelope, payload, group or to, room=said == "room"))
    two, many = _between(sender, to), _place(envelope, payload, to)
    if isinstance(many, Room) or _parent(payload):
        return _one(many)
    ordered = (many, two) if kind != "read_ack" and _like_a_group(sender, to) else (two, many)
    return tuple(place for place in (*ordered, Room(many.id) if many is not None else None) if place is not None)


def _ends(envelope: Envelope, what: What, payload: dict[str, Any]) -> tuple[str, str]:
    """Who wrote the message and where to, as far as it is said: who does something to it may be at the top."""
    sender, to = word(envelope.sender), word(envelope.to)
    match what:
        case "edit":
            meta = table(table(payload.get("meta")).get("edit_msg"))
            author = text(payload.get("from")) or text(meta.get("sender")) or sender
            other = text(payload.get("to")) or to
            # What its receiver changed, or the app's server, may go to its author.
            return author, sender if plain(other) == plain(author) else other
        case "reaction":
            about = _about(payload)
            author, receiver = text(about.get("from")), text(about.get("to"))
            return (author, receiver) if author and receiver else (sender, to)
        case _:
            return sender, to


def _said(envelope: Envelope, payload: dict[str, Any]) -> Scope | None:
    meta = table(table(payload.get("meta")).get("edit_msg"))
    for one in (
        meta.get("chat_type"),
        payload.get("channel_type"),
        _about(payload).get("channel_type"),
        payload.get("chat_type"),
        envelope.content_type,
        payload.get("type"),
    ):
        if (scope := _SCOPES.get(_word_of(one))) is not None:
            return scope
    if flag(payload.get("is_chatroom")) is True:
        return "room"
    if word(envelope.chat_type) == "read_ack":
        asked = flag(table(payload.get("msg_config")).get("allow_group_ack")) is True
        if asked or payload.get("type") == "read_ack" or word(envelope.content_type) == _GROUPS_RECEIPT:
            return "group"
    return None


def _word_of(value: object) -> str:
    """`group` of `chat:group:text`, `chat:group` and `group`."""
    parts = text(value).lower().split(":")
    return parts[1] if len(parts) > 1 and parts[0] == "chat" else parts[0]


def _about(payload: dict[str, Any]) -> dict[str, Any]:
    """The message to which somebody reacted."""
    data = payload.get("data")
    return table(data[0] if isinstance(data, list) and data else data)


def _one(place: Conversation | None) -> tuple[Conversation, ...]:
    return () if place is None else (place,)


def _between(sender: str, to: str) -> Conversation | None:
    sender, to = plain(sender), plain(to)
    return direct(sender, to) if sender and to else None


def _place(envelope: Envelope, payload: dict[str, Any], group: str, *, room: bool = False) -> Group | Room | None:
    # chat_type says groupchat of rooms too; an offline copy's `to` is a member, so group_id comes first.
    name = fold(_parent(payload) or group)
    is_room = (
        room
        or word(envelope.chat_type) == "chatroom"
        or word(envelope.content_type).startswith("chat:room")
        or "chatroom" in (payload.get("type"), payload.get("channel_type"))
        or flag(payload.get("is_chatroom")) is True
    )
    return (Room(name) if is_room else Group(name)) if name else None


def _like_a_group(sender: str, to: str) -> bool:
    return to.isdecimal() and len(to) >= _SHORTEST and not plain(sender).isdecimal()


def _parent(payload: dict[str, Any]) -> str:
    """The group whose thread a message was said in."""
    meta = payload.get("meta")
    return text(table(meta.get("thread")).get("muc_parent_id")) if isinstance(meta, dict) else ""
