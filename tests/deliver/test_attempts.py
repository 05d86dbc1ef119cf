"""The retry loop, with the clock and the sleep of the test."""

import asyncio
from itertools import islice, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.core.outcome import Delivered, NotSent, Outcome, Refused, Unsure
from converters.platform import Partial
from streams.outbound.attempts import attempt, delays

BUSY, DONE, DOUBT, NEVER = NotSent("busy"), Delivered("m1"), Unsure("cut off"), Refused("no")


def attempt_all(
    *outcomes: Outcome, waits: float = 1.0, patience: float = 1e9, takes: float = 0.0, begun: float = 1000.0
) -> tuple[Outcome, int, list[float]]:
    """The end, the number of attempts, and what was slept between; each send lasts *takes* seconds. It is *begun* when the clock says so."""
    now, slept, left = [begun], [], list(outcomes)

    async def send() -> Outcome:
        now[0] += takes
        return left.pop(0)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    end, attempts = asyncio.run(attempt(send, repeat(waits), sleep, patience, lambda: now[0]))
    assert not isinstance(end, Partial)
    return end, attempts, slept


@pytest.mark.parametrize("end", [DONE, DOUBT, NEVER])
def test_an_end_is_an_end(end: Outcome) -> None:
    assert attempt_all(end) == (end, 1, [])


@pytest.mark.parametrize("end", [DONE, DOUBT, NEVER])
def test_only_what_was_not_sent_is_repeated(end: Outcome) -> None:
    assert attempt_all(BUSY, BUSY, end) == (end, 3, [1.0, 1.0])


def test_the_platform_says_how_long_to_wait() -> None:
    assert attempt_all(NotSent("busy", retry_after=7.0), DONE) == (DONE, 2, [7.0])


def test_our_own_wait_goes_before_a_shorter_one_of_the_platform() -> None:
    assert attempt_all(NotSent("busy", retry_after=0.0), DONE, waits=3.0) == (DONE, 2, [3.0])


def test_where_the_platform_says_nothing_our_own_wait_counts_alone() -> None:
    assert attempt_all(BUSY, DONE, waits=0.25) == (DONE, 2, [0.25])


def test_patience_ends() -> None:
    assert attempt_all(*repeat(BUSY, 9), waits=2.0, patience=5.0) == (BUSY, 4, [2.0, 2.0, 2.0])


def test_patience_counts_the_sends_too() -> None:
    assert attempt_all(*repeat(BUSY, 9), waits=1.0, patience=5.0, takes=10.0) == (BUSY, 1, [])


def test_patience_is_over_at_its_last_moment() -> None:
    assert attempt_all(*repeat(BUSY, 9), waits=2.0, patience=4.0) == (BUSY, 3, [2.0, 2.0])


def test_without_any_wait_left_it_ends() -> None:
    async def busy() -> Outcome:
        return BUSY

    async def never(seconds: float) -> None:
        raise AssertionError(seconds)

    assert asyncio.run(attempt(busy, iter(()), never, 1e9, lambda: 0.0)) == (BUSY, 1)


@given(first=st.floats(0.001, 10), largest=st.floats(0.001, 100), chance=st.floats(0, 1))
def test_delays_double_up_to_the_largest_and_are_drawn_from_the_upper_half(first: float, largest: float, chance: float) -> None:
    found = list(islice(delays(first, largest, lambda: chance), 20))
    assert len(found) == 20, "without end"
    for number, delay in enumerate(found):
        whole = first if number == 0 else min(first * 2**number, largest)
        assert delay == pytest.approx(whole * (0.5 + chance / 2))
