"""A group that gets another name in `identities`: where its events go, in which order, and who knows of them.

Each key has a partition of its own here, with a ledger and an owner: what one knows, the other does not.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.model.search import Wrong

NAMES = ("before", "after")


class Rules(NamedTuple):
    follows_the_name: bool = False
    """The key of a conversation is its present name, and not the one that it had first."""


class State(NamedTuple):
    name: int = 0
    said: int = 0
    """Messages: 0, 1, …"""
    converted: int = 0
    queues: tuple[tuple[int, ...], ...] = ((), ())
    """By key: what waits to be delivered; a recall of message 0 is -1."""
    ledgers: tuple[frozenset[int], ...] = (frozenset(), frozenset())
    target: tuple[int, ...] = ()
    replays: int = 1
    recalls: int = 1


MESSAGES = 2


def steps(rules: Rules) -> Callable[[State], Iterator[tuple[str, State]]]:
    def put(state: State, *events: int) -> State:
        key = state.name if rules.follows_the_name else 0
        queues = list(state.queues)
        queues[key] += events
        return state._replace(queues=tuple(queues))

    def following(state: State) -> Iterator[tuple[str, State]]:
        if state.said < MESSAGES:
            yield f"{state.said} is said", state._replace(said=state.said + 1)
        if state.converted < state.said:
            yield f"{state.converted} is converted", put(state, state.converted)._replace(converted=state.converted + 1)
        if not state.name:
            yield "the group gets another name", state._replace(name=1)
        if state.replays and state.converted == MESSAGES:
            yield "all is replayed", put(state, *range(MESSAGES))._replace(replays=0)
        if state.recalls and 0 in state.target:
            yield "0 is recalled", put(state, -1)._replace(recalls=0)
        for key, queue in enumerate(state.queues):
            if queue:
                queues = (*state.queues[:key], queue[1:], *state.queues[key + 1 :])
                yield f"{NAMES[key]}: {queue[0]} is delivered", _delivered(state._replace(queues=queues), key, queue[0])

    return following


def at_the_end(state: State) -> str:
    return "" if len(state.target) == MESSAGES else "a message is lost"


def _delivered(state: State, key: int, event: int) -> State:
    if event < 0:
        if 0 not in state.ledgers[key]:
            raise Wrong("a recall does not find its message")
        return state
    if event in state.ledgers[key]:
        return state
    if event in state.target:
        raise Wrong(f"{event} is doubled")
    if any(other > event for other in state.target):
        raise Wrong(f"{event} comes behind a later one")
    ledgers = (*state.ledgers[:key], state.ledgers[key] | {event}, *state.ledgers[key + 1 :])
    return state._replace(ledgers=ledgers, target=(*state.target, event))
