"""The states of an event, what the ledger says of it, and what the owner of its partition does because of it: decisions without effects.

`tests/model` searches through all interleavings of them.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from math import inf
from typing import Literal

from converters.core.outcome import Delivered, NotSent, Outcome, Unsure
from converters.platform import Answered, Request
from streams.dead_letters.dead_letter import RELEASED
from streams.deliver.ledger_schema import Entry, Intent, Settled


class EventState(Enum):
    """Where an event is between the record that was read of it and the end that the ledger holds."""

    QUEUED = auto()
    """No request is thought of yet: it waits for its turn, its file, the message that it names, or its app."""
    GATE = auto()
    """It is to be sent, and no intent of the request is young: it waits for breaker and quotas, and for its intent to be written."""
    LICENSED = auto()
    """The brokers have the intent, and it is younger than the lease."""
    ASKED = auto()
    """The request has left."""
    DOUBT = auto()
    """The request may have left, and no answer says what became of it: evidence is waited for."""
    ENDED = auto()
    """What became of the event is known, and goes to the ledger with the next write."""


MOVES: Mapping[EventState, frozenset[EventState]] = {
    EventState.QUEUED: frozenset(
        {
            EventState.GATE,
            EventState.DOUBT,  # an earlier owner has left an intent, and no end
            EventState.ENDED,  # without a request: our own doing called back, not allowed, or nothing to say
        }
    ),
    EventState.GATE: frozenset(
        {
            EventState.LICENSED,
            EventState.DOUBT,  # an earlier attempt had no answer, and it is too late to repeat it
            EventState.ENDED,  # called back; or given up
        }
    ),
    EventState.LICENSED: frozenset(
        {
            EventState.ASKED,
            EventState.GATE,  # the intent has grown old
            EventState.DOUBT,  # as above
            EventState.ENDED,  # as above
        }
    ),
    EventState.ASKED: frozenset(
        {
            EventState.GATE,  # certainly not taken, or repeatable; or taken, and another request of the event follows
            EventState.DOUBT,  # no answer
            EventState.ENDED,
        }
    ),
    EventState.DOUBT: frozenset(
        {
            EventState.GATE,  # to be sent again; or there, and another request of the event follows
            EventState.ENDED,  # there; or held for a person
        }
    ),
    EventState.ENDED: frozenset(),
}
"""Every way on. So no request leaves but under a licence, and none straight out of a doubt."""


def moved(state: EventState, to: EventState) -> EventState:
    """*to*, where an event may go there from *state*, or is there."""
    assert to is state or to in MOVES[state], f"an event cannot go from {state.name} to {to.name}"
    return to


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


def repeatable(request: Request, tried: float, ahead: float) -> bool:
    """Whether *request*, first tried so many seconds ago and without an answer, may simply be sent again: the target does the same again
    without harm, or knows it again for *ahead* seconds more, in which it has to have come.
    """
    return request.repeatable and (not request.repeatable_for or tried + ahead < request.repeatable_for)


def last_word(outcome: Answered, request: Request, *, unsure: bool) -> Answered:
    """What *outcome*, which ends the attempts, says of *request*; *unsure*: one of them had no answer.

    That it was not sent is true of the last attempt, and not of that one.
    """
    if unsure and request.repeatable_for and isinstance(outcome, NotSent):
        return Unsure(outcome.reason)
    return outcome


def decided(doubt: Unsure, there: Delivered | None, found: Outcome | None, policy: Literal["resend", "hold"]) -> tuple[Outcome, str]:
    """What becomes of a *doubt* that has been waited for, and how it is known: by what the target has called back (*there*), by what it
    answered when it was asked (*found*), or because the settings say so. NotSent is sent again, *doubt* itself is for a person.
    """
    if there is not None:
        return there, "echo"
    if isinstance(found, Delivered):
        return found, "lookup"
    if policy == "hold":
        return doubt, "held"
    return NotSent("in doubt, sent again"), "resent"


def longest_ago(doubt: Intent, now: float, margin: float) -> float:
    """Seconds since the first attempt of a request, at the most: it was another clock, which may differ by *margin* from *now*.

    Without end where they differ by more, or nobody could say by how much.
    """
    age = now - (doubt.began or doubt.at) / 1000
    return max(age, 0.0) + margin if age >= -margin else inf


def left_to_wait(wait: float, received: float, read: float) -> float:
    """Seconds left of *wait*, for what was *received* so many seconds ago, by another clock than it was *read* by."""
    return wait - max(received, read)
