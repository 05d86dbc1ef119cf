"""What a customer has besides live traffic, in canonical form: the items that a migration moves.

User ids are canonical (folded); ids of groups and rooms are the source's own, `identities` says what they are called elsewhere. Times are
milliseconds since 1970. A tag, once shipped, never changes: bundles and topics hold these records. Passwords have no field here: they stay in the source.
"""

from hashlib import blake2b
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from converters.core import wire
from converters.core.model import Conversation, Event, conversation_key
from converters.core.operations import Operation
from converters.routing.user_ids import canonical_id

Id = Annotated[str, Meta(min_length=1, max_length=256)]
At = Annotated[int, Meta(ge=0, lt=1 << 53)]
Role = Literal["owner", "admin", "member"]
Level = Literal["stop", "loss", "note"]
"""stop: nothing is applied before a person has decided. loss: something does not arrive. note: worth knowing."""


class Item(Struct, frozen=True, kw_only=True, tag_field="item", omit_defaults=True):
    """One thing to move."""


class User(Item, frozen=True, kw_only=True, tag="user", omit_defaults=True):
    id: Id
    name: str = ""
    """As it is shown to people."""
    avatar: str = ""
    """An address."""
    gender: Literal["", "male", "female"] = ""
    mail: str = ""
    phone: str = ""
    sign: str = ""
    birth: str = ""
    attributes: dict[str, str] = {}
    """The app's own, by name."""
    push_name: str = ""
    """As it stands in a push; empty: *name*."""
    push_style: Literal["", "plain", "content"] = ""
    """Whether a push shows what was said; empty: the platform's default."""
    created: At = 0
    state: Literal["", "banned", "deleted"] = ""
    """deleted: the account is gone at the source, and its messages are not."""
    password_given: bool = False
    """The source has a password; its value stays there, and is read again when the account is made."""


class Friendship(Item, frozen=True, kw_only=True, tag="friendship", omit_defaults=True):
    """Of two users, mutual; in a bundle *owner* sorts before *friend*, and both directions are one item."""

    owner: Id
    friend: Id
    remark: str = ""
    """What *owner* calls *friend*."""
    friend_remark: str = ""
    """What *friend* calls *owner*."""
    created: At = 0


class Block(Item, frozen=True, kw_only=True, tag="block", omit_defaults=True):
    """*owner* takes nothing from *blocked*."""

    owner: Id
    blocked: Id


class Group(Item, frozen=True, kw_only=True, tag="group", omit_defaults=True):
    id: Id
    name: str = ""
    description: str = ""
    avatar: str = ""
    owner: Id
    public: bool = False
    """It can be searched for."""
    approval: bool = False
    """Who wants to join has to ask."""
    invites: bool = False
    """Members, too, may invite."""
    invite_confirm: bool = False
    """Who is invited has to agree."""
    max: Annotated[int, Meta(ge=0, lt=1 << 31)] = 0
    """Members; 0: not said."""
    announcement: str = ""
    ext: str = ""
    """The app's own."""
    muted: bool = False
    """Nobody but owner and admins may speak."""
    created: At = 0


class GroupMember(Item, frozen=True, kw_only=True, tag="member", omit_defaults=True):
    """The owner is one as well; a bundle always has them."""

    group: Id
    user: Id
    role: Role = "member"
    name: str = ""
    """As the group calls them."""
    attributes: dict[str, str] = {}
    muted: bool = False
    muted_until: At = 0
    """0 with *muted*: for ever."""
    allowed: bool = False
    """May speak while all are muted."""
    joined: At = 0


class GroupBlock(Item, frozen=True, kw_only=True, tag="group-block", omit_defaults=True):
    """*user* is no member, and may not become one."""

    group: Id
    user: Id


class Room(Item, frozen=True, kw_only=True, tag="room", omit_defaults=True):
    id: Id
    name: str = ""
    description: str = ""
    owner: Id
    max: Annotated[int, Meta(ge=0, lt=1 << 31)] = 0
    announcement: str = ""
    ext: str = ""
    muted: bool = False
    created: At = 0


class RoomMember(Item, frozen=True, kw_only=True, tag="room-member", omit_defaults=True):
    """Of a chat room only who has a role or a mute is worth moving: others come and go."""

    room: Id
    user: Id
    role: Role = "member"
    muted: bool = False
    muted_until: At = 0
    allowed: bool = False


class Setting(Item, frozen=True, kw_only=True, tag="setting", omit_defaults=True):
    """Do-not-disturb of *user*: with *peer* or *group* of one conversation, with neither of all."""

    user: Id
    peer: str = ""
    group: str = ""
    mode: Literal["", "all", "mentions", "none"] = ""
    """What rings; empty: the default, or the global one."""
    until: At = 0
    """Silent until then."""
    quiet_from: str = ""
    """`HH:MM`, of each day, in *zone*; of the global setting alone."""
    quiet_to: str = ""
    zone: str = ""
    """`+08:00` or a name as `Asia/Shanghai`; empty: not said."""
    language: str = ""
    """Of pushes."""


class Message(Item, frozen=True, kw_only=True, tag="message", omit_defaults=True):
    """An event of docs/own.md, as a source gives it; in a bundle it is an `Event` of the model."""

    id: Id
    conversation: Conversation
    sender: str = ""
    sender_name: str = ""
    client_id: str = ""
    at: Annotated[int, Meta(ge=1, lt=1 << 53)]
    operation: Operation


