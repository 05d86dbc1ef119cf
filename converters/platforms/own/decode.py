"""Webhooks of the own server read into events."""

import re

import msgspec
from msgspec import structs

from converters.core import wire
from converters.core.event_id import is_event_id, new_event_id
from converters.core.model import Direct, Event
from converters.core.operations import Edit, Operation, Post, Reaction, Read, Recall, Received, Ref, kind_of
from converters.platform import Callback, Decoded, DecodedEvent, Ignored, OwnEcho
from converters.platforms.own import public
from converters.platforms.own.account import OwnAccount
from converters.platforms.own.callback import events_of, place, plain
from converters.platforms.own.proof import place_of, proven
from converters.routing.users import renamed
from converters.text.echo_mark import EchoMark

_LARGE = re.compile(rb"[0-9]{16}")
_THEIRS = frozenset({"data", "ext", "payload"})
"""Any JSON of the customer's, numbers too."""


def decode(callback: Callback, account: OwnAccount) -> tuple[Decoded, ...]:
    """What one webhook says, in its order. Raises Malformed."""
    said = events_of(callback.body)
    if not said:
        raise wire.Malformed("no events")
    if _LARGE.search(callback.body):
        _check_numbers(msgspec.to_builtins(said))
    return tuple(_event(event, callback.app, account) for event in said)


def _event(said: public.OwnEvent, app: str, account: OwnAccount) -> Decoded:
    conversation = place(said.conversation)
    sender = plain(said.sender) if said.sender else ""
    if sender and isinstance(conversation, Direct) and sender not in conversation.users:
        raise wire.Malformed("the sender is not one of the two")
    operation, found = said.operation, ""
    if said.relay is not None:
        if not is_event_id(said.relay.id):
            raise wire.Malformed("relay.id is no event id")
        if said.id == said.relay.id:
            # It is signed by us: whoever has seen the request can post it here. The own server's event has an id of its own.
            return Ignored("our-own")
        proof = proven(said.relay, place_of(app, conversation, sender, operation), account, said.at)
        if isinstance(proof, EchoMark):
            return OwnEcho(said.relay.id, said.id, said.at, conversation, keyed=proof.keyed)
        found = proof
    kind = str(conversation.__struct_config__.tag)
    return DecodedEvent(
        Event(
            id=new_event_id("own", app, kind, said.id, _word(operation)),
            source=app,
            remote_id=said.id,
            client_id=said.client_id,
            conversation=conversation,
            sender=sender,
            sender_name=said.sender_name,
            at=said.at,
            operation=renamed(_pointing(operation, app, kind), plain),
        ),
        unfit=found,
    )


def _check_numbers(value: object) -> None:
    """No size, time or length is beyond what every platform can write. Raises Malformed."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _THEIRS:
                _check_numbers(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_numbers(inner)
    elif isinstance(value, int) and abs(value) >= 1 << 53:
        raise wire.Malformed("a number that is too large")


def _word(operation: Operation) -> str:
    return "post" if isinstance(operation, Post) else kind_of(operation)


def _pointing(operation: Operation, app: str, kind: str) -> Operation:
    """*operation* with the message that it names found out: what posted it here has its id."""

    def found(ref: Ref) -> Ref:
        return structs.replace(ref, event=new_event_id("own", app, kind, ref.id) if ref.id else "")

    match operation:
        case Post(quote=quote):
            if quote is None:
                return operation
            return structs.replace(operation, quote=structs.replace(quote, message=found(quote.message)))
        case Recall(message=ref) | Edit(message=ref) | Received(message=ref) | Reaction(message=ref):
            return structs.replace(operation, message=found(ref))
        case Read(message=ref):
            return structs.replace(operation, message=found(ref)) if ref is not None else operation
        case _:
            return operation
