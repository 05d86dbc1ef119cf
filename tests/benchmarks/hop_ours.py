"""Our hop, as the peers do it: parse JSON, set a field, write by key. BOOTSTRAP SRC DST N in the environment.

From the first record that is processed to the commit of the Nth; the peers stop at the Nth that is processed. Argument:
`trivial`, or `conversion` for `converters.routing.route` on text callbacks; and `plain` for no transactions. PROFILE names a file for cProfile's figures.
"""

import asyncio
import cProfile
import os
import sys
import time
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
from tests.benchmarks import hop_plain

PARTITIONS = 4


def trivial(target: str) -> Callable[[Batch, Outputs], None]:
    where = {str(key).encode(): crc32(str(key).encode()) % PARTITIONS for key in range(1000)}

    def stage(batch: Batch, outputs: Outputs) -> None:
        loads, dumps, add = orjson.loads, orjson.dumps, outputs.add
        for record in batch.records:
            value = loads(record.value)
            value["x"] = 1
            key = record.key
            add(target, where[key], key, dumps(value))

    return stage


class Until(StageObserver):
    """Prints the figure when *n* records are committed, and ends the worker."""

    def __init__(self, name: str, n: int, stop: asyncio.Event) -> None:
        self.name, self.n, self.stop = name, n, stop
        self.done, self.start, self.cpu = 0, 0.0, 0.0

    def committed(self, stage: str, records: int, seconds: float) -> None:
        self.done += records
        if self.done >= self.n and not self.stop.is_set():
            rate, cpu = (self.done / (time.perf_counter() - self.start), self.done / (time.process_time() - self.cpu))
            print(f"ours {self.name} {rate:.0f}/s, {cpu:.0f} in a second of its own CPU", flush=True)
            self.stop.set()


async def main(name: str, *, plain: bool = False) -> int:
    bootstrap, target = os.environ["BOOTSTRAP"], os.environ["DST"]
    stop = asyncio.Event()
    until = Until(name, int(os.environ["N"]), stop)
    inner: Callable[[Batch, Outputs], object]
    if name == "conversion":
        from tests.benchmarks.hop_conversion import conversion

        inner = conversion(target)
    else:
        inner = trivial(target)

    def stage(batch: Batch, outputs: Outputs) -> None:
        if not until.start:
            until.start, until.cpu = time.perf_counter(), time.process_time()
        inner(batch, outputs)

    plan = StagePlan("hop", [os.environ["SRC"]], lambda _: StatelessStage(stage), ProducerSettings(bootstrap), until)
    app = make_app(f"ours-{time.time_ns()}", plan)
    if plain:
        hop_plain.install(app)
    return await run(app, stop=stop)


if __name__ == "__main__":
    setup(ObserveSettings(level="error"))
    profile = cProfile.Profile() if os.environ.get("PROFILE") else None
    if profile:
        profile.enable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(main(sys.argv[1] if len(sys.argv) > 1 else "trivial", plain="plain" in sys.argv))
    if profile:
        profile.dump_stats(os.environ["PROFILE"])
    sys.exit(code)
