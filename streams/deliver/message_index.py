"""Which message is which: how both sides call what was said, learned from the ledgers of one partition.

The ledger of a target knows what was carried to it. What its people then do to such a message, they do under the target's name for
it; so the worker of the other direction reads that ledger too, and keeps what it says under that name.
"""

from collections.abc import Iterator
from itertools import count
from math import inf

import msgspec
from msgspec import Struct

from converters.core.event_id import also
from converters.core.fingerprint import fingerprints
from converters.core.model import NOTHING, Delivery, TargetContext, TargetMessage, conversation_key
from converters.core.operations import Post, Read, Recall, Ref, named_by
from converters.core.outcome import Delivered, Refused
from converters.routing.user_ids import fold
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_schema import Entry, Intent, MessageIds, Settled

UNDATED = 600_000
"""Milliseconds in which our own doing may be called back, where the callback does not say when that was."""

Row = tuple[bytes, bytes | None]

# Event ids begin with a platform's name, so that these never meet one.
_ARRIVED, _CLIENT, _LAST, _DONE, _SAID, _MADE = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06"

_SPENT, _WAS_DONE, _NOT_DONE = "spent", b"1", b"0"


class _Known(Struct, frozen=True, array_like=True):
    event: str
    names: MessageIds


_TIME = 8
"""Bytes before what may be said anew: the time of what it tells of, so that of two rows of a key the later one is known."""

_dump = msgspec.msgpack.Encoder().encode
_load = msgspec.msgpack.Decoder(_Known).decode


class IndexedMessage(Struct, frozen=True):
    event: str
    """The id of the event that posted it."""
    sent: tuple[TargetMessage, ...]
    """As the target of the asking delivery calls it, each of its parts."""
    author: str
    """Who wrote it, in the words of the asking delivery's source."""
    conversation: str
    timed: bool = True
    """Its time is the target's own."""


