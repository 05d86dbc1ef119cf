"""The one wait of the tests: for a condition, not for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 40.0
"""Seconds; generous, since it is only used up when something is wrong."""


def until(condition: Callable[[], T | None], deadline: float = PATIENCE, why: Callable[[], str] = lambda: "") -> T:
    """What *condition* answers once it is true; AssertionError after *deadline* seconds, with what *why* says then."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not so after {deadline:g} s: {condition!r}, last {found!r} {why()}")
        time.sleep(0.02)
    return found
