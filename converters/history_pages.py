"""A history that is read for a migration as `gaps` reads it, and can be gone on with."""

from collections.abc import Callable

from converters.core.lenient import milliseconds
from converters.migration import Cursor, Reading
from converters.platform import FileRequest, FoundCallback, GapConversation, Reply, Request, TimeRange


def begin_of(cursor: str, span: TimeRange | None) -> TimeRange | None:
    """What is left of *span*; None where there is none, or nothing is left."""
    if span is None:
        return None
    since = max(span.since, milliseconds(cursor, 0)) if cursor else span.since
    return TimeRange(since, span.until) if since < span.until else None


def paged(asking: GapConversation, at: Callable[[FoundCallback], int]) -> Reading:
    """*asking* yields messages in the order of its pages; behind each page a cursor, which is the time of the last one.

    What was said in that very millisecond comes again to who goes on there, under the same id.
    """
    last, told = 0, 0
    answer: Reply | None = None
    while True:
        try:
            step = asking.send(answer)
        except StopIteration as end:
            return str(end.value)
        answer = None
        if isinstance(step, FoundCallback):
            last = max(last, at(step))
            yield step
        elif isinstance(step, Request | FileRequest):
            if last > told:
                told = last
                yield Cursor(str(last))
            answer = yield step
