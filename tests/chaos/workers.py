"""A process of a role, and what it says of itself."""

import re
import signal
from collections import Counter
from pathlib import Path

from streams.kafka.local.ports import free_port
from tests.stack import Role


class Worker(Role):
    """A process of a role; *wanted* as long as it is to be started again when it ends."""

    def __init__(self, kind: str, number: int, arguments: list[str], log: Path, environment: dict[str, str]) -> None:
        super().__init__(f"{kind}-{number}", arguments, free_port(), log, environment)
        self.kind = kind
        self.number = number
        self.starts = 0
        self.wanted = True
        self.frozen = False
        self.expected = ""
        """Why its next end is no surprise."""
        self.due = 0.0

    def runs(self, code: Path) -> None:
        """From its next start on: of which tree."""
        self._code = code
        # The directory of a process goes before an installed package only where it is named.
        self._environment["PYTHONPATH"] = str(code)

    def told(self, name: str, value: str) -> None:
        """From its next start on: a variable of its environment."""
        self._environment[name] = value

    def start(self) -> None:
        self.starts += 1
        super().start()

    def send(self, number: signal.Signals) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(number)

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def stop(self, patience: float = 25.0) -> int | None:
        self.send(signal.SIGCONT)
        return super().stop(patience)


def figures(exposition: str) -> Counter[str]:
    """Each metric's sum over its labels."""
    found: Counter[str] = Counter()
    for name, value in re.findall(r"^(\w+)(?:\{[^\n]*\})? ([-+0-9.eE]+)$", exposition, re.MULTILINE):
        found[name] += float(value)  # type: ignore[assignment]
    return found
