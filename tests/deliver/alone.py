"""The work of one partition of `deliver` without a broker: its task and its topics are lists, its target is a function."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import Delivery, Echo, conversation_key
from converters.routing.route import App
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.deliver.context import DeliverContext, DeliverTopics
from streams.deliver.event_counts import EventCounts
from streams.deliver.ledger import LedgerStore
from streams.deliver.ledger_schema import Entry, load
from streams.deliver.parked import ParkingBudget
from streams.deliver.settings import DeliverSettings
from streams.deliver.worker import DeliverWorker
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs
from streams.exactly_once.task import PartitionTask
from streams.exactly_once.watch import StageObserver
from streams.kafka.linger import AdaptiveLinger
from streams.outbound.admission import Admission, PartitionShares
from streams.outbound.client import clients
from streams.settings.root import HoldSettings
from streams.state.stateful_stage import StatefulStage
from streams.state.turns import FairTurns

NAMES = DeliverTopics(
    deliveries="deliveries",
    backfill="backfill",
    echoes="echoes",
    ledger="ledger",
    dead="dead",
    identities="identities",
    results="results",
    imported="",
    mirrored=("mirrored",),
    partitions=1,
)
SECRET = "s" * 16
ACCOUNTS: dict[str, dict[str, str]] = {
    "yunxin": {"app_key": "k", "app_secret": SECRET},
    "easemob": {
        "org": "o",
        "app": "a",
        "client_id": "i",
        "client_secret": SECRET,
        "callback_secret": SECRET,
        "base_url": "http://127.0.0.1:1",
    },
}


class Nothing:
    """In place of a `LogReader`: topics of which all that lies there is in the local state already."""

    def __init__(self, task: "Task") -> None:
        self._task = task

    async def start(self) -> None: ...

    async def cluster(self) -> str:
        return "cluster"

    async def bounds(self, tp: TopicPartition) -> tuple[int, int]:
        return 0, self._task.end if tp.topic == NAMES.ledger else 0

    async def at(self, tp: TopicPartition, at: int) -> None:
        return None

    async def read(self, tp: TopicPartition, offset: int, size: int) -> SimpleNamespace:
        return SimpleNamespace(records=(), next=offset)


class Heard:
    """In place of a `Progress`: every callback that there is has been converted."""

    async def converted(self) -> None: ...


class Task:
    """In place of a `PartitionTask`. *taken* is called when a batch is taken."""

    partition = 0

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self.watch = StageObserver()
        self.ledger: dict[str, Entry] = {}
        self.taken: Callable[[], None] = lambda: None
        self._inbox: list[Batch] = []
        self._offsets = dict.fromkeys((NAMES.deliveries, NAMES.echoes), 0)
        self.end = 0
        self._came = asyncio.Event()

    def put(self, topic: str, key: bytes, value: bytes) -> None:
        offset, self._offsets[topic] = self._offsets[topic], self._offsets[topic] + 1
        record = SimpleNamespace(
            topic=topic, partition=0, offset=offset, key=key, value=value, headers=(), timestamp=int(time.time() * 1000)
        )
        self.put_batch(Batch(TopicPartition(topic, 0), (cast("ConsumerRecord", record),), 0))

    def put_batch(self, batch: Batch) -> None:
        self._inbox.append(batch)
        self.nudge()

    def ready(self) -> bool:
        return bool(self._inbox)

    def take_of(self, tp: TopicPartition) -> Batch | None:
        return self.take_among((tp,))

    def take_among(self, inputs: Collection[TopicPartition]) -> Batch | None:
        for batch in self._inbox:
            if batch.tp in inputs:
                self._inbox.remove(batch)
                self.taken()
                return batch
        return None

    async def catch_up(self, tp: TopicPartition) -> None:
        while any(batch.tp == tp for batch in self._inbox):
            self.nudge()
            await asyncio.sleep(0)

    def nudge(self) -> None:
        self._came.set()

    async def wait(self, timeout: float) -> None:
        self._came.clear()
        timer = asyncio.get_running_loop().call_later(timeout, self._came.set)
        await self._came.wait()
        timer.cancel()

    async def write(self, outputs: Outputs) -> dict[tuple[str, int], int]:
        for (topic, _), records in outputs.records.items():
            for key, value, _ in records if topic == NAMES.ledger else ():
                self.end += 1
                self.ledger[(key or b"").decode()] = load(value or b"")
        return {(NAMES.ledger, 0): self.end}

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        return {}


class Alone:
    """*answer* is the target, of `easemob`: it takes what leaves, and raises what httpx raises where there is no answer.

    *before*: the task of an owner that is gone, whose state lies in *directory*.
    """

    def __init__(
        self, directory: Path, answer: Callable[[httpx.Request], httpx.Response], before: Task | None = None, **settings: Any
    ) -> None:
        self.task = Task()
        if before is not None:
            self.task.ledger, self.task.end = before.ledger, before.end
        given = DeliverSettings(state=directory, quotas=False, **settings)
        apps = {
            name: App(
                name,
                PLATFORMS[platform],
                msgspec.convert({**ACCOUNTS[platform], "mark_secret": SECRET}, PLATFORMS[platform].account),
                target,
            )
            for name, platform, target in (("old", "yunxin", "new"), ("new", "easemob", "old"))
        }
        targets = {"new": apps["new"]}
        admissions = {"new": Admission(apps["new"], given, asyncio.get_running_loop())}
        self.clients = clients(targets, given, httpx.MockTransport(answer))
        reader: Any = Nothing(self.task)
        progress: Any = Heard()
        context = DeliverContext(
            platform="easemob",
            names=NAMES,
            apps=apps,
            clients=self.clients,
            admissions=admissions,
            settings=given,
            counts=EventCounts("easemob", apps),
            state=directory,
            bootstrap="",
            dead_letter_limit=DeadLetterLimit("deliver", HoldSettings()),
            parking=ParkingBudget(1 << 20),
            progress=progress,
            linger=AdaptiveLinger(4.0, given.cycle),
            mirrored=frozenset(apps),
            logs=(reader, reader),
            restoring=FairTurns(),
        )
        self._stage = StatefulStage(
            "deliver",
            lambda partition: LedgerStore(directory, f"easemob-{partition}", given),
            lambda task, store: DeliverWorker(task, context, store),
            PartitionShares(admissions.values(), 1),
        )

    def run(self) -> Coroutine[Any, Any, None]:
        return self._stage.run(cast("PartitionTask", self.task))

    def send(self, delivery: Delivery) -> None:
        self.task.put(NAMES.deliveries, conversation_key(delivery.event.conversation), wire.dump(delivery))

    def echo(self, of: Delivery, remote_id: str) -> None:
        seen = Echo(event=of.event.id, target=of.target, remote_id=remote_id, at=1)
        self.task.put(NAMES.echoes, conversation_key(of.event.conversation), wire.dump(seen))


def token(request: httpx.Request) -> httpx.Response | None:
    """The answer to what asks for a token; None where it is another request."""
    return httpx.Response(200, json={"access_token": "t", "expires_in": 5000}) if request.url.path.endswith("/token") else None
