"""What an event does, in the relay's own words. A tag, once shipped, never changes: records of it lie in Kafka for weeks."""

from typing import Any, Literal, get_args

from msgspec import Struct, structs

from converters.core.bodies import Body


class Ref(Struct, frozen=True, omit_defaults=True):
    """A message that another event names, as the source names it."""

    id: str
    """The source platform's own id of it; empty where only the client's id is known."""
    event: str = ""
    """The id of the event that posted it, if it was said in the source app; delivery finds out whether it was."""
    client_id: str = ""
    """The id that the sender's client gave it, where the source names messages so."""
    author: str = ""
    """Who wrote it, where the source says so."""
    at: int = 0
    """When, in ms by the source's clock; 0 where it is not said."""
    own: bool = False
    """Nobody but who does something to the message says that they may: it has to be their own."""
    maybe: bool = False
    """It may have been said in another conversation; where it is not found, nothing is done."""


class Quote(Struct, frozen=True, omit_defaults=True):
    """The message that a new one answers."""

    message: Ref
    text: str = ""
    """What the answer shows of it."""
    kind: str = "text"
    """The tag of its body, as far as it is known."""


class Post(Struct, frozen=True, tag="post", tag_field="op", omit_defaults=True):
    """Somebody said something."""

    body: Body
    quote: Quote | None = None
    ext: dict[str, Any] = {}
    """What the customer's app sent along, without our own mark."""


class Recall(Struct, frozen=True, tag="recall", tag_field="op", omit_defaults=True):
    message: Ref
    notice: str = ""
    """What is shown in its place."""


class Edit(Struct, frozen=True, tag="edit", tag_field="op", omit_defaults=True):
    message: Ref
    body: Body
    ext: dict[str, Any] = {}


class Read(Struct, frozen=True, tag="read", tag_field="op", omit_defaults=True):
    """The sender has read *message*, and in a talk of two all before it."""

    message: Ref | None = None
    """None: the whole conversation up to *until*."""
    until: int = 0
    """Milliseconds, by the source's clock; 0 where it is not said."""


class Received(Struct, frozen=True, tag="received", tag_field="op", omit_defaults=True):
    """*message* has reached the sender's device."""

    message: Ref


class Reaction(Struct, frozen=True, tag="reaction", tag_field="op", omit_defaults=True):
    message: Ref
    emoji: str
    added: bool = True


class Typing(Struct, frozen=True, tag="typing", tag_field="op", omit_defaults=True):
    active: bool = True


class GroupCreated(Struct, frozen=True, tag="group-created", tag_field="op", omit_defaults=True):
    name: str = ""
    owner: str = ""
    members: tuple[str, ...] = ()
    """Without the owner."""
    description: str = ""
    avatar: str = ""


class GroupDismissed(Struct, frozen=True, tag="group-dismissed", tag_field="op", omit_defaults=True):
    pass


class GroupChanged(Struct, frozen=True, tag="group-changed", tag_field="op", omit_defaults=True):
    """None is what did not change, an empty text what was taken away."""

    name: str | None = None
    description: str | None = None
    announcement: str | None = None
    avatar: str | None = None


class MembersAdded(Struct, frozen=True, tag="members-added", tag_field="op", omit_defaults=True):
    users: tuple[str, ...]
    how: Literal["joined", "invited"] = "joined"


class MembersRemoved(Struct, frozen=True, tag="members-removed", tag_field="op", omit_defaults=True):
    users: tuple[str, ...]
    how: Literal["left", "kicked"] = "left"


class OwnerChanged(Struct, frozen=True, tag="owner-changed", tag_field="op", omit_defaults=True):
    user: str


class AdminsChanged(Struct, frozen=True, tag="admins-changed", tag_field="op", omit_defaults=True):
    users: tuple[str, ...]
    added: bool = True


class Muted(Struct, frozen=True, tag="muted", tag_field="op", omit_defaults=True):
    users: tuple[str, ...] = ()
    """Nobody named: all of the group."""
    muted: bool = True
    until: int = 0
    """Milliseconds since 1970; 0 is for ever, or not said."""


class FriendChanged(Struct, frozen=True, tag="friend-changed", tag_field="op", omit_defaults=True):
    """Between the event's sender and *user*."""

    user: str
    what: Literal["requested", "added", "refused", "removed"]
    message: str = ""


class BlockChanged(Struct, frozen=True, tag="block-changed", tag_field="op", omit_defaults=True):
    """The event's sender takes nothing from *user* any more, or does again."""

    user: str
    blocked: bool = True


class Presence(Struct, frozen=True, tag="presence", tag_field="op", omit_defaults=True):
    """The event's sender came or went; *device* as the source names it."""

    online: bool
    device: str = ""


Naming = Recall | Edit | Read | Received | Reaction
"""What does something to a message that is there."""

GroupLife = GroupCreated | GroupDismissed | GroupChanged | MembersAdded | MembersRemoved | OwnerChanged | AdminsChanged | Muted

Operation = Post | Naming | Typing | GroupLife | FriendChanged | BlockChanged | Presence


TAGS = frozenset(str(each.__struct_config__.tag) for each in get_args(Operation))
"""Of all operations."""


def kind_of(operation: Operation) -> str:
    """The kind's name for metrics, rules and the fidelity table: the body's tag of a message, the operation's own otherwise."""
    tagged = operation.body if isinstance(operation, Post) else operation
    return str(tagged.__struct_config__.tag)


def named_by(operation: Operation) -> Ref | None:
    """The message that *operation* does something to."""
    match operation:
        case Recall(message=ref) | Edit(message=ref) | Read(message=ref) | Received(message=ref) | Reaction(message=ref):
            return ref
        case _:
            return None


def naming(operation: Operation, ref: Ref) -> Operation:
    """*operation*, where it names a message, naming *ref*."""
    match operation:
        case Recall() | Edit() | Read() | Received() | Reaction():
            return structs.replace(operation, message=ref)
        case _:
            return operation
