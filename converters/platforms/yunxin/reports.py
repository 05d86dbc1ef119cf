"""Recalls, edits, receipts, comings and goings. Source: "Yunxin: Message copy (抄送)", eventType 2, 3, 7-9, 25, 30, 85, 89-91."""

from collections.abc import Callable
from hashlib import blake2b

from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds, word
from converters.core.model import Conversation, Event, Loss, direct
from converters.core.operations import Edit, MembersAdded, MembersRemoved, Operation, Presence, Read, Recall
from converters.platform import Callback, Decoded, DecodedEvent, Ignored
from converters.platforms.yunxin import extension
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.callback import (
    EDITS,
    LOGIN,
    LOGOUT,
    READ,
    RECALLS,
    RECEIPT,
    ROOM_MEMBER,
    CopiedEvent,
    conversation_reported,
    receipts,
)
from converters.platforms.yunxin.ids import scope
from converters.platforms.yunxin.messages import edited_body
from converters.platforms.yunxin.values import number, record, text
from converters.routing.user_ids import fold

Reader = Callable[[Callback, CopiedEvent, Conversation | None, YunxinAccount, list[Loss]], tuple[Decoded, ...]]


def read(
    event: str, callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    """What a copy of kind *event*, one of READERS, says; *conversation* as of `conversation_of`. Raises Malformed."""
    return READERS[event](callback, report, conversation, account, lost)


def _said(
    callback: Callback,
    conversation: Conversation,
    remote_id: str,
    sender: str,
    at: int,
    operation: Operation,
    name: str = "",
    losses: tuple[Loss, ...] = (),
) -> DecodedEvent:
    name = name or str(operation.__struct_config__.tag)
    event_id = new_event_id("yunxin", callback.app, scope(conversation), remote_id, name)
    event = Event(
        id=event_id, source=callback.app, remote_id=remote_id, conversation=conversation, sender=sender, at=at, operation=operation
    )
    return DecodedEvent(event, losses)


def _recall(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    del account, lost
    message, sender = word(report.msg_id), fold(word(report.sender))
    if conversation is None or not sender or message in {"", "0"}:
        raise wire.Malformed("recall without sender, receiver or message")
    named = extension.ref(conversation, callback.app, message, word(report.client_id), sender, milliseconds(report.send_time, 0))
    at = milliseconds(report.delete_time, callback.received)
    return (_said(callback, conversation, message, sender, at, Recall(named, word(report.self_msg))),)


def _edit(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    message, author = word(report.msg_id), fold(word(report.sender))
    if conversation is None or not author or message in {"", "0"}:
        raise wire.Malformed("edit without sender, receiver or message")
    ext = record(report.extension, lost) if report.extension else None
    body = edited_body(report.text, report.attachment)
    own = {}
    if ext:
        body = extension.mentioned(body, ext)
        own = extension.own(ext, account.mark, body, extension.quote_of(ext, conversation, callback.app))
    named = extension.ref(conversation, callback.app, message, word(report.client_id), author, 0)
    at = milliseconds(report.modify_time, callback.received)
    losses = (Loss("ext"),) if report.extension and ext is None else ()
    # Without a time of its own every edit of the message would be the same.
    count = milliseconds(report.modify_time, 0) or _digest(report)
    who = fold(word(report.modify_account_id)) or author
    return (_said(callback, conversation, message, who, at, Edit(named, body, own), f"edit-{count}", losses),)


def _digest(report: CopiedEvent) -> str:
    said = [report.text, report.attachment, report.extension]
    return blake2b(wire.dump_any(said), digest_size=8).hexdigest()


def _receipts(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    del conversation, account, lost
    found: list[Decoded] = []
    for one in receipts(report):
        reader, author, message = fold(text(one, "fromAccount")), fold(text(one, "toAccount")), text(one, "msgidClient")
        if not reader or not author or not message:
            raise wire.Malformed("receipt without reader, author or message")
        talk, at = direct(reader, author), number(one, "timestamp")
        named = extension.ref(talk, callback.app, "", message, author, 0)
        found.append(_said(callback, talk, message, reader, at or callback.received, Read(named, at)))
    return tuple(found) or (Ignored("event:read"),)


def _read(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    del account, lost
    conversation, reader = conversation_reported(report), fold(word(report.accid))
    until = milliseconds(report.ack_msg_time, 0)
    if conversation is None or not reader or not until:
        return (Ignored("event:read"),)
    other = fold(word(report.ack_accid)) or "team"
    said = _said(callback, conversation, f"{reader} {other} {until}", reader, until, Read(None, until))
    return (said,)


def _member(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    del account, lost
    conversation, user, how = conversation_reported(report), fold(word(report.accid)), word(report.event).upper()
    if conversation is None or not user:
        raise wire.Malformed("member without room or name")
    at = milliseconds(report.timestamp, callback.received)
    operation: Operation
    match how:
        case "IN":
            operation = MembersAdded((user,), "joined")
        case "OUT":
            operation = MembersRemoved((user,), "left")
        case "KICK":
            operation = MembersRemoved((user,), "kicked")
        case _:
            return (Ignored("event:room-member"),)
    named = f"{word(report.room_id)} {user} {word(report.timestamp)} {word(report.device_id)} {how}"
    return (_said(callback, conversation, named, "" if how == "KICK" else user, at, operation),)


def _presence(
    callback: Callback, report: CopiedEvent, conversation: Conversation | None, account: YunxinAccount, lost: list[Loss]
) -> tuple[Decoded, ...]:
    del account, lost
    conversation, user = conversation_reported(report), fold(word(report.accid))
    if conversation is None or word(report.code) not in {"", "200"}:
        return (Ignored("event:login-failed"),)
    online = word(report.event_type) == LOGIN
    named = f"{user} {word(report.timestamp)} {word(report.device_id)} {word(report.client_type)}"
    at = milliseconds(report.timestamp, callback.received)
    operation = Presence(online, word(report.client_type))
    return (_said(callback, conversation, named, user, at, operation, "presence-on" if online else "presence-off"),)


READERS: dict[str, Reader] = {
    **dict.fromkeys(RECALLS, _recall),
    **dict.fromkeys(EDITS, _edit),
    RECEIPT: _receipts,
    READ: _read,
    ROOM_MEMBER: _member,
    LOGIN: _presence,
    LOGOUT: _presence,
}
"""By eventType."""
