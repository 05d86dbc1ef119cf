"""Places of which there are so many: none is had twice, none is lost, whoever waits has his turn."""

import asyncio

import pytest

from streams.outbound.slots import Slots


async def had(slots: Slots) -> None:
    if not slots.take():
        await slots.wait()


async def waiting(slots: Slots) -> "asyncio.Task[None]":
    """Somebody who waits."""
    task = asyncio.create_task(slots.wait())
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_there_are_so_many_and_no_more() -> None:
    slots = Slots(2)
    assert [slots.take() for _ in range(3)] == [True, True, False]
    slots.give_back()
    assert [slots.take() for _ in range(2)] == [True, False]


async def test_who_waits_has_his_turn_before_whoever_comes() -> None:
    slots = Slots(1)
    assert slots.take()
    first, second = await waiting(slots), await waiting(slots)
    slots.give_back()
    assert not slots.take()
    await first
    assert not second.done()
    slots.give_back()
    await second
    slots.give_back()
    assert slots.take()


async def test_who_has_gone_away_stands_in_nobodys_way() -> None:
    slots = Slots(1)
    assert slots.take()
    gone, there = await waiting(slots), await waiting(slots)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    slots.give_back()
    await there


async def test_what_was_given_to_who_goes_away_is_the_next_ones() -> None:
    slots = Slots(1)
    assert slots.take()
    gone, there = await waiting(slots), await waiting(slots)
    slots.give_back()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await there
    slots.give_back()
    assert [slots.take() for _ in range(2)] == [True, False]


async def test_many_at_once_never_have_more_than_there_are() -> None:
    slots, have, most = Slots(3), 0, 0

    async def work() -> None:
        nonlocal have, most
        await had(slots)
        have += 1
        most = max(most, have)
        await asyncio.sleep(0)
        have -= 1
        slots.give_back()

    await asyncio.gather(*(work() for _ in range(20)))
    assert (have, most) == (0, 3)
    assert [slots.take() for _ in range(4)] == [True, True, True, False]
