"""What writing an item does at the target, as events: by them it is known when the target calls it back. See `converters.core.fingerprint`."""

from converters.core.model import Conversation, Event
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
)
from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User


def doings(item: AnyItem, source: str, conversation: Conversation | None, at: int) -> tuple[Event, ...]:
    """Everything that the target may call back of it, in canonical words; *source*: the app that it comes from, *at*: ms since 1970.

    More than is done: what is never called back does no harm.
    """
    if conversation is None:
        return ()
    return tuple(
        Event(id="-", source=source, remote_id="-", conversation=conversation, sender=sender, at=at, operation=operation)
        for sender, operation in _operations(item)
    )


def _operations(item: AnyItem) -> list[tuple[str, Operation]]:
    match item:
        case Group(name=name, description=description, avatar=avatar, announcement=announcement, muted=muted, owner=owner):
            changed = GroupChanged(name=name, description=description, avatar=avatar, announcement=announcement)
            return [("", GroupCreated()), ("", changed), ("", MembersAdded((owner,))), *([("", Muted())] if muted else [])]
        case Room(name=name, description=description, announcement=announcement, muted=muted):
            changed = GroupChanged(name=name, description=description, announcement=announcement)
            return [("", GroupCreated()), ("", changed), *([("", Muted())] if muted else [])]
        case GroupMember(user=user, role=role, muted=muted) | RoomMember(user=user, role=role, muted=muted):
            found: list[tuple[str, Operation]] = [("", MembersAdded((user,)))]
            if role == "admin":
                found.append(("", AdminsChanged((user,))))
            if role == "owner":
                found.append(("", OwnerChanged(user)))
            if muted:
                found.append(("", Muted((user,))))
            return found
        case GroupBlock(user=user):
            return [("", MembersRemoved((user,)))]
        case Friendship(owner=one, friend=other):
            return [(one, FriendChanged(other, "added")), (one, FriendChanged(other, "requested"))]
        case Block(owner=owner, blocked=user):
            return [(owner, BlockChanged(user))]
        case User() | Setting():
            return []
