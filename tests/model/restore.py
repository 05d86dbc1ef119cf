"""A ledger that is read back from its end: which events may be decided before all of it is known.

An event cannot have been delivered before it was said. So whoever knows every entry from one written at time T on may decide about
what was said after T, plus the margin by which two clocks may differ; what is older waits.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from tests.model.search import Wrong

MARGIN = 2


class Entry(NamedTuple):
    event: int
    at: int
    """By the clock of who wrote it."""


class Rules(NamedTuple):
    margin: int = MARGIN
    waits: bool = True


class State(NamedTuple):
    said: tuple[int, ...] = ()
    """When each event was said, by the clock of where it was."""
    ledger: tuple[Entry, ...] = ()
    """What earlier owners have delivered, in the order of the log."""
    known: int = 0
    """The place in the ledger from which on all is known; what is written now is known anyway."""
    kept: int = 0
    """The same, as it lies on the disk."""
    sent: frozenset[int] = frozenset()
    deaths: int = 1


EVENTS = 3


def worlds() -> Iterator[tuple[str, State]]:
    """Events said at 2, 4 and 6 and delivered then or later, in any order that is possible, by clocks that differ."""
    for delivered in product((None, 0, 3), repeat=EVENTS):
        real = sorted((2 * (event + 1) + after, event) for event, after in enumerate(delivered) if after is not None)
        for where, owner, next_owner in product((0, MARGIN), repeat=3):
            said = tuple(2 * (event + 1) + where for event in range(EVENTS))
            clocks = (owner, owner, next_owner)
            ledger = tuple(Entry(event, at + clocks[place]) for place, (at, event) in enumerate(real))
            end = len(ledger)
            yield f"said {said}, ledger {ledger}", State(said, ledger, end, end)


def steps(rules: Rules) -> Callable[[State], Iterator[tuple[str, State]]]:
    def following(state: State) -> Iterator[tuple[str, State]]:
        if not state.said:
            yield from worlds()
            return
        if state.known:
            yield "one more entry is read", state._replace(known=state.known - 1)
        if state.kept > state.known:
            yield "how far it has come is kept", state._replace(kept=state.known)
        if state.deaths:
            yield "it dies", state._replace(known=state.kept, deaths=state.deaths - 1)
        for event in range(len(state.said)):
            if event not in state.sent and event not in {one.event for one in state.ledger[state.known :]} and _may(rules, state, event):
                if event in {one.event for one in state.ledger}:
                    raise Wrong(f"event {event} is doubled")
                yield f"event {event} is sent", state._replace(sent=state.sent | {event})

    return following


def at_the_end(state: State) -> str:
    left = set(range(EVENTS)) - state.sent - {one.event for one in state.ledger}
    return f"{left} wait for ever" if left else ""


def _may(rules: Rules, state: State, event: int) -> bool:
    if not rules.waits or not state.known:
        return True
    since = state.ledger[state.known].at if state.known < len(state.ledger) else None
    return since is not None and state.said[event] > since + rules.margin
