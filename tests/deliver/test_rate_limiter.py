"""Who passes, in which order and when, on a clock of the test's own."""

import asyncio
from typing import Any, Literal

import pytest
import uvloop
from msgspec import structs

from converters.platform import OTHERS, RateLimit
from streams.outbound.rate_limiter import RateLimiter, overridden, planned
from streams.outbound.token_bucket import QuotaPolicy
from tests.deliver.virtual import run, settle
from tests.narrowed import required

TEN = (RateLimit("ten", ("a", "b"), 10), RateLimit("alone", ("c",), 10), RateLimit("others", (OTHERS,), 10))


EXACT = QuotaPolicy(used=1.0)


def limiter_of(limits: tuple[RateLimit, ...] = TEN, pace: QuotaPolicy = EXACT) -> RateLimiter:
    return RateLimiter(limits, asyncio.get_running_loop(), pace)


class Passed:
    """Who passed, and when."""

    def __init__(self, limiter: RateLimiter) -> None:
        self.limiter = limiter
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.who: list[str] = []
        self.at: list[float] = []

    def asks(self, who: str, api: str = "a", **how: Any) -> asyncio.Task[None]:
        async def ask() -> None:
            await self.limiter.acquire(api, **how)
            self.who.append(who)
            self.at.append(round(self.loop.time() - self.start, 3))

        return asyncio.create_task(ask())


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
        limiter.own((), 4)
        limiter.end()
        assert (limiter.speeds(), limiter.waiting(live=True)) == ({}, 0)

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


def test_what_backfill_is_owed_is_carried_over_and_is_never_less_than_nothing() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(pace=QuotaPolicy(used=1.0, backfill=0.3)))
        alone = [passed.asks("old", live=False) for _ in range(4)]
        await asyncio.gather(*alone)
        asked = [passed.asks("live") for _ in range(9)] + [passed.asks("old", live=False) for _ in range(4)]
        await asyncio.gather(*asked)
        # of 0.3 a send, one is owed after four, and 0.2 are left; then after three
        assert "".join(who[0] for who in passed.who) == "oooo" + "llll" + "o" + "lll" + "o" + "ll" + "oo"

    run(main())


def test_backfill_that_does_not_wait_is_owed_nothing() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(pace=QuotaPolicy(used=1.0, backfill=0.5)))
        await asyncio.gather(*(passed.asks("live") for _ in range(9)))
        asked = [passed.asks("live") for _ in range(2)] + [passed.asks("old", live=False)]
        await asyncio.gather(*asked)
        assert passed.who[-3:] == ["live", "live", "old"]

    run(main())


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


def test_the_clock_of_all_workers_says_how_long_the_platform_takes_nothing() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(
            (RateLimit("one", ("a",), 1),), loop, QuotaPolicy(used=1.0, catch_up=0.0, slowed=0.5, recovery=0.1), ahead=0.25
        )
        passed = Passed(limiter)
        limiter.throttled("a", 3.0)
        await asyncio.gather(passed.asks("first"))
        assert passed.at == [3.75], "the first slot after it"
        assert limiter.speeds() == {"one": pytest.approx(0.575)}

    run(main())


def test_who_does_not_say_how_many_sends_one() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("two", ("a",), 2, counts="messages"),), QuotaPolicy(used=1.0, catch_up=1.0)))
        await asyncio.sleep(5)
        await asyncio.gather(passed.asks("first"), passed.asks("second"))
        asked = passed.asks("third"), passed.asks("fourth")
        await settle()
        assert passed.who == ["first", "second"]
        passed.limiter.give_back("a")
        await asyncio.gather(*asked)
        assert passed.at == [5.0, 5.0, 5.0, 6.0]

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


def test_live_goes_first_and_each_class_in_turn_and_who_tries_again_before_his_class() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks("first")]
        asked += [passed.asks(f"old {number}", live=False) for number in range(3)]
        asked += [passed.asks(f"new {number}") for number in range(3)]
        asked += [passed.asks("again", again=True), passed.asks("old again", live=False, again=True)]
        await asyncio.gather(*asked)
        assert passed.who == ["first", "again", "new 0", "new 1", "new 2", "old again", "old 0", "old 1", "old 2"]
        assert passed.at == pytest.approx([number / 10 for number in range(9)], abs=0.02)

    run(main())


def test_apis_that_share_a_limit_share_it_and_others_have_their_own() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        apis = ["a", "b", "c", "d", "e"]
        await asyncio.gather(*(passed.asks(api, api) for api in apis for _ in range(11)))
        ends = {api: max(at for who, at in zip(passed.who, passed.at, strict=True) if who == api) for api in apis}
        assert ends == pytest.approx({"a": 1.0, "b": 2.1, "c": 1.0, "d": 1.0, "e": 1.0}, abs=0.02)

    run(main())


def test_a_limit_of_zero_is_none_and_an_unknown_one_is_named() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(overridden(TEN, {"ten": 0, "others": 0})))
        await asyncio.gather(*(passed.asks("a") for _ in range(1000)), *(passed.asks("x", "x") for _ in range(1000)))
        assert max(passed.at) == 0.0

    run(main())
    with pytest.raises(ValueError, match="no limit is called tne; known are: ten, alone, others"):
        overridden(TEN, {"tne": 5})


def test_a_plan_changes_the_amount_of_a_limit_and_gives_an_api_one_of_its_own() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(planned(TEN, {"ten": 20, "b": 10, "d": 40})))
        apis = ["a", "b", "c", "d", "e"]
        await asyncio.gather(*(passed.asks(api, api) for api in apis for _ in range(11)))
        ends = {api: max(at for who, at in zip(passed.who, passed.at, strict=True) if who == api) for api in apis}
        # b waits for itself and no longer for a; d has four times what others have
        assert ends == pytest.approx({"a": 0.5, "b": 1.0, "c": 1.0, "d": 0.25, "e": 1.0}, abs=0.02)

    run(main())
    (minute,) = planned((RateLimit("slow", ("a",), 60, 60.0),), {"slow": 2})
    assert minute.amount == 120


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


def test_the_platform_says_how_long_it_takes_nothing_and_then_it_goes_slower_for_a_time() -> None:
    async def main() -> None:
        passed = Passed(limiter_of(pace=QuotaPolicy(used=1.0, slowed=0.5, recovery=0.1)))
        await passed.asks("first")
        passed.limiter.throttled("a", 10.0)
        passed.limiter.throttled("a")  # another that was on its way: not slower still
        assert passed.limiter.speeds() == {"ten": 0.5, "alone": 1.0}
        await asyncio.gather(*(passed.asks("a") for _ in range(100)))
        assert passed.at[1] == pytest.approx(10.0, abs=0.1)
        assert sum(at < 11.0 for at in passed.at[1:]) in (5, 6)
        assert passed.at[100] - passed.at[90] == pytest.approx(1.0, abs=0.02)
        assert passed.limiter.speeds() == {"ten": 1.0, "alone": 1.0}

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
