"""Whether files that old messages name are still there: a sample of their addresses is asked for, and nothing of them is kept."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from converters.files.media import Download
from streams.media.fetch import Fetched, Fetcher

AT_ONCE = 8


class Sampled(Struct, frozen=True):
    where: str
    """`file:line` of the message."""
    url: str


class Dead(Struct, frozen=True):
    where: str
    reason: str
    """A short, fixed word."""


async def dead(files: Sequence[Sampled], fetcher: Fetcher) -> list[Dead]:
    """Those that cannot be had. A file is left as soon as its server begins to send it."""
    gate = asyncio.Semaphore(AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="im-relay-") as directory:

        async def tried(number: int, file: Sampled) -> Dead | None:
            async with gate:
                got = await fetcher.fetch(Download(url=file.url), Path(directory) / str(number), largest=1)
            if isinstance(got, Fetched) or got.status == 200:
                return None
            return Dead(file.where, got.reason)

        try:
            answers = await asyncio.gather(*(tried(number, file) for number, file in enumerate(files)))
        finally:
            await fetcher.close()
    return [answer for answer in answers if answer is not None]
