"""Events that were said before the time from which the ledger is known: they wait for the restore, each conversation in its order."""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from aiokafka import ConsumerRecord

from converters.core.model import Delivery
from streams.exactly_once.offset_tracker import OffsetTracker


class UndecidedRecord(NamedTuple):
    lane: OffsetTracker
    record: ConsumerRecord
    delivery: Delivery


class UndecidedRecords:
    """*needs* says since when everything has to be known for an event, in ms; *knows*, whether it is."""

    def __init__(self, needs: Callable[[Delivery], float], knows: Callable[[Delivery], bool]) -> None:
        self._needs = needs
        self._knows = knows
        self._held: dict[bytes, deque[UndecidedRecord]] = {}
        self.count = 0

    def __contains__(self, key: bytes) -> bool:
        """Whether events of that conversation wait."""
        return key in self._held

    def add(self, lane: OffsetTracker, record: ConsumerRecord, delivery: Delivery) -> None:
        self._held.setdefault(record.key or b"", deque()).append(UndecidedRecord(lane, record, delivery))
        self.count += 1

    def ready(self) -> list[UndecidedRecord]:
        """Those that can be decided now, in the order in which they came."""
        found = []
        for key, queue in list(self._held.items()):
            while queue and self._knows(queue[0].delivery):
                found.append(queue.popleft())
            if not queue:
                del self._held[key]
        self.count -= len(found)
        return found

    def since(self) -> float:
        """Milliseconds: since when everything has to be known for all of them; inf where there are none."""
        return min((self._needs(one.delivery) for queue in self._held.values() for one in queue), default=inf)
