"""What goes to RongCloud in messages that nobody reads: receipts, typing, friends.

Source: "RongCloud: Signalling message types", "RongCloud: Read receipts".
"""

from converters.core.model import Delivery, Direct, Group, Loss, Room, TargetContext
from converters.core.operations import FriendChanged, Read, Typing
from converters.platform import Encoded
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import Content
from converters.platforms.rongcloud.ids import ULTRA
from converters.platforms.rongcloud.sending import SendRequest, content_of, signal

_QUIET = {"isPersisted": "0", "isCounted": "0", "disablePush": "true"}


def read_receipt(read: Read, delivery: Delivery, account: RongcloudAccount, there: TargetContext) -> Encoded:
    """In a talk of two all up to a time, in a group one message, if its author asked on RongCloud who reads it."""
    if read.message is not None and not (there.message and there.message[0].id):
        return Encoded((), (Loss("message-missing"),))
    if not account.receipts:
        return Encoded((), (Loss("read"),))
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    last = there.message[-1] if there.message else None
    match delivery.event.conversation:
        case Direct():
            # The answer to a send has no time; who read it did so after it was sent.
            until = (last.at if last else read.until) or delivery.event.at
            content: Content = {"lastMessageSendTime": until, "type": 1}
            if last:
                content["messageUId"] = last.id
            return Encoded((_one(delivery, account, "message/private/publish", "RC:ReadNtf", content),))
        case Group() if last and read.message and not delivery.receiver.startswith(ULTRA):
            author = last.sender or delivery.named(read.message.author)
            if not author:
                return Encoded((), (Loss("read"),))
            content = {"receiptMessageDic": {author: [sent.id for sent in there.message if sent.id]}}
            sent = content_of(delivery, account, content, {}, delivery.receiver)
            to = {"toGroupId": delivery.receiver}
            # Of its own limit: receipts do not stand in the way of what is said.
            return Encoded((signal(delivery, account, "statusmessage/group/publish", "RC:RRRspMsg", sent, to),))
        case Group() | Room():
            return Encoded((), (Loss("read"),))


def typing(now: Typing, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    """RongCloud's clients show it for some seconds, and are not told that it ends."""
    if not account.typing or not now.active or not delivery.sender or not isinstance(delivery.event.conversation, Direct):
        return Encoded((), (Loss("typing"),))
    content: Content = {"typingContentType": "RC:TxtMsg"}
    sent = content_of(delivery, account, content, {}, delivery.receiver)
    to = {"toUserId": delivery.receiver}
    return Encoded((signal(delivery, account, "statusmessage/private/publish", "RC:TypSts", sent, to),))


def friend(changed: FriendChanged, delivery: Delivery, account: RongcloudAccount) -> Encoded:
    """A message as the customer's own server would send it: RongCloud keeps no friends."""
    what = {"requested": "Request", "added": "AcceptResponse", "refused": "RejectResponse"}.get(changed.what)
    if what is None:
        return Encoded((), (Loss("friend-changed"),))
    if not delivery.sender:
        return Encoded((), (Loss("nobody"),))
    other = delivery.named(changed.user)
    content = {"operation": what, "sourceUserId": delivery.sender, "targetUserId": other, "message": changed.message}
    sent = content_of(delivery, account, content, {}, other)
    return Encoded((signal(delivery, account, "message/system/publish", "RC:ContactNtf", sent, {"toUserId": other}),))


def _one(delivery: Delivery, account: RongcloudAccount, api: str, name: str, content: Content) -> SendRequest:
    sent = content_of(delivery, account, content, {}, delivery.receiver)
    own = {"isIncludeSender": "1" if account.include_sender else "0"}
    return signal(delivery, account, api, name, sent, {"toUserId": delivery.receiver, **own, **_QUIET})
