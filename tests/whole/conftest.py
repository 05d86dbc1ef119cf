"""The whole relay once for all tests here."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.stack import Stack
from tests.whole.crossing import IMPATIENT, Exchange


@pytest.fixture(scope="package")
def relay(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stack]:
    """Makes a whole relay: (its name, its settings, what else `Stack` takes)."""

    def made(name: str, settings: str = IMPATIENT, **options: Any) -> Stack:
        prefix = f"{name}{uuid4().hex[:8]}."
        return Stack(tmp_path_factory.mktemp(name), bootstrap=kafka, prefix=prefix, partitions=2, settings=settings, **options)

    return made


@pytest.fixture(scope="package")
def stack(relay: Callable[..., Stack]) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        # The broker's smallest: a killed worker's partitions are given out anew after this.
        patch.setenv("IM_RELAY_KAFKA__SESSION_TIMEOUT", "6")
        with relay("whole") as one:
            yield one


@pytest.fixture
def exchange(stack: Stack) -> Exchange:
    return Exchange(stack)
