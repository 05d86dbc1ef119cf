"""Deliveries written as calls of Easemob's REST API: which module writes what."""

from converters.core.model import NOTHING, Delivery, Loss, TargetContext
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    OwnerChanged,
    Post,
    Presence,
    Reaction,
    Read,
    Recall,
    Received,
    Typing,
    kind_of,
)
from converters.platform import Encoded
from converters.platforms.easemob import encode_friends, encode_groups, encode_messages, encode_posts
from converters.platforms.easemob.account import EasemobAccount


def encode(delivery: Delivery, account: EasemobAccount, there: TargetContext = NOTHING) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts."""
    operation = delivery.event.operation
    if not delivery.receiver and not isinstance(operation, GroupCreated):
        return Encoded((), (Loss("group-missing"),))
    match operation:
        case Post():
            return encode_posts.post(operation, delivery, account, there)
        case Recall():
            return encode_messages.recall(operation, delivery, account, there)
        case Edit():
            return encode_messages.edit(operation, delivery, account, there)
        case Reaction():
            return encode_messages.react(operation, delivery, account, there)
        case Typing():
            return encode_posts.typing(operation, delivery, account)
        case (
            GroupCreated()
            | GroupDismissed()
            | GroupChanged()
            | MembersAdded()
            | MembersRemoved()
            | OwnerChanged()
            | AdminsChanged()
            | Muted()
        ):
            return encode_groups.group(operation, delivery, account)
        case FriendChanged():
            return encode_friends.friend(operation, delivery, account)
        case BlockChanged():
            return encode_friends.block(operation, delivery, account)
        case Read() | Received() | Presence():  # no call does that in a user's name
            return Encoded((), (Loss(kind_of(operation)),))