AnyItem = User | Friendship | Block | Group | GroupMember | GroupBlock | Room | RoomMember | Setting
Given = AnyItem | Message
"""What a source may hold."""

KINDS: dict[str, type[AnyItem]] = {str(each.__struct_config__.tag): each for each in get_args(AnyItem)}
"""By tag, in the order in which they are applied: what an item needs comes before it. Messages come last of all."""
MESSAGE = "message"

FILES = {
    "users": "user", "friendships": "friendship", "friends": "friendship", "blocks": "block", "groups": "group", "members": "member",
    "group-blocks": "group-block", "rooms": "room", "room-members": "room-member", "settings": "setting", "messages": MESSAGE,
}  # fmt: skip
"""Names of files and folders of an export, and the tag of what is in them."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that `check` found. *kind* is a short, fixed word; *text* holds ids and counts, never what people wrote."""

    kind: str
    level: Level
    where: str
    """`file:line`, or `table:key`."""
    item: str = ""
    """The id of the item, as of `item_id`."""
    text: str
    count: int = 1
    """How many there are of it, where they are too many to be named."""


def kind_of(item: AnyItem) -> str:
    return str(item.__struct_config__.tag)


def item_id(item: AnyItem) -> str:
    """Stable over runs and sources; parts are separated by 0x1f, which no id holds. It begins with the tag."""
    return "\x1f".join((kind_of(item), *_parts(item)))


def _parts(item: AnyItem) -> tuple[str, ...]:
    match item:
        case User(id=name) | Group(id=name) | Room(id=name):
            return (name,)
        case Friendship(owner=one, friend=other):
            return (one, other) if one <= other else (other, one)
        case Block(owner=one, blocked=other):
            return (one, other)
        case GroupMember(group=where, user=user) | GroupBlock(group=where, user=user):
            return (where, user)
        case RoomMember(room=where, user=user):
            return (where, user)
        case Setting(user=user, peer=peer, group=group):
            return (user, "group", group) if group else (user, "peer", peer) if peer else (user, "all")


def needs(item: AnyItem) -> tuple[str, ...]:
    """Ids of the items without which *item* cannot be applied."""
    match item:
        case User():
            return ()
        case Friendship(owner=one, friend=other) | Block(owner=one, blocked=other):
            return (f"user\x1f{one}", f"user\x1f{other}")
        case Group(owner=owner) | Room(owner=owner):
            return (f"user\x1f{owner}",)
        case GroupMember(group=where, user=user) | GroupBlock(group=where, user=user):
            return (f"group\x1f{where}", f"user\x1f{user}")
        case RoomMember(room=where, user=user):
            return (f"room\x1f{where}", f"user\x1f{user}")
        case Setting(user=user, peer=peer, group=group):
            more = (f"user\x1f{peer}",) if peer else (f"group\x1f{group}",) if group else ()
            return (f"user\x1f{user}", *more)


def place_of(item: AnyItem) -> str:
    """The source's own id of the group or room that *item* is, or is about; empty where there is none."""
    match item:
        case Group(id=name) | Room(id=name):
            return name
        case GroupMember(group=where) | GroupBlock(group=where) | RoomMember(room=where) | Setting(group=where):
            return where
        case User() | Friendship() | Block():
            return ""


def message_needs(event: Event) -> tuple[str, ...]:
    """As `needs`, of a message: its sender and its conversation."""
    kind, *names = conversation_key(event.conversation).decode().split("\x1f")
    people = [f"user\x1f{name}" for name in names] if kind == "direct" else [f"{kind}\x1f{names[0]}", f"user\x1f{event.sender}"]
    return tuple(people)


def digest(item: AnyItem) -> str:
    """Of all that the item holds: 32 hex characters. Equal items have equal digests, whatever the order of their attributes."""
    return digest_of(wire.dump(canonical(item)))


def digest_of(raw: bytes) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


def canonical(item: AnyItem) -> AnyItem:
    """*item* as a bundle holds it: user ids folded, attributes sorted, a friendship from the side that sorts first."""
    match item:
        case User(id=name, attributes=attributes):
            return msgspec.structs.replace(item, id=canonical_id(name), attributes=dict(sorted(attributes.items())))
        case Friendship():
            one, other = canonical_id(item.owner), canonical_id(item.friend)
            if one <= other:
                return msgspec.structs.replace(item, owner=one, friend=other)
            return msgspec.structs.replace(item, owner=other, friend=one, remark=item.friend_remark, friend_remark=item.remark)
        case Block(owner=one, blocked=other):
            return msgspec.structs.replace(item, owner=canonical_id(one), blocked=canonical_id(other))
        case Group(owner=owner) | Room(owner=owner):
            return msgspec.structs.replace(item, owner=canonical_id(owner))
        case GroupMember(user=user, attributes=attributes):
            return msgspec.structs.replace(item, user=canonical_id(user), attributes=dict(sorted(attributes.items())))
        case GroupBlock(user=user) | RoomMember(user=user):
            return msgspec.structs.replace(item, user=canonical_id(user))
        case Setting(user=user, peer=peer):
            return msgspec.structs.replace(item, user=canonical_id(user), peer=canonical_id(peer))


def read_item(raw: bytes) -> AnyItem:
    """An item as `wire.dump` wrote it. Raises wire.Malformed."""
    return wire.load(raw, AnyItem)  # type: ignore[arg-type]  # a union is no type to mypy
