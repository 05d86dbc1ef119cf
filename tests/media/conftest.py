"""One server on loopback, and one that may ask it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.media.fetch import Fetcher
from streams.media.ssrf_guard import AddressPolicy
from tests.media.origin import Origin


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with Origin() as one:
        yield one


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    one = Fetcher(AddressPolicy(["127.0.0.1"]), connect=10.0, silence=20.0, total=30.0)
    yield one
    await one.close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "file"
