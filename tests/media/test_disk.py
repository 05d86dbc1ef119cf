"""Damage and a disk that refuses, met while a file is under way: the partition ends its work and says why; a job never just stops."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.exactly_once.producers import UnknownResultError, WaitingError
from streams.media.worker import STAGE, MediaWorker
from streams.state.errors import DamagedError, StateError


class Watched:
    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []

    def refused(self, stage: str, partition: int, kind: str, why: str) -> None:
        self.told.append((stage, partition, kind))


class Stub:
    """A task of a stage to which nothing comes."""

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self.watch = Watched()
        self.came = asyncio.Event()

    def nudge(self) -> None:
        self.came.set()

    def take_of(self, tp: object) -> None:
        return None

    async def wait(self, timeout: float) -> None:
        await asyncio.wait_for(self.came.wait(), 10)
        self.came.clear()


def carrying(state: Path) -> Any:
    class Around:
        class settings:  # noqa: N801
            concurrency = 2

    return MediaWorker(3, Around(), prefix="", log=None, state=state)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [DamagedError("x"), StateError("x", "full"), RuntimeError("a defect")], ids=["damage", "full", "defect"])
@pytest.mark.parametrize("where", ["a job", "the restore"])
async def test_what_a_job_meets_ends_the_work(tmp_path: Path, error: Exception, where: str) -> None:
    one, task = carrying(tmp_path), Stub()
    one._task = task

    async def meets() -> None:
        raise error

    met = asyncio.ensure_future(meets())
    if where == "a job":
        one._running.add(met)
    met.add_done_callback(one._over)
    with pytest.raises(type(error)) as caught:
        await one._cycles(task)
    assert caught.value is error
    assert not one._running


@pytest.mark.parametrize(
    ("error", "raised", "told"),
    [(DamagedError("x"), UnknownResultError, []), (StateError("no room", "full"), WaitingError, [(STAGE, 3, "full")]), (StateError("x", "damaged"), WaitingError, [(STAGE, 3, "damaged")])],
    ids=["damage is mended by the next try", "full waits", "damaged again waits"],
)  # fmt: skip
async def test_each_ends_as_it_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception], told: list[Any]
) -> None:
    def refuses(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("streams.media.worker.DedupeStore", refuses)
    one, task = carrying(tmp_path), Stub()
    with pytest.raises(raised) as caught:
        await one.run(task)
    assert isinstance(caught.value, WaitingError) == (raised is WaitingError)
    assert task.watch.told == told
