"""A message as a source gives it, made into the event that its callback would have been: the same id, so that it crosses once."""

import msgspec
from msgspec import structs

from converters.core import wire
from converters.core.bodies import Text
from converters.core.event_id import new_event_id
from converters.core.model import Conversation, Direct, Event, Group, Room, direct
from converters.core.operations import Edit, Operation, Post, Recall, Ref
from converters.inventory import Message
from converters.routing.user_ids import canonical_id
from converters.routing.users import renamed

_LARGEST = 1 << 53


def place(given: Conversation) -> Conversation:
    """*given* with user ids folded, and without what a source may not say."""
    match given:
        case Direct(users=(one, other)):
            return direct(canonical_id(one), canonical_id(other))
        case Group(id=name):
            return given if not given.origin else Group(name)
        case Room(id=name):
            return given if not given.origin else Room(name)


def event_of(message: Message, platform: str, app: str) -> Event:
    """Raises wire.Malformed where a number is larger than every platform can write."""
    conversation = place(message.conversation)
    kind = str(conversation.__struct_config__.tag)
    operation = message.operation
    plain = type(operation) is Post and type(operation.body) is Text and not operation.body.mentions and operation.quote is None
    if not plain:
        check_numbers(msgspec.to_builtins(operation))
        operation = renamed(_pointing(operation, platform, app, kind), canonical_id)
    return Event(
        id=new_event_id(platform, app, kind, message.id, "post"),
        source=app,
        remote_id=message.id,
        client_id=message.client_id,
        conversation=conversation,
        sender=canonical_id(message.sender),
        sender_name=message.sender_name,
        at=message.at,
        operation=operation,
    )


def changed(operation: Operation) -> Ref | None:
    """The message that *operation* takes back or changes; None where it does neither."""
    match operation:
        case Recall(message=ref) | Edit(message=ref):
            return ref
        case _:
            return None


def _pointing(operation: Operation, platform: str, app: str, kind: str) -> Operation:
    if isinstance(operation, Post) and operation.quote is not None:
        ref = operation.quote.message
        named = structs.replace(ref, event=new_event_id(platform, app, kind, ref.id) if ref.id else "")
        return structs.replace(operation, quote=structs.replace(operation.quote, message=named))
    return operation


def check_numbers(value: object) -> None:
    """Sizes, times and lengths; the customer's own JSON may hold any. Raises wire.Malformed."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("data", "ext", "payload"):
                check_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            check_numbers(inner)
    elif isinstance(value, int) and abs(value) >= _LARGEST:
        raise wire.Malformed("a number that is too large")
