"""What a message costs `deliver`, in CPU: in one process, without Kafka and HTTP.

A write takes 1 ms, an answer 2 ms; 16 records come every 4 ms, in turn from 64 conversations. The first fifth warms up. On a machine with
other work, figures of two commits are compared in turn, several times.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvloop
from aiokafka import ConsumerRecord, TopicPartition

from converters.core import wire
from converters.core.model import conversation_key
from converters.platform import Reply
from streams.deliver.ledger_rows import is_intent
from streams.exactly_once.batch import Batch
from streams.exactly_once.outputs import Outputs
from streams.outbound.transport import HttpCall
from tests.deliver.alone import NAMES, Alone, Task
from tests.deliver.worker import delivery

CONVERSATIONS, AT_ONCE, EVERY = 64, 16, 0.004
WRITE, ANSWER = 0.001, 0.002
DELIVERIES = TopicPartition(NAMES.deliveries, 0)


class Platform:
    """In place of a transport: whatever leaves is taken."""

    async def call(self, call: HttpCall, may_leave: Callable[[], bool]) -> Reply:
        if call.url.endswith("/token"):
            return Reply(200, {}, orjson.dumps({"access_token": "t", "expires_in": 5000}))
        assert may_leave()
        answered = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(ANSWER, answered.set_result, None)
        await answered
        return Reply(200, {}, orjson.dumps({"data": {orjson.loads(call.body)["to"][0]: "1234567890"}}))

    async def close(self) -> None: ...


class Ledger:
    """What is written, counted: *task* writes here."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._ended = self._wanted = 0
        self._enough = asyncio.Event()

    async def write(self, outputs: Outputs) -> dict[tuple[str, int], int]:
        await asyncio.sleep(WRITE)
        entries = outputs.records.get((NAMES.ledger, 0), [])
        self._task.end += len(entries)
        self._ended += sum(not is_intent(value or b"") for _, value, _ in entries)
        if self._ended >= self._wanted:
            self._enough.set()
        return {(NAMES.ledger, 0): self._task.end}

    async def offer(self, records: list[ConsumerRecord]) -> None:
        """Until each of them has its end."""
        self._wanted += len(records)
        self._enough.clear()
        for at in range(0, len(records), AT_ONCE):
            self._task.put_batch(Batch(DELIVERIES, records[at : at + AT_ONCE], 0))
            await asyncio.sleep(EVERY)
        await self._enough.wait()


def _records(count: int) -> list[ConsumerRecord]:
    now, made = int(time.time() * 1000), []
    for number in range(count):
        one = delivery(f"b{number % CONVERSATIONS}", f"a line of text such as people write #{number}", str(number))
        key = conversation_key(one.event.conversation)
        made.append(ConsumerRecord(NAMES.deliveries, 0, number, now, 0, key, wire.dump(one), None, -1, -1, ()))
    return made


async def measured(directory: Path, count: int) -> float:
    """Seconds of CPU a message."""
    alone = Alone(directory, lambda _: httpx.Response(500), cycle=0.02)
    task: Any = alone.task
    ledger = Ledger(task)
    task.write = ledger.write
    alone.clients["new"]._transport = Platform()
    running = asyncio.create_task(alone.run())
    records, warm = _records(count), count // 5
    gc.collect()
    gc.freeze()
    await ledger.offer(records[:warm])
    before = time.process_time()
    await ledger.offer(records[warm:])
    spent = time.process_time() - before
    task.draining.set()
    task.nudge()
    await running
    return spent / (count - warm)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        print(f"{uvloop.run(measured(Path(directory), count)) * 1e6:.1f} us of CPU a message")
