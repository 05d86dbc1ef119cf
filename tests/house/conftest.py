import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet_collector() -> Iterator[None]:
    """CPython 3.11 fails in ast.parse when a finalizer that runs within it parses too, as a logged traceback does."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
