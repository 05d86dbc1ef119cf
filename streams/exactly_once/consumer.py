"""Faust's consumer on this transport: fetches whole record batches, and keeps no acks, since tasks commit."""

# Over 300 lines: it is one class, and Faust's driver dictates its methods.

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, SupportsFloat

import aiokafka.abc
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP, ConsumerMessage

from streams.exactly_once import record_batches
from streams.exactly_once.assignor import CopartitionAssignor
from streams.exactly_once.batch import Batch
from streams.exactly_once.decrypting import Decryption
from streams.exactly_once.deleted_records import DeletedRange, beyond
from streams.exactly_once.life_signs import LifeSigns
from streams.exactly_once.membership import Membership
from streams.kafka import clients
from streams.kafka.cluster import cluster_of
from streams.kafka.permissions import why

log = structlog.get_logger()

PAUSE = 1.0
"""Seconds before what was not permitted is tried again."""
_REFUSED = (GroupAuthorizationFailedError, TopicAuthorizationFailedError)

GATED = 0.02
"""Seconds to fetch from the other partitions before a partition that was full is asked for again."""


class _NoOffsets(dict[TP, int | None]):
    """Faust drops a batch whose offset is under the last it saw, and notes that offset late: after a rewind it would drop records.

    Epochs say what is stale, so nothing is noted.
    """

    def __missing__(self, tp: TP) -> None:
        del tp

    def __setitem__(self, tp: TP, offset: int | None) -> None: ...

    def update(self, *_: Any, **__: Any) -> None: ...


class _Listener(aiokafka.abc.ConsumerRebalanceListener):  # type: ignore[misc, unused-ignore]
    def __init__(self, consumer: "Consumer") -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> Awaitable[None]:
        # At the call, not when it is awaited: Faust wants to know before anything else runs.
        self._consumer.app.on_rebalance_start()
        return self._consumer.on_partitions_revoked(_tps(revoked))  # type: ignore[no-any-return]

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        consumer = self._consumer
        coordinator = consumer.kafka._coordinator  # noqa: SLF001 - it has no public side
        # The client begins when this returns. With many partitions, or a slow broker, the group would think us dead until then.
        coordinator._start_heartbeat_task()  # noqa: SLF001
        generation = coordinator.generation
        consumer.app.consumer_generation_id = generation
        if not consumer.app.rebalancing:  # nothing was revoked
            consumer.app.on_rebalance_start()
        await consumer.on_partitions_assigned(_tps(assigned), generation)


