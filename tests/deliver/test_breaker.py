"""Who may call a target that fails, and when; on a clock of the test's own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from converters.platform import OTHERS, RateLimit
from streams.outbound.breaker import Breaker, BreakerCall, BreakerPolicy, BreakerState
from streams.outbound.rate_limiter import RateLimiter
from tests.deliver.virtual import run, settle

POLICY = BreakerPolicy(window=10.0, failures=0.5, least=4, first=1.0, longest=5.0, probes=2)


class Seen:
    """A breaker, and what became of it."""

    def __init__(self, policy: BreakerPolicy = POLICY, chance: Callable[[], float] = lambda: 0.0) -> None:
        self.loop = asyncio.get_running_loop()
        self.start = self.loop.time()
        self.changes: list[tuple[float, BreakerState]] = []
        self.calls: list[str] = []
        self.breaker = Breaker(self.loop, policy, chance, self.changed)

    def state(self) -> BreakerState:
        return self.breaker.state

    def changed(self, state: BreakerState) -> None:
        self.changes.append((round(self.loop.time() - self.start, 3), state))

    async def call(self, name: str = "", *, failed: bool = False, lasts: float = 0.0) -> None:
        async with BreakerCall(self.breaker) as breaker_call:
            self.calls.append(name)
            await asyncio.sleep(lasts)
            breaker_call.ended(failed=failed)

    async def calls_of(self, *failed: bool) -> None:
        for one in failed:
            await self.call(failed=one)

    def begins(self, name: str = "", **how: Any) -> asyncio.Task[None]:
        return asyncio.create_task(self.call(name, **how))


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ((True, True, True), BreakerState.CLOSED),  # too few to say
        ((True, True, True, True), BreakerState.OPEN),
        ((False, False, True, True), BreakerState.OPEN),
        ((False, False, False, True, True), BreakerState.CLOSED),
        ((False,) * 50, BreakerState.CLOSED),
    ],
)
def test_it_opens_on_a_share_of_failures_among_enough_calls(ends: tuple[bool, ...], state: BreakerState) -> None:
    async def main() -> None:
        seen = Seen()
        await seen.calls_of(*ends)
        assert seen.state() is state
        assert [change for _, change in seen.changes] == ([BreakerState.OPEN] if state is BreakerState.OPEN else [])

    run(main())


def test_what_is_older_than_the_window_does_not_count() -> None:
    async def main() -> None:
        seen = Seen()
        await seen.calls_of(True, True, True)
        await asyncio.sleep(11)
        await seen.calls_of(True, True, True)
        assert seen.state() is BreakerState.CLOSED
        await asyncio.sleep(8)
        await seen.call(failed=True)
        assert seen.state() is BreakerState.OPEN

    run(main())


def test_while_open_callers_wait_then_few_try_and_a_success_lets_all_go_in_their_order() -> None:
    async def main() -> None:
        seen = Seen()
        await seen.calls_of(True, True, True, True)
        seen.calls.clear()
        waiting = [seen.begins(str(number), lasts=0.5) for number in range(6)]
        await asyncio.sleep(0.9)
        assert seen.calls == []
        await asyncio.sleep(0.2)
        assert seen.calls == ["0", "1"]
        assert seen.state() is BreakerState.HALF_OPEN
        await asyncio.gather(*waiting)
        assert seen.calls == [str(number) for number in range(6)]
        assert seen.changes == [(0.0, BreakerState.OPEN), (1.0, BreakerState.HALF_OPEN), (1.5, BreakerState.CLOSED)]

    run(main())


def test_each_failed_probe_doubles_the_time_open_up_to_the_longest_and_a_success_forgets_it() -> None:
    async def main() -> None:
        seen = Seen()
        await seen.calls_of(True, True, True, True)
        for _ in range(4):
            await seen.call(failed=True)
        await seen.call()
        opened = [at for at, state in seen.changes if state is BreakerState.OPEN]
        tried = [at for at, state in seen.changes if state is BreakerState.HALF_OPEN]
        assert [round(end - begin, 3) for begin, end in zip(opened, tried, strict=True)] == [1.0, 2.0, 4.0, 5.0, 5.0]
        await seen.calls_of(True, True, True, True)
        await seen.call()
        assert seen.changes[-2][0] - seen.changes[-3][0] == pytest.approx(1.0, abs=0.002)

    run(main())


def test_chance_spreads_the_probes_of_many_workers() -> None:
    async def main(chance: float) -> float:
        seen = Seen(chance=lambda: chance)
        await seen.calls_of(True, True, True, True)
        await seen.call()
        return seen.changes[1][0]

    assert [run(main(chance)) for chance in (0.0, 0.5, 1.0)] == [1.0, 1.25, 1.5]


def test_a_call_from_before_it_opened_says_nothing_about_now() -> None:
    async def main() -> None:
        seen = Seen()
        late = [seen.begins(lasts=1.2), seen.begins(lasts=2.5, failed=True)]
        await settle()
        await seen.calls_of(True, True, True, True)
        probe = seen.begins(lasts=1.0)
        await asyncio.sleep(1.3)  # the late success has come, the probe is on its way
        assert seen.state() is BreakerState.HALF_OPEN
        await asyncio.gather(*late, probe)
        assert seen.state() is BreakerState.CLOSED

    run(main())


def test_a_probe_that_is_given_up_leaves_its_place_to_the_next() -> None:
    async def main() -> None:
        seen = Seen()
        await seen.calls_of(True, True, True, True)
        seen.calls.clear()
        waiting = [seen.begins(str(number), lasts=9.0) for number in range(5)]
        await settle()
        waiting[1].cancel()  # waits
        await asyncio.sleep(1.1)
        assert seen.calls == ["0", "2"]
        waiting[0].cancel()  # is on its way
        await settle()
        assert seen.calls == ["0", "2", "3"]
        await asyncio.gather(*waiting, return_exceptions=True)
        assert seen.state() is BreakerState.CLOSED
        assert seen.calls == ["0", "2", "3", "4"]

    run(main())


def test_a_probe_that_is_given_up_in_the_moment_of_its_turn_is_not_lost() -> None:
    async def main() -> None:
        seen = Seen(BreakerPolicy(window=10.0, failures=0.5, least=4, first=1.0, longest=5.0, probes=1))
        await seen.calls_of(True, True, True, True)
        seen.calls.clear()
        waiting = [seen.begins(str(number)) for number in range(2)]
        await settle()
        told = seen.breaker._on_change

        def changed(state: BreakerState) -> None:
            told(state)
            if state is BreakerState.HALF_OPEN:  # its turn is given after this, and it wakes after both
                seen.loop.call_soon(waiting[0].cancel)

        seen.breaker._on_change = changed
        await asyncio.gather(*waiting, return_exceptions=True)
        assert waiting[0].cancelled()
        assert seen.calls == ["1"]

    run(main())


def test_a_target_that_nobody_calls_any_more_is_not_told_of_for_ever() -> None:
    """Its messages were given up, or are another worker's now."""

    async def main() -> None:
        seen = Seen(BreakerPolicy(window=10.0, failures=0.5, least=4, first=1.0, longest=5.0, probes=1, rest=100.0))
        await seen.calls_of(True, True, True, True)
        await asyncio.sleep(50.0)
        assert seen.state() is BreakerState.HALF_OPEN
        await seen.call(failed=True)
        await asyncio.sleep(100.0)
        assert seen.state() is BreakerState.HALF_OPEN, "it rests since the last call"
        await seen.call(failed=True)
        probe = seen.begins("lasts", lasts=150.0)
        await asyncio.sleep(140.0)
        assert seen.state() is BreakerState.HALF_OPEN, "somebody still waits for an answer"
        probe.cancel()
        await asyncio.sleep(120.0)
        assert seen.state() is BreakerState.CLOSED

    run(main())


