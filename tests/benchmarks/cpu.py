"""CPU time of processes, from Linux's /proc."""

import os
from collections.abc import Mapping
from pathlib import Path


def seconds(pid: int) -> float:
    """User and system time of *pid* until now; 0 where it cannot be known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """What each of *processes*, by name, has used since this was made."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._begin = {name: seconds(pid) for name, pid in self._processes.items()}

    def used(self) -> dict[str, float]:
        return {name: seconds(pid) - self._begin[name] for name, pid in self._processes.items()}


def table(used: Mapping[str, float], messages: int, elapsed: float) -> str:
    """One line a process: microseconds for each of *messages*, and the share of one core in *elapsed* seconds."""
    rows = [*used.items(), ("all", sum(used.values()))]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        f"  {name:<{width}} {spent / max(1, messages) * 1e6:7.0f} us a message {spent / elapsed:7.0%} of a core" for name, spent in rows
    )
