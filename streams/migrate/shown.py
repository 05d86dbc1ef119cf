"""How far a migration is, in lines for a person: by kind, with the rate of the last minute and the time that is left."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping

from aiokafka.errors import KafkaError

from converters.inventory import KINDS, MESSAGE
from streams.cli.times import length
from streams.migrate.bundle import Bundle
from streams.migrate.feed import Feeder
from streams.migrate.known import Known

EVERY = 5.0
"""Seconds between two lines."""
WINDOW = 60.0
"""Seconds over which the rate is taken."""
STILL = 40.0
"""Seconds without anything done after which that is said."""
BAR = 10
WORDS = ("made", "there", "changed", "refused")


def done_of(kind: str, counts: Mapping[tuple[str, str], int]) -> int:
    """Items or messages of *kind* that are decided about."""
    if kind == MESSAGE:
        return sum(counts.get(("lane", word), 0) for word in ("count", "skipped", "live"))
    return sum(counts.get((kind, word), 0) for word in WORDS)


def line(kind: str, done: int, total: int, rate: float, counts: Mapping[tuple[str, str], int]) -> str:
    filled = min(BAR, done * BAR // total) if total else BAR
    bar = "█" * filled + "░" * (BAR - filled)
    text = f"{kind:<12} {bar} {done:,}" + (" done" if done >= total else f" / {total:,}")
    if done < total and rate > 0:
        text += f"  {rate:,.0f}/s  ETA {length((total - done) / rate)}"
    told = [(counts.get((kind, "there"), 0), "were there"), (counts.get((kind, "refused"), 0), "refused")]
    if kind == MESSAGE:
        told = [
            (counts.get(("lane", "live"), 0), "carried live"),
            (counts.get(("lane", "skipped"), 0), "left out"),
            (counts.get(("lane", "stopped"), 0), "conversations stopped"),
        ]
    return text + "".join(f", {count:,} {what}" for count, what in told if count)


class Shown:
    def __init__(self, bundle: Bundle, known: Known, feeder: Feeder, say: Callable[[str], None]) -> None:
        self._totals = {kind: bundle.count(kind) for kind in (*KINDS, MESSAGE)}
        self._known = known
        self._feeder = feeder
        self._say = say
        self._seen: deque[tuple[float, int]] = deque()
        self._kind = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._known.refresh()
            except (KafkaError, TimeoutError):  # whoever feeds says so
                continue
            kind = self._feeder.feed.kind
            if kind not in self._totals:
                continue
            counts = self._known.counts
            done, at = done_of(kind, counts), time.monotonic()
            if kind != self._kind:
                self._kind = kind
                self._seen.clear()
            self._seen.append((at, done))
            while self._seen and self._seen[0][0] < at - WINDOW:
                self._seen.popleft()
            since, before = self._seen[0]
            if done == before and at - since > STILL and done < self._totals[kind]:
                self._say("nothing moves: is a worker there (im-relay migrate work), within its hours, and are its log and /readyz well?")
            self._say(line(kind, done, self._totals[kind], (done - before) / (at - since) if at > since else 0.0, counts))

    def summary(self) -> list[str]:
        """A line for each kind that there is anything of."""
        counts = self._known.counts
        return [line(kind, done_of(kind, counts), total, 0.0, counts) for kind, total in self._totals.items() if total]
