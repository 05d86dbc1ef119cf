"""Workers of the hop under test, and who starts them again."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Ended(NamedTuple):
    name: str
    code: int
    why: str


class Worker:
    def __init__(self, name: str, arguments: list[str], logs: Path) -> None:
        self.name = name
        self.stopped = False
        self.leaving = ""
        """Why its end is no surprise."""
        with (logs / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.chaos.hop_worker", *arguments]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def send(self, what: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(what)
        self.stopped = what is signal.SIGSTOP


class Supervisor:
    """Keeps *count* workers running: one that ends is started again at the next `tend`, as long as it was not asked to leave."""

    def __init__(self, arguments: list[str], logs: Path, count: int) -> None:
        self._arguments, self._logs = arguments, logs
        self._made = 0
        self.ended: list[Ended] = []
        self.workers = [self.make() for _ in range(count)]

    def make(self) -> Worker:
        self._made += 1
        return Worker(f"worker-{self._made}", self._arguments, self._logs)

    def add(self) -> Worker:
        self.workers.append(worker := self.make())
        return worker

    def tend(self) -> None:
        for worker in list(self.workers):
            code = worker.process.poll()
            if code is None:
                continue
            self.workers.remove(worker)
            self.ended.append(Ended(worker.name, code, worker.leaving))
            if worker.leaving != "asked to":
                self.add()

    def kill_all(self) -> None:
        for worker in self.workers:
            worker.process.kill()

    def kill(self, worker: Worker) -> None:
        worker.leaving = "killed"
        worker.send(signal.SIGKILL)

    def ask(self, worker: Worker) -> None:
        worker.leaving = "asked to"
        worker.send(signal.SIGTERM)

    def end(self, patience: float = 30.0) -> None:
        """Ask all to leave; what does not is killed, which shows in `ended`."""
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            self.ask(worker)
        give_up = time.monotonic() + patience
        for worker in self.workers:
            try:
                worker.process.wait(max(0.1, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.leaving = "did not leave"
                worker.process.kill()
                worker.process.wait()
        self.tend_ended()

    def tend_ended(self) -> None:
        self.ended += [Ended(one.name, one.process.returncode, one.leaving) for one in self.workers]
        self.workers = []
