"""Our clock beside the brokers'. Records carry our time: brokers refuse what is of the future, and delete first what is old."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from streams.kafka.messages import DESCRIBE_QUORUM
from streams.observe import metrics

log = structlog.get_logger()

EVERY = 60.0
"""Seconds between two comparisons."""
TOLERATED = 300.0
"""Seconds of difference beyond which nothing is stored: signatures, retention and the order of messages go by the clock."""

AGAIN = 1.0
"""Seconds after a comparison that came to nothing."""
REFUSED_FOR = 10.0
"""Seconds after a broker has refused our time, until it is tried again."""

_QUORUM = [{"name": "__cluster_metadata", "partitions": [{"partition": 0}]}]


async def ahead(client: Any, now: Callable[[], float] = time.time) -> float | None:
    """Seconds by which our clock is ahead of the brokers'; None where we may not ask, or they cannot say. Raises KafkaError."""
    began = now()
    try:
        answer = await client.send(client.get_random_node(), DESCRIBE_QUORUM(topics=_QUORUM))
    except KafkaError as error:
        if error.retriable:
            raise
        return None  # older than the request, or not Apache's
    ended = now()
    for topic in answer["topics"]:
        for part in topic["partitions"]:
            for replica in part["voters"]:
                if replica["replica"] == part["leader"] and replica["fetched"] > 0:
                    return (began + ended) / 2 - float(replica["fetched"]) / 1000
    return None


def wrong(seconds: float | None) -> str:
    """What is wrong with the clock, and what to do; empty where nothing is, or nobody knows. Sets the metric."""
    if seconds is None:
        return ""
    metrics.CLOCK_SKEW.set(seconds)
    if abs(seconds) <= TOLERATED:
        return ""
    where = "ahead of" if seconds > 0 else "behind"
    return f"the clock of this machine is {abs(seconds):.0f} s {where} the brokers': set it (NTP), here or there"


REFUSAL = "a broker refused a record for its time (InvalidTimestamp): the clock of this machine is wrong, or the brokers' is: set it (NTP)"
"""Where a broker refuses our time and we may not ask for theirs."""


class BrokerClock:
    """The clock of whoever stamps records. *tell* is called with what is wrong, and with nothing once nothing is."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._due = 0.0
        self.wrong = ""

    @property
    def due(self) -> bool:
        """Whether it should be compared again."""
        return self._clock() >= self._due

    async def compare(self, client: Any, patience: float) -> None:
        """Within *patience* seconds; sooner again where nobody answers."""
        self._due = self._clock() + EVERY
        try:
            async with asyncio.timeout(patience):
                self._judge(wrong(await ahead(client)))
        except (KafkaError, TimeoutError):
            self._due = self._clock() + AGAIN

    def refused(self) -> None:
        """A broker did not take our time."""
        self._judge(REFUSAL)
        self._due = self._clock() + REFUSED_FOR

    def _judge(self, found: str) -> None:
        if found and not self.wrong:
            log.error("nothing is stored by this clock", why=found)
        self.wrong = found
        self._tell(found)
