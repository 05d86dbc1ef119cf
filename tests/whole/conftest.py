"""The whole relay once for all tests here."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.stack import Stack
from tests.whole.crossing import IMPATIENT, Exchange


@pytest.fixture(scope="session")
def stack(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        # The broker's smallest: a killed worker's partitions are given out anew after this.
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        one = Stack(
            tmp_path_factory.mktemp("stack"), bootstrap=kafka, prefix=f"w{uuid4().hex[:8]}.", partitions=2,
            settings=IMPATIENT,
        )  # fmt: skip
        with one:
            yield one


@pytest.fixture
def exchange(stack: Stack) -> Exchange:
    return Exchange(stack)
