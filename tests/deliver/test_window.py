"""How much of what is read is open at once: no more than the settings say, whatever lies there, and all of it has its turn."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from converters.core.model import Delivery
from converters.core.outcome import Delivered
from streams.deliver.ledger_schema import Settled
from streams.observe.metric_types import REGISTRY
from streams.state.turns import FairTurns
from tests.deliver.alone import Alone, token
from tests.deliver.worker import delivery

WINDOW = 16


def said(number: int, receiver: str, sender: str) -> Delivery:
    one = delivery(receiver, "hi", str(number))
    return structs.replace(one, event=structs.replace(one.event, sender=sender))


FLOODS = {  # and how many events may be open
    "nobody's": ([said(number, f"bob{number}", f"alice{number}") for number in range(10 * WINDOW)], WINDOW),
    "of one conversation": ([said(number, "bob", "mallory") for number in range(10 * WINDOW)], WINDOW // 16),
    "of one person": ([said(number, f"bob{number}", "mallory") for number in range(10 * WINDOW)], WINDOW // 4),
    "of many": ([said(number, f"bob{number % 7}", f"mallory{number % 5}") for number in range(10 * WINDOW)], 2 * WINDOW),
}


@pytest.mark.parametrize(("given", "bound"), FLOODS.values(), ids=FLOODS)
async def test_no_more_is_open_than_the_window_allows_and_all_arrives_once(tmp_path: Path, given: list[Delivery], bound: int) -> None:
    most = 0.0
    texts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal most
        if (granted := token(request)) is not None:
            return granted
        most = max(most, (REGISTRY.get_sample_value("im_relay_open_events", {"platform": "easemob"}) or 0.0) - before)
        body = json.loads(request.content)
        texts.append(body["ext"]["relay"]["id"])
        return httpx.Response(200, json={"data": {body["to"][0]: "1"}})

    before = REGISTRY.get_sample_value("im_relay_open_events", {"platform": "easemob"}) or 0.0
    alone = Alone(tmp_path, answer, max_open_events=WINDOW, max_in_flight=8, cycle=0.001)
    for one in given:
        alone.send(one)
    running = asyncio.create_task(alone.run())
    ends = asyncio.create_task(_ended(alone, given))
    await asyncio.wait({running, ends}, return_when=asyncio.FIRST_COMPLETED)
    alone.task.draining.set()
    alone.task.nudge()
    await running
    assert 0 < most <= bound
    assert sorted(texts) == sorted(one.event.id for one in given)
    for receiver in {one.receiver for one in given}:
        mine = {one.event.id: place for place, one in enumerate(given) if one.receiver == receiver}
        places = [mine[text] for text in texts if text in mine]
        assert places == sorted(places), "each conversation in its order"


async def _ended(alone: Alone, given: list[Delivery]) -> None:
    def arrived(entry: object) -> bool:
        return isinstance(entry, Settled) and isinstance(entry.outcome, Delivered)

    while not all(arrived(alone.task.ledger.get(one.event.id)) for one in given):
        await asyncio.sleep(0)


async def test_whether_a_restore_works_beside_live_work_is_known_to_who_would_tell_it_of_that_work() -> None:
    turns = FairTurns()
    async with turns.beside():
        assert turns.restoring == 1
    assert turns.restoring == 0
