"""An operation that names a message: a recall, which may be read before its message, and an owner that dies in between."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

M, R = "message", "recall"


class Rules(NamedTuple):
    not_written_down: bool = False
    """What is recalled in vain is not written down against its message."""
    impatient: bool = False
    """A recall waits no longer for a message that is on its way."""


class State(NamedTuple):
    order: tuple[str, ...] = ()
    ledger: frozenset[tuple[str, Literal["intent", "ended"]]] = frozenset()
    """As it was written, committed or not: the next owner believes both."""
    settled: int = 0
    """The committed offset, and the one up to which this owner has read."""
    read: int = 0
    open: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    """What has ended, for this owner."""
    flight: bool = False
    """The request for the message is on its way."""
    shown: bool = False
    recalled: bool = False
    """At the target."""
    deaths: int = 2


def steps(rules: Rules) -> Callable[[State], Iterator[tuple[str, State]]]:
    def following(state: State) -> Iterator[tuple[str, State]]:
        if not state.order:
            yield from ((" before ".join(order), State(order)) for order in ((M, R), (R, M), (R, M, R, M)))
            return
        if state.read < len(state.order):
            yield _reads(state)
        settled = next((place for place in range(state.settled, state.read) if state.order[place] not in state.done), state.read)
        if settled > state.settled:
            yield "commits", state._replace(settled=settled)
        if state.deaths:
            dead = state._replace(read=state.settled, open=frozenset(), done=frozenset(), deaths=state.deaths - 1)
            yield "dies, and another takes over", dead
        if state.flight:
            yield "the request arrives", state._replace(flight=False, shown=True)
            yield "the request is lost", state._replace(flight=False)
        yield from _message(state) if M in state.open else ()
        yield from _recall(rules, state) if R in state.open else ()

    return following


def at_the_end(state: State) -> str:
    if state.shown and not state.recalled:
        return "a message was recalled, and is shown"
    return "" if state.settled == len(state.order) else "something is never settled"


def _reads(state: State) -> tuple[str, State]:
    event = state.order[state.read]
    past = state._replace(read=state.read + 1)
    if (event, "ended") in state.ledger:
        return f"knows the {event}", past._replace(done=state.done | {event})
    return f"takes the {event}", past._replace(open=past.open | {event})


def _message(state: State) -> Iterator[tuple[str, State]]:
    if state.shown:  # answered, or called back
        yield "the message has ended", _ends(state, M)
    elif (M, "intent") not in state.ledger:
        yield "the message is sent", state._replace(ledger=state.ledger | {(M, "intent")}, flight=True)
    elif not state.flight:  # in doubt, and nobody has seen it
        yield "the message is sent again", state._replace(flight=True)


def _recall(rules: Rules, state: State) -> Iterator[tuple[str, State]]:
    if (M, "ended") in state.ledger and state.shown:
        yield "the recall is sent", _ends(state._replace(recalled=True), R)
    elif rules.impatient or not (M in state.open or (M, "intent") in state.ledger):
        # It waits for some time only; but what an earlier owner had in hand is on its way, and is read again.
        written = state if rules.not_written_down else state._replace(ledger=state.ledger | {(M, "ended")})
        yield "the recall ends in vain", _ends(written, R)


def _ends(state: State, event: str) -> State:
    return state._replace(ledger=state.ledger | {(event, "ended")}, open=state.open - {event}, done=state.done | {event})
