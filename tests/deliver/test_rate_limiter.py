"""Who passes, in which order and when, on a clock of the test's own."""

import asyncio
from typing import Literal

import pytest
from msgspec import structs

from converters.platform import RateLimit
from streams.outbound.rate_limiter import RateLimiter, overridden, planned
from streams.outbound.token_bucket import QuotaPolicy
from tests.deliver.test_limits import TEN, Passed, limiter_of
from tests.deliver.virtual import run, settle


def scheduled(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Its timers; asyncio has no public way to them."""
    timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]
    return timers


def test_what_is_not_used_is_the_next_ones() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(str(number)) for number in range(3)]
        await settle()
        assert (passed.who, passed.limiter.waiting(live=True)) == (["0"], 2)
        passed.limiter.give_back("a")
        await settle()
        assert (passed.who, passed.at) == (["0", "1"], [0.0, 0.0])
        await asyncio.gather(*asked)
        assert passed.at == [0.0, 0.0, 0.1]

    run(main())


def test_what_is_not_used_of_an_api_without_a_limit_changes_nothing() -> None:
    async def main() -> None:
        limiter = limiter_of((RateLimit("none", ("a",), 0),))
        assert await limiter.acquire("a")
        limiter.give_back("a")
        limiter.throttled("a", 10.0)
        assert await limiter.acquire("a")
        assert limiter.speeds() == {}

    run(main())


def test_live_and_backfill_are_counted_apart() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks("first"), *(passed.asks("live") for _ in range(2)), *(passed.asks("old", live=False) for _ in range(3))]
        await settle()
        assert (passed.limiter.waiting(live=True), passed.limiter.waiting(live=False)) == (2, 3)
        await asyncio.gather(*asked)

    run(main())


def test_who_comes_while_another_waits_goes_behind() -> None:
    """Also where a slot is free: the one who waits has more to send than that."""

    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("ten", ("a", "b"), 10, counts="messages"),), QuotaPolicy(used=1.0, catch_up=1.0)))
        await asyncio.sleep(5)
        asked = [passed.asks("first", messages=8), passed.asks("second", messages=5), passed.asks("third", "b")]
        await settle()
        assert passed.who == ["first"]
        await asyncio.gather(*asked)
        assert passed.who == ["first", "second", "third"]
        assert passed.at == [5.0, 6.0, 6.0]
        late = passed.asks("old", live=False, messages=9), passed.asks("new")
        await asyncio.gather(*late)
        assert passed.who[-2:] == ["new", "old"]

    run(main())


def test_a_limit_counts_calls_or_messages() -> None:
    async def main() -> None:
        cases: tuple[tuple[Literal["calls", "messages"], list[float]], ...] = (("calls", [0.0, 0.1, 0.2]), ("messages", [0.0, 0.5, 1.0]))
        for counts, at in cases:
            passed = Passed(limiter_of((RateLimit("ten", ("a",), 10, counts=counts),)))
            await asyncio.gather(*(passed.asks("call", messages=5) for _ in range(3)))
            assert passed.at == at
            passed = Passed(limiter_of((RateLimit("ten", ("a",), 10, counts=counts),)))
            asked = [passed.asks(str(number), messages=5) for number in range(3)]
            await settle()
            passed.limiter.give_back("a", 5)
            await asyncio.gather(*asked)
            assert passed.at == [0.0, 0.0, at[1]]

    run(main())


def test_who_shares_a_limit_with_one_who_shares_another_waits_in_one_line() -> None:
    async def main() -> None:
        limits = (RateLimit("one", ("a", "b"), 10), RateLimit("two", ("c", "d"), 10), RateLimit("both", ("b", "c"), 5))
        passed = Passed(limiter_of(limits))
        asked = [passed.asks(api, api) for api in ("b", "b", "a", "d", "c")]
        await asyncio.gather(*asked)
        assert passed.who == ["b", "b", "a", "d", "c"]
        assert passed.at == [0.0, 0.2, 0.3, 0.3, 0.4]

    run(main())


def test_the_slowest_of_one_name_is_told_and_only_that_api_is_slower() -> None:
    async def main() -> None:
        limiter = limiter_of(pace=QuotaPolicy(used=1.0, slowed=0.5, recovery=0.1))
        for api in ("x", "y", "z"):
            assert await limiter.acquire(api)
        limiter.throttled("y")
        assert limiter.speeds() == {"ten": 1.0, "alone": 1.0, "others": 0.5}
        limiter.throttled("new", 3.0)
        limiter.throttled("c")
        assert limiter.speeds() == {"ten": 1.0, "alone": 0.5, "others": 0.5}
        await asyncio.sleep(1)
        assert limiter.speeds() == {"ten": 1.0, "alone": 0.6, "others": 0.5}, "one is blocked, and recovers later"

    run(main())


def test_backfill_is_owed_a_part_of_what_live_sends_before_it() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(pace=QuotaPolicy(used=1.0, backfill=0.25)))
        asked = [passed.asks("live") for _ in range(12)] + [passed.asks("old", live=False) for _ in range(3)]
        await asyncio.gather(*asked)
        assert "".join(who[0] for who in passed.who) == "l" + "llllo" + "llllo" + "lll" + "o"

    run(main())


def test_sources_have_their_turns() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(f"{source}{number}", source=source) for source in "ab" for number in range(3)]
        await asyncio.gather(*asked)
        assert passed.who == ["a0", "a1", "b0", "a2", "b1", "b2"]

    run(main())


def test_the_clock_of_all_workers_says_whose_slot_it_is() -> None:
    """*ahead* makes of the loop's time one that is the same everywhere."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        limits = (RateLimit("one", ("a",), 1),)
        passed = Passed(RateLimiter(limits, loop, QuotaPolicy(used=1.0, catch_up=0.0), ahead=0.25))
        await asyncio.gather(passed.asks("first"), passed.asks("second"))
        assert passed.at == [0.75, 1.75]

    run(main())


def test_after_the_end_nobody_is_held_and_nothing_is_timed() -> None:
    async def main() -> None:
        limiter = limiter_of()
        loop = asyncio.get_running_loop()
        asked = [asyncio.create_task(limiter.acquire("a", live=live)) for live in (True, True, False)]
        await settle()
        limiter.end()
        assert await asyncio.gather(*asked) == [True, False, False]
        assert [timer for timer in scheduled(loop) if not timer.cancelled()] == []
        assert (limiter.waiting(live=True), limiter.waiting(live=False)) == (0, 0)

    run(main())


def test_a_timer_is_set_for_the_earliest_and_once() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        passed.limiter.throttled("a", 10.0)
        asked = [passed.asks("later")]
        await settle()
        (timer,) = scheduled(passed.loop)
        assert timer.when() == pytest.approx(passed.loop.time() + 10.0)
        asked.append(passed.asks("after it"))
        await settle()
        assert scheduled(passed.loop) == [timer]
        await asyncio.gather(*asked)
        assert passed.at == pytest.approx([10.0, 10.1], abs=0.02)

    run(main())


def test_amounts_of_the_settings_are_those_of_their_limits_alone() -> None:
    assert overridden(TEN, {"ten": 3}) == (structs.replace(TEN[0], amount=3), *TEN[1:])
    assert overridden(TEN, {}) == TEN
    with pytest.raises(ValueError, match=r"^no limit is called a, b; known are: ten, alone, others$"):
        overridden(TEN, {"b": 1, "ten": 1, "a": 2})


def test_a_plan_is_in_calls_a_second() -> None:
    messages = RateLimit("messages", ("m",), 100, counts="messages")
    limits = (*TEN, messages, RateLimit("minute", ("n",), 600, 60.0))
    assert planned(limits, {}) == limits
    assert planned(limits, {"minute": 5, "messages": 7, "z": 2, "a": 1, "c": 4}) == (
        structs.replace(TEN[0], apis=("b",)),
        TEN[2],
        messages,
        structs.replace(limits[-1], amount=300),
        RateLimit("a", ("a",), 1),
        RateLimit("c", ("c",), 4),
        RateLimit("z", ("z",), 2),
    ), "a limit of which no API is left is gone"
