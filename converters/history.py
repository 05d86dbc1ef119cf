"""Where a message of the history goes in its conversation's time at the target."""

from typing import Literal

from msgspec import Struct

Policy = Literal["stop", "skip", "restamp", "import"]
"""What is done with a message that is older than its group at the target; `import`: the target takes such."""

EARLIEST = 1000
"""Milliseconds: no target takes an older timestamp."""


class Placed(Struct, frozen=True):
    at: int
    """The timestamp at the target, in ms."""
    restamped: bool = False
    """It is not when the message was said, by more than what order needs."""


class Skipped(Struct, frozen=True):
    """It is not imported; *reason* is a fixed word that is counted."""

    reason: str


class Stopped(Struct, frozen=True):
    """Nothing of its conversation is imported until a person decides."""

    reason: str


def stamp(at: int, previous: int) -> int:
    """*at*, or 1 ms after *previous* where that is not later: two messages of one millisecond keep their order."""
    return max(at, previous + 1, EARLIEST)


def place(at: int, previous: int, created: int, now: int, policy: Policy) -> Placed | Skipped | Stopped:
    """Where a message said *at* goes behind one at *previous* (0: none), in a group that was made at *created* (0: no group). All in ms.

    Nothing is put into the future: what would lie there stops its conversation.
    """
    wanted = stamp(at, previous)
    if not created or wanted > created or policy == "import":
        return Stopped("future") if wanted > now else Placed(wanted)
    match policy:
        case "stop":
            return Stopped("before-group")
        case "skip":
            return Skipped("before-group")
        case "restamp":
            moved = stamp(created + 1, previous)
            return Stopped("future") if moved > now else Placed(moved, restamped=True)
