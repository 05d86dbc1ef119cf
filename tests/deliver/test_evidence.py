"""Whatever a request waits for before it leaves again: once the target has called an earlier attempt back, it does not leave."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from msgspec import structs

from converters import PLATFORMS
from converters.core.model import NOTHING, Echo, conversation_key
from converters.core.outcome import Delivered, NotSent, Outcome, Unsure
from converters.platform import AnyPlatform, Reply, Request
from converters.routing.route import App
from streams.deliver import ledger_records
from streams.deliver.context import DeliverContext
from streams.deliver.conversations import OpenEvent
from streams.deliver.event_counts import EventCounts
from streams.deliver.in_doubt import InDoubt
from streams.deliver.ledger_schema import Intent
from streams.deliver.sender import Sender
from streams.deliver.settings import DeliverSettings
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.exactly_once.shutdown import Shutdown, clock
from streams.outbound.client import TOO_LATE
from tests.deliver.conftest import LEASE
from tests.deliver.target import CUT, Say, Target
from tests.deliver.worker import Worker, delivery
from tests.waiting import until

EASEMOB = PLATFORMS["easemob"]
RONGCLOUD = PLATFORMS["rongcloud"]
EVERYWHERE = ("breaker", "quota", "licence", "token", "connection")


class World:
    """What lies between a decision to send and the socket. The echo comes *where* something is waited for, the second time."""

    def __init__(self, where: str, first: Outcome, *, in_doubt: str = "resend", platform: AnyPlatform = EASEMOB) -> None:
        self.asked = 0
        self.where = where
        self.first = first
        self.left = 0
        self.learned: list[Outcome] = []
        self.intents: list[Intent] = []
        one = delivery("bob", "0")
        self.event = OpenEvent(
            OffsetTracker(TopicPartition("deliveries", 0), live=True),
            0,
            conversation_key(one.event.conversation),
            OutputRecord(None, None, []),
            one,
        )
        account = structs.replace(cast("Any", platform.example()), msg_random=True) if platform is RONGCLOUD else platform.example()
        app = App("new", platform, account, "old")
        settings = DeliverSettings(echo_wait=0.0, lease=0.3, backoff=0.0001, backoff_max=0.001, in_doubt=cast("Any", in_doubt))
        around = cast("DeliverContext", self)
        self.platform, self.settings, self.apps = platform.name, settings, {"new": app}
        self.under_way: dict[str, Any] = {}
        self.clients, self.admissions, self.progress = {"new": self}, {"new": self}, self
        self.app, self.counts = "new", EventCounts(platform.name, self.apps)
        self.doubts = InDoubt(around, Shutdown(asyncio.Event()), self.hear_all)
        self.sender = Sender(around, Shutdown(asyncio.Event()), self.doubts, self.licence)

    def at(self, where: str) -> None:
        if self.left and where == self.where:
            one = self.event.delivery.event
            self.doubts.hear(self.event, Echo(event=one.id, target="new", remote_id="4711", at=1))

    # -- the gate

    def at_once(self, _: Request) -> None:
        """It always waits."""

    async def at_its_turn(self, _: Request, **__: Any) -> SimpleNamespace:
        self.at("breaker")
        self.at("quota")
        return SimpleNamespace(left=lambda: None)

    def learn(self, _: object, __: object, outcome: Outcome) -> None:
        self.learned.append(outcome)

    # -- the rest

    async def licence(self, event: OpenEvent, part: int) -> float:
        _, intent = ledger_records.intent(event, part)
        assert isinstance(intent, Intent)
        self.intents.append(intent)
        self.at("licence")
        return clock()

    async def send(self, _: Request, allowed: Callable[[], bool]) -> Outcome:
        self.at("token")
        if not allowed():
            return TOO_LATE
        self.at("connection")
        if not allowed():
            return TOO_LATE
        self.left += 1
        return self.first if self.left == 1 else Delivered("8888")

    async def converted(self) -> None:
        self.asked += 1

    async def hear_all(self) -> None: ...

    async def question(self, _: Request) -> Reply | None:
        self.at("look-up")
        return None


CASES: list[tuple[str, Outcome]] = [(where, Unsure("no answer")) for where in (*EVERYWHERE, "look-up")]
CASES += [(where, NotSent("busy")) for where in EVERYWHERE]


@pytest.mark.parametrize(("where", "first"), CASES, ids=[f"{where}, {type(first).__name__}" for where, first in CASES])
async def test_an_echo_that_comes_while_it_waits_ends_it(where: str, first: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(where, first)
    if where == "look-up":
        _looking_up(world, monkeypatch)
    await world.sender.send(world.event, NOTHING)
    assert (world.left, world.event.outcome, world.event.by) == (1, Delivered("4711", 1), "echo")
    assert world.learned == [first], "what did not leave says nothing about the target"


async def test_nor_is_it_held(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("look-up", Unsure("no answer"), in_doubt="hold")
    _looking_up(world, monkeypatch)
    await world.sender.send(world.event, NOTHING)
    assert world.event.outcome == Delivered("4711", 1)


async def test_without_an_echo_it_leaves_again() -> None:
    world = World("", Unsure("no answer"))
    await world.sender.send(world.event, NOTHING)
    assert (world.left, world.event.outcome) == (2, Delivered("8888"))


def _looking_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Easemob can be asked about nothing; here it could."""

    async def look_up(*_: object) -> None:
        world.at("look-up")

    monkeypatch.setattr(world.doubts, "_look_up", look_up)


