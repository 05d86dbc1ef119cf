"""What an operation does, as short texts that are the same when the target calls our own doing back.

Platforms put no mark on recalls, edits, receipts, reactions and group changes. So delivery writes down what it is about to do, and
an event that would do just that again, in the other direction, is our own come back. Who did it counts only where two people can
do the same: a platform often names its own administrator in place of the person.
"""

from hashlib import blake2b

from converters.core.bodies import Text
from converters.core.model import Event, conversation_key
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
    OwnerChanged,
    Post,
    Presence,
    Reaction,
    Read,
    Recall,
    Received,
    Typing,
)


def fingerprints(event: Event, message: str = "") -> tuple[str, ...]:
    """One for each part of what *event* does, which may come back apart; *message* is the id of the event that posted what it names.

    Nothing for a post, which bears our mark, and for what nobody calls back.
    """
    parts = _parts(event, message)
    if not parts:
        return ()
    where = conversation_key(event.conversation)
    tag = str(event.operation.__struct_config__.tag)
    return tuple(
        blake2b("\x1f".join((tag, *part)).encode(), digest_size=8, key=where[:64], salt=_salt(where)).hexdigest() for part in parts
    )


def _salt(where: bytes) -> bytes:
    return blake2b(where, digest_size=16).digest()


def _parts(event: Event, message: str) -> list[tuple[str, ...]]:
    match event.operation:
        case Post() | Typing() | Presence():
            return []
        case Recall() | Received():
            return [(message,)]
        case Edit(body=body):
            said = body.text if isinstance(body, Text) else str(body.__struct_config__.tag)
            return [(message, blake2b(said.encode(errors="replace"), digest_size=16).hexdigest())]
        case Read():
            return [(message, event.sender)]
        case Reaction(emoji=emoji, added=added):
            return [(message, event.sender, emoji, str(added))]
        case GroupCreated() | GroupDismissed():
            return [()]
        case GroupChanged(name=name, description=description, announcement=announcement, avatar=avatar):
            fields = {"name": name, "description": description, "announcement": announcement, "avatar": avatar}
            return [(field, value) for field, value in fields.items() if value is not None]
        case MembersAdded(users=users) | MembersRemoved(users=users):
            return [(user,) for user in users]
        case OwnerChanged(user=user):
            return [(user,)]
        case AdminsChanged(users=users, added=added):
            return [(user, str(added)) for user in users]
        case Muted(users=users, muted=muted):
            return [(user, str(muted)) for user in users or ("",)]
        case FriendChanged(user=user, what=what):
            return [(*sorted((event.sender, user)), what)]
        case BlockChanged(user=user, blocked=blocked):
            return [(event.sender, user, str(blocked))]
