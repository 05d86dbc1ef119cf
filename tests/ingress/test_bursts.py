"""A burst of connections is accepted in a few turns of the event loop: honest ones wait behind hostile ones no longer than that."""

import asyncio
import socket
from typing import Any

import pytest
import uvloop

from streams.http_server.listener import Listener

MANY = 320
ENOUGH = MANY // 4
"""Turns; libuv by itself takes one for each."""


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """Nobody asks anything."""


async def turns() -> int:
    """Until all of a burst that came within one turn are accepted."""
    listener = Listener(silent, "127.0.0.1", 0, "ingress")
    await listener.start()
    callers = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(MANY)]
    try:
        for turn in range(10 * MANY):
            if len(listener.connections) == MANY:
                return turn
            await asyncio.sleep(0)
        raise AssertionError(f"{len(listener.connections)} of {MANY} are accepted")
    finally:
        for each in callers:
            each.close()
        await listener.stop(1)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_it_takes_turns_by_the_dozen(run: Any) -> None:
    assert run(turns()) <= ENOUGH
