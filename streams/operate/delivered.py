"""What the ledgers know as delivered: asked before a conversation's key changes, or something is sent over once more."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

import msgspec
from msgspec import Struct

from converters.core.model import Group, Room, conversation_key
from converters.core.outcome import Delivered
from converters.routing.identity_table import Kind
from streams.deliver.ledger_schema import Intent, Settled, load
from streams.kafka.topics import partition_of
from streams.operate.topic_reader import Tell, TopicReader


class DeliveredCounts(Struct):
    """Messages that were delivered under each of some origins."""

    counts: Counter[str] = msgspec.field(default_factory=Counter)
    untold: int = 0
    """Delivered, and the ledger does not say in which conversation."""


async def delivered_under(
    reader: TopicReader, ledgers: Sequence[str], kind: Kind, origins: Collection[str], tell: Tell | None = None
) -> DeliveredCounts:
    """Raises OperateError."""
    found: dict[bytes, str] = {}
    untold: set[bytes] = set()
    names = {_key(kind, origin): origin for origin in origins}
    needles = [origin.encode() for origin in origins]
    tps = [tp for ledger in ledgers if reader.there(ledger) for tp in reader.partitions(ledger)]
    if kind != "user":
        count = {ledger: len(reader.partitions(ledger)) for ledger in ledgers if reader.there(ledger)}
        tps = [tp for tp in tps if any(partition_of(name.encode(), count[tp.topic]) == tp.partition for name in names)]
    async for raw in reader.records(await reader.spans(tps), tell):
        key, value = raw.key or b"", raw.value
        if value is None:
            found.pop(key, None)
            continue
        if b'"names"' in value and not any(needle in value for needle in needles):
            continue  # most are of somebody else: these need no look
        entry = _entry(value)
        if not isinstance(entry, Settled) or not isinstance(entry.outcome, Delivered):
            continue
        if entry.names is None:
            if key.endswith(b":post") and entry.by == "echo":
                untold.add(key)
            continue
        untold.discard(key)
        where = entry.names.conversation
        if kind == "user":
            mine = [part for part in where.split("\x1f")[1:] if where.startswith("direct\x1f") and part in origins]
        else:
            mine = [names[where]] if where in names else []
        if mine:
            found[key] = mine[0]
    return DeliveredCounts(Counter(found.values()), len(untold))


def digest(event: str) -> int:
    return int.from_bytes(blake2b(event.encode(), digest_size=8).digest())


async def elsewhere(
    reader: TopicReader, ledgers: Sequence[str], expected: Mapping[int, int], since: int, tell: Tell | None = None
) -> set[int]:
    """Of the events *expected* (digest and partition of their conversation) those that were delivered, or are under way, in another one.

    Their conversation has another key than it had: whoever delivers from the partition of today does not know of them. Raises OperateError.
    """
    found: set[int] = set()
    tps = [tp for ledger in ledgers if reader.there(ledger) for tp in reader.partitions(ledger)]
    async for raw in reader.records(await reader.spans(tps, since), tell):
        name = int.from_bytes(blake2b(raw.key or b"", digest_size=8).digest())
        if expected.get(name, raw.partition) == raw.partition:
            continue
        entry = _entry(raw.value) if raw.value is not None else None
        if isinstance(entry, Intent) or (isinstance(entry, Settled) and isinstance(entry.outcome, Delivered)):
            found.add(name)
        else:
            found.discard(name)
    return found


def _entry(value: bytes) -> Settled | Intent | None:
    try:
        entry: Settled | Intent = load(value)
    except msgspec.DecodeError:
        return None
    return entry


def _key(kind: Kind, origin: str) -> str:
    match kind:
        case "user":
            return origin
        case "group":
            return conversation_key(Group(origin)).decode()
        case "room":
            return conversation_key(Room(origin)).decode()
