"""All interleavings of a small machine, breadth first: the first wrong state is found by the shortest way there."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)


class Found(NamedTuple):
    states: int
    wrong: str
    """What is wrong, or "" where nothing is in any state."""
    way: tuple[str, ...]
    """The steps that lead there."""


class Wrong(Exception):
    """A step that must not be possible was."""


def search(start: S, steps: Callable[[S], Iterator[tuple[str, S]]], at_the_end: Callable[[S], str], most: int = 2_000_000) -> Found:
    """*steps* are all that can happen next, and raise Wrong; *at_the_end* says what is wrong where nothing more can happen."""
    came: dict[S, tuple[str, S] | None] = {start: None}
    queue = deque([start])

    def way(state: S) -> tuple[str, ...]:
        told = []
        while (before := came[state]) is not None:
            told.append(before[0])
            state = before[1]
        return tuple(reversed(told))

    while queue:
        state = queue.popleft()
        over = True
        try:
            for name, following in steps(state):
                over = False
                if following not in came:
                    came[following] = (name, state)
                    queue.append(following)
        except Wrong as wrong:
            return Found(len(came), str(wrong), (*way(state), str(wrong)))
        if over and (text := at_the_end(state)):
            return Found(len(came), text, way(state))
        assert len(came) <= most, "too large to be searched"
    return Found(len(came), "", ())
