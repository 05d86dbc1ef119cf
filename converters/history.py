"""Where a message of the history goes in its conversation's time, and what becomes of one that was recalled or edited."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from converters.model import Event
from converters.operations import Edit, Post, Recall

Policy = Literal["stop", "skip", "restamp"]
"""What is done with a message that is older than its group at the target."""
Recalled = Literal["drop", "keep"]
"""Of a message that was recalled: it is left out, or imported all the same."""

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
    if not created or wanted > created:
        return Stopped("future") if wanted > now else Placed(wanted)
    match policy:
        case "stop":
            return Stopped("before-group")
        case "skip":
            return Skipped("before-group")
        case "restamp":
            moved = stamp(created + 1, previous)
            return Stopped("future") if moved > now else Placed(moved, restamped=True)


class Fated(Struct, frozen=True):
    event: Event | None
    """What is imported; None: nothing."""
    fate: str = ""
    """`recalled`, `edited`, or "" where nothing was done to it."""


def fate(post: Event, changes: Sequence[Event], recalled: Recalled = "drop") -> Fated:
    """*post* after *changes*, which are the events that name it, in any order: an edited one as it was last, under its own id and time."""
    if any(isinstance(change.operation, Recall) for change in changes):
        return Fated(post if recalled == "keep" else None, "recalled")
    edits = [change for change in changes if isinstance(change.operation, Edit)]
    if not edits or not isinstance(post.operation, Post):
        return Fated(post)
    last = max(edits, key=lambda change: change.at).operation
    assert isinstance(last, Edit)
    said = structs.replace(post.operation, body=last.body, ext=last.ext or post.operation.ext)
    return Fated(structs.replace(post, operation=said), "edited")
