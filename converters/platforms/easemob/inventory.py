"""What an item of a migration needs at Easemob: which calls, in which order, how many items a call takes.

Source: "Easemob: Manage users", "… User attributes", "… Contacts", "… Block lists", "… Groups", "… Group members", "… Chat rooms", "… Push settings".
"""

from collections.abc import Iterator

from converters.core.model import Loss
from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User
from converters.migration import Context, Inventory, Part, Piece, Pieces
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.inventory_answers import read
from converters.platforms.easemob.inventory_find import find
from converters.platforms.easemob.inventory_requests import attributes_of, encode, interval, member_attributes_of, room_text, too_long
from converters.probing import Findings

MOST_USERS = 60
_MOST_FRIENDS = 10
_MOST_BLOCKED = 50
"""Users of one call to block; how many may be, the page does not say."""
_MOST_PUSH_NAMES = 50
_MOST_ATTRIBUTES = 20

PARTS = (
    Part(name="user", kind="user", api="users", most=MOST_USERS, wave=0),
    Part(name="attributes", kind="user", api="users/attributes", wave=1, fresh=True),
    Part(name="push-name", kind="user", api="push/nickname", most=_MOST_PUSH_NAMES, wave=1, fresh=True),
    Part(name="push-style", kind="user", api="push/style", wave=1, fresh=True),
    Part(name="friend", kind="friendship", api="contacts/import", most=_MOST_FRIENDS, wave=2),
    Part(name="remark", kind="friendship", api="contacts/remark", wave=3),
    Part(name="friend-remark", kind="friendship", api="contacts/remark", wave=3),
    Part(name="block", kind="block", api="blocks/add", most=_MOST_BLOCKED, wave=3),
    Part(name="group", kind="group", api="chatgroups/create", wave=4, once=True),
    Part(name="group-invites", kind="group", api="chatgroups/modify", wave=5),
    Part(name="group-announcement", kind="group", api="chatgroups/announcement", wave=5),
    Part(name="member", kind="member", api="chatgroups/users/add", most=MOST_USERS, wave=6),
    Part(name="admin", kind="member", api="chatgroups/admin", wave=7),
    Part(name="mute", kind="member", api="chatgroups/mute", most=MOST_USERS, wave=7),
    Part(name="allow", kind="member", api="chatgroups/white/add", most=MOST_USERS, wave=7),
    Part(name="member-attributes", kind="member", api="chatgroups/attributes", most=_MOST_ATTRIBUTES, wave=7),
    Part(name="group-block", kind="group-block", api="chatgroups/blocks/add", most=MOST_USERS, wave=7),
    Part(name="room", kind="room", api="chatrooms/create", wave=4, once=True),
    Part(name="room-announcement", kind="room", api="chatrooms/announcement", wave=5),
    Part(name="room-member", kind="room-member", api="chatrooms/users/add", most=MOST_USERS, wave=6),
    # Who is not on this list leaves a room two minutes after going offline, and an admin has to be in it.
    Part(name="room-allow", kind="room-member", api="chatrooms/white/add", most=MOST_USERS, wave=7),
    Part(name="room-admin", kind="room-member", api="chatrooms/admin", wave=8),
    Part(name="room-mute", kind="room-member", api="chatrooms/mute", most=MOST_USERS, wave=8),
    Part(name="setting", kind="setting", api="notification", wave=8),
    Part(name="language", kind="setting", api="notification", wave=8),
    # Only now, so that nothing that is done before is refused because of it.
    Part(name="mute-all", kind="group", api="chatgroups/ban", wave=9),
    Part(name="room-mute-all", kind="room", api="chatrooms/ban", wave=9),
    Part(name="ban", kind="user", api="users/state", wave=9, fresh=True),
)


def pieces(item: AnyItem, account: EasemobAccount) -> Pieces:
    found = list(_needed(item, account))
    return Pieces(tuple(Piece(item, one) for one in found if isinstance(one, str)), tuple(one for one in found if isinstance(one, Loss)))


