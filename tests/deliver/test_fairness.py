"""Who sends much waits for himself: turns by source, slots by source, and what of a flood waits beside the window."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, islice

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from converters.core.model import Delivery
from streams.deliver.conversations import Conversations, begun
from streams.deliver.parked import ParkedRecords, ParkingBudget
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.outbound.fairness import FairQueue, FairSlots
from tests.deliver.worker import delivery

WINDOW = 64


def test_each_source_in_turn_and_in_its_own_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(100):
        queue.append("flood", f"flood {number}")
    for number in range(3):
        queue.append("honest", f"honest {number}")
    first = [queue.popleft() for _ in range(6)]
    assert first == [f"{who} {number}" for number in range(3) for who in ("flood", "honest")]
    assert [queue.popleft() for _ in range(len(queue))] == [f"flood {number}" for number in range(3, 100)]


def test_whoever_tries_again_is_the_first() -> None:
    queue: FairQueue[int] = FairQueue()
    queue.append("a", 1)
    queue.append("b", 2)
    queue.appendleft("c", 3)
    assert queue.first() == 3
    assert [queue.popleft() for _ in range(3)] == [3, 1, 2]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_all_that_is_put_in_comes_out(puts: list[tuple[str, bool]]) -> None:
    queue: FairQueue[int] = FairQueue()
    for number, (source, again) in enumerate(puts):
        (queue.appendleft if again else queue.append)(source, number)
    assert sorted(queue.popleft() for _ in range(len(queue))) == list(range(len(puts)))


async def test_a_source_has_its_part_of_the_slots_and_no_more() -> None:
    slots, inside, over = FairSlots(8, 2), [], asyncio.Event()

    async def one(source: str) -> None:
        async with _slot(slots, source):
            inside.append(source)
            await over.wait()

    tasks = [asyncio.create_task(one(source)) for source in ["flood"] * 50 + ["a", "b", "c"]]
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(inside) == ["a", "b", "c", "flood", "flood"]
    over.set()
    await asyncio.gather(*tasks)
    assert inside.count("flood") == 50


async def test_slots_survive_those_who_do_not_want_theirs_any_more() -> None:
    slots, over = FairSlots(3, 2), asyncio.Event()
    got: list[int] = []

    async def one(number: int) -> None:
        async with _slot(slots, "ab"[number % 2]):
            got.append(number)
            await over.wait()

    tasks = [asyncio.create_task(one(number)) for number in range(40)]
    for _ in range(3):
        await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    over.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert {number for number in range(40) if number % 3} <= set(got)
    assert all(slots.take(source) for source in "aab")
    assert not slots.take("b")


@asynccontextmanager
async def _slot(slots: FairSlots, source: str) -> AsyncIterator[None]:
    if not slots.take(source):
        await slots.wait(source)
    try:
        yield
    finally:
        slots.give_back(source)


class Desk:
    """Parked and the open events, with a lane; everything read is parked or opened, in order."""

    def __init__(self, room: int = 1 << 20) -> None:
        self.lane = OffsetTracker(TopicPartition("d", 0), live=True)
        self.events = Conversations(WINDOW)
        self.room = ParkingBudget(room)
        self.parked = ParkedRecords(self.events, self.room)
        self.made: dict[int, Delivery] = {}
        self.opened: list[str] = []
        self.next = 0

    def read(self, receiver: str, sender: str) -> None:
        one = delivery(receiver, f"{receiver} {self.next}", sender=sender)
        one = structs.replace(one, event=structs.replace(one.event, sender=sender))
        self.made[self.next] = one
        record = _Record(self.next, receiver.encode())
        self.next += 1
        self.lane.read(record.offset)
        if record.key in self.parked or not self.events.has_room(record.key, f"old/{sender}"):
            self.parked.park(self.lane, record.key, record, f"old/{sender}")
        else:
            self._open(record)

    def _open(self, record: "_Record") -> None:
        one = self.made[record.offset]
        event = begun(self.lane, record.offset, OutputRecord(record.key, b"", []), one, None, 0.0)
        self.opened.append(f"{record.key.decode()} {record.offset}")
        self.events.admit(event)

    def finish(self, key: str) -> None:
        queue = self.events._queues[key.encode()]
        event = queue[0]
        self.events.end(event)
        self.parked.freed(event.key, event.source)
        self.events.forget(event)
        self.parked.freed(event.key, event.source)
        for record in self.parked.ready(self.lane):
            self._open(record)


class _Record:
    def __init__(self, offset: int, key: bytes) -> None:
        self.offset, self.key, self.value = offset, key, b"v"


def test_a_flood_in_one_conversation_leaves_the_window_to_the_others() -> None:
    desk = Desk()
    for _ in range(1000):
        desk.read("flooded", "mallory")
    assert len(desk.opened) == WINDOW // 16
    desk.read("bob", "alice")
    assert desk.opened[-1] == "bob 1000"


def test_a_flood_of_one_source_in_many_conversations_does_so_too() -> None:
    desk = Desk()
    for number in range(1000):
        desk.read(f"victim{number}", "mallory")
    assert len(desk.opened) == WINDOW // 4
    desk.read("bob", "alice")
    assert desk.opened[-1] == "bob 1000"


def test_many_that_flood_leave_a_way_in_for_who_has_little() -> None:
    desk = Desk()
    for number in range(1000):
        desk.read(f"victim{number}", f"mallory{number % 10}")
    assert len(desk.events.events) >= WINDOW
    desk.read("bob", "alice")
    assert desk.opened[-1] == "bob 1000"


@given(st.lists(st.tuples(st.sampled_from(["r1", "r2", "r3", "r4", "r5", "r6"]), st.sampled_from(["a", "b"])), max_size=400))
def test_nothing_parked_is_forgotten_and_each_conversation_keeps_its_order(reads: list[tuple[str, str]]) -> None:
    desk = Desk()
    for receiver, sender in reads:
        desk.read(receiver, sender)
    turns = cycle(["r1", "r2", "r3", "r4", "r5", "r6"])
    for key in islice(turns, 6 * 500):
        if key.encode() in desk.events._queues:
            desk.finish(key)
    assert desk.parked.count == 0
    assert desk.lane.parked == 0
    assert desk.room.taken == 0
    assert sorted(int(one.split()[1]) for one in desk.opened) == list(range(len(reads)))
    for receiver in {receiver for receiver, _ in reads}:
        mine = [int(one.split()[1]) for one in desk.opened if one.startswith(receiver)]
        assert mine == sorted(mine)


def test_the_room_for_it_is_bounded_and_given_back() -> None:
    desk = Desk(room=10_000)
    while desk.parked.room:
        desk.read("flooded", "mallory")
    assert desk.parked.count < 40
    desk.parked.close()
    assert desk.room.taken == 0
