"""Who passes, in which order and when, on a clock of the test's own."""

import asyncio
from typing import Literal

import pytest

from converters.platform import RateLimit
from streams.outbound.rate_limiter import RateLimiter
from streams.outbound.token_bucket import QuotaPolicy
from tests.deliver.passing import Passed, limiter_of
from tests.deliver.virtual import VirtualLoop, run, settle


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


def test_an_api_that_no_limit_is_for_holds_nobody() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("ten", ("a",), 10),)))
        await asyncio.gather(*(passed.asks("other", "x") for _ in range(20)))
        assert passed.at == [0.0] * 20

    run(main())


def test_it_is_taken_at_once_where_it_may_be_and_by_nobody_ahead_of_those_who_wait() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        assert passed.limiter.take("a", 1)
        assert not passed.limiter.take("a", 1)
        assert passed.limiter.take("other", 1)
        waits = passed.asks("waits")
        await settle()
        assert isinstance(passed.loop, VirtualLoop)
        passed.loop.now += 0.1
        assert not passed.limiter.take("a", 1)
        await waits
        assert passed.who == ["waits"]

    run(main())


def test_the_clock_is_the_loops_where_no_other_is_told() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("slow", ("a",), 1, 3.0),), QuotaPolicy(used=1.0, catch_up=0.0)))
        await asyncio.gather(*(passed.asks("call") for _ in range(3)))
        assert [round(passed.start + at, 3) % 3 for at in passed.at] == [0.0, 0.0, 0.0]

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


def test_backfill_that_comes_while_other_backfill_waits_goes_behind() -> None:
    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("ten", ("a",), 10, counts="messages"),), QuotaPolicy(used=1.0, catch_up=1.0)))
        await asyncio.sleep(5)
        asked = [passed.asks(name, live=False, messages=messages) for name, messages in (("first", 8), ("second", 5), ("third", 1))]
        await asyncio.gather(*asked)
        assert passed.who == ["first", "second", "third"]
        assert passed.at == [5.0, 6.0, 6.0]

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


def test_a_call_of_many_messages_is_one_in_a_window_of_calls() -> None:
    """It waits for room for one, and one that is not used makes room for one."""

    async def main() -> None:
        passed = Passed(limiter_of((RateLimit("ten", ("a",), 10),), QuotaPolicy(used=1.0, catch_up=1.0)))
        await asyncio.sleep(5)
        asked = [passed.asks("call", messages=5) for _ in range(12)]
        await settle()
        assert passed.at == [5.0] * 10
        passed.limiter.give_back("a", 5)
        await asyncio.gather(*asked)
        assert passed.at == [*[5.0] * 11, 6.0]

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


def test_sources_have_their_turns() -> None:
    async def main() -> None:
        passed = Passed(limiter_of())
        asked = [passed.asks(f"{source}{number}", source=source) for source in "ab" for number in range(3)]
        await asyncio.gather(*asked)
        assert passed.who == ["a0", "a1", "b0", "a2", "b1", "b2"]

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
