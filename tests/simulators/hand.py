"""A person's hand on a simulator that runs: writes in its app, and looks at what has come."""

import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import httpx

from tests.simulators.client import SimulatorClient

PATIENCE = 60.0
"""Seconds for which each waits: until the simulator and the receiver of its callbacks run, or until a message has come."""
T = TypeVar("T")


def say(url: str, sender: str, to: str, text: str) -> int:
    """Exit code 1 when it cannot be said. Waits for the receiver of callbacks: a platform gives up on one that is not there."""
    with closing(SimulatorClient(url)) as simulator:
        if not _within(lambda: _answers(simulator)):
            return _failed(f"nobody answers the callbacks of {url}, or no simulator runs there: look into the logs of both")
        try:
            said = simulator.say(sender, to, text)
        except ValueError as error:
            return _failed(str(error))
    print(f"{sender} -> {to}: {text}  ({said['id']})")
    return 0


def heard(url: str) -> int:
    """Every message that came over the platform's API; exit code 1 when none has."""
    with closing(SimulatorClient(url)) as simulator:
        lines = _within(lambda: _came(simulator))
    if not lines:
        return _failed(f"nothing has come to {url} within {PATIENCE:g} s: look into the logs of the relay")
    for line in lines:
        print(line)
    return 0


def _answers(simulator: SimulatorClient) -> bool:
    return isinstance(simulator.probe(), int)


def _came(simulator: SimulatorClient) -> list[str]:
    sent = (entry for entry in simulator.journal() if entry["kind"] == "accepted" and entry.get("api") == "send" and entry.get("text"))
    return [f"{entry['from']} -> {entry['to']}: {entry['text']}" for entry in sent]


def _within(look: Callable[[], T]) -> T | None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    return None


def _failed(why: str) -> int:
    print(why, file=sys.stderr)
    return 1