class Consumer(FaustConsumer):  # type: ignore[misc, unused-ignore]
    """In the event loop itself: batches are handed over without a thread between."""

    consumer_stopped_errors: ClassVar[tuple[type[BaseException], ...]] = (ConsumerStoppedError,)
    kafka: clients.KafkaConsumer
    wants: Callable[[TopicPartition], bool]
    """Whether a partition's task has room; set by the transaction manager."""
    put: Callable[[Batch], None]
    """Gives a batch to its task; set by the transaction manager."""
    deleted: Callable[[DeletedRange], None]
    """Told of records that were deleted before they were read; set by the transaction manager."""
    _shut = False
    """The cluster does not permit something."""
    owned: Callable[[], Iterable[TopicPartition]]
    """What tasks read; set by the transaction manager."""
    pace: SupportsFloat = 0.0
    """Seconds between two requests to one broker, unless what the first brought was full; what a request brings is handed over at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._epochs: dict[TopicPartition, int] = defaultdict(int)
        self._read_offset = _NoOffsets()
        self.starts: dict[TopicPartition, int] = {}
        """Where reading began when it was last moved; for the lag of what was never committed."""
        self._told: dict[TopicPartition, int] = {}
        """Up to where it was told that records are deleted."""
        self._topics_now: set[str] = set()
        self._wake = asyncio.Event()
        self._handed: dict[TopicPartition, int] = {}
        self._fetch_at: dict[int, float] = {}
        """When a broker may be asked again."""
        self._probe: AIOKafkaConsumer | None = None
        self._probing = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._signing: asyncio.Task[None] | None = None
        self._taken: list[asyncio.Future[None]] = []
        conf = self.app.conf
        self.max_records = int(conf.broker_max_poll_records or 2000)
        record_batches.install()
        plan = self.transport.plan
        self._assignor = CopartitionAssignor(plan.kept, self._stay)
        self.kafka = clients.consumer(
            self.transport.bootstrap,
            group_id=conf.id,
            client_id=conf.broker_client_id,
            enable_auto_commit=False,
            auto_offset_reset="none",  # an offset that is gone is told, never passed over
            isolation_level="read_committed",
            partition_assignment_strategy=[self._assignor],
            group_instance_id=plan.instance or None,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            # A task that is full is not fetched for, for as long as its target is away: that is no reason to leave the group.
            max_poll_interval_ms=24 * 3600 * 1000,
            max_partition_fetch_bytes=1_048_576,
            fetch_max_wait_ms=500,
            retry_backoff_ms=100,
        )
        self._decryption = Decryption.of(self.kafka, partial(plan.watch.forbidden, plan.stage))

    # -- what stays, and what goes

    @property
    def lost(self) -> bool:
        """Whether what the tasks work on may be somebody else's by now."""
        return self._assignor.lost

    def settled(self, *, again: bool) -> None:
        """The tasks are those of the group's last agreement; *again*: some have gone, and it is to agree anew, on whose their numbers are."""
        self._membership.settled()
        self.wake()
        if again:
            self._membership.request_rejoin()

    @property
    def agreeing(self) -> bool:
        """Whether the group is about to give out numbers, or has, and the tasks are not those yet."""
        return self._membership.agreeing

    def _stay(self, given: list[TopicPartition]) -> None:
        """Go on where the tasks are: an assignment begins with no positions.

        Called before anything is fetched for the new assignment.
        """
        if self._membership.keeps:
            self.place(set(given) & set(self.owned()))

    def place(self, tps: Iterable[TopicPartition]) -> None:
        for tp in tps:
            self.kafka.seek(tp, max(self._handed.get(tp, 0), self.starts[tp]))

    def _name_taken(self, error: Exception) -> None:
        if not self._taken:
            log.error(
                "worker fenced, stopping",
                stage=self.transport.plan.stage,
                why=f"{error}: give each worker a name of its own (kafka.instance)",
            )
            self._taken.append(asyncio.ensure_future(self.app.crash(error)))

    # -- positions, for tasks

    def epoch(self, tp: TopicPartition) -> int:
        return self._epochs[tp]

    def wake(self) -> None:
        self._wake.set()

    async def end(self, tp: TopicPartition) -> int:
        """The offset after the last record of *tp*, asked of the broker now; of transactions that are about to end as well.

        A commit is answered before its markers are everywhere: what it wrote may be there, and not to be read yet.
        """
        return (await self.ends([tp]))[tp]

    async def ends(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The same of several."""
        async with self._probing:
            if self._probe is None:
                probe = clients.consumer(self.transport.bootstrap, isolation_level="read_uncommitted")
                await probe.start()
                self._probe = probe
        return {tp: int(end) for tp, end in (await self._probe.end_offsets(tps)).items()}

    async def handed_over(self, tp: TopicPartition, end: int) -> int | None:
        """The offset after the last batch of *tp* that went to its task, 0 for none; None while more lies before *end*."""
        # Markers of transactions take an offset and are never seen, so the position is asked, not the last record.
        return self._handed.get(tp, 0) if await self.kafka.position(tp) >= end else None

    def passed(self, tp: TopicPartition) -> tuple[int, int]:
        """(the offset that is fetched next, the one after the last batch of *tp* that went to its task); 0 for none."""
        subscription = self.kafka._subscription.subscription  # noqa: SLF001 - `position()` waits, and whoever asks must not
        if subscription is None or subscription.assignment is None or tp not in subscription.assignment.tps:
            return 0, 0
        state = subscription.assignment.state_value(tp)
        return int(state.position) if state.has_valid_position else 0, self._handed.get(tp, 0)

    def forget(self, tps: Iterable[TopicPartition]) -> None:
        """What was fetched from *tps* until now is void."""
        for tp in tps:
            self._epochs[TopicPartition(*tp)] += 1

    async def rewind(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        """Read *tps* from their committed offsets again, or from their beginning; the answer is those that were moved.

        What has no committed offset was never read: that its first records are gone is no loss.
        """
        epochs = {TopicPartition(*tp): self._epochs[TopicPartition(*tp)] for tp in tps}
        committed = dict(zip(epochs, await asyncio.gather(*map(self.kafka.committed, epochs)), strict=True))
        starts = await self.kafka.beginning_offsets(list(epochs)) if epochs else {}
        # An answer that was overtaken, by a rebalance or another rewind, is from before the fence and would repeat records.
        valid = {tp: offset for tp, offset in committed.items() if self._epochs[tp] == epochs[tp]}
        for tp, offset in valid.items():
            # No await from here on: what is fetched next has the new epoch and the new position.
            self._epochs[tp] += 1
            self._handed.pop(tp, None)
            self.starts[tp] = starts[tp] if offset is None else max(offset, starts[tp])
            self.kafka.seek(tp, self.starts[tp])
            if offset is not None:
                self._tell(DeletedRange.before(tp, offset, starts[tp]))
        return valid

    async def _out_of_range(self, positions: Mapping[TopicPartition, int]) -> None:
        """Go on from the beginning of what has no record at its position any more."""
        starts = await self.kafka.beginning_offsets(list(positions))
        for tp, position in positions.items():
            epoch = self._epochs[tp]
            found = beyond(tp, position, starts[tp], await self.end(tp))
            if found is not None and self._epochs[tp] == epoch:
                self._tell(found)
                self.starts[tp] = starts[tp]
                self.kafka.seek(tp, starts[tp])

    def _tell(self, found: DeletedRange | None) -> None:
        """Once of each record: what was not committed since is found again."""
        if found is None:
            return
        if found.cause == "retention":
            found = DeletedRange.before(found.tp, max(found.start, self._told.get(found.tp, 0)), found.end)
        if found is not None:
            self._told[found.tp] = found.end
            self.deleted(found)

    async def member(self) -> bool:
        """Whether the group counts this worker as one of its own, now."""
        return bool(await self.kafka._coordinator._do_heartbeat())  # noqa: SLF001 - aiokafka has no public way to ask

    def stop_flow(self) -> None:
        super().stop_flow()
        self.wake()

    # -- fetching

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's
        """Fetch, and give what has come to the tasks. Nothing is left for Faust: its way to an agent takes two tasks for each batch."""
        nothing: tuple[tuple[TP, ConsumerMessage], ...] = ()
        for one in nothing:
            yield one
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
            return
        self.not_waiting_next_records.set()
        active = [TopicPartition(*tp) for tp in self._get_active_partitions()]
        ready = [tp for tp in active if self.wants(tp)]
        if not ready:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            return
        gated = len(ready) < len(active)
        try:
            fetched = await self.kafka.fetch_undecrypted(
                *ready, timeout_ms=int((GATED if gated else min(timeout, 0.2)) * 1000), max_records=self.max_records
            )
        except OffsetOutOfRangeError as error:
            with suppress(TimeoutError):
                await self._out_of_range(error.args[0])
            return
        except NoOffsetForPartitionError:
            return  # it is being moved to where it begins
        except _REFUSED as error:
            self._refused(error)
            await asyncio.sleep(PAUSE)
            return
        except KafkaError as error:
            if not error.retriable:
                raise
            self.log.warning("fetch failed: %s", why(error, self.transport.bootstrap))
            return
        if self._decryption is not None:
            fetched = self._decryption.now(fetched)
        if self._shut:
            self._shut = False
            self.transport.plan.watch.forbidden(self.transport.plan.stage, "")
        batches = [Batch(tp, records, self._epochs[tp]) for tp, records in fetched.items() if records]
        if sum(len(batch.records) for batch in batches) >= self.max_records:
            self._fetch_at.clear()
        # No await since the position has moved. Where a rebalance has begun, it is fetched again after it.
        for batch in batches if self.flow_active else ():
            self._handed[batch.tp] = batch.next_offset
            self.put(batch)
        if self._decryption is not None and self._decryption.waits:
            await self._decryption.learn()

    async def _paced(self, fetch: Callable[..., Awaitable[bool]], assignment: Any, node: int, request: Any) -> bool:
        """Have what comes meanwhile come with it. Later, when it lies here, would be one more wait for it."""
        clock = asyncio.get_running_loop().time
        if (early := self._fetch_at.get(node, 0.0) - clock()) > 0:
            await asyncio.sleep(early)
        self._fetch_at[node] = clock() + float(self.pace)
        return await fetch(assignment, node, request)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:  # noqa: ARG002
        raise AssertionError("batches are no messages of Faust's")

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ARG002, ASYNC109
        raise AssertionError("getmany() fetches by itself")

    async def sleep(self, n: float) -> None:
        """Faust yields so before every fetch, and its own way of doing that is a task and a timer."""
        await (super().sleep(n) if n else asyncio.sleep(0))

    # -- tasks commit: the consumer's own book-keeping is switched off

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 - Faust's
        del topics, start_new_transaction
        return False

    async def _commit(self, offsets: Any) -> bool:
        del offsets
        return False

    def track_message(self, message: Any) -> None:
        del message

    def ack(self, message: Any) -> bool:
        message.acked = True
        return True

    async def wait_empty(self) -> None:
        """Tasks finish what is in hand when the transaction manager stops them."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        del tp, offset_from, offset_to

    def on_buffer_full(self, tp: TP) -> None:
        """Tasks say themselves what they want."""

    def on_buffer_drop(self, tp: TP) -> None: ...

    def verify_event_path(self, now: float, tp: TP) -> None: ...

    def verify_recovery_event_path(self, now: float, tp: TP) -> None: ...

    # -- the rest of the driver

    async def on_start(self) -> None:
        while True:
            try:
                await self.kafka.start()
                break
            except KafkaConnectionError as error:  # it has not begun yet
                self.log.warning("waiting for Kafka: %s", error)
                if self.should_stop:
                    return
                await super().sleep(1.0)
        self._membership = Membership.of(self.kafka, self._assignor, self._name_taken)
        fetcher = self.kafka._fetcher  # noqa: SLF001 - it has no pace of its own
        fetcher._proc_fetch_request = partial(self._paced, fetcher._proc_fetch_request)  # noqa: SLF001

        self._watching = asyncio.create_task(self._watch_group())
        plan = self.transport.plan
        if plan.signs:
            patience = self.app.conf.broker_session_timeout / 2
            self._signs = LifeSigns(
                self._membership, plan.signs, self._numbers, self._partitions, patience, lambda: plan.watch.put_out(plan.stage)
            )
            self._signing = asyncio.create_task(self._signs.run())

    def _numbers(self) -> set[int]:
        return {tp.partition for tp in self.owned()}

    def _partitions(self) -> int:
        return max((len(self.kafka.partitions_for_topic(topic) or ()) for topic in self._topics_now), default=0)

    async def _watch_group(self) -> None:
        """Say why the group cannot be joined: the client keeps it for whoever fetches, which nobody does before there are partitions."""
        while True:
            await asyncio.sleep(PAUSE)
            if not (self.flow_active and self.kafka.assignment()):
                try:
                    self.kafka._coordinator.check_errors()  # noqa: SLF001 - it has no public side
                except KafkaError as error:
                    self._refused(error)

    def _refused(self, error: KafkaError) -> None:
        """The role waits, and says for what; what is permitted again is found by trying."""
        plan, where = self.transport.plan, cluster_of(self.transport.bootstrap)
        told = why(error, where)
        if where.new(told):
            log.error("permission denied, waiting", stage=plan.stage, why=told)
        self._shut = True
        plan.watch.forbidden(plan.stage, told)
        if isinstance(error, GroupAuthorizationFailedError):
            # The client's heartbeat has ended with it, and would not begin again.
            self.kafka._coordinator.request_rejoin()  # noqa: SLF001 - as above

    async def on_stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        await self.transactions.stop_tasks()
        if self._signing is not None:
            self._signing.cancel()  # not before: what is finished in good order must not be taken for dead
        if self._probe is not None:
            await self._probe.stop()
        await self.kafka.stop()

    async def subscribe(self, topics: Iterable[str]) -> None:
        # Faust subscribes again, to the same topics, some time after each rebalance; that would be another rebalance.
        wanted = set(topics)
        if wanted != self._topics_now:
            self._topics_now = wanted
            self.kafka.subscribe(topics=sorted(wanted), listener=_Listener(self))

    async def seek_to_committed(self) -> Mapping[TP, int]:
        committed = await self.rewind(self.kafka.assignment())
        return {TP(*tp): offset for tp, offset in committed.items() if offset is not None}

    async def perform_seek(self) -> None:
        """The transaction manager has done so, of what was not read on."""

    async def _seek(self, partition: TP, offset: int) -> None:
        self.forget([TopicPartition(*partition)])
        self.kafka.seek(TopicPartition(*partition), offset)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self._seek(tp, offset)

    async def position(self, tp: TP) -> int | None:
        return int(await self.kafka.position(TopicPartition(*tp)))

    def assignment(self) -> set[TP]:
        return _tps(self.kafka.assignment())

    def highwater(self, tp: TP) -> int:
        return int(self.kafka.last_stable_offset(TopicPartition(*tp)) or 0)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.highwater(tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        found = await self.kafka.beginning_offsets([TopicPartition(*tp) for tp in partitions])
        return {TP(*tp): offset for tp, offset in found.items()}

    def topic_partitions(self, topic: str) -> int | None:
        found = self.kafka.partitions_for_topic(topic)
        return len(found) if found else None

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        del topic, key
        return partition

    async def create_topic(self, *_: Any, **__: Any) -> None:
        """`im-relay topics create` makes topics; a worker does not."""

    def close(self) -> None:
        """on_stop does it."""


def _tps(tps: Iterable[Any]) -> set[TP]:
    return {TP(*tp) for tp in tps}
