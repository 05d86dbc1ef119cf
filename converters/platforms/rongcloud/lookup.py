"""Asking the history whether a message of ours is there: what lies in the time in question is searched for our mark, a hundred at a time.

It needs the cloud storage service. Source: "RongCloud: v3/message/private/query", "RongCloud: v3/message/group/query".
"""

from typing import Any

from msgspec import Struct, structs

from converters import mending
from converters.core import wire
from converters.core.lenient import Word, milliseconds, word
from converters.core.model import Delivery, Direct, Group, Room
from converters.core.outcome import Delivered, Outcome
from converters.platform import LookUp, Reply, Request
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.content import opened, read
from converters.platforms.rongcloud.ids import ULTRA, of_ultra
from converters.text import echo_mark

_HEADERS = {"Content-Type": "application/json"}
_PAGE = 100


class _Item(Struct, frozen=True):
    messageUID: Word = None  # noqa: N815 - RongCloud's name
    msgTime: Word = None  # noqa: N815
    content: Any = None


class _Answer(Struct, frozen=True):
    data: tuple[_Item, ...] | None = None


def ask(delivery: Delivery, account: RongcloudAccount, since: int, until: int) -> Request | None:
    """In a talk of two the sender is asked; the receiver, where the sender's history has nothing of what we send."""
    sender, receiver = delivery.sender or account.operator, delivery.receiver
    span = {"startTime": str(since), "endTime": str(until), "pageSize": str(_PAGE), "includeStart": "true"}
    match delivery.event.conversation:
        case Direct():
            kind, who = "private", (sender, receiver) if account.include_sender else (receiver, sender)
            fields = {"userId": who[0], "targetId": who[1]}
        case Group() if receiver.startswith(ULTRA):
            group, channel = of_ultra(receiver)
            kind, fields = "ultragroup", {"userId": sender, "targetId": group}
            if channel:
                fields["busChannel"] = channel
        case Group():
            kind, fields = "group", {"userId": sender, "targetId": receiver}
        case Room():
            kind, fields = "chatroom", {"userId": sender, "targetId": receiver}
    api = f"v3/message/{kind}/query"
    return Request("POST", f"/{api}.json", _HEADERS, wire.dump_any(fields | span), api, repeatable=True)


def found(delivery: Delivery, account: RongcloudAccount, reply: Reply, part: int = 0) -> Outcome | None:
    try:
        answer, _ = mending.load(reply.body, _Answer)
    except wire.Malformed:
        return None
    where = echo_mark.on(delivery.target, delivery.event.conversation, delivery.sender or account.operator, delivery.receiver)
    for item in answer.data or ():
        content = read(item.content)
        ours = opened(content, account.mark)[0] if content is not None else None
        at = milliseconds(item.msgTime, 0)
        known = echo_mark.read(ours, where, account, at)
        if isinstance(known, echo_mark.EchoMark) and known.event == delivery.event.id and known.part == part:
            return Delivered(word(item.messageUID), at or None)
    return None


def more(request: Request, reply: Reply) -> Request | None:
    """The messages after a full page."""
    try:
        items = mending.load(reply.body, _Answer)[0].data or ()
        asked = wire.load_any(request.body)
    except wire.Malformed:
        return None
    last = max((milliseconds(item.msgTime, 0) for item in items), default=0)
    # Where a whole page has one time there is no way behind it.
    if len(items) < _PAGE or last <= int(asked["startTime"]):
        return None
    return structs.replace(request, body=wire.dump_any({**asked, "startTime": str(last)}))


LOOK_UP = LookUp(ask, found, more)
