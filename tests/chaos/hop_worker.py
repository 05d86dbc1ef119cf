"""A worker of the hop under test: reads SRC, sets a field, writes DST, by key. Started and killed by the chaos run."""

import asyncio
import sys
from collections.abc import Callable
from zlib import crc32

import orjson
import uvloop

from streams.exactly_once.batch import Batch
from streams.exactly_once.producers import Outputs, ProducerSettings
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.transport import StagePlan
from streams.exactly_once.watch import StageObserver
from streams.exactly_once.worker import make_app, run
from streams.observe.log import setup
from streams.settings.observing import ObserveSettings


def hop(target: str, partitions: int) -> Callable[[Batch, Outputs], None]:
    def stage(batch: Batch, outputs: Outputs) -> None:
        for record in batch.records:
            value = orjson.loads(record.value)
            value["x"] = 1
            outputs.add(target, crc32(record.key) % partitions, record.key, orjson.dumps(value))

    return stage


def main(bootstrap: str, group: str, source: str, target: str, partitions: str, session: str) -> int:
    setup(ObserveSettings())
    stage = hop(target, int(partitions))
    plan = StagePlan("hop", [source], lambda _: StatelessStage(stage), ProducerSettings(bootstrap), StageObserver())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(make_app(group, plan, session_timeout=float(session))))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
