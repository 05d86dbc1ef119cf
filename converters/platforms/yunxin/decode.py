"""Copies of Yunxin read into events. Source: "Yunxin: Message copy (抄送)", the table of eventType."""

from hashlib import blake2b

from converters import mending
from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds, word, words
from converters.core.model import Conversation, Event, Loss
from converters.core.operations import Post
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.yunxin import extension, notifications, reports
from converters.platforms.yunxin.account import YunxinAccount
from converters.platforms.yunxin.callback import (
    ROOM_MESSAGE,
    CopiedEvent,
    CopiedMessage,
    by_server,
    conversation_of,
    receiver_of,
    what_is,
    withheld,
)
from converters.platforms.yunxin.emoticons import EMOTICONS
from converters.platforms.yunxin.ids import scope
from converters.platforms.yunxin.messages import body_of
from converters.platforms.yunxin.values import record
from converters.routing.user_ids import fold
from converters.text import echo_mark
from converters.text.emoticons import read_in
from converters.text.extension_payload import key_of, put_back, quote_back

_EVENTS = {
    "5": "call",
    "6": "recording",
    "10": "phone-call",
    "11": "sms",
    "12": "sms",
    "14": "room-queue",
    "20": "moderation",
    "31": "signalling",
    "36": "upload",
    "42": "heartbeat",
    "83": "callback-failed",
    "84": "login-failed",
}


def decode(callback: Callback, account: YunxinAccount) -> tuple[Decoded, ...]:
    """What one copy says. Raises Malformed."""
    copy, losses = mending.load(callback.body, CopiedMessage)
    lost = list(losses)
    found = _read(callback, copy, account, lost)
    if account.emoticons != "off" and b"[" in callback.body:
        found = read_in(found, EMOTICONS.read)
    return mending.with_losses(found, lost) if lost else found


def _read(callback: Callback, copy: CopiedMessage, account: YunxinAccount, lost: list[Loss]) -> tuple[Decoded, ...]:
    match what_is(callback.headers, callback.body, copy):
        case "other-product" | "probe" | "pre-delivery" as reason:
            return (Ignored(reason),)
        case "event":
            return (Ignored(f"event:{_EVENTS.get(word(copy.event_type), 'other')}"),)
        case "withheld":
            return (Ignored(withheld(copy)),)
        case "report":
            report, _ = mending.load(callback.body, CopiedEvent)
            return reports.read(word(copy.event_type), callback, report, conversation_of(copy), account, lost)
        case what:
            conversation = conversation_of(copy)
            if conversation is None or not copy.from_account:
                raise wire.Malformed("message without sender, receiver or a known convType")
            if what == "notification":
                return (notifications.read(callback, copy, conversation, remote_id(copy), account, lost),)
            return (_message(callback, copy, conversation, account, lost),)


def _message(callback: Callback, copy: CopiedMessage, conversation: Conversation, account: YunxinAccount, lost: list[Loss]) -> Decoded:
    sender = fold(word(copy.from_account))
    named = remote_id(copy)
    at = milliseconds(copy.msg_timestamp, callback.received)
    ext = record(copy.ext, lost) if copy.ext else None
    unfit = ""
    if ext and account.mark in ext:
        where = echo_mark.on(callback.app, conversation, sender, receiver_of(copy, conversation))
        found = echo_mark.read(ext[account.mark], where, account, at)
        # Only the server API sends what is ours: a client that copied our ext along, even in place, says something of its own.
        found = found if by_server(copy) else echo_mark.by_client(found)
        if isinstance(found, echo_mark.EchoMark):
            return OwnEcho(found.event, named, at, conversation, found.part, found.more, found.keyed)
        unfit = found or ""
    body = body_of(copy.msg_type, copy.body, copy.attach, room=word(copy.event_type) == ROOM_MESSAGE, lost=lost)
    quote, own = None, {}
    if ext:
        quote = extension.quote_of(ext, conversation, callback.app)
        body = extension.mentioned(body, ext)
        if (more := ext.get(key_of(account.mark))) is not None:
            body, quote = put_back(body, more), quote_back(quote, more)
        own = extension.own(ext, account.mark, body, quote)
    if quote is None and b"eply" in callback.body:
        quote = extension.thread_of(callback.body, conversation, callback.app)
    event = Event(
        id=new_event_id("yunxin", callback.app, scope(conversation), named),
        source=callback.app,
        remote_id=named,
        client_id=word(copy.msgid_client),
        conversation=conversation,
        sender=sender,
        sender_name=words(copy.from_nick) or "",
        at=at,
        operation=Post(body, quote, own),
    )
    return DecodedEvent(event, (Loss("ext"),) if copy.ext and ext is None else (), unfit)


def remote_id(copy: CopiedMessage) -> str:
    """The server's id; the client's where the server keeps none ("0"); a digest of what was said when where there is neither."""
    server = word(copy.msgid_server)
    if server not in {"", "0"}:
        return server
    if copy.msgid_client:
        return word(copy.msgid_client)
    said = [copy.from_account, copy.to, copy.room_id, copy.msg_timestamp, copy.msg_type, copy.body, copy.attach]
    return blake2b(wire.dump_any(said), digest_size=16).hexdigest()
