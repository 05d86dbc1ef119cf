"""Throwing keys away, and wrapping them by another master key; by one person at a time on a cluster."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError
from msgspec import Struct

from converters.core.localized import localized
from streams.encryption import key_records
from streams.encryption.key_records import PARTITION, PersonKey
from streams.encryption.key_ring import KeyRing
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from streams.operate.topic_reader import OperateError

CHUNK = 5000
"""Keys of one transaction."""


class KeyStatus(Struct, frozen=True):
    persons: int
    periods: int
    over: int
    """Of the periods: those that are too old, and are thrown away by whoever makes the next one."""
    since: int | None
    """When the first of the others ended, ms since 1970."""
    old: int
    """Keys that are not wrapped by `encryption.master_key`."""
    master: str
    """The fingerprint of `encryption.master_key`."""


async def status(ring: KeyRing) -> KeyStatus:
    """Raises KafkaError, MasterKeyError."""
    async with ring.used():
        await ring.caught_up()
        ends = [key.end for key in ring.table.periods.values() if not ring.is_over(key)]
        over = len(ring.table.periods) - len(ends)
        return KeyStatus(
            ring.table.persons, len(ring.table.periods), over, min(ends, default=None), len(ring.old), ring.masters.first.fingerprint.hex()
        )


async def keys_of(ring: KeyRing, owners: Iterable[bytes]) -> list[bytes]:
    """The ids of all keys of *owners*. Raises KafkaError, MasterKeyError."""
    async with ring.used():
        await ring.caught_up()
        return [id_ for each in dict.fromkeys(owners) for id_ in ring.table.of(key_records.digest(each))]


async def discard(ring: KeyRing, link: ProducerSettings, prefix: str, owners: Iterable[bytes]) -> int:
    """Throw all keys of *owners* away: what was encrypted with them is unreadable from now on. Raises OperateError, MasterKeyError.

    The answer is how many there were. Whoever reads knows it within moments; brokers have deleted the keys an hour or two later.
    """
    async with _alone(link, prefix) as producers:
        gone = await keys_of(ring, owners)
        await _tombstones(ring, producers, [key_records.person_record(id_) for id_ in gone])
        return len(gone)


async def rewrap(ring: KeyRing, link: ProducerSettings, prefix: str) -> tuple[int, int]:
    """Wrap by the first master key what is not, and throw away what is too old: how many of each. Raises OperateError, MasterKeyError."""
    async with _alone(link, prefix) as producers:
        await ring.caught_up()
        over = [key for key in ring.table.periods.values() if ring.is_over(key)]
        await _tombstones(ring, producers, [key_records.record_key(key) for key in over])
        ids, done = sorted(ring.old), 0
        for begin in range(0, len(ids), CHUNK):
            outputs = Outputs()
            for id_ in ids[begin : begin + CHUNK]:
                secret = ring.table.person(id_) if id_ not in ring.table.periods else None
                key = PersonKey(id_, secret) if secret is not None else ring.table.periods.get(id_)
                if key is not None:
                    outputs.add(ring.topic, PARTITION, *key_records.dump(key, ring.masters.first))
            done += len(outputs)
            await producers.commit(outputs, {})
        await ring.caught_up()
        return done, len(over)


async def _tombstones(ring: KeyRing, producers: Producers, names: list[bytes]) -> None:
    for begin in range(0, len(names), CHUNK):
        outputs = Outputs()
        for name in names[begin : begin + CHUNK]:
            outputs.add(ring.topic, PARTITION, name, None)
        await producers.commit(outputs, {})
    if names:
        await ring.caught_up()


@asynccontextmanager
async def _alone(link: ProducerSettings, prefix: str) -> AsyncIterator[Producers]:
    """Whoever begins later fences whoever was before: a key that one throws away is not written again by the other."""
    producers = Producers(link, f"{prefix}operate.keys", "")
    try:
        await producers.start()
        yield producers
    except FencedError:
        raise OperateError(localized("somebody else changes keys on this cluster now: run it again")) from None
    except (UnknownResultError, KafkaError, TimeoutError) as error:
        raise OperateError(
            localized("Kafka did not confirm ({why}): run it again", why=error if str(error) else type(error).__name__)
        ) from None
    finally:
        await producers.close()
