"""What encryption costs: CPU and bytes of a record, memory and start of the keys of many people; with --off, what is left where it is off. No broker.

python -m tests.benchmarks.encryption [--people 1000000]
python -m tests.benchmarks.encryption --off
"""

import argparse
import asyncio
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace

from aiokafka import TopicPartition

from streams.encryption import key_records
from streams.encryption.cipher import RecordCipher
from streams.encryption.headers import AUTHOR, owner
from streams.encryption.key_records import new_period, new_person
from streams.encryption.key_ring import DAY, KeyRing
from streams.encryption.key_table import KeyTable
from streams.encryption.master_keys import MasterKey, MasterKeys
from streams.encryption.reading import OpenRecord
from streams.exactly_once.outputs import Outputs
from streams.ingress.encrypting import NOBODY, CallbackCipher
from streams.kafka.cluster import Cluster

TOPIC = "deliveries.easemob"
SIZE = 600
"""Bytes of a delivery of a short text."""
BATCH = 100
"""Records that are fetched, stored or committed at once, where it is off."""
TURNS, BATCHES = 15, 200
"""Of each of what is compared; so many batches in a turn."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--off", action="store_true")
    asked = parser.parse_args()
    people, now = asked.people, time.time_ns() // 1_000_000
    master = MasterKeys((MasterKey(os.urandom(32)),))
    ring = KeyRing(Cluster("none:1"), "keys", master, period=DAY, kept=45 * DAY, makes=True)
    if asked.off:
        asyncio.run(_off(ring))
        return
    cipher = RecordCipher(ring, enabled=True)
    ring.table.put(new_period(now + DAY // 2))
    owners = [owner("easemob", f"user{number}") for number in range(20_000)]
    for each in owners:
        ring.table.put(new_person(each))
    value, key = os.urandom(SIZE), b"direct\x1falice\x1fbob"
    for name, some in (("of people who wrote a moment ago", owners[:1000] * 20), ("each of another person", owners)):
        cipher.ring.changed()
        if len(some) != len(set(some)):  # the keys of the first are derived
            for each in some[:1000]:
                cipher.seal(TOPIC, key, value, [(AUTHOR, each), ("relay-v", b"1")])
        begun = time.process_time()
        sealed = [cipher.seal(TOPIC, key, value, [(AUTHOR, each), ("relay-v", b"1")]) for each in some]
        sealing = time.process_time() - begun
        tp = TopicPartition(TOPIC, 0)
        records = [OpenRecord(TOPIC, 0, number, now, 0, key, one[0], tuple(one[1])) for number, one in enumerate(sealed)]
        if len(some) == len(set(some)):
            cipher.ring.changed()
        begun = time.process_time()
        opened, _ = cipher.open_now({tp: records}, {})
        opening = time.process_time() - begun
        assert all(one.value == value for one in opened[tp])
        print(f"{name}: seal {sealing / len(some) * 1e6:.1f} us, open {opening / len(some) * 1e6:.1f} us a record of {SIZE} bytes")
    lying, headers = sealed[0]
    more = len(lying or b"") - SIZE + sum(len(name) + len(one) + 2 for name, one in headers) - len("relay-v") - 3
    print(f"{more} bytes more a record")
    _keys(people, master)


def _keys(people: int, master: MasterKeys) -> None:
    records = [key_records.dump(new_person(b"%d" % number), master.first) for number in range(20_000)]
    print(f"{len(records[0][0]) + len(records[0][1])} bytes of key and value a person in the topic")
    begun = time.process_time()
    for name, wrapped in records:
        key_records.load(name, wrapped, master)
    print(f"{(time.process_time() - begun) / len(records) * 1e6:.1f} us to unwrap one")
    before, table = _memory(), KeyTable()
    begun = time.process_time()
    for _ in range(people):
        table.put(key_records.PersonKey(os.urandom(16), os.urandom(32)))
    print(f"{people} people: {_memory() - before:.0f} MB, {(time.process_time() - begun) / people * 1e6:.1f} us to put one")


async def _off(ring: KeyRing) -> None:
    """Of the calls that are in the way of a record all the same, less a loop without them: in turn, and the least of each."""
    value, key, tp = os.urandom(SIZE), b"direct\x1falice\x1fbob", TopicPartition(TOPIC, 0)
    headers = [("app", b"old"), ("relay-v", b"1"), ("at", b"1764547200000")]
    pending = [SimpleNamespace(headers=headers) for _ in range(BATCH)]
    found = {tp: [OpenRecord(TOPIC, 0, number, 0, 0, key, value, tuple(headers)) for number in range(BATCH)]}
    outputs = Outputs()
    outputs.records[TOPIC, 0] = [(key, value, headers)] * BATCH

    def ingress(cipher: RecordCipher | None) -> Callable[[], Awaitable[None]]:
        cluster = Cluster("none:1")
        cluster.cipher = cipher
        calls = CallbackCipher(cluster, NOBODY)

        async def stored() -> None:
            await calls.prepare(pending, 1.0)
            for record in pending:
                owned = calls.owned(TOPIC, value, record.headers)
                calls.ready(owned)
                calls.seal(TOPIC, key, value, owned)

        return stored

    async def nothing() -> None:
        for _ in pending:
            pass

    # As `Producers` and `KafkaConsumer` do it.
    async def written(cipher: RecordCipher | None) -> Outputs:
        return outputs if cipher is None else await cipher.sealed(outputs)

    async def read(cipher: RecordCipher | None) -> dict[TopicPartition, list[OpenRecord]]:
        return found if cipher is None else await cipher.opened(found)

    ways: dict[str, Callable[[], Awaitable[object]]] = {"": nothing}
    for name, cipher in (("no master key", None), ("keys are set, nothing is encrypted", RecordCipher(ring, enabled=False))):
        ways[f"{name}: ingress"] = ingress(cipher)
        ways[f"{name}: written"] = partial(written, cipher)
        ways[f"{name}: read"] = partial(read, cipher)
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(TURNS):
        for name, way in ways.items():
            begun = time.process_time()
            for _ in range(BATCHES):
                await way()
            least[name] = min(least[name], time.process_time() - begun)
    for name in list(ways)[1:]:
        # Of the others each has no loop of its own where it does nothing for a record.
        of_loop = least[""] if name.endswith("ingress") else 0.0
        print(f"{name}: {(least[name] - of_loop) / BATCH / BATCHES * 1e6:.3f} us a record")


def _memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform == "linux" else 1 << 20)


if __name__ == "__main__":
    main()
