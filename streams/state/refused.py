"""What becomes of a task whose local state cannot be used: it waits and says so, or starts anew, where the state is."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.exactly_once.producers import UnknownResultError, WaitingError
from streams.exactly_once.watch import StageObserver
from streams.state.errors import DamagedError, StateError


@contextmanager
def telling(watch: StageObserver, stage: str, partition: int) -> Iterator[None]:
    """Around all work of a task. Raises Unknown where the state is made anew by the next opening, Waits where it is refused."""
    try:
        yield
    except DamagedError as error:
        raise UnknownResultError(f"local state cannot be read, and is made anew: {error}") from None
    except StateError as error:
        watch.refused(stage, partition, error.kind, str(error))
        raise WaitingError(str(error)) from None
