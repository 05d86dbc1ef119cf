"""The end of what runs beside a task: whoever closes what it uses must know that it is over."""

import asyncio
from collections.abc import Iterable


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel *tasks*, and return when each of them is over, also when the caller itself is cancelled meanwhile.

    A task of a partition is cancelled when it takes too long to stop, and that is while it waits here: what it would close afterwards
    would stay open, and keep the partition from ever being worked on again in this process.
    """
    left = set(tasks)
    for task in left:
        task.cancel()
    cancelled = False
    while left:
        try:
            _, left = await asyncio.wait(left)
        except asyncio.CancelledError:
            cancelled = True
            left = {task for task in left if not task.done()}
    if cancelled:
        raise asyncio.CancelledError
