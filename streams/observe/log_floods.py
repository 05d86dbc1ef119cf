"""A bound for floods of the same log line: a platform that is down must not fill a disk with one sentence.

Lines are the same when logger, level and event are; what they tell beside it (event id, app) may differ. What is left out is counted,
and said once the period is over, or when the process ends.
"""

import logging
import os
import time
from collections.abc import Callable
from threading import Lock

import structlog

from streams.observe import metrics

BURST = 50
"""Lines of one kind that a period lets through."""
PERIOD = 10.0
"""Seconds."""
KINDS = 1024
"""Kinds that are remembered: a library may put details into its template."""
SUMMARY = "log lines left out"
Kind = tuple[str, int, str]


class _Spell:
    __slots__ = ("began", "left_out", "lines")

    def __init__(self, began: float) -> None:
        self.began = began
        self.lines = self.left_out = 0


class FloodFilter(logging.Filter):
    def __init__(self, burst: int | None = None, period: float = PERIOD, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._burst = int(os.environ.get("IM_RELAY_TEST_LOG_BURST", BURST)) if burst is None else burst
        self._period = period
        self._clock = clock
        self._spells: dict[Kind, _Spell] = {}
        self._flooding: set[Kind] = set()
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.name, record.levelno, event_of(record)
        if kind[2] == SUMMARY:
            return True
        now = self._clock()
        with self._lock:
            over = self._over(now)
            spell = self._spells.get(kind)
            if spell is None or now - spell.began >= self._period:
                if spell is None and len(self._spells) >= KINDS:
                    del self._spells[next((one for one in self._spells if one not in self._flooding), next(iter(self._spells)))]
                spell = self._spells[kind] = _Spell(now)
            spell.lines += 1
            shown = spell.lines <= self._burst
            if not shown:
                spell.left_out += 1
                self._flooding.add(kind)
        if not shown:
            metrics.LOG_LINES_LEFT_OUT.labels(logging.getLevelName(record.levelno).lower()).inc()
        self._say(over)
        return shown

    def flush(self) -> None:
        """Say what was left out and not said yet."""
        with self._lock:
            over = self._over(float("inf"))
        self._say(over)

    def _over(self, now: float) -> list[tuple[Kind, int]]:
        """Floods whose period has ended; they are forgotten."""
        ended = [kind for kind in self._flooding if kind not in self._spells or now - self._spells[kind].began >= self._period]
        self._flooding.difference_update(ended)
        spells = [(kind, self._spells.pop(kind, None)) for kind in ended]
        return [(kind, spell.left_out) for kind, spell in spells if spell is not None]

    def _say(self, over: list[tuple[Kind, int]]) -> None:
        for (name, level, event), left_out in over:
            structlog.get_logger(name).log(level, SUMMARY, of=event, lines=left_out, seconds=self._period)


def event_of(record: logging.LogRecord) -> str:
    """The words of the code, without what they are about."""
    return str(record.msg.get("event", "")) if isinstance(record.msg, dict) else str(record.msg)
