"""A diagnosis under way: deliveries of its own, the callbacks that came, and whether a reply says that something is wrong with us."""

from collections.abc import Callable, Generator
from typing import Any, Generic

from converters.core import wire
from converters.core.event_id import new_event_id
from converters.core.model import NOTHING, Delivery, Event, Group, TargetContext, TargetMessage, direct
from converters.core.operations import Operation, Post, kind_of
from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.doctor.steps import Clock, Hear, Heard, Names, Words
from converters.platform import A, Callback, DecodedEvent, OwnEcho, Partial, Platform, Reply, Request

Wanted = Callable[["DecodedEvent | OwnEcho"], bool]
_MOST_CALLBACKS = 200


class DoctorSession(Generic[A]):
    """*account* has every kind switched on that is tried; *names* says what is made."""

    def __init__(self, platform: Platform[A], account: A, names: Names) -> None:
        self.platform, self.account, self.names = platform, account, names
        self.throttled = 0
        """Calls refused as too many."""
        self.came: list[tuple[int, Heard]] = []
        """Callbacks in the order in which they were given to us, with when."""
        self.markers: tuple[str, ...] = names.people
        """Ids of which one stands in every callback about what is done."""
        self._made = 0

    def delivery(self, operation: Operation, now: int, *, back: bool = False, group: str = "") -> Delivery:
        """As convert would make it of a message in the other app; *back*: of the second user to the first."""
        self._made += 1
        one, other = reversed(self.names.people) if back else self.names.people
        number = f"{self.names.prefix}{self._made}"
        word = "post" if isinstance(operation, Post) else kind_of(operation)
        where = Group(group) if group else direct(one, other)
        kind = str(where.__struct_config__.tag)
        event = Event(
            id=new_event_id("doctor", self.names.app, kind, number, word),
            source="doctor",
            remote_id=number,
            conversation=where,
            sender=one,
            at=now,
            operation=operation,
        )
        return Delivery(
            event=event, target=self.names.app, sender=one, receiver=group or other, received=now, author=one, origin=group or other
        )

    def do(self, delivery: Delivery, there: TargetContext = NOTHING) -> Generator[Any, Any, Outcome | None]:
        """What became of all of its requests: the last outcome, or the first that is not Delivered; None where it takes none."""
        outcome: Outcome | None = None
        for request in self.platform.encode(delivery, self.account, there).requests:
            reply = yield request
            outcome = self.outcome(request, reply)
            if not isinstance(outcome, Delivered):
                break
        return outcome

    def outcome(self, request: Request, reply: Reply | None) -> Outcome:
        if reply is None:
            return Unsure("no answer")
        found = self.platform.read_reply(request, reply)
        if isinstance(found, Partial):
            return found.done or Refused(found.reason)
        if isinstance(found, NotSent) and found.throttled:
            self.throttled += 1
        return found

    def decoded(self, callback: Callback) -> tuple[DecodedEvent | OwnEcho, ...]:
        try:
            found = self.platform.decode(callback, self.account)
        except wire.Malformed:
            return ()
        all_of = [more for one in found for more in (one, *(one.elsewhere if isinstance(one, DecodedEvent) else ()))]
        return tuple(one for one in all_of if isinstance(one, DecodedEvent | OwnEcho))

    def hear(self, wanted: Callable[[Heard], bool], seconds: float | None = None) -> Generator[Any, Any, tuple[int, Heard] | None]:
        """The first callback that is *wanted*, of those that came before as well, with when it was seen."""
        for known in self.came:
            if wanted(known[1]):
                return known
        if not self.names.listens:
            return None
        limit = self.names.patience if seconds is None else seconds
        begin = yield Clock()
        at = begin
        while len(self.came) < _MOST_CALLBACKS and (at - begin) / 1000 <= limit:
            heard = yield Hear(self.markers, max(0.0, limit - (at - begin) / 1000))
            at = yield Clock()
            if heard is None:
                return None
            self.came.append((at, heard))
            if wanted(heard):
                return at, heard
        return None

    def says(self, wanted: Wanted) -> Callable[[Heard], bool]:
        """Of a callback that was taken, and says what is *wanted*."""
        return lambda heard: not heard.rejected and any(wanted(one) for one in self.decoded(heard.callback))


def message_of(outcome: Outcome | None, sender: str, now: int, echo: OwnEcho | None = None) -> TargetMessage | None:
    """The message that was sent, as a recall or an edit names it."""
    if not isinstance(outcome, Delivered):
        return None
    at = (echo.at if echo is not None else 0) or outcome.at or now
    return TargetMessage(outcome.remote_id or (echo.remote_id if echo is not None else ""), sender, at)


def told(outcome: Outcome | None) -> Words:
    """In a few fixed words: what a platform writes freely is not in it."""
    match outcome:
        case None:
            return Words("no call for it", "没有对应的接口")
        case Delivered():
            return Words("taken", "已接受")
        case NotSent(reason=reason) | Unsure(reason=reason) | Refused(reason=reason):
            return Words(reason, reason)


def is_ours(outcome: Outcome | None) -> bool:
    """Whether it is refused because of the key, the plan, the clock or the address, and not of what was asked for."""
    return isinstance(outcome, NotSent) and outcome.ours
