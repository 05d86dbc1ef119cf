"""Quotas are used nearly whole, and not exceeded, whatever kind of second the platform counts; on a clock of the test's own."""

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.platform import RateLimit
from converters.platforms.easemob.limits import LIMITS as EASEMOB
from converters.platforms.yunxin.limits import LIMITS as YUNXIN
from streams.outbound.rate_limiter import RateLimiter
from streams.outbound.token_bucket import QuotaPolicy, TokenBucket
from tests.deliver.offered import Offer, Target, in_order, network, simulated
from tests.deliver.virtual import run

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
