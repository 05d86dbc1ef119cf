"""Whether anything is left to be read: an offset that is behind the end of its partition need not mean so.

Markers of transactions, and what an aborted one wrote, take offsets that nobody gets and so nobody commits.
"""

import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

WAIT = 5.0
"""Seconds in which the brokers must have answered, or it counts as unread."""


async def unread(consumer: AIOKafkaConsumer, stretches: Mapping[TopicPartition, tuple[int, int]]) -> set[TopicPartition]:
    """Those partitions in which a record lies from one offset on and before another, or may: a transaction may be open there.

    *consumer* belongs to no group, reads what is committed, and is used by nobody else meanwhile. Raises KafkaError.
    """
    left = {tp: end for tp, (start, end) in stretches.items() if start < end}
    found: set[TopicPartition] = set()
    if not left:
        return found
    consumer.assign(list(left))
    for tp in left:
        consumer.seek(tp, stretches[tp][0])
    patience = time.monotonic() + WAIT
    while left and time.monotonic() < patience:
        batches = await consumer.getmany(*left, timeout_ms=100)
        for tp in list(left):
            records = batches.get(tp)
            position, stable = await consumer.position(tp), consumer.last_stable_offset(tp)
            if records and records[0].offset < left[tp]:
                found.add(tp)
            elif position < left[tp] and (stable is None or position < stable):
                continue  # one batch of what was aborted may follow another
            elif position < left[tp]:
                found.add(tp)  # open
            del left[tp]
    return found | left.keys()
