"""What the next transaction of a migration's partition writes: outcomes, intents, what others have to know, and the offset up to which all is settled."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from aiokafka import TopicPartition

from converters.core import wire
from converters.core.causes import Cause
from converters.files.media import MediaJob
from converters.routing.identity_table import Kind, account_record, record
from streams.dead_letters.dead_letter import DeadLetter, Whose, place
from streams.dead_letters.dead_letter import dump as dump_letter
from streams.deliver.ledger_schema import Entry
from streams.deliver.ledger_schema import dump as dump_entry
from streams.encryption.headers import inherited
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.outputs import Headers, Outputs
from streams.exactly_once.shutdown import RevokedError, clock
from streams.exactly_once.task import PartitionTask
from streams.kafka import topics
from streams.migrate.context import Around, counted
from streams.migrate.records import Done, dump
from streams.migrate.state import STAGE, State
from streams.observe import metrics

SELDOM, SOON = 1.0, 0.1
"""Seconds after which offsets are committed: while requests are under way, and when the feeder may wait for it."""


class Raw:
    """A record of the input, as it has to be put back one day."""

    __slots__ = ("headers", "key", "offset", "value")

    def __init__(self, offset: int, key: bytes, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers


class Book:
    """What was put is seen by `get` at once; after a failed transaction the work begins anew, and with it a new book."""

    def __init__(self, partition: int, around: Around, lane: OffsetTracker, state: State, nudge: Callable[[], None]) -> None:
        self._partition = partition
        self._around = around
        self._lane = lane
        self._state = state
        self._nudge = nudge
        self._rows: dict[bytes, Done] = {}
        self._under_way: dict[bytes, Done] = {}
        self._outputs = Outputs()
        self._settled: list[int] = []
        self._others: dict[TopicPartition, int] = {}
        self._wanted: list[asyncio.Future[float]] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._written_at = self._marked_at = 0.0
        self.unmarked = False
        """Whether offsets are settled that are not committed."""

    # -- what is known

    def get(self, key: bytes) -> Done | None:
        found = self._rows.get(key)
        if found is None:
            found = self._under_way.get(key)
        return found if found is not None else self._state.get(key)

    # -- what is to be written

    def put(self, key: bytes, done: Done) -> None:
        self._rows[key] = done

    def count(self, kind: str, outcome: str) -> None:
        """One item or message more has ended so."""
        self._counts[kind, outcome] += 1

    def settle(self, offset: int) -> None:
        """What lies there needs nothing more."""
        self._settled.append(offset)

    def read(self, tp: TopicPartition, offset: int) -> None:
        """Of another input, everything before *offset* is taken in."""
        self._others[tp] = offset

    def tell(self, key: str, conversation: bytes, entry: Entry) -> None:
        """The live relay has to know *entry*: of what is about to be done at the target, or of a message that lies there now."""
        names = self._around.names
        self._outputs.add(names.imported, topics.partition_of(conversation, names.partitions), key.encode(), dump_entry(entry))

    def job(self, key: bytes, job: MediaJob, headers: Headers) -> None:
        """A file has to be brought over; *key* is that of the topic of jobs."""
        names = self._around.names
        self._outputs.add(names.jobs, topics.partition_of(key, names.partitions), key, wire.dump(job), headers)
        self._nudge()

    def name(self, kind: Kind, native: str, canonical: str, origin: str) -> None:
        """The target calls *canonical* so."""
        self._identity(*record(self._around.platform, kind, native, canonical, origin))

    def account(self, canonical: str) -> None:
        """There is an account at the target."""
        self._identity(*account_record(self._around.platform, canonical, "made"))

    def bury(self, raw: Raw, key: bytes, cause: Cause, detail: str, whose: Whose, attempts: int) -> None:
        """A dead letter; the record may be put back by a person."""
        names = self._around.names
        letter = DeadLetter(
            stage=STAGE,
            cause=cause,
            detail=detail,
            whose=whose,
            attempts=attempts,
            at=now(),
            topic=names.tasks,
            partition=self._partition,
            offset=raw.offset,
            key=raw.key,
            value=raw.value,
            headers=dict(raw.headers),
        )
        self._outputs.add(names.dead, topics.partition_of(key, names.partitions), key, dump_letter(letter), inherited(raw.headers))
        metrics.DEAD_LETTERS.labels(STAGE, cause, whose).inc()

    def place(self, offset: int) -> str:
        """Of a record of the input, as `dead.RELEASED` names it."""
        return place(self._around.names.tasks, self._partition, offset)

    def license(self) -> "asyncio.Future[float]":
        """Done once everything that was put is committed: the clock when that was begun. Raises RevokedError."""
        granted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted.append(granted)
        if len(self._wanted) == 1:
            self._nudge()
        return granted

    # -- out

    def pause(self, *, busy: bool, draining: bool) -> float:
        """Seconds until it should be written."""
        since = clock() - self._written_at
        if self._wanted:
            return float(self._around.linger) - since if busy else 0.0
        if self._rows or self._outputs.records:
            return 0.0 if draining else 5 * float(self._around.linger) - since
        if self._settled or self.unmarked or self._others:
            return 0.0 if draining and (self._settled or self.unmarked) else (SELDOM if busy else SOON) - since
        return SELDOM

    @property
    def owes(self) -> bool:
        """Whether something has to be written before the partition is let go."""
        return bool(self._rows or self._outputs.records or self._settled or self._wanted)

    def drain(self) -> None:
        """Nothing more may leave."""
        wanted, self._wanted = self._wanted, []
        for granted in wanted:
            if not granted.done():
                granted.set_exception(RevokedError())

    async def write(self, task: PartitionTask) -> None:
        """Commit it. Raises UnknownResultError, FencedError."""
        names = self._around.names
        outputs, self._outputs = self._outputs, Outputs()
        rows, self._rows = self._rows, {}
        wanted, self._wanted = self._wanted, []
        settled, self._settled = self._settled, []
        self._under_way = rows
        counts, self._counts = self._counts, Counter()
        for (kind, outcome), count in counts.items():
            counted(kind, outcome, count)
        encoded = [(key, dump(done), done) for key, done in rows.items()]
        for key, value, _ in encoded:
            outputs.add(names.done, self._partition, key, value)
        self._lane.settle(settled)
        self.unmarked = self.unmarked or bool(settled)
        began = self._written_at = clock()
        offsets: dict[TopicPartition, int] = {}
        # An offset more is another call: whoever reads again what is done finds it among the rows.
        if task.draining.is_set() or not wanted or began - self._marked_at >= SELDOM:
            offsets, self._others = self._others, {}
            if (committable := self._lane.committable()) is not None:
                offsets[self._lane.tp] = committable
            self.unmarked, self._marked_at = False, began
        if len(outputs) or offsets:
            written = await task.commit(outputs, offsets)
            self._around.linger.took(clock() - began)
            end = written.get((names.done, self._partition))
            if end is not None:
                self._state.put(encoded, end)
        self._under_way = {}
        for granted in wanted:
            if not granted.done():
                granted.set_result(began)

    def _identity(self, key: bytes, value: bytes) -> None:
        names = self._around.names
        self._outputs.add(names.identities, topics.partition_of(key, names.partitions), key, value)


def now() -> int:
    """Ms since 1970."""
    return int(time.time() * 1000)
