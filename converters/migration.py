"""What a platform offers to a migration: pure functions and their records, gathered in fields of `Platform`.

Writing side: an item of the inventory is split into pieces, pieces with one batch key go as one request, and the answer gives an
outcome for each piece. Messages of the history go one by one, ascending. Reading side: generators in the form of `converters.platform.Gaps`.
"""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal

from msgspec import Struct

from converters.core.model import Conversation, Delivery, Direct, Loss, TargetContext, direct
from converters.core.model import Group as GroupConversation
from converters.core.model import Room as RoomConversation
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.inventory import KINDS, AnyItem, Group, GroupMember, Room, Setting
from converters.platform import A
from converters.probing import Findings

if TYPE_CHECKING:
    from converters.platform import Encoded, FileRequest, FoundCallback, Reply, Request, TimeRange

FilesBy = Literal["fetch", "link", "carry"]
"""How a file of the history comes along: the target fetches it, it stays where it lies, or role `media` carried it."""


class Context(Struct, frozen=True, kw_only=True):
    """What a request is written from, beside its items."""

    app: str
    """The target, as the settings call it."""
    now: int
    """Milliseconds since 1970."""
    user: Callable[[str], str]
    """(canonical id) -> id at the target."""
    group: Callable[[str], str]
    """The same of groups; "" while it is not there."""
    room: Callable[[str], str]
    password: Callable[[str], str]
    """(canonical user) -> password in clear; it goes into `Request.body` and nowhere else."""
    findings: Findings = Findings()
    update: bool = False
    """Whether what is there already is overwritten."""


class Part(Struct, frozen=True, kw_only=True):
    """One of the calls that items of a kind need."""

    name: str
    """Once on a platform."""
    kind: str
    """Tag of the items."""
    api: str
    """Name of the request, for limits."""
    most: int = 1
    """Pieces that one call takes."""
    wave: int
    """Pieces of a lower wave are done before those of a higher one begin."""
    once: bool = False
    """A repeat would do it twice: an unanswered one is settled by `Inventory.find`."""
    fresh: bool = False
    """Done only where the item was not there before, unless the context says update."""


class Piece(Struct, frozen=True):
    """The smallest part of an item that has an outcome of its own."""

    item: AnyItem
    part: str
    user: str = ""
    """The one user that it is about, where an item names several (canonical)."""

    @property
    def suffix(self) -> str:
        """What tells it from the item's other pieces."""
        return f"{self.part}:{self.user}" if self.user else self.part


class Pieces(Struct, frozen=True):
    """What has to be done for an item, and what of it the target cannot hold."""

    pieces: tuple[Piece, ...]
    losses: tuple[Loss, ...] = ()


class Present(Struct, frozen=True, tag="present", tag_field="outcome"):
    """It was there before."""

    remote_id: str = ""


class Bisect(Struct, frozen=True, tag="bisect", tag_field="outcome"):
    """The call is refused because of one of its pieces: each half is sent for itself. Never said of a single piece."""

    reason: str


ItemOutcome = Outcome | Present | Bisect

Finding = Generator["Request", "Reply | None", ItemOutcome | None]
"""Asks the platform whether something was done; returns None where that cannot be told."""


