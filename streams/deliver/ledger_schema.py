"""What the ledger says of an event: the values of the topic `ledger`, whose key is the event id."""

import msgspec
from msgspec import Struct

from converters.core.outcome import Delivered, Outcome


class Intent(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="intent", tag_field="entry"):
    """A request may be under way from now on; without an `Settled` after it, the event is in doubt."""

    target: str
    """The app that is told."""
    at: int
    """When it was written, in ms since 1970, for people and look-ups: no decision about a lease rests on it."""
    part: int = 0
    """Which of the event's requests; those before it have arrived."""
    attempt: int = 1
    left: bool = True
    """False where it is known that this request has not left yet: only those before it have."""
    arrived: tuple[Delivered, ...] = ()
    """What came of the requests before this one."""
    does: tuple[str, ...] = ()
    """The `converters.core.fingerprint` of an operation: by it our own doing is known when the target calls it back."""
    began: int = 0
    """As *at*, when this request was first tried; 0 where that is *at*."""
    keyed: bool = False
    """The mark on it is made with a key, so that one without is not its own."""
    bare: bool = False
    """It bears no mark, so that no callback with one is its own."""


class MessageIds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How both sides call a message, so that a recall, an answer or a receipt of either finds it on the other."""

    source: str
    """The app in which it was said."""
    id: str
    """The message there."""
    client_id: str = ""
    author: str
    """Who said it, in the source's words."""
    sender: str
    """The same in the target's words."""
    at: int
    """When it was said, in ms by the source's clock."""
    conversation: str


class Settled(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="ended", tag_field="entry"):
    outcome: Outcome
    target: str
    """The app that was told."""
    at: int
    """When it was known, in ms since 1970."""
    attempts: int = 1
    by: str = "reply"
    """How it is known: `reply`, `echo` (the target's own callback), `lookup` (the target was asked), `ours` (the event was our own doing,
    called back), `recalled` (it was taken back before it came: it is never sent), `denied` (its sender may not do that: nothing was sent)."""
    names: MessageIds | None = None
    """Of a message that arrived, or may have."""
    arrived: tuple[Delivered, ...] = ()
    """Each part of it, where there is more than one; those that arrived, where not all did."""
    does: tuple[str, ...] = ()
    """As of `Intent`."""
    made: tuple[str, str] | None = None
    """(conversation, its id at the target) of a group that was made there."""
    late: bool = False
    """Something that was said after it had been sent before it."""
    spent: tuple[str, ...] = ()
    """Of our own doing called back, which doings it was, as `naming.Naming` calls them: each is called back once."""
    held: str = ""
    """Of an end in doubt, `dead.place` of the record whose dead letter a person decides about."""
    keyed: bool = False
    """As of `Intent`, where the event has not arrived."""
    bare: bool = False
    """The same."""
    taken: tuple[tuple[str, str], ...] = ()
    """(author, or "" where anybody's is meant; conversation) of what was recalled before it came: another message of this id is not."""


Entry = Intent | Settled

dump = msgspec.json.Encoder().encode
load = msgspec.json.Decoder(Entry).decode
