"""Callbacks of Easemob read into events. Source: "Easemob: Post-delivery callback", "Easemob: Callback events"."""

from msgspec import structs

from converters import mending
from converters.core import wire
from converters.core.bodies import Body, Command
from converters.core.event_id import also, new_event_id
from converters.core.lenient import milliseconds, word
from converters.core.model import Direct, Event, Loss
from converters.core.operations import Post, Quote, Typing
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.easemob import events, extension, groups
from converters.platforms.easemob.account import EasemobAccount
from converters.platforms.easemob.bodies import bodies_of
from converters.platforms.easemob.emoticons import EMOTICONS
from converters.platforms.easemob.envelope import Envelope, What, what_is
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.scene import EventContext, scenes_of
from converters.platforms.easemob.scope import likeliest
from converters.platforms.easemob.values import table, text
from converters.text import echo_mark
from converters.text.emoticons import read_in

_TYPING = {"typingbegin": True, "typingend": False}
"""Commands of the UI kits, in lower case and without `_`."""


_IGNORED: dict[What, str] = {
    "offline-copy": "offline-copy",
    "pre-delivery": "pre-delivery",
    "push": "event:push",
    "moderation": "event:moderation",
    # A thread's messages are carried into its group; that there is one is not.
    "thread": "event:thread",
    "notify": "event:other",
    "other": "event:other",
    "probe": "probe",
}


def decode(callback: Callback, account: EasemobAccount) -> tuple[Decoded, ...]:
    """What one callback says. Raises Malformed."""
    found = _decoded(callback, account)
    # Its bodies are a list, so that one bracket is no code.
    return read_in(found, EMOTICONS.read) if account.emoticons and callback.body.count(b"[") > 1 else found


def _decoded(callback: Callback, account: EasemobAccount) -> tuple[Decoded, ...]:
    envelope, lost = mending.load(callback.body, Envelope)
    what = what_is(envelope)
    if what == "message":
        return mending.with_losses(_message(callback, envelope, account), lost)
    if what == "other" and envelope.payload and _may_be_said(envelope):
        raise wire.Malformed("a message, by its payload, of a chat_type that is not known")
    if what in _IGNORED:
        return (Ignored(_IGNORED[what]),)
    here, *elsewhere = scenes_of(callback, envelope)
    found = mending.with_losses(_done(envelope, what, here, account), lost)
    if not elsewhere:
        return found
    others = [mending.with_losses(_done(envelope, what, scene, account), lost) for scene in elsewhere]
    return tuple(
        structs.replace(one, elsewhere=tuple(same for same in each if isinstance(same, DecodedEvent)))
        if isinstance(one, DecodedEvent)
        else one
        for one, *each in zip(found, *others, strict=True)
    )


def _may_be_said(envelope: Envelope) -> bool:
    """Whether a callback of no known kind looks like a message; a kind that is not known yet, with a payload of its own, does not."""
    return not word(envelope.chat_type) or not isinstance(envelope.payload, dict) or bool(envelope.payload.get("bodies"))


def _done(envelope: Envelope, what: What, scene: EventContext, account: EasemobAccount) -> tuple[Decoded, ...]:
    match what:
        case "reaction":
            return events.reactions(envelope, scene)
        case "group":
            return (groups.operation(envelope, scene, account),)
        case "group-legacy":
            return (groups.legacy(envelope, scene),)
        case "edit":
            return (events.edit(envelope, scene, account),)
        case "friend":
            return (events.friends(envelope, scene, account),)
        case _:
            return (events.READERS[what](envelope, scene),)


def _message(callback: Callback, envelope: Envelope, account: EasemobAccount) -> tuple[Decoded, ...]:
    conversation = likeliest(envelope)
    sender = plain(word(envelope.sender))
    remote_id = word(envelope.msg_id)
    if conversation is None or not sender or not remote_id:
        raise wire.Malformed("message without from, to or msg_id")
    payload = table(envelope.payload)
    if envelope.payload and not payload:
        raise wire.Malformed("a message whose payload is no object")
    receiver = plain(word(envelope.to)) if isinstance(conversation, Direct) else conversation.id
    at = milliseconds(envelope.timestamp, callback.received)
    ext = payload.get("ext")
    losses: tuple[Loss, ...] = ()
    if not isinstance(ext, dict):
        ext, losses = {}, (Loss("ext"),) if ext else ()
    (body, *others), whole = bodies_of(payload)
    quote: Quote | None = None
    unfit = ""
    if ext:
        found = echo_mark.read(ext.get(account.mark), echo_mark.on(callback.app, conversation, sender, receiver), account, at)
        if isinstance(found, echo_mark.EchoMark):
            return (OwnEcho(found.event, remote_id, at, conversation, found.part, found.more, found.keyed),)
        unfit = found or ""
        scene = EventContext(callback.app, conversation, at)
        body, quote, ext, losses = extension.understood(ext, account.mark, body, scene)
    if "meta" in payload:
        quote, losses = _thread(payload, EventContext(callback.app, conversation, at), quote, losses)
    if not whole:
        losses = (*losses, Loss("bodies"))
    what = "post"
    operation: Post | Typing = Post(body, quote, ext)
    if isinstance(body, Command) and (active := _TYPING.get(body.name.lower().replace("_", ""))) is not None:
        what, operation = "typing", Typing(active)
    event = Event(
        id=new_event_id("easemob", callback.app, str(conversation.__struct_config__.tag), remote_id, what),
        source=callback.app,
        remote_id=remote_id,
        conversation=conversation,
        sender=sender,
        at=at,
        operation=operation,
    )
    first = DecodedEvent(event, losses, unfit)
    return (first, *(_beside(event, number, other) for number, other in enumerate(others, 2))) if others else (first,)


def _beside(event: Event, number: int, body: Body) -> DecodedEvent:
    """Another body of the same message, as a message of its own."""
    return DecodedEvent(structs.replace(event, id=also(event.id, number), operation=Post(body)))


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
