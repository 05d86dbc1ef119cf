"""Events that name a message: what is known of it, and those that came before it did."""

from collections.abc import Callable

import structlog
from msgspec import Struct, structs

from converters.core.model import NOTHING, TargetContext
from converters.core.operations import GroupCreated, Post, named_by
from converters.core.outcome import Delivered, Refused
from streams.deliver.conversations import OpenEvent
from streams.deliver.ledger_records import UNMAPPED
from streams.deliver.message_index import MessageIndex
from streams.observe import metrics

log = structlog.get_logger()

AGAIN = 0.05
"""Seconds between two looks for the messages that are waited for."""


class _Waiter(Struct):
    event: OpenEvent
    message: str
    until: float


class PendingReferences:
    """At most *room* of a partition, each for *seconds*; for longer only while its message is itself on its way."""

    def __init__(self, room: int, seconds: float) -> None:
        self._room = room
        self._seconds = seconds
        self.waiters: list[_Waiter] = []
        self._looked = 0.0

    def take(self, event: OpenEvent, message: str, now: float) -> bool:
        """Let *event* wait for the event *message*; false where there is no room."""
        if len(self.waiters) >= self._room or not self._seconds:
            return False
        self.waiters.append(_Waiter(event, message, now + self._seconds))
        return True

    def over(self, now: float, is_there: Callable[[OpenEvent], bool], on_its_way: Callable[[str, float], bool]) -> list[OpenEvent]:
        """Those that need not wait any more, or may not; *on_its_way* is asked with the seconds that one has waited too long."""
        if not self.waiters or now < self._looked + AGAIN:
            return []
        self._looked = now
        over = [one for one in self.waiters if is_there(one.event) or self._in_vain(one, now, on_its_way)]
        for one in over:
            one.event.patient = False
        self.waiters = [one for one in self.waiters if one.event.patient]
        return [one.event for one in over]

    def _in_vain(self, one: _Waiter, now: float, on_its_way: Callable[[str, float], bool]) -> bool:
        return now > one.until and not on_its_way(one.message, now - one.until)


def mark_late(event: OpenEvent) -> None:
    """What was said after *event* is at the target: its receiver's app is told, and it is counted."""
    event.late = True
    event.delivery = structs.replace(event.delivery, late=True)
    metrics.OUT_OF_ORDER.labels(event.delivery.target).inc()


def prepared(event: OpenEvent, index: MessageIndex, waiting: PendingReferences, now: float, *, timed: bool = False) -> TargetContext | None:
    """What is known at the target for *event*; None where it is to step aside, since the message that it names may yet come.

    An event that needs no sending has its outcome afterwards. *timed*: the target wants its own time of the message back.
    """
    delivery = event.delivery
    operation = delivery.event.operation
    if not delivery.receiver and not isinstance(operation, GroupCreated):
        made = index.made(delivery)
        if not made:
            event.outcome = Refused(UNMAPPED)
            return NOTHING
        delivery = event.delivery = structs.replace(delivery, receiver=made)
    there = index.there(delivery)
    if isinstance(operation, Post):
        return there
    ref = named_by(operation)
    while ref is not None and event.rivals and (ref.own and index.denied(delivery, ref)):
        delivery = event.delivery = structs.replace(event.rivals.pop(0), receiver=delivery.receiver)
        operation, there = delivery.event.operation, index.there(delivery)
        ref = named_by(operation)
    if ref is not None and (reason := index.denied(delivery, ref)):
        event.outcome, event.by = Refused(reason), "denied"
        kind = str(operation.__struct_config__.tag)
        metrics.DENIED.labels(delivery.event.source, kind, reason).inc()
        log.info("action denied", app=delivery.event.source, kind=kind, reason=reason, event_id=delivery.event.id)
        return NOTHING
    event.does = index.does(delivery)
    if event.doubt is None and (spent := index.ours(delivery, event.does)):
        event.outcome, event.by, event.spent = Delivered(""), "ours", spent
        return NOTHING
    if ref is None or (there.message and index.knows(delivery, ref, timed=timed)):
        return there
    if ref.maybe:
        there = NOTHING  # nor is it what stands in for it
    if event.patient and waiting.take(event, ref.event, now):
        return None
    if there.message:
        return there  # a receipt of something else is one of all before it
    event.in_vain = True
    if ref.maybe:
        event.outcome, event.by = Refused("other-conversation"), "denied"
        metrics.DENIED.labels(delivery.event.source, str(operation.__struct_config__.tag), "other-conversation").inc()
        return NOTHING
    if ref.own:
        event.outcome, event.by = Refused("message-missing"), "denied"  # the author's own may yet come
    metrics.UNRESOLVED_REFERENCES.labels(delivery.target, str(operation.__struct_config__.tag)).inc()
    return there
