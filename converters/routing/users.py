"""Who is named in an event besides its sender, and the event with other names for them."""

from collections.abc import Callable

from msgspec import structs

from converters.core.bodies import Body, Card, Text
from converters.core.operations import (
    AdminsChanged,
    BlockChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Muted,
    Operation,
    OwnerChanged,
    Post,
    Presence,
    Quote,
    Reaction,
    Read,
    Recall,
    Received,
    Ref,
    Typing,
)

Naming = Callable[[str], str]


def renamed(operation: Operation, name: Naming) -> Operation:
    """*operation* with `name(user)` for each user in it; the same object where it names nobody."""
    match operation:
        case Post(body=body, quote=quote):
            said, answered = _body(body, name), _quote(quote, name)
            if said is body and answered is quote:
                return operation
            return structs.replace(operation, body=said, quote=answered)
        case Edit(message=ref, body=body):
            return structs.replace(operation, message=_ref(ref, name), body=_body(body, name))
        case Recall(message=ref) | Received(message=ref) | Reaction(message=ref):
            return structs.replace(operation, message=_ref(ref, name))
        case Read(message=message):
            return structs.replace(operation, message=_ref(message, name)) if message is not None else operation
        case GroupCreated(owner=owner, members=members):
            return structs.replace(operation, owner=name(owner) if owner else "", members=tuple(map(name, members)))
        case MembersAdded(users=users) | MembersRemoved(users=users) | AdminsChanged(users=users) | Muted(users=users):
            return structs.replace(operation, users=tuple(map(name, users)))
        case OwnerChanged(user=user) | FriendChanged(user=user) | BlockChanged(user=user):
            return structs.replace(operation, user=name(user))
        case Typing() | GroupDismissed() | GroupChanged() | Presence():
            return operation


def _body(body: Body, name: Naming) -> Body:
    match body:
        case Text(mentions=mentions) if mentions:
            return structs.replace(body, mentions=tuple(map(name, mentions)))
        case Card(user=user):
            return structs.replace(body, user=name(user))
        case _:
            return body


def _quote(quote: Quote | None, name: Naming) -> Quote | None:
    return structs.replace(quote, message=_ref(quote.message, name)) if quote is not None else None


def _ref(ref: Ref, name: Naming) -> Ref:
    return structs.replace(ref, author=name(ref.author)) if ref.author else ref
