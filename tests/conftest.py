"""The broker that the tests use."""

from collections.abc import Iterator

import pytest

from tests.broker import broker


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address, for the whole session."""
    with broker(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap
