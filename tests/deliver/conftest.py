"""One deliver process and one target for all that needs no other settings; tests differ by whom they write to."""

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from streams.kafka.local.ports import free_port
from tests.deliver.target import Target
from tests.deliver.worker import Worker, app

LEASE = "lease = 1.0\n"


@pytest.fixture(scope="package")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deliver")


@pytest.fixture(scope="package")
def target() -> Iterator[Target]:
    with Target() as one:
        yield one


@pytest.fixture(scope="package")
def late_port() -> int:
    """Where the app `late` is to be found, and nobody listens before a test does."""
    return free_port()


@pytest.fixture(scope="package")
def worker(kafka: str, directory: Path, target: Target, late_port: int) -> Iterator[Worker]:
    """What is in doubt is sent again, soon."""
    apps = app("late", f"http://127.0.0.1:{late_port}")
    with Worker(kafka, directory / "resend", target.url, deliver=f"{LEASE}echo_wait = 0.3", apps=apps) as one:
        yield one


@pytest.fixture
def bob(request: pytest.FixtureRequest) -> str:
    """A receiver of this test's own."""
    return f"bob{crc32(request.node.nodeid.encode()):08x}"