class Inventory(Struct, Generic[A], frozen=True, kw_only=True):
    """Writing of users, relations, groups, rooms and settings."""

    parts: tuple[Part, ...]
    pieces: Callable[[AnyItem, A], Pieces]
    """(item, account)."""
    batch: Callable[[Piece, A, Context], str]
    """(piece, account, context): pieces of one part with one batch key may go in one call."""
    most: Callable[[Part, Findings], int]
    """Pieces of one call, as far as the probe knows."""
    encode: Callable[[Sequence[Piece], A, Context], "Request"]
    """(pieces of one part and batch key, account, context)."""
    read: Callable[[Sequence[Piece], "Request", "Reply"], tuple[ItemOutcome, ...]]
    """(the pieces in the order of `encode`, the request, its answer): an outcome for each of them."""
    find: Callable[[Piece, A, Context], Finding]
    """For pieces of a part that is `once`."""

    def part(self, name: str) -> Part:
        """Raises KeyError."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)


_PLACES = (str(Group.__struct_config__.tag), str(Room.__struct_config__.tag))


def late_wave(inventory: Inventory[A]) -> int:
    """Pieces of a higher wave wait until the items of all kinds are there: their wave is above all of the kind that comes last."""
    last = list(KINDS)[-1]
    return max(
        (part.wave for part in inventory.parts if part.kind == last), default=max((part.wave for part in inventory.parts), default=0)
    )


def is_late(inventory: Inventory[A], piece: Piece) -> bool:
    """Whether it waits for the last pass: because of its wave, or because it is done to a group or room after that is made, which everybody
    has to know of by then: it is called back.
    """
    return is_late_part(inventory, inventory.part(piece.part))


def is_late_part(inventory: Inventory[A], part: Part) -> bool:
    return part.wave > late_wave(inventory) or (part.kind in _PLACES and not part.once)


class ImportOf(Struct, frozen=True, kw_only=True):
    """How one message of the history is imported."""

    at: int
    """The timestamp at the target, in ms: see `converters.history.place`."""
    restamped: bool = False
    """*at* is not when it was said: that goes along in the extension."""
    files: FilesBy = "carry"


class NotLater(Struct, frozen=True, tag="not-later", tag_field="outcome"):
    """Refused, because the conversation already has a message as late as this one."""

    reason: str


class BeforeGroup(Struct, frozen=True, tag="before-group", tag_field="outcome"):
    """Refused, because the group was made after the message was said."""

    reason: str


ImportOutcome = Delivered | NotLater | BeforeGroup | NotSent | Unsure | Refused


class History(Struct, Generic[A], frozen=True, kw_only=True):
    """Writing of messages with the time at which they were said, one a call, ascending in each conversation."""

    kinds: frozenset[str]
    """Tags of the conversations that take imports."""
    files: frozenset[FilesBy]
    encode: Callable[[Delivery, A, TargetContext, ImportOf], "Encoded"]
    """(delivery, account, what is known at the target, how): a text that is too long goes in parts, each 1 ms later."""
    read: Callable[["Request", "Reply", Findings], ImportOutcome]
    """(request, its answer, what the probe found)."""

    @staticmethod
    def last(encoded: "Encoded", at: int) -> int:
        """The timestamp of the last of its requests, which the next message has to exceed."""
        return at + max(0, len(encoded.requests) - 1)


class Found(Struct, frozen=True):
    """Another subject to read: a user, group, room (its id) or conversation (as of `subject_of`)."""

    kind: Literal["user", "group", "room", "conversation"]
    id: str


class Cursor(Struct, frozen=True):
    """All that is before it has been yielded: a reading that is asked with *text* goes on behind it."""

    text: str


class NoAnswer(str):
    """In place of the words of a reading's end: the platform did not answer, or is not well. Asked again later, it may tell."""

    __slots__ = ()


Reading = Generator["Request | FileRequest | FoundCallback | AnyItem | Found | Cursor", "Reply | None", str]
"""As `converters.platform.GapConversation`: a Request or FileRequest is answered by a Reply, or None where there is none; everything else by None.

Ids in it are the platform's own; a FoundCallback is a callback, read by `Platform.decode`. Returns what could not be seen, in words, or "".
"""


class Reader(Struct, Generic[A], frozen=True, kw_only=True):
    """One kind of list that a platform gives out."""

    name: str
    of: Literal["app", "user", "group", "room", "conversation", "member", "setting"]
    """What it is asked about: `subject_of` says how a conversation, a member or a setting is named."""
    most: int = 1
    """Subjects of one reading."""
    needs: str = ""
    """The service or plan that it needs, and how far back it sees."""
    tells: tuple[str, ...] = ()
    """Fields of the items beside their ids that come as a migration has written them, so that they can be compared."""
    whole: bool = True
    """Whether all that there is comes. False: what comes is what is known to be there, and others may be."""
    ask: Callable[[Sequence[str], "TimeRange | None", str, A], Reading]
    """(subjects in the platform's own words, span of a history, cursor or "", account)."""


AnyReader = Reader[Any]
"""As `converters.platform.AnyPlatform`."""


def subject_of(named: Conversation | GroupMember | Setting) -> str:
    """A conversation, a group's member or a setting as the subject of a reading; its ids are the platform's own."""
    match named:
        case GroupConversation(id=name):
            return f"group:{name}"
        case RoomConversation(id=name):
            return f"room:{name}"
        case Direct(users=(one, other)):
            return f"direct:{one}|{other}"
        case GroupMember(group=where, user=user):
            return f"{where}|{user}"
        case Setting(user=user, peer=peer, group=where):
            return f"{user}|group|{where}" if where else f"{user}|user|{peer}" if peer else f"{user}||"


def conversation_of(subject: str) -> Conversation:
    """Raises ValueError."""
    kind, _, rest = subject.partition(":")
    match kind:
        case "group" if rest:
            return GroupConversation(rest)
        case "room" if rest:
            return RoomConversation(rest)
        case "direct":
            one, bar, other = rest.partition("|")
            if one and bar and other:
                return direct(one, other)
        case _:
            pass
    raise ValueError(f"{kind[:16]!r} is no conversation: direct:<user>|<user>, group:<id> or room:<id>")
