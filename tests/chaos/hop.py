"""Is the hop exact while its workers are killed, frozen, joined and asked to leave, and its broker restarted?

`python -m tests.chaos.hop [--seconds N] [--kills N] [--stops N] [--rate R] [--seed S] [--broker stop|kill] [--short]`

Exits 0 when nothing was lost, doubled or out of order, for a reader who reads along and for one who comes after the end.
The broker is that of KAFKA_BOOTSTRAP, or a node of its own (always, with --broker).
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from confluent_kafka.admin import AdminClient, NewTopic

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests.chaos.checker import Findings, check
from tests.chaos.hop_traffic import Along, Reader, Source
from tests.chaos.hop_workers import Supervisor, Worker

PARTITIONS = 4
WORKERS = 2
PATIENCE = 90.0
"""Seconds after the source's end in which everything must have come out."""


class Options(NamedTuple):
    seconds: float = 120.0
    kills: int = 12
    stops: int = 2
    rate: int = 4000
    seed: int = 0
    session: float = 10.0
    broker: str = ""


SHORT = Options(seconds=20.0, kills=3, stops=1, rate=2000, session=6.0)


class Report(NamedTuple):
    along: Findings
    late: Findings
    complaints: list[str]
    figures: dict[str, object]

    @property
    def clean(self) -> bool:
        return not (self.along or self.late or self.complaints)

    def __str__(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.figures.items()]
        lines += [f"read along: {self.along}", f"read late: {self.late}"]
        return "\n".join([*lines, *(f"complaint: {text}" for text in self.complaints)])


class Story:
    """Who does what when, drawn from the seed."""

    def __init__(self, options: Options, supervisor: Supervisor, along: Along, node: LocalKafka | None) -> None:
        self._random = random.Random(options.seed)
        self._options, self._supervisor, self._along, self._node = options, supervisor, along, node
        self.zombies: list[Worker] = []
        self.killed = 0
        self._joined: Worker | None = None
        end = options.seconds
        draw = self._random.uniform
        self._due: list[tuple[float, Callable[[], None]]] = [(draw(2, end), self._kill) for _ in range(options.kills)]
        for number in range(options.stops):
            # In turn, and so that the last one wakes while records still come.
            share = (end - 2) / max(1, options.stops)
            self._due.append((2 + number * share + draw(0, share / 4), self._freeze))
        self._due += [(end * 0.4, self._join), (end * 0.7, self._leave)]
        if options.broker:
            self._due.append((end * draw(0.45, 0.6), self._restart_broker))
        self._due.sort(key=lambda one: one[0])
        self._start = time.monotonic()

    def tend(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic() - self._start:
            self._due.pop(0)[1]()

    @property
    def over(self) -> bool:
        return not self._due

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._start:6.1f} s  {what}", flush=True)

    def _victim(self) -> Worker | None:
        ready = [one for one in self._supervisor.workers if not one.stopped and not one.leaving and one not in self.zombies]
        return self._random.choice(ready) if ready else None

    def _kill(self) -> None:
        if (worker := self._victim()) is None:
            self._later(0.5, self._kill)
            return
        self._say(f"kill -9 {worker.name}")
        self.killed += 1
        self._along.mark()
        self._supervisor.kill(worker)

    def _freeze(self) -> None:
        if (worker := self._victim()) is None:
            self._later(0.5, self._freeze)
            return
        self._say(f"SIGSTOP {worker.name}")
        self.zombies.append(worker)
        self._along.mark()
        worker.send(signal.SIGSTOP)
        self._later(self._options.session * 1.6, lambda: self._thaw(worker))

    def _thaw(self, worker: Worker) -> None:
        self._say(f"SIGCONT {worker.name}")
        worker.send(signal.SIGCONT)

    def _join(self) -> None:
        self._joined = self._supervisor.add()
        self._say(f"{self._joined.name} joins")

    def _leave(self) -> None:
        # Whoever it is by now: the one that joined may have been killed.
        if (worker := self._victim()) is None:
            self._later(0.5, self._leave)
            return
        self._say(f"SIGTERM {worker.name}")
        self._along.mark()
        self._supervisor.ask(worker)

    def _restart_broker(self) -> None:
        assert self._node is not None
        self._say(f"broker: {self._options.broker}")
        self._along.mark()
        if self._options.broker == "kill" and self._node.pid:
            os.kill(self._node.pid, signal.SIGKILL)
        self._node.stop()
        self._node.start()
        self._say("broker is back")

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._due.append((time.monotonic() - self._start + seconds, what))
        self._due.sort(key=lambda one: one[0])


