"""Where and when the event of a callback happened, and the records that say so."""

from hashlib import blake2b

from msgspec import Struct

from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds, word
from converters.core.model import Conversation, Event, Loss
from converters.core.operations import Operation, Ref
from converters.platform import Callback, DecodedEvent
from converters.platforms.easemob.envelope import Envelope
from converters.platforms.easemob.ids import ADMINS
from converters.platforms.easemob.scope import places


class EventContext(Struct, frozen=True):
    app: str
    conversation: Conversation
    at: int
    """Milliseconds since 1970, by Easemob's clock where it says."""

    @property
    def tag(self) -> str:
        return str(self.conversation.__struct_config__.tag)

    def ref(self, message: str, author: str = "", at: int = 0) -> Ref:
        """The message of the id *message*, here."""
        return Ref(message, new_event_id("easemob", self.app, self.tag, message), author=author, at=at)

    def said(
        self,
        operation: Operation,
        sender: str,
        remote_id: str,
        what: str = "",
        losses: tuple[Loss, ...] = (),
        unfit: str = "",
        *,
        proven: bool = True,
    ) -> DecodedEvent:
        """*what* is the operation part of the id, by itself the operation's tag."""
        what = what or str(operation.__struct_config__.tag)
        event = Event(
            id=new_event_id("easemob", self.app, self.tag, remote_id, what),
            source=self.app,
            remote_id=remote_id,
            conversation=self.conversation,
            sender=sender,
            at=self.at,
            operation=operation,
        )
        return DecodedEvent(event, losses, unfit, proven)


def scenes_of(callback: Callback, envelope: Envelope) -> tuple[EventContext, ...]:
    """One for each conversation in which it can have happened, the likeliest first. Raises Malformed where it belongs to none."""
    found = places(envelope)
    if not found:
        raise wire.Malformed("event without from, to or id")
    at = milliseconds(envelope.timestamp, callback.received)
    return tuple(EventContext(callback.app, place, at) for place in found)


def id_of(envelope: Envelope) -> str:
    """The event's own id: its msg_id, else what follows the App Key in its callId. Raises Malformed."""
    found = word(envelope.msg_id) or word(envelope.call_id).rpartition("_")[2]
    if not found:
        raise wire.Malformed("event without msg_id or callId")
    return found


def person(user: str) -> str:
    """Nobody ("") where it was the app's own server."""
    return "" if user in ADMINS else user


def digest(*parts: str) -> str:
    """For the operation part of an event's id."""
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
