"""Who is who, as a worker may believe it: what the topic says, what the worker itself has committed, what its transaction will."""

from collections.abc import Iterable, Mapping
from functools import partial
from weakref import WeakKeyDictionary

from converters.routing.identity_table import IdentityLookup
from converters.routing.overlay import IdentityOverlay
from streams.exactly_once.outputs import Outputs
from streams.kafka.topics import partition_of

Pair = tuple[bytes, bytes]


class _BatchOverlay(IdentityOverlay):
    """What one transaction mints."""

    __slots__ = ("records",)

    def __init__(self, below: IdentityLookup) -> None:
        super().__init__(below)
        self.records: list[Pair] = []

    def add(self, key: bytes, value: bytes) -> None:
        super().add(key, value)
        self.records.append((key, value))


class KnownIdentities:
    """*table* is what was read from *topic*, and only reading it changes it: every worker's table is the same in the end.

    What this worker has committed lies over it until it was read back, so that the next transaction knows what the last one minted.
    What an aborted one minted is gone with it, and is minted again by the next try.
    """

    def __init__(self, table: IdentityLookup, topic: str, partitions: int) -> None:
        self._table = table
        self._topic = topic
        self._partitions = partitions
        self._unread: dict[Pair, tuple[int, int]] = {}
        """Committed, with partition and the offset up to which that has to be read."""
        self._committed = IdentityOverlay(table)
        self._open: WeakKeyDictionary[Outputs, _BatchOverlay] = WeakKeyDictionary()

    @property
    def table(self) -> IdentityLookup:
        """What is committed."""
        return self._committed if self._unread else self._table

    def of(self, outputs: Outputs) -> IdentityOverlay:
        """What the transaction that writes *outputs* knows; what is added becomes known to all once it is committed."""
        known = self._open.get(outputs)
        if known is None:
            known = self._open[outputs] = _BatchOverlay(self._table)
            outputs.committed.append(partial(self._keep, known.records))
        known.below = self.table
        return known

    def read(self, positions: Mapping[int, int]) -> None:
        """The topic has been read up to *positions*, by partition."""
        left = {pair: at for pair, at in self._unread.items() if positions.get(at[0], 0) < at[1]}
        if len(left) < len(self._unread):
            self._unread = left
            self._rebuild(left)

    def _keep(self, records: Iterable[Pair], written: Mapping[tuple[str, int], int]) -> None:
        for pair in records:
            partition = partition_of(pair[0], self._partitions)
            self._unread[pair] = partition, written.get((self._topic, partition), 0)
            self._committed.add(*pair)

    def _rebuild(self, pairs: Iterable[Pair]) -> None:
        self._committed = IdentityOverlay(self._table)
        for pair in pairs:
            self._committed.add(*pair)
