"""One life for all work over local state: whatever ends it, what runs beside it is over before the state is closed, and the role is told why."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from converters.core.localized import Localized
from streams.exactly_once.producers import UnknownResultError, WaitingError
from streams.exactly_once.shutdown import RevokedError
from streams.state.errors import DamagedError, StateError
from streams.state.stateful_stage import BackgroundTasks, StatefulStage

Step = Callable[[], Coroutine[Any, Any, None]]


class Task:
    """The role that hosts the stage, too: it writes down what it is told."""

    partition = 3

    def __init__(self, log: list[Any]) -> None:
        self.watch = self
        self.log = log
        self.came = asyncio.Event()

    def nudge(self) -> None:
        self.came.set()

    def refused(self, stage: str, partition: int, kind: str, why: str) -> None:
        self.log.append(("refused", stage, partition, kind))

    def preparing(self, stage: str, partition: int, *, done: bool) -> None:
        self.log.append(("preparing", stage, partition, done))


class Kept:
    def __init__(self, log: list[Any]) -> None:
        self.log = log

    def close(self) -> None:
        self.log.append("state closed")

    def own(self, partition: int, *, mine: bool) -> None:
        self.log.append(("own", partition, mine))


class Work:
    """*meets* are what its steps do, by name; a step that is not named there returns at once."""

    def __init__(self, task: Any, meets: dict[str, Step]) -> None:
        self.log, self.meets = task.watch.log, meets
        self.background = BackgroundTasks(task.nudge, told=False)

    async def _do(self, step: str) -> None:
        self.log.append(step)
        if step in self.meets:
            await self.meets[step]()

    async def prepare(self) -> None:
        await self._do("prepare")

    async def read_on(self) -> None:
        try:
            await self._do("read on")
            await asyncio.Event().wait()
        finally:
            self.log.append("reading over")

    async def job(self) -> None:
        await self._do("job")

    async def cycles(self) -> None:
        self.background.start(self.job())
        while self.background.jobs or "stay" in self.meets:
            self.background.check()
            await asyncio.sleep(0)
        self.background.check()
        await self._do("cycles")

    def let_go(self) -> None:
        self.log.append("let go")

    def close(self) -> None:
        self.log.append("work closed")


def raises(error: BaseException) -> Step:
    async def meets() -> None:
        raise error

    return meets


async def ran(opening: Exception | None = None, /, **meets: Step) -> tuple[list[Any], BaseException | None]:
    """What was done and told, in order, and what came of it."""
    log: list[Any] = []
    task: Any = Task(log)

    def opened(partition: int) -> Kept:
        assert partition == 3
        if opening is not None:
            raise opening
        return Kept(log)

    stage = StatefulStage(
        "deliver", opened, lambda task, state: Work(task, {name.replace("_", " "): step for name, step in meets.items()}), Kept(log)
    )
    try:
        await stage.run(task)
    except Exception as error:
        return log, error
    return log, None


BEFORE = [("refused", "deliver", 3, ""), ("preparing", "deliver", 3, False), "prepare", ("preparing", "deliver", 3, True)]
AFTER = [("own", 3, False), "let go", "reading over", "work closed", "state closed"]


async def test_a_whole_life() -> None:
    log, error = await ran()
    assert error is None
    assert log == [*BEFORE, ("own", 3, True), "read on", "job", "cycles", *AFTER]


@pytest.mark.parametrize("error", [KafkaConnectionError(), TimeoutError()])
async def test_what_cannot_be_brought_up_to_date_is_begun_anew(error: Exception) -> None:
    log, met = await ran(prepare=raises(error))
    assert type(met) is UnknownResultError
    assert log == [*BEFORE, "state closed"], "nothing is owned, and nothing else was begun"


@pytest.mark.parametrize(
    ("error", "raised", "told"),
    [
        (DamagedError(Localized("x")), UnknownResultError, []),
        (StateError(Localized("no room"), "full"), WaitingError, ["full"]),
        (StateError(Localized("x"), "damaged"), WaitingError, ["damaged"]),
    ],
    ids=["damage is mended by the next try", "full waits", "damaged again waits"],
)
@pytest.mark.parametrize("where", ["opening", "prepare", "job", "read_on", "cycles"])
async def test_a_disk_that_refuses_is_told_wherever_it_is_met(
    where: str, error: Exception, raised: type[Exception], told: list[str]
) -> None:
    log, met = await (ran(error) if where == "opening" else ran(**{where: raises(error)}, **_stay(where)))
    assert type(met) is raised
    assert [kind for _, _, _, kind in _refusals(log)][where != "opening" :] == told
    assert ("state closed" in log) == (where != "opening")


@pytest.mark.parametrize("where", ["prepare", "job", "read_on", "cycles"])
async def test_a_defect_is_raised_as_it_is_and_leaves_nothing_open(where: str) -> None:
    error = ValueError("a defect")
    log, met = await ran(**{where: raises(error)}, **_stay(where))
    assert met is error
    assert log[-1] == "state closed"
    if where != "prepare":
        assert log[-5:] == AFTER if where != "read_on" else "reading over" in log


async def test_a_job_that_was_only_let_go_ends_nothing() -> None:
    log, error = await ran(job=raises(RevokedError()))
    assert error is None
    assert log[-6:] == ["cycles", *AFTER]


async def test_the_cycles_are_woken_by_what_fails_and_where_they_are_told_by_every_job() -> None:
    for told, job, woken in [
        (False, raises(ValueError()), True),
        (False, _nothing, False),
        (True, _nothing, True),
        (False, raises(RevokedError()), False),
    ]:
        nudges: list[None] = []
        background = BackgroundTasks(partial(nudges.append, None), told=told)
        background.start(job())
        while background.jobs:
            await asyncio.sleep(0)
        assert bool(nudges) == woken, (told, job)


async def _nothing() -> None:
    return None


def _stay(where: str) -> dict[str, Step]:
    """Cycles that go on until something fails."""
    return {"stay": _nothing} if where in ("job", "read_on") else {}


def _refusals(log: list[Any]) -> list[Any]:
    return [one for one in log if isinstance(one, tuple) and one[0] == "refused"]
