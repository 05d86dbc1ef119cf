"""What the ledger says of an event, and what the owner of its partition does because of it: decisions without effects.

`tests/model` searches through all interleavings of them.
"""

from collections.abc import Iterable
from enum import Enum, auto
from math import inf

from converters.core.outcome import Delivered, Unsure
from streams.dead_letters.dead_letter import RELEASED
from streams.deliver.ledger_schema import Entry, Intent, Settled


class DeliveryStep(Enum):
    SEND = auto()
    """No request for it can be at the target, or a person wants it sent once more."""
    SETTLE = auto()
    """A request may have left: it is in doubt."""
    SKIP = auto()
    """It is at the target, or must never be sent."""
    HOLD = auto()
    """It is in doubt, and a person decides: a second copy or a replay of it goes nowhere."""


def admitted(entry: Entry | None, released: str) -> DeliveryStep:
    """What to do with a record of an event; *released* is the record's header of that name, or ""."""
    if entry is None:
        return DeliveryStep.SEND
    if isinstance(entry, Intent):
        return DeliveryStep.SETTLE
    if isinstance(entry.outcome, Delivered):
        return DeliveryStep.SKIP
    # A release is for one letter: the record may be read again after its own send came to be in doubt.
    if isinstance(entry.outcome, Unsure) and not (released and entry.held in ("", released)):
        return DeliveryStep.HOLD
    return DeliveryStep.SEND


def refusal(entry: Entry | None, target: str, *, unkeyed: bool) -> str:
    """Why an echo that was seen in the app *target* is no evidence, where all that the ledger says of its event is *entry*; else "".

    *unkeyed*: its mark is of a release without keys. Who has sent nothing waits for no echo.
    """
    if entry is None:
        return "no-intent"
    if entry.target != target:
        return "other-app"
    if entry.bare:
        return "other-kind"
    arrived = isinstance(entry, Settled) and isinstance(entry.outcome, Delivered)
    return "unkeyed" if unkeyed and (entry.keyed or arrived) else ""


def as_meant(entry: Entry | None, author: str, conversation: str) -> Entry | None:
    """*entry* of an event, unless it says that another one was recalled before it came: *author* wrote this one, in *conversation*."""
    if not isinstance(entry, Settled) or not entry.taken:
        return entry
    return entry if ("", conversation) in entry.taken or (author, conversation) in entry.taken else None


def earlier(entry: Entry | None) -> Intent | None:
    """What was tried of an event that is now to be sent or settled: from which of its requests on."""
    if isinstance(entry, Settled) and entry.arrived and not isinstance(entry.outcome, Delivered):
        part = len(entry.arrived)
        return Intent(target=entry.target, at=entry.at, part=part, arrived=entry.arrived, left=False)
    return entry if isinstance(entry, Intent) else None


def released(headers: Iterable[tuple[str, bytes]]) -> str:
    """Which letter a person has put back, where a record is such a one."""
    return next((value.decode(errors="replace") for name, value in headers if name == RELEASED), "")


def may_leave(now: float, until: float, *, there: bool) -> bool:
    """Whether a request may leave: its intent is younger than the lease, and nobody has said that it is *there* already."""
    return now < until and not there


def longest_ago(doubt: Intent, now: float, margin: float) -> float:
    """Seconds since the first attempt of a request, at the most: it was another clock, which may differ by *margin* from *now*.

    Without end where they differ by more, or nobody could say by how much.
    """
    age = now - (doubt.began or doubt.at) / 1000
    return max(age, 0.0) + margin if age >= -margin else inf


def left_to_wait(wait: float, received: float, read: float) -> float:
    """Seconds left of *wait*, for what was *received* so many seconds ago, by another clock than it was *read* by."""
    return wait - max(received, read)