# -- a request of an earlier owner that the target would know again for a minute

AGES = {
    "just written": (0, 0, True),
    "long enough ago": (40, 0, False),
    "by a clock a little ahead": (-15, 0, True),
    "by a clock far ahead": (-25, 0, False),
    "written again just now, and tried first long ago": (0, 40, False),
}


@pytest.mark.parametrize(("age", "before", "repeated"), AGES.values(), ids=AGES)
async def test_what_an_earlier_owner_sent_is_repeated_only_where_no_clock_can_make_it_too_old(
    age: int, before: int, repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World("", Delivered("1"), platform=RONGCLOUD)
    now = int(time.time() * 1000)
    monkeypatch.setattr(time, "time", lambda: now / 1000)
    at = now - age * 1000
    world.event.doubt = Intent(target="new", at=at, began=at - before * 1000 if before else 0)
    await world.sender.send(world.event, NOTHING)
    assert (world.left, world.event.outcome) == (1, Delivered("1"))
    assert bool(world.asked) is not repeated, "else by evidence"


async def test_it_is_not_repeated_longer_because_the_owner_is_a_new_one() -> None:
    """A minute from the first attempt, whoever made it, and not from the new owner's own."""
    world = World("", Unsure("no answer"), platform=RONGCLOUD)
    world.event.doubt = Intent(target="new", at=int(time.time() * 1000))
    await world.sender.send(world.event, NOTHING)
    assert world.intents[0].began <= world.intents[0].at - 20_000, "as far back as a clock can be wrong"
    assert world.left == 2


# -- the same, on a real broker, with a real breaker


@pytest.fixture
def own(kafka: str, tmp_path: Path, target: Target) -> Iterator[Worker]:
    """Its breaker is nobody else's."""
    with Worker(kafka, tmp_path / "own", target.url, deliver=f"{LEASE}echo_wait = 0.3") as one:
        yield one


PROBES = 3
"""Requests that an open breaker lets through at once."""


@pytest.mark.kafka
def test_echoes_that_come_while_the_breaker_is_open_are_worth_as_many_requests(own: Worker, target: Target, bob: str) -> None:
    many = [delivery(f"{bob}{number}", "0") for number in range(24)]
    admission = threading.Event()
    for one in many:
        target.plan(one.receiver, Say(CUT), Say(after=admission))
    try:
        own.send(*many)
        until(lambda: 'im_relay_breaker{api="messages/users",app="new",platform="easemob"} 2.0' in own.role.metrics(), why=own.role.tail)
        tried = [one for one in many if target.to(one.receiver)]  # of the others there is no intent, and so no echo
        for one in tried:
            own.echo(one, f"47{one.receiver[-2:]}")
        names = {one.event.id for one in tried}
        until(
            lambda: sum(entry["entry"] == "ended" for name, entry in own.ledger().items() if name in names) == len(tried), why=own.role.tail
        )
    finally:
        admission.set()
    own.settled()
    took = [len(target.to(one.receiver)) for one in tried]
    assert sum(count > 1 for count in took) <= PROBES, took
    assert {own.outcome(one) for one in many} == {"delivered"}
