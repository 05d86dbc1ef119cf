"""Test messages cross both ways through real roles, and tell of a stage that is gone; nothing counts them."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from converters.canary import KEY  # noqa: F401
from streams.kafka import topics
from streams.settings.root import load, marking
from streams.watch.canary import Canary, CanaryResult, CanaryState
from tests.stack import MARKS, Stack  # noqa: F401

pytestmark = pytest.mark.kafka

CANARY = '[canary]\napps = ["old", "new"]\npatience = 25\n'
ALL = ("text", "picture", "voice", "recall")


@pytest.fixture(scope="module", params=["yunxin", "rongcloud"])
def stack(request: pytest.FixtureRequest, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    prefix = f"canary{uuid4().hex[:8]}."
    with Stack(tmp_path_factory.mktemp("canary"), source=request.param, bootstrap=kafka, prefix=prefix, partitions=2, settings=CANARY) as one:
        yield one


def play(stack: Stack, **options: Any) -> dict[tuple[str, str], CanaryResult]:
    """One run of the canary of *stack*; *options* of `[canary]`."""

    async def once() -> dict[Any, CanaryResult]:
        os.environ |= MARKS
        settings = load(stack.config)
        chosen = settings.canary.model_copy(update=options)
        names = {name: settings.kafka.topic(topics.CALLBACKS, app.platform) for name, app in settings.apps.items()}
        canary = Canary(settings.kafka.cluster, marking(settings), names, chosen, settings.deliver)
        await canary.start()
        try:
            return await canary.run()
        finally:
            await canary.stop()

    return asyncio.run(once())


def test_every_kind_arrives_both_ways_as_what_it_is(stack: Stack) -> None:
    print(play(stack))
    assert 0
