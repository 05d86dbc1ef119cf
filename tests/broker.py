"""The broker of tests and benchmarks: always a real one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port


@contextmanager
def broker(data: Path, *, brief: bool = False) -> Iterator[str]:
    """Bootstrap address: of the cluster that KAFKA_BOOTSTRAP names, else of a node of its own in *data*; *brief* as in `LocalKafka`."""
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    with LocalKafka(data, free_port(), free_port(), brief=brief) as node:
        yield node.bootstrap
