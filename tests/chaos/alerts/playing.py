"""Faults are begun, watched until their alerts fire, mended, and watched until those are over."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from tests.chaos.alerts.fault import Expected, Fault
from tests.chaos.alerts.prometheus import Prometheus

Labels = frozenset[tuple[str, str]]
AROUND = 10.0
"""Seconds before the first fault in which nothing may fire that is expected later."""


@dataclass
class Row:
    """Times are of `time.monotonic`; *instances* are the label sets that fired, *again* how often it fired anew before the mending."""

    fault: Fault
    expected: Expected
    fired: float | None = None
    over: float | None = None
    instances: set[Labels] = field(default_factory=set)
    again: int = 0
    now: bool = False


@dataclass
class Playing:
    """*fire* and *clear* are seconds that an alert has to fire in, and to be over."""

    prometheus: Prometheus
    fire: float
    clear: float
    rows: list[Row] = field(default_factory=list)
    besides: dict[Labels, str] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    mended: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _going: list[Fault] = field(default_factory=list)

    def play(self, faults: Sequence[Fault]) -> None:
        """Each as soon as it disturbs no other; then all that still fires is waited for."""
        self._quiet(faults)
        waiting = sorted(faults, key=attrgetter("alone"))
        there = {fault.name for fault in faults}
        while waiting or self._going:
            for fault in list(waiting):
                done = self.mended.keys()
                if done >= there & {*fault.after} and not (fault.alone and (self._going or waiting[0] is not fault)):
                    waiting.remove(fault)
                    self._begin(fault)
            for fault in list(self._going):
                self._care(fault)
            self._look()
        last = time.monotonic()
        while any(row.fired is not None and row.over is None for row in self.rows) and time.monotonic() - last < self.clear:
            self._look()

    def _quiet(self, faults: Sequence[Fault]) -> None:
        wanted = [one for fault in faults for one in fault.alerts]
        begin = time.monotonic()
        while time.monotonic() - begin < AROUND:
            early = [labels for labels in self.prometheus.firing() or [] if any(one.fits(labels) for one in wanted)]
            assert not early, early
            time.sleep(1.0)

    def _begin(self, fault: Fault) -> None:
        print(f"{fault.name}: {fault.what}", flush=True)
        self.rows += [Row(fault, one) for one in fault.alerts]
        self.begun[fault.name] = time.monotonic()
        self._going.append(fault)
        self._do(fault, fault.begin)
        self._look()

    def _care(self, fault: Fault) -> None:
        waited = time.monotonic() - self.begun[fault.name]
        if all(row.fired is not None for row in self._of(fault)) or waited > self.fire:
            self._mend(fault)
        else:
            self._do(fault, fault.keep)

    def _mend(self, fault: Fault) -> None:
        self._going.remove(fault)
        self._do(fault, fault.end)
        self.mended[fault.name] = time.monotonic()
        print(f"mended after {self.mended[fault.name] - self.begun[fault.name]:.0f} s: {fault.name}", flush=True)

    def _do(self, fault: Fault, what: Callable[[], object]) -> None:
        """A fault that cannot be caused or mended is told, and does not hinder the others."""
        try:
            what()
        except Exception as error:
            if fault.name not in self.broken:
                print(f"  {fault.name} FAILED: {type(error).__name__}: {error}", flush=True)
            self.broken[fault.name] = f"{type(error).__name__}: {error}"

    def _of(self, fault: Fault) -> list[Row]:
        return [row for row in self.rows if row.fault is fault]

    def _look(self) -> None:
        time.sleep(0.5)
        firing = self.prometheus.firing()
        if firing is None:
            return
        now = time.monotonic()
        for row in self.rows:
            found = {frozenset(labels.items()) for labels in firing if row.expected.fits(labels)}
            row.instances |= found
            if found and not row.now:
                row.again += row.fired is not None
                if row.fired is None:
                    row.fired = now
                row.over = None
                print(f"  {row.expected.alert} fires after {now - self.begun[row.fault.name]:.0f} s: {row.fault.name}", flush=True)
            if row.now and not found and row.fault.name in self.mended:
                row.over = now
                print(f"  {row.expected.alert} is over after {now - self.mended[row.fault.name]:.0f} s: {row.fault.name}", flush=True)
            row.now = bool(found)
        known = [one for row in self.rows for one in (row.expected, *row.fault.beside)]
        for labels in firing:
            key = frozenset(labels.items())
            if key not in self.besides and not any(one.fits(labels) for one in known):
                self.besides[key] = ", ".join(fault.name for fault in self._going) or "the mending"
                print(f"  besides: {dict(labels)}", flush=True)
