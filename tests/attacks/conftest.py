"""One relay for all attacks that need all of it, an ingress for those on the door, and the workers of the delivery's own tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.deliver.conftest import bob, directory, late_port, target, worker
from tests.ingress.conftest import Running, running, today
from tests.stack import Stack
from tests.whole.crossing import IMPATIENT

__all__ = ["bob", "directory", "late_port", "target", "today", "worker"]


@pytest.fixture(scope="package")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory: Path = tmp_path_factory.mktemp("attacked")
    with Stack(directory, bootstrap=kafka, prefix=f"attacked{uuid4().hex[:8]}.", partitions=2, settings=IMPATIENT, media=None) as one:
        yield one


@pytest.fixture
async def ingress(kafka: str) -> AsyncIterator[Running]:
    async with running(kafka) as one:
        yield one
