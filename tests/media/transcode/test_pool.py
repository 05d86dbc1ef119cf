"""Workers that are hurt in every way: one order's harm, and nobody waits for ever."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from converters.files.media import Shape
from streams.media.transcode.pool import NoWorkerError, TranscodePool
from streams.media.transcode.request import Transcoded, TranscodeFailed, TranscodeLimits, TranscodeRequest

LIMITS = TranscodeLimits(cpu_seconds=1, seconds=60.0, memory_bytes=128 << 20, output_bytes=1 << 20)
PATIENCE = 120.0


@asynccontextmanager
async def hurting(workers: int = 1, **limits: float) -> AsyncIterator[TranscodePool]:
    pool = TranscodePool(workers, replace(LIMITS, **limits), program="tests.media.transcode.hurting")
    await pool.start()
    try:
        yield pool
    finally:
        pids = (*pool.pids, pool.pid)
        await pool.close()
        assert not [pid for pid in pids if pid and alive(pid)]


def state(pid: int) -> str:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return "X"


def alive(pid: int) -> bool:
    return state(pid) not in "ZX"


async def stopped(pool: TranscodePool) -> int:
    """The worker that has stopped, when it has."""
    await until(lambda: any(state(pid) == "T" for pid in pool.pids))
    return next(pid for pid in pool.pids if state(pid) == "T")


def worker(found: Transcoded | TranscodeFailed) -> int:
    """Which has made it."""
    assert isinstance(found, Transcoded), found
    return int(found.path.read_text())


def children(pool: TranscodePool) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pool.pid}/task/{pool.pid}/children").read_text().split()]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)


@pytest.fixture
def order(tmp_path: Path) -> Callable[[str], TranscodeRequest]:
    count = iter(range(10_000))

    def made(deed: str) -> TranscodeRequest:
        directory = tmp_path / str(next(count))
        directory.mkdir()
        (directory / "source").write_text(deed)
        return TranscodeRequest(directory / "source", directory, "voice", Shape(formats=("mp3",)), False)

    return made


async def answer(work: Awaitable[Transcoded | TranscodeFailed]) -> Transcoded | TranscodeFailed:
    async with asyncio.timeout(PATIENCE):
        return await work


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        ("spin", TranscodeFailed("cpu", crashed=True)),
        ("bloat", TranscodeFailed("memory")),
        ("fill", TranscodeFailed("too-large")),
        ("die", TranscodeFailed("crashed", crashed=True)),
        ("raise", TranscodeFailed("crashed", crashed=True)),
    ],
)
async def test_harm_is_one_order_s_and_has_a_word_twice_in_a_row(
    deed: str, expected: TranscodeFailed, order: Callable[[str], TranscodeRequest]
) -> None:
    async with hurting() as pool:
        for _ in range(2):
            assert await answer(pool.press(order(deed))) == expected
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_what_was_written_is_gone_when_the_order_failed(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        one = order("fill")
        await answer(pool.press(one))
        assert [each.name for each in one.directory.iterdir()] == ["source"]


@pytest.mark.parametrize("deed", ["sleep", "stop"])
async def test_who_takes_too_long_is_killed(deed: str, order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting(seconds=0.5) as pool:
        for _ in range(2):
            assert await answer(pool.press(order(deed))) == TranscodeFailed("timeout", crashed=True)
            assert pool.pids == ()
            assert children(pool) == []
    async with hurting() as pool:
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_nonsense_for_an_answer_costs_the_worker(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting(seconds=20.0) as pool:
        assert await answer(pool.press(order("babble"))) == TranscodeFailed("crashed", crashed=True)
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_what_a_library_prints_is_no_answer(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        assert isinstance(await answer(pool.press(order("print"))), Transcoded)
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_a_worker_killed_from_outside_costs_its_order(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        for _ in range(2):
            work = asyncio.create_task(answer(pool.press(order("stop"))))
            os.kill(await stopped(pool), signal.SIGKILL)
            assert await work == TranscodeFailed("crashed", crashed=True)
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_the_process_that_forks_them_is_replaced_at_once_and_costs_no_file(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        for _ in range(2):
            pid = pool.pid
            work = asyncio.create_task(answer(pool.press(order("stop"))))
            child = await stopped(pool)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(NoWorkerError):
                await work
            await until(lambda: pool.pid not in (None, pid) and not alive(child))  # noqa: B023
            assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_every_file_has_a_process_of_its_own(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        pids = [worker(await answer(pool.press(order("fine")))) for _ in range(5)]
        assert len({*pids, pool.pid}) == 6
        assert not [pid for pid in pids if alive(pid)], "and it has ended before its file is believed"


async def test_who_asks_no_longer_leaves_no_worker_behind(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        work = asyncio.create_task(pool.press(order("stop")))
        pid = await stopped(pool)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert not alive(pid)
        assert isinstance(await answer(pool.press(order("fine"))), Transcoded)


async def test_a_hundred_orders_of_which_every_tenth_hurts(order: Callable[[str], TranscodeRequest]) -> None:
    deeds = ["die" if at % 20 == 0 else "raise" if at % 10 == 0 else "fine" for at in range(100)]
    async with hurting(2) as pool:
        found = await asyncio.gather(*(answer(pool.press(order(deed))) for deed in deeds))
        assert [isinstance(each, Transcoded) for each in found] == [deed == "fine" for deed in deeds]
        assert pool.pids == ()


async def test_who_came_first_is_served_first(order: Callable[[str], TranscodeRequest]) -> None:
    served: list[int] = []

    async def again_and_again(name: int) -> None:
        for _ in range(10):
            await answer(pool.press(order("fine")))
            served.append(name)

    async with hurting() as pool:
        await asyncio.gather(*(again_and_again(name) for name in range(4)))
    assert all(set(served[at : at + 4]) == set(range(4)) for at in range(0, 40, 4))


async def test_the_seconds_of_cpu_are_each_order_s_own(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        for _ in range(2 * LIMITS.cpu_seconds * 3):
            assert isinstance(await answer(pool.press(order("work"))), Transcoded)


async def test_none_of_our_environment_reaches_a_worker(order: Callable[[str], TranscodeRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_SECRET", "s3cret")
    async with hurting() as pool:
        work = asyncio.create_task(pool.press(order("stop")))
        assert Path(f"/proc/{await stopped(pool)}/environ").read_bytes().strip(b"\0") == b""
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_closed_pool_says_so_to_all_who_wait(order: Callable[[str], TranscodeRequest]) -> None:
    async with hurting() as pool:
        one = order("stop")
        works = [asyncio.create_task(pool.press(each)) for each in (one, order("fine"), order("fine"))]
        await stopped(pool)
        await pool.close()
        found = await asyncio.gather(*works, return_exceptions=True)
        assert [type(each) for each in found] == [NoWorkerError] * 3
        with pytest.raises(NoWorkerError):
            await answer(pool.press(order("fine")))


async def test_where_no_worker_comes_up_the_file_is_not_blamed() -> None:
    pool = TranscodePool(1, LIMITS, program="tests.media.transcode.unable")
    with pytest.raises(NoWorkerError):
        await pool.start()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_workers_die_with_the_role_even_in_the_middle_of_an_order(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("stop")
    program = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path
        from converters.files.media import Shape
        from tests.media.transcode.test_pool import LIMITS, stopped
        from streams.media.transcode.pool import TranscodePool, TranscodeRequest
        async def main():
            pool = TranscodePool(2, LIMITS, program="tests.media.transcode.hurting")
            await pool.start()
            here = Path({str(tmp_path)!r})
            work = asyncio.create_task(pool.press(TranscodeRequest(here / "source", here, "voice", Shape(formats=("mp3",)), False)))
            print(pool.pid, await stopped(pool), flush=True)
            await work
        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as role:
        assert role.stdout is not None
        pids = [int(each) for each in role.stdout.readline().split()]
        assert len(pids) == 2
        end = time.monotonic() + PATIENCE
        role.kill()
        while any(alive(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.02)
        assert not [pid for pid in pids if alive(pid)]


async def test_films_leave_a_process_to_pictures_and_voices(order: Callable[[str], TranscodeRequest]) -> None:
    shape = Shape(formats=("mp4",))
    async with hurting(workers=2) as pool:
        films = [asyncio.create_task(pool.press(replace(order("stop"), role="video", shape=shape))) for _ in range(3)]
        pid = await stopped(pool)
        found = await answer(pool.press(order("work")))
        assert worker(found) not in (pid, 0)
        assert not any(film.done() for film in films)
        for film in films:
            film.cancel()
        await asyncio.gather(*films, return_exceptions=True)


async def test_a_film_has_more_time_than_other_files(order: Callable[[str], TranscodeRequest]) -> None:
    """0.3 s of work are too much for a voice of no seconds, and nothing for a film."""
    async with hurting(cpu_seconds=1, film_seconds=60, seconds=0.2) as pool:
        assert await answer(pool.press(order("sleep"))) == TranscodeFailed("timeout", crashed=True)
        found = await answer(pool.press(replace(order("work"), role="video", shape=Shape(formats=("mp4",)))))
        assert isinstance(found, Transcoded)
