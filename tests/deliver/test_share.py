"""A migration beside live traffic: of each quota it uses nearly all of its share, and never more; on a clock of the test's own."""

import asyncio

import pytest

from converters import PLATFORMS
from converters.platform import Request
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.outbound.admission import Admission
from tests.deliver.virtual import run

EASEMOB = PLATFORMS["easemob"]
APP = App("new", EASEMOB, EASEMOB.example(), "old")
SECONDS = 20


async def passed(admission: Admission, apis: tuple[str, ...], count: int) -> list[float]:
    """When *count* requests passed, of *apis* in turn."""
    loop = asyncio.get_running_loop()
    at: list[float] = []

    async def one(api: str) -> None:
        request = Request("POST", "/", {}, b"", api)
        async with admission.breaker_call(request) as call:
            assert await admission.admit(call, request, live=False, again=False)
            at.append(loop.time())

    await asyncio.gather(*(one(apis[number % len(apis)]) for number in range(count)))
    return at


def most_in_a_second(at: list[float]) -> int:
    return max(sum(begin <= moment < begin + 1.0 for moment in at[index:]) for index, begin in enumerate(at))


@pytest.mark.parametrize(
    "apis", [("messages/users/import",), ("chatgroups/users/add",), ("users", "push/style", "users/state")], ids="+".join
)
def test_a_tenth_of_a_quota_is_left_to_what_is_live(apis: tuple[str, ...]) -> None:
    async def main() -> None:
        admission = Admission(APP, DeliverSettings(), asyncio.get_running_loop(), share=0.9)
        admission.own({0, 1}, 2)
        at = await passed(admission, apis, 90 * SECONDS)
        assert most_in_a_second(at) <= 90
        assert at[-1] - at[0] <= SECONDS / 0.95

    run(main())


def test_two_workers_have_the_share_together() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        workers = [Admission(APP, DeliverSettings(), loop, share=0.9) for _ in range(2)]
        for number, worker in enumerate(workers):
            worker.own({number}, 2)
        times = await asyncio.gather(*(passed(worker, ("users",), 45 * SECONDS) for worker in workers))
        both = sorted(moment for one in times for moment in one)
        assert most_in_a_second(both) <= 90
        assert both[-1] - both[0] <= SECONDS / 0.95

    run(main())
