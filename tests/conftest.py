"""The broker that the tests use: always a real one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.local import LocalKafka
from streams.kafka.ports import free_port


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address: of the cluster that KAFKA_BOOTSTRAP names, else of one node for the whole session."""
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    data: Path = tmp_path_factory.mktemp("kafka")
    with LocalKafka(data, free_port(), free_port()) as node:
        yield node.bootstrap
