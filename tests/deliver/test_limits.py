"""Quotas are used nearly whole, and not exceeded, whatever kind of second the platform counts; on a clock of the test's own."""

import asyncio
from random import Random
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from converters.platform import OTHERS, RateLimit
from converters.platforms.easemob.limits import LIMITS as EASEMOB
from converters.platforms.yunxin.limits import LIMITS as YUNXIN
from streams.outbound.rate_limiter import RateLimiter, overridden, planned
from streams.outbound.token_bucket import QuotaPolicy, TokenBucket
from tests.deliver.offered import Offer, Target, in_order, network, simulated
from tests.deliver.virtual import run, settle
from tests.narrowed import required

Quota = tuple[str, tuple[RateLimit, ...], int, float]
"""API, the limits of its platform, calls a second, seconds for which the target blocks whoever makes more."""
USERS: Quota = ("messages/users", EASEMOB, 100, 0.0)
GROUPS: Quota = ("messages/chatgroups", EASEMOB, 20, 0.0)
YUNXINS: Quota = ("msg/sendMsg", YUNXIN, 100, 10.0)


@pytest.mark.parametrize(("live", "backfill", "workers"), [(0.6, 2.4, 1), (3.0, 0.0, 1), (0.0, 3.0, 1), (0.6, 2.4, 3), (0.6, 2.4, 12)])
@pytest.mark.parametrize("target", [USERS, GROUPS, YUNXINS], ids=["users", "groups", "blocking"])
def test_of_three_times_the_quota_nearly_the_whole_quota_goes_and_hardly_a_call_is_too_much(
    target: Quota, live: float, backfill: float, workers: int
) -> None:
    api, limits, most, block = target
    seen = simulated(Offer(api, live * most, backfill * most, 60), limits, Target(most, block=block), workers)
    calls = len(seen.taken) + seen.refused
    assert len(seen.taken) >= 0.95 * most * 60
    assert seen.refused < 0.005 * calls
    assert in_order(seen)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("target", [USERS, GROUPS, YUNXINS], ids=["users", "groups", "blocking"])
def test_live_is_never_a_second_later_because_of_backfill(target: Quota, workers: int) -> None:
    api, limits, most, block = target
    alone = simulated(Offer(api, 0.6 * most, 0.0, 60), limits, Target(most, block=block), workers)
    beside = simulated(Offer(api, 0.6 * most, 2.4 * most, 60), limits, Target(most, block=block), workers)
    live = [call for call in beside.delays if call[0].startswith("live")]
    assert len(live) > 30 * most
    assert max(beside.delays[call] - alone.delays.get(call, 0.0) for call in live) < 1.0


def test_backfill_is_not_starved_by_live() -> None:
    seen = simulated(Offer("messages/users", 300, 100, 60), EASEMOB, Target(100))
    part = sum(name.startswith("backfill") for name, _ in seen.taken) / len(seen.taken)
    assert 0.04 < part < 0.06


def test_several_groups_in_a_call_count_one_by_one() -> None:
    seen = simulated(Offer("messages/chatgroups", 20, 40, 60, messages=3), EASEMOB, Target(20))
    assert seen.refused == 0
    assert len(seen.taken) * 3 >= 0.85 * 20 * 60  # six calls of three in a second are 18, seven would be 21


def test_a_minute_is_kept_as_a_minute() -> None:
    seen = simulated(Offer("messages/users", 100, 200, 300, messages=50), EASEMOB, Target(6000, seconds=60.0))
    assert seen.refused == 0
    assert len(seen.taken) * 50 >= 0.95 * 100 * 300


def test_too_much_costs_nobody_his_message() -> None:
    """The target takes half of what the settings say: somebody else uses the app, too."""

    async def main() -> Target:
        target = Target(50)
        offer = Offer("messages/users", 150, 0, 20)
        limiter = RateLimiter(EASEMOB, asyncio.get_running_loop())
        random, sent = Random(1), set(range(2000))

        async def one(number: int) -> None:
            again = False
            while True:
                await limiter.acquire(offer.api, again=again)
                await asyncio.sleep(network(random))
                if target.arrives(asyncio.get_running_loop().time(), 1):
                    sent.remove(number)
                    return
                limiter.throttled(offer.api)
                again = True

        start = asyncio.get_running_loop().time()
        await asyncio.gather(*map(one, range(2000)))
        assert not sent
        assert asyncio.get_running_loop().time() - start < 2000 / 50 / 0.9
        return target

    seen = run(main())
    assert 0 < seen.refused < 0.1 * 2000


amounts = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), max_size=60)


@given(amounts, st.sampled_from([1.0, 7.0]))
def test_no_window_holds_more_than_the_limit(calls: list[tuple[float, int]], seconds: float) -> None:
    now = 1000.0
    bucket = TokenBucket(RateLimit("any", ("a",), 20, seconds), QuotaPolicy(), {0}, 1, now)
    sent: list[tuple[float, int]] = []
    for gap, amount in calls:
        now += gap
        while (at := bucket.ready(amount, now)) > now:
            now = at
        bucket.take(amount, now)
        sent.append((now, amount))
    for end, _ in sent:
        assert sum(amount for at, amount in sent if end - seconds < at <= end) <= 20


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


def test_no_slot_is_of_two_workers_and_none_of_nobody() -> None:
    limit, start = RateLimit("ten", ("a",), 10), 1_800_000_000.0
    whole = TokenBucket(limit, QuotaPolicy(), {0, 1, 2, 3, 4}, 5, start)
    parts = [TokenBucket(limit, QuotaPolicy(), owned, 5, start) for owned in ({0, 3}, {1}, {2, 4})]

    def slots(bucket: TokenBucket, now: float) -> list[float]:
        found = []
        while (now := bucket.ready(1, now)) < start + 60:
            bucket.take(1, now)
            found.append(now)
        return found

    assert sorted(slot for part in parts for slot in slots(part, start)) == slots(whole, start)


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
