"""A media job as a whole: a voice fetched from Yunxin's simulator, made into what Easemob's shows, and uploaded to Easemob's.

Beside it the script that one would write first: httpx, the ffmpeg program, httpx again, with as many at once.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx

from converters.core.bodies import File
from converters.files.media import MediaJob
from converters.platforms.easemob.account import EasemobAccount
from converters.routing.route import App
from streams.media.context import MediaContext
from streams.media.job import Transferred, transfer
from tests import attachments
from tests.media.around import EASEMOB, apps_of, around
from tests.narrowed import of_kind
from tests.simulators.process import SimulatorProcess

AT_ONCE = 16
WORKERS = 2
SECONDS = 10.0


async def ours(apps: dict[str, App], urls: list[str]) -> float:
    """Seconds for all of them, as the role does it without Kafka."""
    with tempfile.TemporaryDirectory() as directory:
        async with around(apps, Path(directory), workers=WORKERS, at_once=AT_ONCE) as here:
            return await timed(here, urls)


async def timed(here: MediaContext, urls: list[str]) -> float:
    target = here.apps["new"]
    assert target.platform.media is not None
    shape = target.platform.media.shape("voice", target.account)
    assert shape is not None

    async def one(number: int, url: str) -> None:
        job = MediaJob(
            event=f"e{number}", place=0, role="voice", file=File(url), source="old", target="new", conversation=b"", partition=0, received=0
        )
        found = await transfer(job, shape, target, here)
        assert isinstance(found, Transferred), found
        assert found.codec == "aac>amr"

    await all_of(one, urls[:AT_ONCE])
    start = time.perf_counter()
    await all_of(one, urls)
    return time.perf_counter() - start


async def script(apps: dict[str, App], urls: list[str], ffmpeg: str) -> float:
    account = of_kind(EasemobAccount, apps["new"].account)
    with tempfile.TemporaryDirectory() as directory:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            asked = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": account.client_secret}
            base = f"{account.base_url}/{account.org}/{account.app}"
            token = (await http.post(f"{base}/token", json=asked)).json()["access_token"]

            async def one(number: int, url: str) -> None:
                source, made = Path(directory) / f"{number}.aac", Path(directory) / f"{number}.amr"
                source.write_bytes((await http.get(url)).content)
                command = ["-nostdin", "-loglevel", "error", "-y", "-i", str(source), "-ar", "8000", "-ac", "1", "-b:a", "12.2k", str(made)]
                program = await asyncio.create_subprocess_exec(ffmpeg, *command)
                assert await program.wait() == 0
                answer = await http.post(
                    f"{base}/chatfiles",
                    files={"file": (made.name, made.read_bytes(), "audio/amr")},
                    headers={"Authorization": f"Bearer {token}"},
                )
                assert answer.status_code == 200

            start = time.perf_counter()
            await all_of(one, urls)
            return time.perf_counter() - start


async def all_of(one: Callable[[int, str], Coroutine[Any, Any, None]], urls: list[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(number: int, url: str) -> None:
        async with gate:
            await one(number, url)

    await asyncio.gather(*(gated(number, url) for number, url in enumerate(urls)))


def measured(rounds: int, clips: int) -> tuple[float, float | None]:
    """Jobs a second: ours, and the script's where ffmpeg is installed; the better of *rounds* in turn."""
    with (
        SimulatorProcess("yunxin", limit_messages=0, limit_calls=0) as yunxin,
        SimulatorProcess("easemob", **EASEMOB, limit_messages=0, limit_calls=0) as easemob,
    ):
        yunxin.preload(["alice", "bob"])
        apps = apps_of(yunxin, easemob)
        for number in range(clips):
            yunxin.send("alice", "bob", attachments.voice(number % 30, "aac", SECONDS).media())
        urls = [entry["media"]["url"] for entry in yunxin.journal("said")]
        ffmpeg = shutil.which("ffmpeg")
        here: list[float] = []
        beside: list[float] = []
        for _ in range(rounds):
            here.append(clips / asyncio.run(ours(apps, urls)))
            if ffmpeg is not None:
                beside.append(clips / asyncio.run(script(apps, urls, ffmpeg)))
        return max(here), max(beside) if beside else None
