"""Webhooks of Parley read into events. Source: "Webhooks", "Content"."""

from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.model import Conversation, Event
from converters.core.operations import Operation, Post, Recall, Ref
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.text import echo_mark
from converters.text.extension_payload import put_back
from tests.example_platform.parley.account import ParleyAccount
from tests.example_platform.parley.callback import Webhook, place
from tests.example_platform.parley.content import MARK, MORE, read


def decode(callback: Callback, account: ParleyAccount) -> tuple[Decoded, ...]:
    """What one webhook says. Raises Malformed."""
    said = wire.load(callback.body, Webhook)
    conversation = place(said)
    match said.event:
        case "message.sent":
            return (_sent(said, conversation, callback.app, account),)
        case "message.recalled":
            kind = str(conversation.__struct_config__.tag)
            posted = new_event_id("parley", callback.app, kind, said.message_id)
            return (DecodedEvent(_event(said, conversation, callback.app, "recall", Recall(Ref(said.message_id, event=posted)))),)
        case _:
            return (Ignored("kind"),)


def _sent(said: Webhook, conversation: Conversation, app: str, account: ParleyAccount) -> Decoded:
    ext = {name: value for name, value in said.meta.items() if name not in (MARK, MORE)}
    body = put_back(read(said.content), said.meta.get(MORE))
    where = echo_mark.on(app, conversation, said.sender, said.channel.id)
    mark = echo_mark.read(said.meta.get(MARK), where, account, said.at)
    if said.via == "client":
        mark = echo_mark.by_client(mark)
    if isinstance(mark, echo_mark.EchoMark):
        return OwnEcho(mark.event, said.message_id, said.at, conversation, part=mark.part, more=mark.more, keyed=mark.keyed)
    return DecodedEvent(_event(said, conversation, app, "post", Post(body, ext=ext)), unfit=mark or "")


def _event(said: Webhook, conversation: Conversation, app: str, word: str, operation: Operation) -> Event:
    kind = str(conversation.__struct_config__.tag)
    return Event(
        id=new_event_id("parley", app, kind, said.message_id, word),
        source=app,
        remote_id=said.message_id,
        conversation=conversation,
        sender=said.sender,
        at=said.at,
        operation=operation,
    )
