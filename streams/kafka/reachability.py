"""Whether this process reaches the cluster: told by every connection to a broker, asked by health, one for all clients.

"Cannot" and "stuck" differ by it: a process that tries, and is told by the network or by the brokers that it cannot, is not mended by a
restart.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf

SILENT = 15.0
"""Seconds without any answer after which the cluster counts as away; connections at rest are tried more often than that."""


CONFIRMED = 6.0
"""Seconds without any answer until what one client has found holds for all: a connection of another may be well, and is tried by then."""


class Reachability:
    """Times are of *clock* in seconds, but for what is shown to people."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._now = now
        self._heard = -inf
        self._lost = ""
        self._since = 0.0
        self.troubled = -inf
        """When it was last told that something could not be done."""
        self.trouble = ""
        """What that was."""

    def heard(self) -> None:
        """A broker has answered."""
        self._heard = self._clock()
        self._lost = ""

    def lost(self, why: str) -> None:
        """None of the brokers that are known, and none of those that the settings name, has answered."""
        self.told(why)
        if not self._lost:
            self._since = self._now() - self._silent()
        self._lost = why

    def told(self, why: str) -> None:
        """Something could not be done for a reason that is the cluster's, or lies between here and there."""
        self.troubled = self._clock()
        self.trouble = why

    def away(self) -> str:
        """Why the cluster cannot be reached, and since when; empty where it can, or nobody has tried."""
        if self._lost and self._clock() - self._heard > CONFIRMED:
            return f"Kafka cannot be reached since {_shown(self._since)}: {self._lost}"
        if self._silent() > SILENT:
            return f"Kafka cannot be reached since {_shown(self._now() - self._silent())}: no broker has answered"
        return ""

    def _silent(self) -> float:
        return self._clock() - self._heard if self._heard > -inf else 0.0


def _shown(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds")


REACH = Reachability()
"""Of this process."""
