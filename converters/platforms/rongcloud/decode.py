"""Callbacks of RongCloud read into events. Source: "RongCloud: Full message routing"."""

from hashlib import blake2b

from msgspec import structs

from converters import mending
from converters.core import wire
from converters.core.lenient import milliseconds, true
from converters.core.model import Conversation, Direct, Event, Loss
from converters.core.operations import Post
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.rongcloud import emoticons
from converters.platforms.rongcloud.account import RongcloudAccount
from converters.platforms.rongcloud.callback import RECALL, Fields, RoutedMessage, ServiceEvent, by_server, channel_of, conversation_of
from converters.platforms.rongcloud.callback import read as read_body
from converters.platforms.rongcloud.content import Content, listed, opened, read, text, user, without
from converters.platforms.rongcloud.messages import QUOTE, body_of, losses_of, own_extra, quote_in
from converters.platforms.rongcloud.operations import DecodedChange, ReceivedMessage, event_id, happened
from converters.platforms.rongcloud.told import told
from converters.text import echo_mark
from converters.text.emoticons import read_in
from converters.text.extension_payload import key_of, put_back, quote_back

_CHANNELS = {"PERSONS": "discussion", "CUSTOMERSERVICE": "customer-service", "MC": "public-account", "MP": "public-account"}
_SIGN_CODES = (b"%2Fu", b"%2fu", b"/u")
"""How an emoji's code begins in a form and in JSON."""
_GROUPS = {"GROUP", "ULTRAGROUP"}
_SERVER = {"server", ""}
"""What does not say that a client has sent it; in rooms, and long ago, nothing says who has."""


def decode(callback: Callback, account: RongcloudAccount) -> tuple[Decoded, ...]:
    """What one callback says. Raises Malformed."""
    match read_body(callback.body):
        case RoutedMessage(fields=fields, losses=losses):
            lost = list(losses)
            decoded = _routed(fields, callback, account, lost)
        case ServiceEvent(value=value, losses=losses):
            lost, decoded = list(losses), told(value, callback)
    if account.emoticons and any(code in callback.body for code in _SIGN_CODES):
        decoded = read_in(decoded, emoticons.read)
    return mending.with_losses(decoded, lost) if lost else decoded


def _routed(fields: Fields, callback: Callback, account: RongcloudAccount, lost: list[Loss]) -> tuple[Decoded, ...]:
    name = fields.get("objectName", "")
    if (reason := _passed_by(name, fields)) is not None:
        return (Ignored(reason),)
    conversation, sender = conversation_of(fields), fields.get("fromUserId", "")
    vouched = by_server(fields, unsaid=account.unsaid_source)
    if name == RECALL and conversation is None and not vouched:
        return (Ignored("recall-of-nothing"),)  # whatever a user sends, it is no fault that a person has to look at
    if not name or conversation is None or not sender:
        raise wire.Malformed("message without objectName, sender, receiver or a known channelType")
    raw = fields.get("content", "")
    content = read(raw, lost)
    arrived = ReceivedMessage(
        callback.app,
        fields,
        content or {},
        conversation,
        sender,
        fields.get("msgUID") or blake2b(callback.body, digest_size=16).hexdigest(),
        milliseconds(fields.get("msgTimestamp") or fields.get("timestamp"), callback.received),
        vouched,
        account.friends_by_clients,
    )
    ours, ext = opened(content, account.mark, lost) if content is not None else (None, {})
    found: echo_mark.EchoMark | str | None = None
    if ours is not None:
        where = echo_mark.on(callback.app, conversation, sender, _receiver(fields, conversation))
        found = echo_mark.read(ours, where, account, arrived.at)
        # Only the server API sends what is ours: a client that copied our mark along, even in place, says something of its own.
        found = found if fields.get("source", "").lower() in _SERVER else echo_mark.by_client(found)
        if isinstance(found, echo_mark.EchoMark):
            return (OwnEcho(found.event, arrived.remote_id, arrived.at, conversation, found.part, found.more, found.keyed),)
    said = _carried(name, raw, content, ext, arrived, account)
    return said if not found else tuple(structs.replace(one, unfit=found) if isinstance(one, DecodedEvent) else one for one in said)


