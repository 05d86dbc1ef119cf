"""What the lists of a platform yield, in the words of an export: canonical users, messages as events that were said."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from converters.core import wire
from converters.core.model import Conversation, Direct, direct
from converters.core.operations import Edit, Post, Recall
from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Message, Room, RoomMember, Setting, User
from converters.platform import Callback, DecodedEvent, FoundCallback
from converters.routing.route import App
from converters.routing.users import renamed

Naming = Callable[[str], str]


def naming(app: App) -> Naming:
    """The canonical id of a user, by the platform's rule; what no rule can read back stays as it is."""
    rule = app.user_ids
    return lambda native: str(rule.to_canonical(native) or native)


def with_canonical(item: AnyItem, name: Naming) -> AnyItem:
    match item:
        case User():
            return structs.replace(item, id=name(item.id))
        case Friendship():
            return structs.replace(item, owner=name(item.owner), friend=name(item.friend))
        case Block():
            return structs.replace(item, owner=name(item.owner), blocked=name(item.blocked))
        case Group() | Room():
            return structs.replace(item, owner=name(item.owner)) if item.owner else item
        case GroupMember() | GroupBlock() | RoomMember():
            return structs.replace(item, user=name(item.user))
        case Setting():
            return structs.replace(item, user=name(item.user), peer=name(item.peer) if item.peer else "")


def merged(known: Group | Room, more: Group | Room) -> Group | Room:
    """Two lists that each tell some of a group: what the later one says counts, as far as it says anything."""
    told: dict[str, Any] = {}
    for field, default in zip(known.__struct_fields__, _defaults(known), strict=True):
        value = getattr(more, field)
        if value not in (default, ""):
            told[field] = value
    return structs.replace(known, **told)


def _defaults(item: msgspec.Struct) -> Iterator[object]:
    for field in structs.fields(type(item)):
        yield field.default if field.default is not msgspec.NODEFAULT else ""


def messages_of(found: FoundCallback, app: App, name: Naming) -> Iterator[Message]:
    """What was said in it, and its recalls and edits. What the relay itself had sent there comes from the target, and is none. Raises wire.Malformed."""
    for one in app.platform.decode(Callback(app.name, found.body, 0, found.headers), app.account):
        if not isinstance(one, DecodedEvent) or not isinstance(one.event.operation, Post | Edit | Recall):
            continue
        event = one.event
        yield Message(
            id=event.remote_id,
            conversation=_conversation(event.conversation, name),
            sender=name(event.sender) if event.sender else "",
            sender_name=event.sender_name,
            client_id=event.client_id,
            at=event.at,
            operation=renamed(event.operation, name),
        )


def _conversation(given: Conversation, name: Naming) -> Conversation:
    return direct(name(given.users[0]), name(given.users[1])) if isinstance(given, Direct) else given


def line(item: AnyItem | Message) -> bytes:
    """As a line of an export."""
    return wire.dump(item)