def run(options: Options, bootstrap: str | None, logs: Path) -> Report:
    """Raises what the broker or the machine does wrong; what the hop does wrong is in the report."""
    with ExitStack() as stack:
        node = None
        if bootstrap is None:
            node = stack.enter_context(LocalKafka(logs / "node", free_port(), free_port()))
            bootstrap = node.bootstrap
        mark = uuid.uuid4().hex[:8]
        source, target = f"chaos-{mark}-in", f"chaos-{mark}-out"
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (source, target)]).values():
            made.result()
        arguments = [bootstrap, f"chaos-{mark}", source, target, str(PARTITIONS), str(options.session)]
        supervisor = Supervisor(arguments, logs, WORKERS)
        stack.callback(supervisor.kill_all)
        along = Along(Reader(bootstrap, target, PARTITIONS))
        filling = Source(bootstrap, source, PARTITIONS, options.rate, options.seconds)
        along.start()
        stack.callback(along.stop)
        filling.start()
        story = Story(options, supervisor, along, node)
        give_up = time.monotonic() + options.seconds + PATIENCE
        while time.monotonic() < give_up:
            story.tend()
            supervisor.tend()
            if not filling.is_alive() and story.over and len(along.reader.seen) >= filling.sent.total():
                break
            time.sleep(0.02)
        complaints = [] if time.monotonic() < give_up else [f"not all came out within {PATIENCE:g} s of the source's end"]
        rejoined = [one for one in story.zombies if one.process.poll() is None]
        supervisor.end()
        along.stop()
        late = Reader(bootstrap, target, PARTITIONS)
        stack.callback(late.close)
        late.read_to_end(60)
        filling.join(1)
        complaints += _complaints(supervisor, story, filling, along)
        times = sorted(along.recoveries) or [0.0]
        figures: dict[str, object] = {
            "seed": options.seed,
            "messages": filling.sent.total(),
            "kill -9": story.killed,
            "frozen past the session": f"{len(story.zombies)}, of which {len(rejoined)} rejoined and the others left",
            "left by themselves": [f"{one.name} ({one.code})" for one in supervisor.ended if not one.why],
            "markers in the target": late.ends() - len(late.seen),
            "recovery": f"median {statistics.median(times):.1f} s, longest {times[-1]:.1f} s, of {len(along.recoveries)}",
        }
        admin.delete_topics([source, target])
        return Report(check(filling.sent, along.reader.seen), check(filling.sent, late.seen), complaints, figures)


def _complaints(supervisor: Supervisor, story: Story, filling: Source, along: Along) -> list[str]:
    zombies = {worker.name for worker in story.zombies}
    found = [f"the source failed: {error}" for error in filling.failed[:3]]
    if not along.recoveries:
        found.append("nobody was disturbed: there is nothing to conclude")
    for one in supervisor.ended:
        if one.why == "did not leave":
            found.append(f"{one.name} did not leave when asked to")
        elif one.why == "asked to" and one.code not in (0, -signal.SIGTERM) and one.name not in zombies:
            # -SIGTERM: it was asked before it had come so far as to listen for it.
            found.append(f"{one.name} was asked to leave and ended with {one.code}")
        elif not one.why and not one.code:
            found.append(f"{one.name} left with 0 and nobody had asked it to")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--stops", type=int)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--broker", choices=["stop", "kill"])
    parser.add_argument("--short", action="store_true")
    given = vars(parser.parse_args())
    base = SHORT if given.pop("short") else Options()
    options = base._replace(**{name: value for name, value in given.items() if value is not None})
    print(f"seed {options.seed}")
    bootstrap = None if options.broker else os.environ.get("KAFKA_BOOTSTRAP")
    logs = Path(tempfile.mkdtemp(prefix="chaos-hop-"))
    report = run(options, bootstrap, logs)
    print(report)
    if report.clean:
        shutil.rmtree(logs, ignore_errors=True)
        return 0
    print(f"the workers' logs: {logs}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