def _carried(
    name: str, raw: str, content: Content | None, ext: Content, arrived: ReceivedMessage, account: RongcloudAccount
) -> tuple[Decoded, ...]:
    done = happened(name, arrived)
    if isinstance(done, Ignored):
        return (done,)
    if done is not None:
        return tuple(_said(one, arrived) for one in done)
    if (reason := _kept_back(arrived.fields, account)) is not None:
        return (Ignored(reason),)
    return (_posted(name, raw, content, ext, arrived, account),)


def _passed_by(name: str, fields: Fields) -> str | None:
    """Why a callback is not looked into."""
    if not name and fields.get("msgType") and fields.get("messageId"):
        return "pre-delivery"  # a check before sending; the message may yet be stopped
    if fields.get("sensitiveType") == "1":
        return "moderated"  # kept from the receiver there; it must not reach them by way of us
    return _CHANNELS.get(channel_of(fields))


def _kept_back(fields: Fields, account: RongcloudAccount) -> str | None:
    """The same of a message that people would read."""
    if channel_of(fields) in _GROUPS and _directed(fields.get("groupUserIds", "")):
        return "directed"  # to some of the group, and the others must not see it
    if channel_of(fields) == "NOTIFY" and not account.system_messages:
        return "system"
    return None


def _directed(named: str) -> bool:
    """Whether somebody is named; the vendor's own sample has names beside a talk of two, where they mean nothing."""
    if named.strip("[]{}\"', ") in {"", "null", "None"}:
        return False
    users = listed(named)
    return not users or any(user(one) for one in users)


def _receiver(fields: Fields, conversation: Conversation) -> str:
    if isinstance(conversation, Direct):
        return fields.get("toUserId", "")
    return conversation.id


def _posted(name: str, raw: str, content: Content | None, ext: Content, arrived: ReceivedMessage, account: RongcloudAccount) -> Decoded:
    """A message; or another content for one, as ultra groups have it."""
    body = body_of(name, content, raw, account.mark, account.language)
    losses: tuple[Loss, ...] = ()
    quote = None
    if content is not None:
        losses = losses_of(name, content)
        if name == QUOTE:
            ref = arrived.ref(text(content.get("referMsgUid")), user(content.get("referMsgUserId")))
            quote = quote_in(content, ref, account.mark)
        elif name == "RC:StreamMsg" and not true(content.get("complete")):
            return Ignored("stream-part")
        held = content if not name.startswith("RC:") else ext
        if held is content:
            ext = {}  # all of it is in the body
        if held and (more := held.get(key_of(account.mark))) is not None:
            body, ext = own_extra(body, more) if held is content else (body, without(ext, key_of(account.mark)))
            body, quote = put_back(body, more), quote_back(quote, more)
    if original := arrived.fields.get("originalMsgUID"):
        return _said(DecodedChange(arrived.edited(original, body, ext), f"edit-{arrived.at}", losses=losses), arrived)
    return _said(DecodedChange(Post(body, quote, ext), "post", losses=losses), arrived)


def _said(one: DecodedChange, arrived: ReceivedMessage) -> DecodedEvent:
    conversation, uid = one.conversation or arrived.conversation, one.remote_id or arrived.remote_id
    held = arrived.content.get("user")
    event = Event(
        id=event_id(arrived.app, conversation, uid, one.word),
        source=arrived.app,
        remote_id=uid,
        conversation=conversation,
        sender=one.sender or arrived.sender,
        sender_name=text(held.get("name")) if isinstance(held, dict) else "",
        at=arrived.at,
        operation=one.operation,
    )
    return DecodedEvent(event, one.losses)
