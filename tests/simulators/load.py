"""A load that the simulator makes itself: numbered texts at a constant rate, whatever the receiver does."""

import asyncio
from collections import Counter
from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tests.simulators.platform import Platform, Saying

TICK = 0.01
"""Seconds between two bursts; a burst is what has come due."""


class Load(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*count* texts at *rate* a second over *conversations*, of which *groups* are groups; the seed gives the order.

    Text number n of conversation c is ``c<c> #<n>``, both from 0. Users are ``u<c>a`` and ``u<c>b``; groups are
    the platform's own in the order in which they were made, then new ones.
    """

    rate: Annotated[float, Meta(gt=0)]
    count: Annotated[int, Meta(ge=1)]
    conversations: Annotated[int, Meta(ge=1)]
    groups: Annotated[int, Meta(ge=0)] = 0
    seed: int = 0


class Loader:
    """Runs one load at a time; ``tally`` counts said, acknowledged and failed of the last one."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.tally: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self, load: Load) -> None:
        """Begin; a load that still runs is the caller's mistake."""
        assert not self.running
        self.tally = Counter()
        self._task = asyncio.create_task(self._run(load, self.tally))

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    def progress(self) -> dict[str, object]:
        """``queued`` counts what the load said and was not yet acknowledged or lost; ``waiting`` all callbacks."""
        if self._task and self._task.done() and not self._task.cancelled():
            self._task.result()
        said, acknowledged, failed = (self.tally[key] for key in ("said", "acknowledged", "failed"))
        return {
            "running": self.running,
            "said": said,
            "acknowledged": acknowledged,
            "queued": said - acknowledged - failed,
            "failed": failed,
            "waiting": self._platform.courier.queued,
        }

    async def settle(self, patience: float) -> None:
        """Return when no load runs and no callback waits, or after *patience* seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while (self.running or self._platform.courier.queued) and loop.time() < end:
            await asyncio.sleep(TICK)

    async def _run(self, load: Load, tally: Counter[str]) -> None:
        talks = [self._talk(number, load) for number in range(load.conversations)]
        numbers = [0] * load.conversations
        random = Random(load.seed)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        said = 0
        while True:
            due = min(load.count, int((loop.time() - begin) * load.rate) + 1)
            for _ in range(said, due):
                number = random.randrange(load.conversations)
                senders, to, kind = talks[number]
                text = f"c{number} #{numbers[number]}"
                sender = senders[numbers[number] % len(senders)]
                numbers[number] += 1
                tally["said"] += 1
                self._platform.say(Saying(sender=sender, to=to, text=text, type=kind), tally)
            said = max(said, due)
            if said == load.count:
                return
            await asyncio.sleep(TICK)

    def _talk(self, number: int, load: Load) -> tuple[list[str], str, Literal["person", "group"]]:
        first, second = f"u{number}a", f"u{number}b"
        if number < load.conversations - load.groups:
            return [first], second, "person"
        groups = list(self._platform.people.groups.values())
        place = number - (load.conversations - load.groups)
        if place < len(groups):
            return groups[place].members, groups[place].id, "group"
        return [first, second], self._platform.make_group([first, second]).id, "group"
