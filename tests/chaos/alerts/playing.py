"""Faults are begun, watched until their alerts fire, mended, and watched until those are over."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter

from tests.chaos.alerts.fault import Expected, Fault
from tests.chaos.alerts.prometheus import Prometheus

Labels = frozenset[tuple[str, str]]
AROUND = 10.0
"""Seconds before the first fault in which nothing may fire that is expected later."""
LOOKS = 0.5
"""Seconds between two looks, and between two rounds of what is kept up."""


@dataclass
class Row:
    """Times are of `time.monotonic`; *again* is how often it fired anew until it was over after the mending."""

    fault: Fault
    expected: Expected
    fired: float | None = None
    over: float | None = None
    again: int = 0
    now: bool = False


@dataclass
class Playing:
    """*fire* and *clear* are seconds that an alert has to fire in, and to be over; *told* is called when one is over."""

    prometheus: Prometheus
    fire: float
    clear: float
    told: Callable[["Playing"], object] = lambda _: None
    rows: list[Row] = field(default_factory=list)
    besides: dict[Labels, str] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    mended: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _going: list[Fault] = field(default_factory=list)
    _kept: dict[str, Future[bool]] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def play(self, faults: Sequence[Fault]) -> None:
        """Each as soon as it disturbs no other; then all that still fires is waited for."""
        self._quiet(faults)
        with self._watched() as check, ThreadPoolExecutor(len(faults) or 1) as keeping:
            waiting = sorted(faults, key=attrgetter("alone"))
            there = {fault.name for fault in faults}
            while waiting or self._going:
                for fault in list(waiting):
                    done = self.mended.keys()
                    if done >= there & {*fault.after} and not (fault.alone and (self._going or waiting[0] is not fault)):
                        waiting.remove(fault)
                        self._begin(fault)
                for fault in list(self._going):
                    self._care(fault, keeping)
                time.sleep(LOOKS)
                check()
            last = time.monotonic()
            while any(row.fired is not None and row.over is None for row in self.rows) and time.monotonic() - last < self.clear:
                time.sleep(LOOKS)
                check()

    @contextmanager
    def _watched(self) -> Iterator[Callable[[], None]]:
        """What fires is seen beside what is done: beginning and mending take their time. What is given raises what a look has met."""

        def looks() -> None:
            while not self._ended.wait(LOOKS):
                self._look()

        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(looks)
            try:
                yield lambda: looking.result() if looking.done() else None
            finally:
                self._ended.set()

    def _quiet(self, faults: Sequence[Fault]) -> None:
        wanted = [one for fault in faults for one in fault.alerts]
        begin = time.monotonic()
        while time.monotonic() - begin < AROUND:
            early = [labels for labels in self.prometheus.firing() or [] if any(one.fits(labels) for one in wanted)]
            assert not early, early
            time.sleep(1.0)

    def _begin(self, fault: Fault) -> None:
        well = self._do(fault, fault.ready)
        print(f"{fault.name}: {fault.what}", flush=True)
        self.begun[fault.name] = time.monotonic()
        self._going.append(fault)
        self.rows += [Row(fault, one) for one in fault.alerts]
        if not (well and self._do(fault, fault.begin)):
            self._mend(fault)

    def _care(self, fault: Fault, keeping: ThreadPoolExecutor) -> None:
        """What is kept up for one fault does not wait for that of another."""
        waited = time.monotonic() - self.begun[fault.name]
        if all(row.fired is not None for row in self.rows if row.fault is fault) or waited > self.fire:
            if fault.name in self._kept:
                self._kept.pop(fault.name).result()
            self._mend(fault)
        elif fault.name not in self._kept or self._kept[fault.name].done():
            self._kept[fault.name] = keeping.submit(self._do, fault, fault.keep)

    def _mend(self, fault: Fault) -> None:
        self._going.remove(fault)
        self._do(fault, fault.end)
        self.mended[fault.name] = time.monotonic()
        print(f"mended after {self.mended[fault.name] - self.begun[fault.name]:.0f} s: {fault.name}", flush=True)

    def _do(self, fault: Fault, what: Callable[[], object]) -> bool:
        """A fault that cannot be caused or mended is told, and does not hinder the others."""
        try:
            what()
        except Exception as error:
            if fault.name not in self.broken:
                print(f"  {fault.name} FAILED: {type(error).__name__}: {error}", flush=True)
            self.broken[fault.name] = f"{type(error).__name__}: {error}"
            return False
        return True

    def _look(self) -> None:
        firing = self.prometheus.firing()
        if firing is None:
            return
        now, rows = time.monotonic(), list(self.rows)
        for row in rows:
            if row.over is None:
                self._judge(row, now, fires=any(row.expected.fits(labels) for labels in firing))
        known = [one for row in rows for one in (row.expected, *row.fault.beside)]
        for labels in firing:
            key = frozenset(labels.items())
            if key not in self.besides and not any(one.fits(labels) for one in known):
                self.besides[key] = ", ".join(fault.name for fault in list(self._going)) or "the mending"
                print(f"  besides: {dict(labels)}", flush=True)

    def _judge(self, row: Row, now: float, *, fires: bool) -> None:
        name, alert = row.fault.name, row.expected.alert
        if fires and not row.now:
            row.again += row.fired is not None
            row.fired = row.fired or now
            print(f"  {alert} fires after {now - self.begun[name]:.0f} s: {name}", flush=True)
        row.now = fires
        if not fires and row.fired is not None and name in self.mended:
            row.over = now
            print(f"  {alert} is over after {max(0.0, now - self.mended[name]):.0f} s: {name}", flush=True)
            self.told(self)
