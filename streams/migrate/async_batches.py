"""What a platform tells bit by bit, taken in batches by a thread that waits for nothing else."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK = 200


async def some(reading: AsyncIterator[T]) -> list[T]:
    """As much as is there at once, and at least one; empty at the end."""
    found: list[T] = []
    async for one in reading:
        found.append(one)
        if len(found) >= CHUNK:
            break
    return found


async def closed(reading: Any) -> None:
    await reading.aclose()
