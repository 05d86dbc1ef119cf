"""Which messages of a conversation are still to be decided about, where a bundle holds what is decided already, or some of it, or none."""

from collections.abc import Callable, Iterable, Iterator

from converters.core.model import Event
from streams.migrate.records import Progress


def undecided(events: Iterable[Event], progress: Progress, older: Callable[[int], None]) -> Iterator[tuple[int, Event]]:
    """Those of *events*, which come by time, that go behind what *progress* tells of; each with its number among all, from 0.

    What was said in the millisecond of the last one goes behind it, too, unless it was decided about: only what is earlier cannot be put there.
    *older* is told how many of these there are, where the last one is among *events*.
    """
    if not progress.last:
        yield from enumerate(events)
        return
    beside = progress.beside
    known = {progress.last, *(beside or ())}
    decided = progress.count + progress.skipped + progress.live
    passed = earlier = 0
    found = False
    for number, event in enumerate(events):
        if event.id in known:
            passed += 1
            if event.id == progress.last:
                found = True
                older(max(0, passed - decided) if beside is None else max(0, earlier - (decided - len(known))))
        elif event.at < progress.at or (event.at == progress.at and beside is None and not found):
            passed += 1
            earlier += 1
        else:
            yield number, event
