"""The states of events in the work itself: with a target in every mood and an owner that dies, they move as the protocol says, and each ends once."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from converters.core.model import Delivery
from converters.core.outcome import Delivered, Refused
from streams.deliver import conversations, protocol
from streams.deliver.ledger_schema import Settled
from streams.deliver.protocol import EventState
from tests.deliver.alone import Alone, token
from tests.deliver.worker import delivery

GATE, ASKED, DOUBT = EventState.GATE, EventState.ASKED, EventState.DOUBT
SEEN = {
    (EventState.QUEUED, GATE),
    (EventState.QUEUED, DOUBT),
    (GATE, EventState.LICENSED),
    (EventState.LICENSED, ASKED),
    (ASKED, EventState.ENDED),
    (ASKED, GATE),
    (ASKED, DOUBT),
    (DOUBT, GATE),
    (DOUBT, EventState.ENDED),
}
MOODS = (*["taken"] * 12, "refused", "throttled", "no connection", "lost", "answer lost")
"""Mostly well: a breaker that opens costs seconds."""
PEOPLE, EACH = 12, 6


class Target:
    """It calls back what it has taken where the answer is lost."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.events: dict[str, Delivery] = {}
        self.arrived: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.alone: Alone | None = None
        self.half = asyncio.Event()
        """Set once half of the events were asked for."""
        self.asked: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if (granted := token(request)) is not None:
            return granted
        body = orjson.loads(request.content)
        event = body["ext"]["relay"]["id"]
        self.asked.add(event)
        if len(self.asked) > PEOPLE * EACH // 2:
            self.half.set()
        match self.random.choice(MOODS):
            case "refused":
                self.refused.add(event)
                return httpx.Response(400, json={"error": "illegal_argument", "error_description": "no such field"})
            case "throttled":
                return httpx.Response(429, json={"error": "too_many_requests"})
            case "no connection":
                raise httpx.UnsupportedProtocol("none")
            case "lost":
                raise httpx.ReadTimeout("no answer")
            case mood:
                self.arrived[event] += 1
                if mood == "answer lost":
                    assert self.alone is not None
                    self.alone.echo(self.events[event], str(len(self.arrived)))
                    raise httpx.ReadTimeout("no answer")
                return httpx.Response(200, json={"data": {body["to"][0]: str(len(self.arrived))}})


@pytest.mark.parametrize("seed", [1, 2])
async def test_events_move_as_the_protocol_says_and_each_ends_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    taken: set[tuple[EventState, EventState]] = set()

    def moved(state: EventState, to: EventState) -> EventState:
        if state is not to:
            taken.add((state, to))
        return protocol.moved(state, to)

    monkeypatch.setattr(conversations, "moved", moved)
    target = Target(seed)
    given = [delivery(f"bob{number % PEOPLE}", "hi", f"{seed}{number}") for number in range(PEOPLE * EACH)]
    target.events = {one.event.id: one for one in given}
    settings: dict[str, Any] = {
        "echo_wait": 0.05,
        "lease": 0.2,
        "timeout": 0.2,
        "backoff": 0.001,
        "backoff_max": 0.01,
        "cycle": 0.001,
        "clock_margin": 0.0,
    }
    dies = target.alone = Alone(tmp_path, target, **settings)
    running = asyncio.create_task(dies.run())
    for one in given:
        dies.send(one)
    await asyncio.wait({running, asyncio.create_task(target.half.wait())}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.wait({running})

    heir = target.alone = Alone(tmp_path, target, dies.task, **settings)
    running = asyncio.create_task(heir.run())
    for one in given:
        if target.arrived[one.event.id]:
            heir.echo(one, "0")  # whatever was called back to the first one lies there still
        heir.send(one)
    ends = asyncio.create_task(_ended(heir, target))
    await asyncio.wait({running, ends}, return_when=asyncio.FIRST_COMPLETED)
    heir.task.draining.set()
    heir.task.nudge()
    await running
    for event in target.events:
        end = heir.task.ledger[event]
        assert isinstance(end, Settled)
        assert isinstance(end.outcome, Delivered if target.arrived[event] else Refused), event
        assert target.arrived[event] <= 1, "nothing is doubled"
        assert target.arrived[event] or event in target.refused, "nor lost"
    assert taken >= SEEN


async def _ended(alone: Alone, target: Target) -> None:
    while not all(isinstance(alone.task.ledger.get(event), Settled) for event in target.events):
        await asyncio.sleep(0)
