"""What becomes of a task whose local state cannot be used: it waits and says so, or starts anew, where the state is."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.exactly_once.producers import Unknown, Waits
from streams.exactly_once.watch import Watch
from streams.state.errors import DamagedError, StateError


@contextmanager
def telling(watch: Watch, stage: str, partition: int) -> Iterator[None]:
    """Around all work of a task. Raises Unknown where the state is made anew by the next opening, Waits where it is refused."""
    try:
        yield
    except DamagedError as error:
        raise Unknown(f"local state cannot be read, and is made anew: {error}") from None
    except StateError as error:
        watch.refused(stage, partition, error.kind, str(error))
        raise Waits(str(error)) from None
