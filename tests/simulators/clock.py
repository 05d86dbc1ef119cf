"""The time as the platforms print it."""

from time import time_ns


def now_ms() -> int:
    return time_ns() // 1_000_000
