"""How much room local state takes, how fast it grows, and how much there still is: as metrics, so that somebody hears before a disk is full."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from streams.observe import metrics

EVERY = 15.0
"""Seconds between two looks."""
GROWS = 3600.0
"""Seconds of the past that growth is told of."""


class DiskMonitor:
    """*directories* by what lies there: `ledger`, `identities`, `signatures`, `media`, `temporary`."""

    def __init__(self, directories: Mapping[str, Path]) -> None:
        self._directories = dict(directories)
        self._seen: dict[str, deque[tuple[float, int]]] = {what: deque() for what in directories}
        self._next = 0.0
        self._looking: asyncio.Future[None] | None = None

    def show(self) -> None:
        """Bring the gauges up to date, if it is time; beside the event loop, where there is one."""
        if not self._directories or time.monotonic() < self._next or (self._looking is not None and not self._looking.done()):
            return
        self._next = time.monotonic() + EVERY
        try:
            self._looking = asyncio.get_running_loop().run_in_executor(None, self.measure)
        except RuntimeError:  # a command, or a test: nothing is held up
            self.measure()

    def measure(self, now: float | None = None) -> None:
        """At *now*, in seconds of any clock that does not go back."""
        now = time.monotonic() if now is None else now
        for what, directory in self._directories.items():
            try:
                there = os.statvfs(directory)
            except OSError:
                continue  # not made yet, or gone: who works with it says so
            size = size_of(directory)
            seen = self._seen[what]
            seen.append((now, size))
            while len(seen) > 1 and seen[1][0] <= now - GROWS:
                seen.popleft()
            metrics.STATE_BYTES.labels(what).set(size)
            metrics.STATE_GROWTH.labels(what).set(size - seen[0][1])
            metrics.STATE_FREE.labels(what).set(there.f_bavail * there.f_frsize)
            metrics.STATE_DISK.labels(what).set(there.f_blocks * there.f_frsize)


def size_of(directory: Path) -> int:
    """Bytes that *directory* takes of its disk; files that go meanwhile are left out."""
    total = 0
    for at, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(f"{at}/{name}").st_blocks * 512
            except OSError:
                continue
    return total
