"""The span of a delivery."""

from typing import TYPE_CHECKING

from streams.deliver.conversations import OpenEvent
from streams.exactly_once.shutdown import clock

if TYPE_CHECKING:
    from streams.observe.spans import Tracer


def delivered(tracer: "Tracer", event: OpenEvent) -> None:
    """The end of *event* is written: its span, from when it was read."""
    span = tracer.follow("delivered", event.raw.headers, seconds=clock() - event.noted, app=event.delivery.target)
    if span is not None:
        outcome = str(event.outcome.__struct_config__.tag) if event.outcome is not None else "nothing"
        span.end(outcome, event_id=event.delivery.event.id, attempts=event.attempts, by=event.by)
