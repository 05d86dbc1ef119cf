"""The parts that make a Faust transport of the consumer and the tasks."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, SupportsFloat

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.transport import base
from faust.transport.producer import Producer as FaustProducer
from faust.types import TP

from streams.exactly_once.batch import Batch
from streams.exactly_once.consumer import Consumer
from streams.exactly_once.deleted_records import DeletedRange
from streams.exactly_once.producers import FencedError, ProducerSettings
from streams.exactly_once.task import PartitionTask, Processor
from streams.exactly_once.watch import StageObserver
from streams.kafka.permissions import why
from streams.kafka.reachability import REACH

log = structlog.get_logger()


class StagePlan:
    """What runs on a transport: one stage, and how its tasks are made."""

    def __init__(
        self, stage: str, inputs: list[str], make: Callable[[int], Processor], link: ProducerSettings, watch: StageObserver
    ) -> None:
        self.stage = stage
        self.inputs = inputs
        self.make = make
        self.link = link
        self.watch = watch
        self.drain_budget = 5.0
        """Seconds in which a task may finish what it has in hand when its partition is taken away."""
        self.reads: tuple[str, ...] = ()
        """Topics that the stage reads beside its inputs."""
        self.instance = ""
        """The worker's name in its group, under which it comes back when it was killed; empty: it has none."""
        self.signs = ""
        """The topic in whose committed offsets workers leave their signs of life; it is none of *inputs*. Empty: they leave none."""
        self.kept: Callable[[], Mapping[int, float]] = dict
        """Partition numbers of which there is state on this machine, with when it was last written (seconds since 1970)."""
        self.pace: SupportsFloat = 0.0
        """Seconds between two requests to a broker for records: each costs it and us, and what follows from it."""


