"""Deliveries written as calls of Yunxin's REST API. Source: the vendor's pages named in the modules beside this one."""

from converters.core.bodies import Command
from converters.core.model import NOTHING, Delivery, Loss, Room, TargetContext
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
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.emoticons import EMOTICONS
from converters.platforms.yunxin.encode_named import edit, react, read, recall
from converters.platforms.yunxin.encode_notification import command, typing
from converters.platforms.yunxin.encode_people import block, friend
from converters.platforms.yunxin.encode_post import post
from converters.platforms.yunxin.encode_room import room_life
from converters.platforms.yunxin.encode_team import team_life
from converters.text.emoticons import written_in


def encode(delivery: Delivery, account: YunxinAccount, there: TargetContext = NOTHING) -> Encoded:
    """The calls for one delivery; a text that is too long goes in parts, each with an id of its own."""
    if account.emoticons == "both":
        delivery = written_in(delivery, EMOTICONS.write)
    operation = delivery.event.operation
    match operation:
        case Post(body=Command() as body, quote=quote, ext=ext):
            done = command(delivery, account, body)
            # A notification has no extension.
            lost = tuple(Loss(what) for what, held in (("quote", quote), ("ext", ext)) if held and done.requests)
            return Encoded(done.requests, (*done.losses, *lost)) if lost else done
        case Post(body=body, quote=quote, ext=ext):
            return post(delivery, account, there, body, quote, ext)
        case Recall(notice=notice):
            return recall(delivery, account, there, notice)
        case Edit():
            return edit(delivery, account, there, operation)
        case Read():
            return read(delivery, account, there)
        case Typing(active=active):
            return typing(delivery, account, active=active)
        case Reaction():
            return react(delivery, account, there, operation)
        case Received() | Presence():
            return Encoded((), (Loss(kind_of(operation)),))
        case FriendChanged():
            return friend(delivery, account, operation)
        case BlockChanged():
            return block(delivery, account, operation)
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
            if isinstance(delivery.event.conversation, Room):
                return room_life(delivery, account, operation)
            return team_life(delivery, account, operation)
