"""Damage and a disk that refuses, met while a file is under way: the partition ends its work and says why; a job never just stops."""

import asyncio
from typing import Any

import pytest

from converters.core.localized import Localized
from streams.media.worker import MediaWorker
from streams.state.errors import DamagedError, StateError


class Stub:
    """A task of a stage to which nothing comes."""

    def __init__(self) -> None:
        self.partition = 3
        self.draining = asyncio.Event()
        self.came = asyncio.Event()

    def nudge(self) -> None:
        self.came.set()

    def take_of(self, tp: object) -> None:
        return None

    async def wait(self, timeout: float) -> None:
        await asyncio.wait_for(self.came.wait(), 10)
        self.came.clear()


class Empty:
    """State in which nothing is."""

    def restore(self, *_: object) -> None:
        return None


class Around:
    restoring = None

    class settings:  # noqa: N801
        concurrency = 2


@pytest.mark.parametrize(
    "error", [DamagedError(Localized("x")), StateError(Localized("x"), "full"), RuntimeError("a defect")], ids=["damage", "full", "defect"]
)
@pytest.mark.parametrize("where", ["a job", "the restore"])
async def test_what_a_job_meets_ends_the_work(error: Exception, where: str) -> None:
    stub: Any = Stub()
    one = MediaWorker(stub, Around(), Empty(), None, prefix="")  # type: ignore[arg-type]

    async def meets() -> None:
        raise error

    (one.background.start if where == "a job" else one.background.keep)(meets())
    with pytest.raises(type(error)) as caught:
        await one.cycles()
    assert caught.value is error
    assert not one.background.jobs
