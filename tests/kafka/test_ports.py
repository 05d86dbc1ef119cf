"""A free port is given out once, however late somebody listens there."""

import subprocess
import sys

import pytest

from streams.kafka.local import ports

FEW = range(14_000, 14_064)
"""None that others are given meanwhile."""
TAKE = f"""
from streams.kafka.local import ports
ports.RANGE = {FEW!r}
print(*[ports.free_port() for _ in range(36)], flush=True)
input()
"""


def test_a_port_is_given_to_one_process_and_once_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RANGE", FEW)
    other = subprocess.Popen([sys.executable, "-c", TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    theirs = [int(port) for port in other.stdout.readline().split()]
    ours = [ports.free_port() for _ in range(20)]
    assert len({*theirs, *ours}) == 36 + 20
    other.communicate("\n", timeout=60)
    ours += [ports.free_port() for _ in range(20)]  # also those of the other one, which has ended
    assert len({*ours}) == 40
