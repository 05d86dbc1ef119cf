"""Deliveries written as requests to the own server: one for each event, whatever it is. Source: docs/own.md."""

from msgspec import structs

from converters.core import wire
from converters.core.bodies import Body, Text
from converters.core.event_id import EventId
from converters.core.model import NOTHING, Conversation, Delivery, Direct, Group, Loss, Room, TargetContext
from converters.core.operations import Edit, GroupCreated, Operation, Post, Reaction, Read, Recall, Received
from converters.files.attach_files import attach_files
from converters.platform import Encoded, Request
from converters.platforms.own import public
from converters.platforms.own.account import OwnAccount
from converters.platforms.own.proof import place_of, proof
from converters.routing.users import renamed
from converters.text.fallback_text import edited

POST, CREATE, EVENT = "post", "create", "event"
"""Calls, as limits and answers tell them apart: only of the first two the answer has to hold an id."""

_MISSING = Encoded((), (Loss("message-missing"),))


def encode(delivery: Delivery, account: OwnAccount, there: TargetContext = NOTHING) -> Encoded:
    """One request; it may be repeated, for the own server keeps what it took under the event's id."""
    operation = delivery.event.operation
    if isinstance(operation, Post):
        return _posted(operation, delivery, account, there)
    if isinstance(operation, Edit):
        return _edited(operation, delivery, account, there)
    if isinstance(operation, Recall | Received | Reaction) or (isinstance(operation, Read) and operation.message):
        # A whole conversation may be read without any message being named.
        if not there.message:
            return _MISSING
        named = public.TargetMessages(message=there.message[0].id)
        return Encoded((_request(delivery, account, operation, EVENT, named),))
    api = CREATE if isinstance(operation, GroupCreated) else EVENT
    return Encoded((_request(delivery, account, operation, api),))


def _posted(post: Post, delivery: Delivery, account: OwnAccount, there: TargetContext) -> Encoded:
    body, losses = _body(post.body, there, account)
    named = public.TargetMessages(quoted=there.quoted[0].id) if there.quoted else None
    if body is not post.body:
        post = structs.replace(post, body=body)
    return Encoded((_request(delivery, account, post, POST, named),), losses)


def _edited(edit: Edit, delivery: Delivery, account: OwnAccount, there: TargetContext) -> Encoded:
    body, losses = _body(edit.body, there, account)
    if there.message:
        edit = structs.replace(edit, body=body)
        named = public.TargetMessages(message=there.message[0].id)
        return Encoded((_request(delivery, account, edit, EVENT, named),), losses)
    if isinstance(body, Text):
        body = structs.replace(body, text=edited(body.text, account.language))
    post = Post(body, ext=edit.ext)
    return Encoded((_request(delivery, account, post, POST),), (*losses, Loss("message-missing")))


def _body(body: Body, there: TargetContext, account: OwnAccount) -> tuple[Body, tuple[Loss, ...]]:
    """A file that was not brought over keeps its address at the source, for as long as that holds; where it was not meant to be, that
    is no loss.
    """
    moved, left = attach_files(body, there.files)
    return moved, (Loss("file"),) if left and account.files == "carry" else ()


def _request(
    delivery: Delivery, account: OwnAccount, operation: Operation, api: str, named: public.TargetMessages | None = None
) -> Request:
    event = delivery.event
    where = _conversation(delivery)
    relay = public.RelayProof(
        event.id,
        event.source,
        EventId.parse(event.id).platform,
        proof=proof(event.id, place_of(delivery.target, where, delivery.sender, operation), account),
        late=delivery.late,
        silent=delivery.silent,
    )
    said = public.OwnEvent(
        id=event.id,
        conversation=where,
        sender=delivery.sender,
        sender_name=event.sender_name,
        client_id=event.client_id,
        at=event.at,
        operation=renamed(operation, delivery.named) if delivery.people else operation,
        relay=relay,
        there=named,
    )
    headers = {"Content-Type": "application/json", "Idempotency-Key": event.id}
    return Request("POST", account.path, headers, wire.dump(said), api, repeatable=True)


def _conversation(delivery: Delivery) -> Conversation:
    receiver = delivery.receiver
    match delivery.event.conversation:
        case Direct(users=(one, other)):
            if delivery.sender:
                return Direct((delivery.sender, receiver))
            # Nobody said who did it: of the other one only the canonical name is known, which is the own server's too.
            rest = one if delivery.named(other) == receiver else other
            return Direct((delivery.named(rest), receiver))
        case Group():
            return Group(receiver)
        case Room():
            return Room(receiver)