class TransactionManager(base.TransactionManager):  # type: ignore[misc, unused-ignore]
    """Starts and stops tasks as partitions come and go. Faust calls it before it seeks to the committed offsets."""

    def __init__(self, transport: "Transport", *, consumer: Consumer, producer: Any, **kwargs: Any) -> None:
        super().__init__(transport, consumer=consumer, producer=producer, **kwargs)
        self._plan = transport.plan
        self.tasks: dict[int, PartitionTask] = {}
        transport.manager = self
        consumer.wants = self.wants
        consumer.put = self.put
        consumer.deleted = self._deleted
        consumer.owned = self.owned
        consumer.pace = self._plan.pace

    def wants(self, tp: TopicPartition) -> bool:
        task = self.tasks.get(tp.partition)
        return task is not None and task.wants(tp)

    def put(self, batch: Batch) -> None:
        task = self.tasks.get(batch.tp.partition)
        if task is not None:
            task.put(batch)

    def owned(self) -> list[TopicPartition]:
        return [tp for task in self.tasks.values() for tp in task.inputs]

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        del revoked  # all of them: it is not called where tasks may stay
        await self.stop_tasks()

    async def on_rebalance(self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP]) -> None:
        """Tasks of the same inputs go on as if nothing had been; what was taken away is finished, what has come is fenced first."""
        del revoked, newly_assigned
        wanted = _by_number(assigned)
        stays = (
            {}
            if self.consumer.lost
            else {number: task for number, task in self.tasks.items() if wanted.get(number) == task.inputs and task.works}
        )
        going = [task for number, task in self.tasks.items() if number not in stays]
        self.tasks = stays
        self.consumer.resume_partitions(assigned)
        self.consumer.resume_flow()
        await self._stop(going)
        if not await self._begin({number: inputs for number, inputs in wanted.items() if number not in stays}):
            return
        self._plan.watch.assigned(self._plan.stage, len(self.tasks))
        self.consumer.settled(again=any(task.partition not in wanted for task in going))

    async def _begin(self, wanted: dict[int, list[TopicPartition]]) -> bool:
        """Make tasks of what nobody works on any more; False where the worker is to end before it could."""
        plan = self._plan
        tps = [tp for inputs in wanted.values() for tp in inputs]
        self.consumer.forget(tps)
        made = {
            number: PartitionTask(
                plan.stage, self.app.conf.id, number, inputs, plan.link, self.consumer, plan.make, self._failed, plan.watch
            )
            for number, inputs in wanted.items()
        }
        while True:
            try:
                await asyncio.gather(*(task.fence() for task in made.values()))
                await self.consumer.rewind(tps)
                break
            except Exception as error:  # noqa: BLE001 - the broker is away; without the fence nothing may be read
                told = why(error, plan.link.bootstrap)
                if isinstance(error, KafkaError | OSError):
                    REACH.told(f"{plan.stage} cannot start its transactions: {told}")
                log.warning("producer start failed, retrying", stage=plan.stage, error=told)
                plan.watch.forbidden(plan.stage, told)
                await asyncio.gather(*(task.stop(0) for task in made.values()))
                for task in made.values():
                    task.draining.clear()
                if self.app.should_stop:
                    return False
                await asyncio.sleep(1.0)
        if self.app.should_stop:
            await asyncio.gather(*(task.stop(0) for task in made.values()))
            return False
        self.tasks = self.tasks | made
        plan.watch.forbidden(plan.stage, "")
        for task in made.values():
            task.start()
            await asyncio.sleep(0)  # each opens its state; heartbeats must not wait for all of them
        return True

    async def stop_tasks(self) -> None:
        stopping, self.tasks = self.tasks, {}
        await self._stop(stopping.values())
        self._plan.watch.revoked(self._plan.stage)

    async def _stop(self, going: Collection[PartitionTask]) -> None:
        await asyncio.gather(*(task.stop(self._plan.drain_budget) for task in going))
        for task in going:
            self._plan.watch.left(self._plan.stage, task.partition)

    async def _failed(self, error: BaseException) -> None:
        if isinstance(error, FencedError) and self.consumer.agreeing:
            return  # another protocol may have given its number away; the task is over, and will be made anew where it is ours
        # A worker that was taken for dead, or has a defect, holds its partitions and does nothing: it must leave.
        log.error("worker fenced, stopping", stage=self._plan.stage, error=type(error).__name__)
        await self.app.crash(error)

    def _deleted(self, found: DeletedRange) -> None:
        tp = found.tp
        log.error(
            "records were deleted before they were read",
            stage=self._plan.stage,
            topic=tp.topic,
            partition=tp.partition,
            start=found.start,
            end=found.end,
            records=found.records,
            cause=found.cause,
        )
        self._plan.watch.deleted(self._plan.stage, found)

    async def flush(self) -> None:
        """Nothing is buffered outside a transaction."""

    async def commit(self, offsets: Any, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002 - Faust's
        del offsets, start_new_transaction
        return False


class Producer(FaustProducer):  # type: ignore[misc, unused-ignore]
    """Sends nothing: agents write through their task, or not at all."""

    async def send(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("an agent writes through its task: task.commit(outputs, offsets)")

    send_and_wait = send

    async def flush(self) -> None: ...

    async def create_topic(self, *_: Any, **__: Any) -> None: ...

    def supports_headers(self) -> bool:
        return True


Manager = TransactionManager  # the class below has an attribute of that name


class Transport(base.Transport):  # type: ignore[misc, unused-ignore]
    Consumer = Consumer
    Producer = Producer
    TransactionManager = TransactionManager
    manager: "Manager"
    driver_version = "im-relay"
    default_port = 9092

    def __init__(self, url: Any, app: Any, plan: StagePlan) -> None:
        super().__init__(url, app)
        self.plan = plan
        self.bootstrap = plan.link.bootstrap


def _by_number(tps: Iterable[TP]) -> dict[int, list[TopicPartition]]:
    found: dict[int, list[TopicPartition]] = {}
    for topic, partition in sorted(tps):
        found.setdefault(partition, []).append(TopicPartition(topic, partition))
    return found
