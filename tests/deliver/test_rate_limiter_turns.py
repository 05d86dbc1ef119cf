"""Slots that workers share, timers until the next one, whoever gives up, and the end of the limits; on a clock of the test's own."""

import asyncio

import pytest
import uvloop

from converters.platform import RateLimit
from streams.outbound.rate_limiter import RateLimiter
from streams.outbound.token_bucket import QuotaPolicy
from tests.deliver.passing import Passed, limiter_of, scheduled
from tests.deliver.virtual import run, settle
from tests.narrowed import required


def test_what_is_owed_to_one_who_has_given_up_holds_nobody() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(pace=QuotaPolicy(used=1.0, backfill=0.5)))
        asked = [passed.asks("live") for _ in range(5)]
        old = passed.asks("old", live=False)
        await asyncio.sleep(0.25)
        assert len(passed.who) == 3, "two of them before the other: it is owed one"
        old.cancel()
        await asyncio.gather(*asked)
        assert passed.at[-1] == 0.4

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


def test_who_gives_up_when_limits_end_has_nothing_to_give_back() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("two", ("a",), 2),), QuotaPolicy(used=1.0, catch_up=1.0)))
        await asyncio.sleep(5)
        asked = [passed.asks(str(number)) for number in range(3)]
        await settle()
        assert passed.who == ["0", "1"]
        passed.limiter.end()
        asked[2].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert asked[2].cancelled()
        await passed.asks("later")
        assert passed.at == [5.0, 5.0, 6.0]

    run(main())


def test_a_slot_that_comes_earlier_has_the_timer() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        passed.limiter.own((0,), 50)
        await asyncio.sleep(0.001)
        asked = passed.asks("first")
        await settle()
        (late,) = scheduled(passed.loop)
        passed.limiter.own(range(50), 50)
        (soon,) = [timer for timer in scheduled(passed.loop) if not timer.cancelled()]
        assert soon.when() < late.when()
        passed.limiter.own((), 50)
        await asyncio.sleep(60)
        assert [timer for timer in scheduled(passed.loop) if not timer.cancelled()] == [], "nobody's slot has no time"
        passed.limiter.own(range(50), 50)
        await asyncio.gather(asked)

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


def test_whoever_waits_when_limits_end_is_sent_away_in_order_and_has_taken_nothing() -> None:
    async def main() -> None:
        limiter, told = limiter_of(), []

        async def ask(who: int) -> None:
            told.append((who, await limiter.acquire("a")))

        asked = [asyncio.create_task(ask(number)) for number in range(5)]
        await settle()
        asked[2].cancel()
        limiter.end()
        await asyncio.gather(*asked, return_exceptions=True)
        assert told == [(0, True), (1, False), (3, False), (4, False)]
        assert limiter.waiting(live=True) == 0

    run(main())


def test_whoever_gives_up_leaves_his_place_to_the_next() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(str(number)) for number in range(5)]
        await settle()
        asked[1].cancel()
        asked[2].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert passed.who == ["0", "3", "4"]
        assert passed.at == pytest.approx([0.0, 0.1, 0.2], abs=0.02)
        assert passed.limiter.waiting(live=True) == 0

    run(main())


def test_whoever_gives_up_in_the_moment_of_his_turn_gives_it_back() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(str(number)) for number in range(4)]
        await settle()
        turn = passed.loop.create_future()
        line = required(passed.limiter._way("a").line)
        moved = line.move

        def move() -> None:
            moved()
            if not turn.done() and line.length(live=True) == 2:
                asked[1].cancel()
                turn.set_result(None)

        line.move = move  # type: ignore[method-assign]
        await asyncio.gather(*asked, return_exceptions=True)
        assert turn.done()
        assert asked[1].cancelled()
        assert passed.who == ["0", "2", "3"]
        assert passed.at == pytest.approx([0.0, 0.1, 0.2], abs=0.02)

    run(main())


def test_a_worker_without_partitions_sends_nothing_and_goes_on_when_it_has_some() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        passed.limiter.own((), 4)
        asked = [passed.asks(str(number)) for number in range(20)]
        await asyncio.sleep(100)
        assert passed.who == []
        passed.limiter.own({1, 2}, 4)
        await asyncio.gather(*asked)
        assert passed.at[-1] - passed.at[0] == pytest.approx(4.0, abs=0.3)  # half of ten a second

    run(main())


def test_thousands_wait_with_one_timer() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(str(number)) for number in range(5000)]
        await settle()
        assert len(passed.loop._scheduled) == 1  # type: ignore[attr-defined]
        await asyncio.gather(*asked)
        assert passed.who == [str(number) for number in range(5000)]

    run(main())


def test_the_loop_that_ships_has_coarse_timers_and_all_pass() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("many", ("a",), 1000),)))
        await asyncio.gather(*(passed.asks(str(number)) for number in range(200)))
        assert passed.who == [str(number) for number in range(200)]
        assert passed.at[-1] > 0.15

    uvloop.run(main())