class MessageIndex:
    """*mirrored* says of a target app whether what was carried to it may be named by its own people, to somebody of ours.

    *reach* is the seconds that a doing may lie from when it was written down, by the clock of where it was done.
    """

    def __init__(self, store: LedgerStore, mirrored: frozenset[str], reach: float) -> None:
        self._store = store
        self._reach = int(reach * 1000)
        self._mirrored = mirrored
        self._newest: dict[bytes, int] = {}
        self._under_way: dict[bytes, int] = {}
        """What the last call of `order` told: the local state has it only once it is committed."""
        self._spending: set[str] = set()
        """Of our own doings, those that were called back. The ledger says so with the end of the callback, and then the local state."""

    # -- learning

    def rows(self, event: bytes, entry: Entry) -> Iterator[Row]:
        """What the local state should hold because of a ledger's entry, beside the entry itself."""
        if isinstance(entry, Settled) and entry.made is not None:
            conversation, native = entry.made
            yield _key(_MADE, entry.target, conversation), _dated(entry.at, native.encode())
        if isinstance(entry, Settled):
            for doing in entry.spent:
                yield _key(_DONE, doing, _SPENT), b""
        if isinstance(entry, Intent) or entry.names is None:
            if entry.target in self._mirrored and not (isinstance(entry, Settled) and entry.by == "ours"):
                # No row is ever written over by another entry: whoever restores may read them in any order.
                done = _NOT_DONE if isinstance(entry, Settled) and isinstance(entry.outcome, Refused) and entry.attempts < 2 else _WAS_DONE
                for does in entry.does:
                    yield _key(_DONE, entry.target, does, event.decode(), f"{entry.at:013}"), done
            return
        if not isinstance(entry.outcome, Delivered):
            return
        names = entry.names
        if names.source in self._mirrored:  # said where deliveries come from
            # What was late itself came behind one that is newer; `order` tells of those of this owner, this of an earlier one's.
            if not entry.late:
                yield _key(_SAID, names.source, names.conversation), _dated(names.at)
            if names.client_id:
                yield _key(_CLIENT, names.source, names.conversation, names.client_id), event
        if entry.target in self._mirrored:
            known = _dump(_Known(event.decode(), names))
            for part in entry.arrived or (entry.outcome,):
                if part.remote_id:
                    yield _key(_ARRIVED, entry.target, names.conversation, part.remote_id), known
            yield _key(_LAST, entry.target, names.conversation), _dated(names.at, known)

    # -- asking

    def there(self, delivery: Delivery) -> TargetContext:
        """What is known at the target of the messages that *delivery* names."""
        operation = delivery.event.operation
        if isinstance(operation, Post):
            found = self.find(delivery, operation.quote.message) if operation.quote is not None else None
            return TargetContext(quoted=found.sent) if found else NOTHING
        ref = named_by(operation)
        found = self.find(delivery, ref) if ref is not None else None
        if found is None and isinstance(operation, Read):
            found = self._last(delivery)
        if found is None:
            return NOTHING
        more = self._others(found, delivery.target) if isinstance(operation, Recall) else ()
        return TargetContext(message=(*found.sent, *more))

    def _others(self, found: IndexedMessage, target: str) -> Iterator[TargetMessage]:
        """What else the message held, and was carried as messages of their own."""
        for number in count(2):
            other = self._carried(also(found.event, number), target)
            if other is None:
                return
            yield from other.sent

    def find(self, delivery: Delivery, ref: Ref) -> IndexedMessage | None:
        """The message that *delivery* calls *ref*, if it was said at its source and carried over, or the other way round.

        None where it was said elsewhere, or is not of whom it has to be.
        """
        found = self._find(delivery, ref)
        return found if found is not None and not _denied(found, delivery, ref) else None

    def denied(self, delivery: Delivery, ref: Ref) -> str:
        """Why the message that *delivery* calls *ref* is not for its sender to do something to; "" where it is, or is not known."""
        found = self._find(delivery, ref)
        return _denied(found, delivery, ref) if found is not None else ""

    def _find(self, delivery: Delivery, ref: Ref) -> IndexedMessage | None:
        source, conversation = delivery.event.source, conversation_key(delivery.event.conversation).decode()
        event = ref.event
        if ref.client_id and not ref.id:
            named = self._store.raw(_key(_CLIENT, source, conversation, ref.client_id))
            event = named.decode() if named else event
        if event and (found := self._carried(event, delivery.target)) is not None:
            return found
        known = self._store.raw(_key(_ARRIVED, source, conversation, ref.id)) if ref.id else None
        return _found(known, delivery.target)

    def knows(self, delivery: Delivery, ref: Ref, *, timed: bool) -> bool:
        """Whether *ref* itself is found, and not what stands in for it; with the target's time where that is asked for."""
        found = self.find(delivery, ref)
        return found is not None and (found.timed or not timed)

    def does(self, delivery: Delivery) -> tuple[str, ...]:
        """What is to be written down before it is done; see `converters.core.fingerprint`."""
        operation = delivery.event.operation
        if isinstance(operation, Post):
            return ()
        ref = named_by(operation)
        found = self.find(delivery, ref) if ref is not None else None
        return fingerprints(delivery.event, found.event if found else "")

    def ours(self, delivery: Delivery, does: tuple[str, ...]) -> tuple[str, ...]:
        """Our own doings at the source of *delivery* of which it tells, and which are now spent: done twice by us, or once by us and once
        by a person, comes twice. Nothing where one of them was not ours.

        Only the callback's own time counts, not when it came: it may come hours later, and the same may have been done since.
        """
        found = [self._doing(delivery, one) for one in does]
        doings = tuple(one for one in found if one is not None)
        if not doings or len(doings) < len(found):
            return ()
        self._spending.update(doings)
        return doings

    def spent(self, doings: tuple[str, ...]) -> None:
        """The local state knows of it."""
        self._spending.difference_update(doings)

    def _doing(self, delivery: Delivery, does: str) -> str | None:
        """The first that is not spent, of those that can have been called back as *delivery*."""
        at = delivery.event.at
        since = at - self._reach - (UNDATED if at == delivery.received else 0)
        prefix = _key(_DONE, delivery.event.source, does, "")
        done: dict[str, list[int]] = {}
        over: dict[str, float] = {}
        for key, value in self._store.scan(prefix):
            event, _, when = key[len(prefix) :].decode().partition("\x1f")
            if when == _SPENT:
                over[event] = inf
            elif value == _NOT_DONE:
                over[event] = max(over.get(event, 0), int(when))
            else:
                done.setdefault(event, []).append(int(when))
        fitting: list[tuple[int, str]] = []
        for event, times in done.items():
            left = [when for when in times if when > over.get(event, 0)]
            name = _doing(delivery.event.source, does, event)
            if left and since <= max(left) and min(left) <= at + self._reach and name not in self._spending:
                fitting.append((min(left), name))
        return min(fitting)[1] if fitting else None

    def made(self, delivery: Delivery) -> str:
        """The id at the target of a group that was made there for this conversation; "" where there is none."""
        conversation = conversation_key(delivery.event.conversation).decode()
        return (self._store.raw(_key(_MADE, delivery.target, conversation)) or b"")[_TIME:].decode()

    # -- order

    def is_late(self, delivery: Delivery) -> bool:
        """Whether a live message that was said after it, in the same app and conversation, was sent before it."""
        return delivery.event.at < self._last_said(_said(delivery))

    def said(self, delivery: Delivery) -> None:
        """A live message has ended; the next call of `order` tells of it."""
        key, at = _said(delivery), delivery.event.at
        if at > self._last_said(key):
            self._newest[key] = at

    def order(self) -> list[Row]:
        """The rows from which `is_late` knows, of what was said since the last call."""
        self._under_way, self._newest = self._newest, {}
        return [(key, _dated(at)) for key, at in self._under_way.items()]

    def _last_said(self, key: bytes) -> int:
        return self._newest.get(key) or self._under_way.get(key) or int.from_bytes(self._store.raw(key) or b"", "big")

    # -- within

    def _carried(self, event: str, target: str) -> IndexedMessage | None:
        entry = self._store.get(event)
        if not isinstance(entry, Settled) or entry.names is None or entry.target != target:
            return None
        parts = entry.arrived or ((entry.outcome,) if isinstance(entry.outcome, Delivered) else ())
        sent = tuple(TargetMessage(part.remote_id, entry.names.sender, part.at or entry.at) for part in parts if part.remote_id)
        timed = all(part.at is not None for part in parts)
        return IndexedMessage(event, sent, entry.names.author, entry.names.conversation, timed) if sent else None

    def _last(self, delivery: Delivery) -> IndexedMessage | None:
        """The last message of the target that was carried to the source of *delivery*, in its conversation."""
        conversation = conversation_key(delivery.event.conversation).decode()
        known = self._store.raw(_key(_LAST, delivery.event.source, conversation))
        return _found(known[_TIME:] if known is not None else None, delivery.target)


def _found(known: bytes | None, target: str) -> IndexedMessage | None:
    if known is None:
        return None
    read = _load(known)
    names = read.names
    if names.source != target:
        return None
    return IndexedMessage(read.event, (TargetMessage(names.id, names.author, names.at, names.client_id),), names.sender, names.conversation)


def _denied(found: IndexedMessage, delivery: Delivery, ref: Ref) -> str:
    if found.conversation != conversation_key(delivery.event.conversation).decode():
        return "other-conversation"
    return "other-author" if ref.own and fold(found.author) != fold(delivery.author) else ""


def _dated(at: int, value: bytes = b"") -> bytes:
    return max(0, at).to_bytes(_TIME, "big") + value


def _doing(app: str, does: str, event: str) -> str:
    """*event* did *does* at *app*."""
    return f"{app}\x1f{does}\x1f{event}"


def _key(kind: bytes, *parts: str) -> bytes:
    return kind + "\x1f".join(parts).encode()


def _said(delivery: Delivery) -> bytes:
    return _key(_SAID, delivery.event.source, conversation_key(delivery.event.conversation).decode())
