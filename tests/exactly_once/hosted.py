"""A worker in this process: what it reads, and what it tells of itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import ConsumerRecord
from faust import App

from streams.exactly_once.batch import Batch
from streams.exactly_once.deleted_records import DeletedRange
from streams.exactly_once.outputs import Outputs, ProducerSettings
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.transport import StagePlan
from streams.exactly_once.watch import StageObserver
from streams.exactly_once.worker import make_app, run
from tests.exactly_once.conftest import DEADLINE


class Hosted(StageObserver):
    def __init__(self, bootstrap: str, group: str, inputs: list[str], session: float = 10.0, instance: str = "", signs: str = "") -> None:
        self.records: list[ConsumerRecord] = []
        self.commits = 0
        self.owned: int | None = None
        """Partitions; None while they are given out."""
        self.missed: list[DeletedRange] = []
        self.others_put_out = 0
        self.gone: list[int] = []
        """Partitions whose tasks were over, in order."""
        self.code: int | None = None
        plan = StagePlan("hosted", inputs, lambda _: StatelessStage(self._take), ProducerSettings(bootstrap), self)
        plan.instance, plan.signs = instance, signs
        self.app: App = make_app(group, plan, session_timeout=session)
        self.stop = asyncio.Event()

    def _take(self, batch: Batch, outputs: Outputs) -> None:
        del outputs
        self.records += batch.records

    def committed(self, stage: str, records: int, seconds: float) -> None:
        self.commits += 1

    def assigned(self, stage: str, partitions: int) -> None:
        self.owned = partitions

    def revoked(self, stage: str) -> None:
        self.owned = None

    def left(self, stage: str, partition: int) -> None:
        self.gone.append(partition)

    def put_out(self, stage: str) -> None:
        self.others_put_out += 1

    def deleted(self, stage: str, found: DeletedRange) -> None:
        self.missed.append(found)

    def dies(self) -> None:
        """For its group it is killed: nothing reaches the coordinator any more, not even that it leaves."""

        async def lost(_: object) -> None:
            raise KafkaConnectionError("it is dead")

        self.app.consumer.kafka._coordinator._send_req = lost

    @property
    def values(self) -> list[bytes]:
        return [record.value for record in self.records]

    def of(self, topic: str) -> list[ConsumerRecord]:
        return [record for record in self.records if record.topic == topic]

    @property
    def generation(self) -> int:
        """Of the group, as far as it knows."""
        return int(self.app.consumer.kafka._coordinator.generation)

    async def begin(self) -> int:
        """Until it ends by itself; the answer is its code."""
        return await run(self.app, stop=self.stop)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hosted"]:
        task = asyncio.create_task(run(self.app, stop=self.stop))
        try:
            await until(lambda: self.owned is not None)
            yield self
        finally:
            self.stop.set()
            self.code = await task


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not what():
            await asyncio.sleep(0.02)
