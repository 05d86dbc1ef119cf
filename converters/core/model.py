"""What every platform says, in the relay's own words: the canonical model.

Ids in here are canonical: the customer's own user ids, and for groups the name that `identities` gives them. A platform's
package reads its callbacks into these records and writes them out again; nothing else knows its fields. A tag, once
shipped, never changes: records of it lie in Kafka for weeks.
"""

from msgspec import Struct

from converters.core.operations import Operation


class Direct(Struct, frozen=True, tag="direct", tag_field="kind", omit_defaults=True):
    """Two people; *users* are sorted, so that both directions are one conversation."""

    users: tuple[str, str]
    origin: tuple[str, str] | None = None
    """The names by which it is keyed, sorted, where one of the two was called otherwise before."""


class Group(Struct, frozen=True, tag="group", tag_field="kind", omit_defaults=True):
    id: str
    origin: str = ""
    """The name by which it is keyed, where it was called otherwise before."""


class Room(Struct, frozen=True, tag="room", tag_field="kind", omit_defaults=True):
    """A chat room: members come and go, nothing is kept for those who are away."""

    id: str
    origin: str = ""
    """As of `Group`."""


Conversation = Direct | Group | Room


def direct(one: str, other: str) -> Direct:
    """The conversation of two people, whoever speaks."""
    return Direct((one, other) if one <= other else (other, one))


def conversation_key(conversation: Conversation) -> bytes:
    """The key of a conversation's records in Kafka, which no renaming changes; 0x1f cannot occur in an id."""
    match conversation:
        case Direct(users=users, origin=origin):
            one, other = users if origin is None else origin
            return f"direct\x1f{one}\x1f{other}".encode()
        case Group(id=name, origin=origin):
            return f"group\x1f{origin or name}".encode()
        case Room(id=name, origin=origin):
            return f"room\x1f{origin or name}".encode()


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened on a platform."""

    id: str
    """`platform:app:conversation kind:platform message id:operation`; the same for every copy of the callback."""
    source: str
    """The app (of the settings) in which it happened."""
    remote_id: str
    """The platform's own id of the message, or of whatever it is."""
    client_id: str = ""
    """The id that the sender's client gave it, where receipts name messages so."""
    conversation: Conversation
    sender: str
    """Who did it; empty where nobody says, as of what was done by the app's own server."""
    sender_name: str = ""
    at: int
    """Milliseconds since 1970, by the platform's clock."""
    operation: Operation


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event on its way to one target, its ids already in the target's own words."""

    event: Event
    target: str
    """The app (of the settings) that receives it."""
    sender: str
    """The sender's id at the target."""
    receiver: str
    """The user, group or room at the target. Empty for a group that a `GroupCreated` before it makes there."""
    received: int
    """Milliseconds since 1970, by the ingress's clock."""
    author: str = ""
    """The sender's id at the source, in the source's own words."""
    origin: str = ""
    """The other end at the source, in the source's own words: the receiver of a talk of two, the group, the room."""
    people: dict[str, str] = {}
    """Everybody else whom the event names, and how they are called at the target."""
    newcomer: bool = False
    """Not the event itself: the account of its sender, which has to be at the target before it."""

    late: bool = False
    """Something that was said after it in its conversation was sent before it."""
    silent: bool = False
    """It is old and no news: nobody's phone rings for it, where the target's platform can be told so."""

    def named(self, user: str) -> str:
        """*user* of the event in the target's words."""
        return self.people.get(user, user)


class TargetMessage(Struct, frozen=True, omit_defaults=True):
    """A message, as the target knows it."""

    id: str
    sender: str = ""
    """The target's own id of who wrote it."""
    at: int = 0
    """The target's time of it, in ms; some want it back for a recall."""
    client_id: str = ""


class StoredFile(Struct, frozen=True, omit_defaults=True):
    """A file, as it lies at the target."""

    url: str
    secret: str = ""
    inline: str = ""
    """Base64, for what the target takes in the message itself."""
    name: str = ""
    size: int = 0
    mime: str = ""
    md5: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0
    """Milliseconds, as decoded."""
    thumbnail: "StoredFile | None" = None
    """Made of it, where none came with it."""
    as_file: bool = False
    """Nothing that the target shows could be made of it: it goes as a plain file, whatever the message sent it as."""
    lost: str = ""
    """What its form at the target cannot hold, in a short, fixed word that is counted: `colours`, `motion`, `thumbnail`."""


class TargetContext(Struct, frozen=True):
    """What is known at the target when a delivery is written."""

    message: tuple[TargetMessage, ...] = ()
    """The message that the operation names, each of its parts; empty where the target does not have it."""
    quoted: tuple[TargetMessage, ...] = ()
    """The same of the message that a post answers."""
    files: tuple[StoredFile | None, ...] = ()
    """What became of `files_of(body)`, in that order; shorter or None where a file could not be brought over."""
    withheld: bool = False
    """One of its files must reach nobody, not even by its address at the source: see `converters.files.withheld`."""


NOTHING = TargetContext()


class Echo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The target called back with our mark: the event is there."""

    event: str
    target: str
    remote_id: str
    at: int
    part: int = 0
    """Which of the event's requests it was."""
    more: bool = False
    """Others follow: of the whole it proves nothing."""
    unkeyed: bool = False
    """Its mark is of a release without keys, so that anybody can have made it."""


class Loss(Struct, frozen=True):
    """A part of an event that the target cannot carry; never shown to users, always counted."""

    what: str
    detail: str = ""
