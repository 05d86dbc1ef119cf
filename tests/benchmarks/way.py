"""`make bench-way`: how straight the way through `deliver` is; ARGS="--calls" names each function.

ARGS="--cpu 4000" measures its CPU instead: see `way_cpu`.

Printed are the modules of ours whose functions run between the moment in which a record of `deliveries` is taken from its task's inbox and the
moment in which its request reaches the transport, and how often. The worker is at rest, and has delivered before, so that nothing is made
for the first time; its target is a function. What a coroutine does after a pause counts with its first call. Of several records the one with the
fewest calls is shown: a cycle that comes between by chance belongs to no record.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType

import httpx

from tests.benchmarks import way_cpu
from tests.deliver.alone import Alone, token
from tests.deliver.worker import delivery

ROOT = Path(__file__).parents[2]
RECORDS = 40


class Way:
    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """By module and function."""
        self._seen: set[int] = set()
        self._frames: list[FrameType] = []

    def begin(self) -> None:
        sys.setprofile(self._note)

    def end(self) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, arg: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call" or not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in ("converters", "streams"):
            return
        if id(frame) in self._seen:  # it goes on
            return
        self._seen.add(id(frame))
        self._frames.append(frame)  # so that no other gets its place in memory
        self.calls[str(path.relative_to(ROOT)), frame.f_code.co_qualname] += 1


async def measured(directory: Path) -> Way:
    ways, left = [Way() for _ in range(RECORDS)], asyncio.Event()
    way = ways[0]

    def answer(request: httpx.Request) -> httpx.Response:
        if (granted := token(request)) is not None:
            return granted
        way.end()
        left.set()
        return httpx.Response(200, json={"data": {"bob": "1"}})

    alone = Alone(directory, answer, cycle=0.001)
    running = asyncio.create_task(alone.run())
    for turn, way in enumerate(ways):
        one = delivery("bob", "hi", str(turn))
        left.clear()
        alone.task.taken = way.begin if turn else lambda: None
        alone.send(one)
        await left.wait()
        while one.event.id not in alone.task.ledger or not hasattr(alone.task.ledger[one.event.id], "outcome"):
            await asyncio.sleep(0.01)
    alone.task.draining.set()
    alone.task.nudge()
    await running
    return min(ways[1:], key=lambda one: one.calls.total())


def main() -> None:
    if "--cpu" in sys.argv:
        way_cpu.main(int(sys.argv[-1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        way = asyncio.run(measured(Path(directory)))
    modules: Counter[str] = Counter()
    for (module, _), count in way.calls.items():
        modules[module] += count
    print(f"{len(modules)} modules, {modules.total()} calls")
    if "--calls" in sys.argv:
        for (module, function), count in sorted(way.calls.items()):
            print(f"{count:5}  {module}: {function}")
    else:
        for module, count in sorted(modules.items()):
            print(f"{count:5}  {module}")


if __name__ == "__main__":
    main()
