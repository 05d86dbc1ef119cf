"""What the topics of a migration hold: what is to be written, what became of it, and the state of a run."""

from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct, structs

from converters.core.model import Conversation, Delivery
from converters.history import Policy
from converters.inventory import AnyItem, item_id
from converters.migration import FilesBy
from converters.probing import Findings

Mode = Literal["running", "paused", "done"]
Word = Literal["made", "there", "changed", "refused", "open"]
"""Of an item: it was made; it was there before and is left alone; it was there and was brought up to date; the target refused it; some of it is done."""


class ItemTask(Struct, frozen=True, kw_only=True, tag="item", tag_field="task", omit_defaults=True):
    """One item to write."""

    run: str
    """Of which bundle: the first 12 characters of its digest."""
    app: str
    """The target, as the settings call it."""
    source: str
    item: AnyItem
    digest: str
    conversation: Conversation | None = None
    """The canonical conversation that it is about."""
    people: dict[str, str] = {}
    """How its users are called at the target."""
    place: str = ""
    """The id at the target of its group or room, once it is there."""
    late: bool = False
    """Only what waits until everything else is there, as the silence of a whole group."""
    update: bool = False
    """What is there and differs is brought up to date; else it is left alone."""


class MessageTask(Struct, frozen=True, kw_only=True, tag="message", tag_field="task", omit_defaults=True):
    """One message of the history. It is imported only where *after* was the last one of its conversation."""

    run: str
    delivery: Delivery
    after: str
    """Event id of the message before it; empty for the first one."""
    group: str = ""
    """Item id of the group, of which the creation time at the target counts."""
    made: int = 0
    """When the group was made at the target, in ms, where the item's own record does not say so."""
    policy: Policy = "stop"
    files: FilesBy = "fetch"
    live: bool = False
    """It belongs to what the relay carries live: it is passed over."""


class SkipTask(Struct, frozen=True, kw_only=True, tag="skip", tag_field="task", omit_defaults=True):
    """A person has dropped the letter of a message that stopped its conversation: what follows it may go."""

    run: str
    conversation: str
    event: str


Task = ItemTask | MessageTask | SkipTask


class Item(Struct, frozen=True, kw_only=True, tag="item", tag_field="state", omit_defaults=True):
    """What became of an item; or, with *pending*, which of its pieces are under way."""

    digest: str
    word: Word = "made"
    at: int
    """When it was known, in ms."""
    remote: str = ""
    """The id that the target gave it."""
    made: int = 0
    """When the target made it, in ms; 0 where it is not known."""
    run: str = ""
    reason: str = ""
    """Why it is refused; ids and fixed words."""
    pieces: tuple[str, ...] = ()
    """Suffixes of the pieces that are done, where not all are and some were."""
    pending: tuple[str, ...] = ()
    """Suffixes of pieces whose request may have left, and must not be repeated unseen."""


class Progress(Struct, frozen=True, kw_only=True, tag="lane", tag_field="state", omit_defaults=True):
    """How far the history of one conversation is."""

    last: str = ""
    """Event id of the last message that was decided about."""
    at: int = 0
    """When that was said, in ms."""
    beside: tuple[str, ...] | None = None
    """Event ids of those before it that were said in the same millisecond; None where they are too many, or a release wrote this that did not tell."""
    stamp: int = 0
    """The timestamp of the last import at the target, in ms."""
    remote: str = ""
    """The target's id of the last import."""
    count: int = 0
    """Messages that were accepted."""
    skipped: int = 0
    live: int = 0
    """Messages that were left to what is carried live."""
    doubts: int = 0
    """Messages that are held to have arrived because their repeat was refused."""
    chain: str = ""
    """Digest over the one before it, the event's id and what became of it: equal histories have equal ones."""
    sending: str = ""
    """Event id of the message whose import may be under way."""
    sending_stamp: int = 0
    part: int = 0
    """Requests of that message that have arrived."""
    arrived: tuple[str, ...] = ()
    """What the target calls these, where it has said so."""
    stopped: str = ""
    """Why nothing follows; empty where the lane is open."""
    letter: str = ""
    """Event id of the dead letter that a person decides about."""
    time: int = 0
    """When this was written, in ms."""


SAME = 64
"""Of one conversation and millisecond: more have times of whole seconds or less, and are not told apart one by one."""


def decided(progress: Progress, event: str, at: int, fate: str, time: int, **changes: object) -> Progress:
    """*progress* with one message more, said *at*, of which the *fate* is known; *time*: now, in ms."""
    chain = blake2b(f"{progress.chain}\x1f{event}\x1f{fate}".encode(), digest_size=16).hexdigest()
    beside: tuple[str, ...] | None = ()
    if at == progress.at and progress.last:
        known = progress.beside
        beside = (*known, progress.last) if known is not None and len(known) < SAME else None
    return structs.replace(progress, last=event, at=at, beside=beside, chain=chain, time=time, sending="", part=0, arrived=(), **changes)


class Watermark(Struct, frozen=True, kw_only=True, tag="live", tag_field="state"):
    """Since when a conversation is carried live: the time of the first such message, in ms by the source's clock."""

    since: int


Done = Item | Progress | Watermark


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="run", tag_field="is"):
    """A migration to one app, as the last person wanted it; its key in the topic is the app. Workers obey it."""

    app: str
    bundle: str
    mode: Mode = "running"
    between: str = ""
    """`HH:MM-HH:MM` of the day in *zone*, in which requests leave; empty: always."""
    zone: str = ""
    findings: Findings = Findings()
    quotas: dict[str, float] = {}
    """Calls a second, by a limit's name or an API, where they are not the platform's own."""
    started: int = 0
    """In ms, as *at*."""
    at: int = 0
    by: str = ""


class Feed(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="feed", tag_field="is"):
    """How far a bundle was fed to one app; its key in the topic is the app, 0x1f, the bundle. It commits with what was fed."""

    app: str
    bundle: str
    kind: str
    """What is fed: a tag of the inventory, or `message`. The kinds before it are done."""
    key: str = ""
    """Hex of the key in the bundle up to which that kind was fed."""
    fed: dict[str, int] = {}
    """By kind."""
    lacking: dict[str, int] = {}
    """Of what was not fed because something that it needs is not there, by kind."""
    differing: dict[str, int] = {}
    """Of what is there, differs, and is left alone, by kind."""
    older: int = 0
    """Messages that nothing was decided about, and that are earlier than what lies in their conversation: none can be put before it."""
    live_since: int = 0
    """What was said since then in the source app belongs to the relay, in ms; 0: nothing does."""
    at: int = 0


Order = Run | Feed


LATE = "\x1flate"

dump = msgspec.json.Encoder().encode
load_task = msgspec.json.Decoder(Task).decode
load_done = msgspec.json.Decoder(Done).decode
load_order = msgspec.json.Decoder(Order).decode


def lane_key(conversation: bytes) -> bytes:
    """Of a conversation's `Progress` in the topic; no item's id begins so."""
    return b"lane\x1f" + conversation


def task_key(task: ItemTask) -> bytes:
    """Of an item's `Item` in the topic; what is done late has one of its own."""
    return (item_id(task.item) + (LATE if task.late else "")).encode()


def live_key(conversation: bytes) -> bytes:
    """The same of its `Watermark`."""
    return b"live\x1f" + conversation
