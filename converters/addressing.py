"""Items and messages of a migration in the words of the app that they go to. What `identities` does not know yet is minted, as live."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from converters.core.model import Conversation, Delivery, Direct, Event, Group, Room, conversation_key
from converters.inventory import AnyItem, Block, Friendship, GroupBlock, GroupMember, RoomMember, Setting, User
from converters.inventory import Group as GroupItem
from converters.inventory import Room as RoomItem
from converters.routing import id_mapping
from converters.routing.id_mapping import NEW, NewIdentity
from converters.routing.identity_table import IdentityLookup, Kind
from converters.routing.route import App
from converters.routing.user_ids import fold
from converters.routing.users import renamed


class Addressed(Struct, frozen=True):
    """*key*: all items of one batch, and all that is about one conversation, have the same."""

    key: bytes
    conversation: Conversation | None
    people: dict[str, str]
    place: str
    """The group or room at the target; empty while it is not there, or where there is none."""


def address(item: AnyItem, source: App, target: App, identities: IdentityLookup, minted: list[NewIdentity]) -> Addressed:
    """What *item* needs to be written to *target*; *minted* takes what `identities` has to learn."""

    def there(user: str) -> str:
        return id_mapping.written(user, target, identities, minted)

    people = {user: there(user) for user in users_of(item)}
    match item:
        case GroupItem(id=name) | GroupMember(group=name) | GroupBlock(group=name):
            return _placed("group", name, source, target, identities, minted, people)
        case RoomItem(id=name) | RoomMember(room=name):
            return _placed("room", name, source, target, identities, minted, people)
        case Friendship(owner=one, friend=other) | Block(owner=one, blocked=other):
            return Addressed(_of_user(one), id_mapping.map_conversation(one, other, identities), people, "")
        case Setting(user=user, group=name):
            place = _placed("group", name, source, target, identities, minted, people).place if name else ""
            return Addressed(_of_user(user), None, people, place)
        case User(id=user):
            return Addressed(_of_user(user), None, people, "")


def key_of_need(need: str, source: App, identities: IdentityLookup) -> bytes:
    """The key of the item whose id is *need*: a user, group or room."""
    kind, _, name = need.partition("\x1f")
    if kind == "user":
        return _of_user(name)
    return conversation_key(_conversation("group" if kind == "group" else "room", _canonical(kind, name, source, identities), identities))


def users_of(item: AnyItem) -> tuple[str, ...]:
    match item:
        case User(id=user) | GroupMember(user=user) | GroupBlock(user=user) | RoomMember(user=user):
            return (user,)
        case Friendship(owner=one, friend=other) | Block(owner=one, blocked=other):
            return (one, other)
        case GroupItem(owner=owner) | RoomItem(owner=owner):
            return (owner,)
        case Setting(user=user, peer=peer):
            return (user, peer) if peer else (user,)


def conversation_of(conversation: Conversation, source: App, identities: IdentityLookup) -> Conversation:
    """The canonical one of a bundle's *conversation*, in which users are canonical and groups are the source's own."""
    match conversation:
        case Direct(users=(one, other)):
            return id_mapping.map_conversation(one, other, identities)
        case Group(id=name):
            return _conversation("group", _canonical("group", name, source, identities), identities)
        case Room(id=name):
            return _conversation("room", _canonical("room", name, source, identities), identities)


def delivery_of(event: Event, source: App, target: App, identities: IdentityLookup, minted: list[NewIdentity]) -> Delivery | None:
    """A message of a bundle on its way to *target*; None where its group is not there."""
    conversation = conversation_of(event.conversation, source, identities)
    people: dict[str, str] = {}
    mine = _own(source, identities)
    match event.conversation, conversation:
        case Direct(users=(one, other)), _:
            to = other if event.sender == one else one
            receiver, origin = id_mapping.written(to, target, identities, minted), mine(to)
        case Group(id=origin) | Room(id=origin), Group(id=name) | Room(id=name):
            kind: Kind = "group" if isinstance(conversation, Group) else "room"
            receiver = identities.native(target.platform.name, kind, name) or ""
            if not receiver:
                return None
        case _:
            raise AssertionError(event)

    def name_of(user: str) -> str:
        people[user] = id_mapping.written(user, target, identities, minted)
        return user

    return Delivery(
        event=msgspec.structs.replace(event, conversation=conversation, operation=renamed(event.operation, name_of)),
        target=target.name,
        sender=id_mapping.written(event.sender, target, identities, minted) if event.sender else "",
        receiver=receiver,
        received=event.at,
        author=mine(event.sender) if event.sender else "",
        origin=origin,
        people=people,
    )


def _own(source: App, identities: IdentityLookup) -> Callable[[str], str]:
    """How the source itself calls a user."""
    platform = source.platform.name
    return lambda user: identities.native(platform, "user", user) or str(source.user_ids.write(user).native)


def _placed(
    kind: Kind, name: str, source: App, target: App, identities: IdentityLookup, minted: list[NewIdentity], people: dict[str, str]
) -> Addressed:
    canonical = _canonical(kind, name, source, identities)
    if identities.canonical(source.platform.name, kind, name) is None:
        made = NewIdentity(source.platform.name, name, canonical, kind, identities.origin(kind, canonical))
        if made not in minted:
            minted.append(made)
    conversation = _conversation(kind, canonical, identities)
    return Addressed(conversation_key(conversation), conversation, people, identities.native(target.platform.name, kind, canonical) or "")


def _canonical(kind: str, name: str, source: App, identities: IdentityLookup) -> str:
    """As live names a group that has no name yet."""
    known = identities.canonical(source.platform.name, "group" if kind == "group" else "room", name)
    return known or fold(f"{NEW}{source.platform.name}-{name}")


def _conversation(kind: Kind, canonical: str, identities: IdentityLookup) -> Group | Room:
    origin = identities.origin(kind, canonical)
    return Group(canonical, origin) if kind == "group" else Room(canonical, origin)


def _of_user(user: str) -> bytes:
    return f"user\x1f{user}".encode()
