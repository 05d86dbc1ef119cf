"""What runs beside a task is over before what it uses is closed, however often the task is cancelled."""

import asyncio

import pytest

from streams.exactly_once.ending import ended


async def slow(until: asyncio.Event, log: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        log.append("cancelled")
        await until.wait()
        log.append("over")


async def test_nothing_is_closed_before_what_uses_it_is_over_though_its_owner_is_cancelled_meanwhile() -> None:
    log: list[str] = []
    may_end = asyncio.Event()

    async def owner() -> None:
        beside = asyncio.create_task(slow(may_end, log))
        await asyncio.sleep(0)
        try:
            await ended([beside])
        finally:
            log.append("closed")

    running = asyncio.create_task(owner())
    while "cancelled" not in log:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.sleep(0)
    assert "closed" not in log
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert log == ["cancelled", "over", "closed"]


async def test_what_failed_on_its_own_is_over_and_nothing_is_no_wait() -> None:
    async def fails() -> None:
        raise ValueError

    failing = asyncio.create_task(fails())
    await asyncio.wait([failing])
    await ended([failing])
    await ended([])
    assert isinstance(failing.exception(), ValueError)