def _needed(item: AnyItem, account: EasemobAccount) -> Iterator[str | Loss]:
    match item:
        case User():
            yield from _user(item)
        case Friendship(remark=remark, friend_remark=theirs):
            yield "friend"
            if remark:
                yield "remark"
            if theirs:
                yield "friend-remark"
            yield from (Loss("remark") for words in (remark, theirs) if too_long("remark", words))
        case Block():
            yield "block"
        case Group():
            yield from _group(item)
        case GroupMember():
            yield from _member(item, account)
        case GroupBlock():
            yield "group-block"
        case Room():
            yield from _room(item)
        case RoomMember(role=role, muted=muted, allowed=allowed):
            if role == "owner" or not (role == "admin" or muted or allowed):
                if role != "owner":
                    yield Loss("room-member")
                return
            yield "room-member"
            yield from (["room-allow"] if allowed or role == "admin" else [])
            yield from (["room-admin"] if role == "admin" else [])
            yield from (["room-mute"] if muted else [])
        case Setting():
            yield from _setting(item, account)


def _user(user: User) -> Iterator[str | Loss]:
    if user.state == "deleted":
        yield Loss("deleted")
        return
    yield "user"
    form, losses = attributes_of(user)
    yield from losses
    if form:
        yield "attributes"
    if user.push_name or user.name:
        yield "push-name"
    if too_long("push-name", user.push_name):
        yield Loss("push-name")
    if user.push_style:
        yield "push-style"
    if user.state == "banned":
        yield "ban"


def _group(group: Group) -> Iterator[str | Loss]:
    yield "group"
    yield from (Loss(what) for what, value in _texts(group) if too_long(what, value))
    if group.public and group.invites:  # a call that makes a public group takes no notice of it
        yield "group-invites"
    if group.announcement:
        yield "group-announcement"
    if group.muted:
        yield "mute-all"


def _member(member: GroupMember, account: EasemobAccount) -> Iterator[str | Loss]:
    if member.role != "owner":
        yield "member"
    if member.role == "admin":
        yield "admin"
    if member.muted and member.role != "owner":
        yield "mute"
    if member.allowed:
        yield "allow"
    attributes, losses = member_attributes_of(member, account)
    yield from losses
    if attributes:
        yield "member-attributes"


def _room(room: Room) -> Iterator[str | Loss]:
    yield "room"
    yield from (Loss(what) for what, value in _texts(room) if too_long(what, value))
    if not room_text(room):
        yield Loss("description")  # a room cannot be without one
    if room.announcement:
        yield "room-announcement"
    if room.muted:
        yield "room-mute-all"


def _texts(held: Group | Room) -> Iterator[tuple[str, str]]:
    yield "name", held.name
    yield "description", held.description
    yield "announcement", held.announcement
    yield "ext", held.ext
    if isinstance(held, Group):
        yield "avatar", held.avatar


def _setting(setting: Setting, account: EasemobAccount) -> Iterator[str | Loss]:
    alone = not setting.peer and not setting.group
    quiet = bool(setting.quiet_from and setting.quiet_to)
    told = interval(setting, account) if quiet and alone else ""
    if quiet and not told:
        yield Loss("quiet-hours" if not alone else "zone", setting.zone if alone else "")
    if setting.mode or setting.until or told:
        yield "setting"
    if setting.language:
        yield "language"


def batch(piece: Piece, account: EasemobAccount, context: Context) -> str:
    """Of parts that are for one item alone every piece is its own batch: `most` is 1."""
    del account
    match piece.item:
        case Friendship(owner=owner) | Block(owner=owner):
            return context.user(owner)
        case GroupMember(group=where, muted_until=until):
            return f"{context.group(where)} {until}" if piece.part == "mute" else context.group(where)
        case GroupBlock(group=where):
            return context.group(where)
        case RoomMember(room=where, muted_until=until):
            return f"{context.room(where)} {until}" if piece.part == "room-mute" else context.room(where)
        case _:
            return ""


def most(part: Part, findings: Findings) -> int:
    """One error says that exactly 60 registrations may be too many."""
    return part.most - 1 if part.name == "user" and findings.full_batch is not True else part.most


INVENTORY: Inventory[EasemobAccount] = Inventory(parts=PARTS, pieces=pieces, batch=batch, most=most, encode=encode, read=read, find=find)
