"""Ledger entries as the local state keeps them: binary, a quarter of what they are in the topic.

Most are messages that arrived whole: these have a form of their own. Everything else is kept as it lies in the topic, with its offset, so
that of two entries of an event the later one is known, whichever was read first.
"""

from operator import attrgetter

import msgspec
from msgspec import Struct

from converters.core.outcome import Delivered
from streams.deliver.ledger_schema import Entry, MessageIds, Settled, dump, load

_ARRIVED, _ENTRY = b"\x01", b"\x02"
_OFFSET = 8
_HEAD = 1 + _OFFSET
"""Bytes of a row before the value."""

_BY = ("reply", "echo", "lookup", "ours", "recalled", "resent", "held")
_NUMBER_OF = {by: number for number, by in enumerate(_BY)}
_INTENT = b'{"entry":"intent"'
_DELIVERED = b'{"entry":"ended","outcome":{"outcome":"delivered"'
_TAKEN = b'"taken":['


class _Arrived(Struct, frozen=True, array_like=True):
    """Times in ms: *said* since 1970, the others since *said*."""

    target: str
    by: int
    attempts: int
    said: int
    at: int
    remote_id: str | int
    told: int | None
    source: str = ""
    id: str | int = ""
    client_id: str = ""
    author: str = ""
    sender: str = ""
    conversation: str = ""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Arrived).decode

_COMPACT = {"outcome", "target", "at", "attempts", "by", "names"}
_REST = {field.name: field.default for field in msgspec.structs.fields(Settled) if field.name not in _COMPACT}
"""Fields of an end that the compact form has no place for, and what they are where they say nothing."""


def is_intent(value: bytes) -> bool:
    """Of a value of the topic, without reading it."""
    return value.startswith(_INTENT)


def packed(value: bytes, offset: int, entry: Entry | None = None) -> bytes:
    """*value* lies in the topic at *offset*; *entry* is what it says, where that was read. Raises msgspec.DecodeError."""
    if is_intent(value):
        return _ENTRY + offset.to_bytes(_OFFSET, "big") + value
    entry = load(value) if entry is None else entry
    if isinstance(entry, Settled) and type(entry.outcome) is Delivered and entry.by in _NUMBER_OF and _rest(entry) == _NOTHING:
        names, outcome = entry.names, entry.outcome
        said = names.at if names is not None else entry.at
        row = _Arrived(
            entry.target,
            _NUMBER_OF[entry.by],
            entry.attempts,
            said,
            entry.at - said,
            _number(outcome.remote_id),
            outcome.at - said if outcome.at is not None else None,
            *((names.source, _number(names.id), names.client_id, names.author, names.sender, names.conversation) if names else ()),
        )
        return _ARRIVED + _pack(row)
    return _ENTRY + offset.to_bytes(_OFFSET, "big") + value


def unpacked(row: bytes) -> Entry:
    """Raises msgspec.DecodeError."""
    if row[:1] == _ENTRY:
        entry: Entry = load(row[_HEAD:])
        return entry
    kept = _unpack(row[1:])
    names = None
    if kept.source:
        names = MessageIds(
            source=kept.source,
            id=str(kept.id),
            client_id=kept.client_id,
            author=kept.author,
            sender=kept.sender,
            at=kept.said,
            conversation=kept.conversation,
        )
    return Settled(
        outcome=Delivered(str(kept.remote_id), kept.told + kept.said if kept.told is not None else None),
        target=kept.target,
        at=kept.at + kept.said,
        attempts=kept.attempts,
        by=_BY[kept.by],
        names=names,
    )


def merged(there: bytes, comes: bytes) -> bytes | None:
    """What is to stand of two rows of one event; None: *there*. What arrived has arrived; else the later entry says more."""
    if there == comes:
        return None
    one, two = _rank(there), _rank(comes)
    if one is None or two is None:  # one of them has arrived
        if one is not None:
            return comes
        if two is not None:
            return None
        return _whole(there, comes)
    return comes if two > one else None


def _rank(row: bytes) -> bytes | None:
    """What rises with the offset of an entry that does not say that the event arrived; None of one that does.

    What was recalled before it came has not: another message may yet come under its id.
    """
    if row[:1] == _ARRIVED or (row.startswith(_DELIVERED, _HEAD) and _TAKEN not in row):
        return None
    return row[:_HEAD]


def _whole(there: bytes, comes: bytes) -> bytes | None:
    """Of two that say that it arrived: the later one, with how it is called, here and there, if only the other says that."""
    one, two = unpacked(there), unpacked(comes)
    assert isinstance(one, Settled)
    assert isinstance(two, Settled)
    early, late = sorted((one, two), key=_late)
    assert isinstance(early.outcome, Delivered)
    assert isinstance(late.outcome, Delivered)
    late = msgspec.structs.replace(
        late,
        names=early.names if late.names is None else late.names,
        outcome=late.outcome if late.outcome.remote_id or not early.outcome.remote_id else early.outcome,
    )
    row = packed(dump(late), 0, late)
    return None if row == there else row


def _late(entry: Settled) -> tuple[int, bool, bytes]:
    """By when it was known; of two of one time the same one is the later, whichever was read first."""
    assert isinstance(entry.outcome, Delivered)
    return entry.at, entry.outcome.at is not None, dump(entry)


_rest = attrgetter(*_REST)
_NOTHING = tuple(_REST.values())


def _number(text: str) -> str | int:
    """Most ids are numbers, and shorter so."""
    return int(text) if len(text) < 19 and text.isdecimal() and text.isascii() and (text[0] != "0" or text == "0") else text


# A field that the compact form knows nothing of would be forgotten without a word.
assert MessageIds.__struct_fields__ == ("source", "id", "client_id", "author", "sender", "at", "conversation")
assert Delivered.__struct_fields__ == ("remote_id", "at")