def test_a_dead_target_holds_no_other_and_no_quota_and_those_in_line_turn_back() -> None:
    """The way in which a sender puts limiter and breaker together."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        limiter = RateLimiter((RateLimit("ten", (OTHERS,), 10),), loop)
        breakers = {api: Breaker(loop, POLICY, lambda: 0.0) for api in ("dead", "well")}
        sent: dict[str, list[float]] = {"dead": [], "well": []}
        dead_until = start + 20

        async def send(api: str) -> None:
            again = False
            while True:
                async with BreakerCall(breakers[api]) as breaker_call:
                    await limiter.acquire(api, again=again)
                    again = True
                    if not breaker_call.holds():
                        limiter.give_back(api)
                        continue
                    await asyncio.sleep(0.01)
                    failed = api == "dead" and loop.time() < dead_until
                    breaker_call.ended(failed=failed)
                    sent[api].append(loop.time() - start)
                    if not failed:
                        return

        await asyncio.gather(*(send(api) for api in breakers for _ in range(300)))
        assert max(sent["well"]) == pytest.approx(300 / 9.65, abs=0.5)
        early = [at for at in sent["dead"] if at < 20]
        assert len(early) < 4 + 2 * 6  # until it opened, and the probes
        late = [at for at in sent["dead"] if at > 20]
        assert len(late) == 300
        assert all(after - before > 0.9 for before, after in zip(late, late[10:], strict=False))  # no rush

    run(main())
