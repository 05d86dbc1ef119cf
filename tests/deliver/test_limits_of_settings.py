"""Limits as settings and plans of a migration change them."""

import asyncio

import pytest
from msgspec import structs

from converters.platform import RateLimit
from streams.outbound.rate_limiter import overridden, planned
from tests.deliver.passing import TEN, Passed, limiter_of
from tests.deliver.virtual import run


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
