"""Which signatures were used is read out of the callbacks' topics, whatever fails meanwhile."""

import asyncio
from typing import Any

import pytest

from streams.ingress.following import SignatureFollower
from streams.ingress.once import SignatureTable, UsedSignature
from streams.ingress.record import ONCE
from streams.kafka import clients
from tests.ingress.conftest import Running


async def test_what_was_fetched_and_not_learnt_is_fetched_again(ingress: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a signature that another process took would be good here once more."""
    learnt: list[UsedSignature] = []
    table = SignatureTable(None)
    monkeypatch.setattr(table, "learn", learnt.append)
    follower = SignatureFollower(table, ingress.bootstrap, [ingress.topic])
    await follower.start()
    failing = True
    usual = follower._learn

    def learn(headers: Any) -> None:
        nonlocal failing
        if failing:
            failing = False
            raise OSError("once")
        usual(headers)

    monkeypatch.setattr(follower, "_learn", learn)
    used = UsedSignature(b"k" * 16, b"said", 1)
    try:
        async with clients.producer(ingress.bootstrap, acks="all") as producer:
            await producer.send_and_wait(ingress.topic, b"{}", b"key", partition=0, headers=[(ONCE, used.written())])
        async with asyncio.timeout(30):
            while not learnt:
                await asyncio.sleep(0.05)
        assert (failing, learnt[0]) == (False, used)
    finally:
        await follower.stop()
