"""Callbacks of Easemob read into events. Source: "Easemob: Post-delivery callback", "Easemob: Callback events"."""

from converters.core import wire
from converters.core.bodies import Command
from converters.core.event_id import EventId
from converters.core.lenient import milliseconds, word
from converters.core.model import Direct, Event, Loss
from converters.core.operations import Post, Quote, Typing
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.easemob import events, extension, groups
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import body_of
from converters.platforms.easemob.envelope import Envelope, What, conversation_of, what_is
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.scene import EventContext, scene_of
from converters.platforms.easemob.values import table, text
from converters.text import echo_mark

_TYPING = {"typingbegin": True, "typingend": False}
"""Commands of the UI kits, in lower case and without `_`."""


_IGNORED: dict[What, str] = {
    "offline-copy": "offline-copy", "pre-delivery": "pre-delivery", "push": "event:push", "moderation": "event:moderation",
    # A thread's messages are carried into its group; that there is one is not.
    "thread": "event:thread", "notify": "event:other", "other": "event:other", "probe": "probe",
}  # fmt: skip


def decode(callback: Callback, account: EasemobAccount) -> tuple[Decoded, ...]:
    """What one callback says. Raises Malformed."""
    envelope = wire.load(callback.body, Envelope)
    what = what_is(envelope)
    if what == "message":
        return (_message(callback, envelope, account),)
    if what in _IGNORED:
        return (Ignored(_IGNORED[what]),)
    scene = scene_of(callback, envelope)
    match what:
        case "reaction":
            return events.reactions(envelope, scene)
        case "group":
            return (groups.operation(envelope, scene, account),)
        case "group-legacy":
            return (groups.legacy(envelope, scene),)
        case "edit":
            return (events.edit(envelope, scene, account),)
        case _:
            return (events.READERS[what](envelope, scene),)


def _message(callback: Callback, envelope: Envelope, account: EasemobAccount) -> Decoded:
    conversation = conversation_of(envelope)
    sender = plain(word(envelope.sender))
    remote_id = word(envelope.msg_id)
    if conversation is None or not sender or not remote_id:
        raise wire.Malformed("message without from, to or msg_id")
    payload = envelope.payload if isinstance(envelope.payload, dict) else {}
    receiver = plain(word(envelope.to)) if isinstance(conversation, Direct) else conversation.id
    at = milliseconds(envelope.timestamp, callback.received)
    ext = payload.get("ext")
    losses: tuple[Loss, ...] = ()
    if not isinstance(ext, dict):
        ext, losses = {}, (Loss("ext"),) if ext else ()
    body, quote = body_of(payload), None
    unfit = ""
    if ext:
        found = echo_mark.read(ext.get(account.mark), echo_mark.on(callback.app, conversation, sender, receiver), account, at)
        if isinstance(found, echo_mark.EchoMark):
            return OwnEcho(found.event, remote_id, at, conversation, found.part, found.more, found.keyed)
        unfit = found or ""
        scene = EventContext(callback.app, conversation, at)
        body, quote, ext, losses = extension.understood(ext, account.mark, body, scene)
    if "meta" in payload:
        quote, losses = _thread(payload, EventContext(callback.app, conversation, at), quote, losses)
    what = "post"
    operation: Post | Typing = Post(body, quote, ext)
    if isinstance(body, Command) and (active := _TYPING.get(body.name.lower().replace("_", ""))) is not None:
        what, operation = "typing", Typing(active)
    event = Event(
        id=EventId.of(
            "easemob", callback.app, str(conversation.__struct_config__.tag), remote_id, what
        ).text,
        source=callback.app,
        remote_id=remote_id,
        conversation=conversation,
        sender=sender,
        at=at,
        operation=operation,
    )
    return DecodedEvent(event, losses, unfit)


def _thread(
    payload: dict[str, object], scene: EventContext, quote: Quote | None, losses: tuple[Loss, ...]
) -> tuple[Quote | None, tuple[Loss, ...]]:
    """Said in a thread: in the group it becomes an answer to the message that the thread is about."""
    thread = table(table(payload.get("meta")).get("thread"))
    if not thread:
        return quote, losses
    about = text(thread.get("msg_parent_id"))
    answer = Quote(scene.ref(about)) if about and quote is None else quote
    return answer, (*losses, Loss("thread"))
