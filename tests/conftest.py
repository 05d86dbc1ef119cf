"""The broker that the tests use."""

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.broker import broker
from tests.command_tree import made_once
from tests.quick_http import certificates_read_once
from tests.secured import Secured, secured
from tests.warm_java import warm_java
from tests.warm_python import warm_python

# A machine that is busy fails no law: nothing here is judged by time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

os.environ["IM_RELAY_LANG"] = "en"  # whatever the developer's terminal speaks; children of a test have it, too


LONG = (
    *("whole", "attacks", "chaos", "watch", "house/test_linters", "migrate", "deliver", "operate", "ingress", "kafka", "boards"),
    *("doctor", "convert", "deploy", "mutation", "exactly_once", "media", "state"),
)
"""Files with long tests begin, so that at the end no process waits for the last of them; within `tests`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((place for place, part in enumerate(LONG) if item.nodeid.startswith(f"tests/{part}")), len(LONG)))


def pytest_sessionstart() -> None:
    gc.disable()
    warm_python()
    made_once()
    certificates_read_once()


def pytest_collection_finish() -> None:
    """Modules and thousands of tests are there for good: nobody looks through them for garbage, neither while they are read nor later."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address, for the whole session: some minutes, in which compiling well would cost more than it gains."""
    warm_java()
    with broker(tmp_path_factory.mktemp("kafka"), brief=True) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A Kafka that asks who one is, and permits nothing by itself."""
    warm_java()
    with secured(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half an emoji in what a test printed cannot be handed from one of pytest's processes to the other."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "replace").decode()) for name, text in report.sections]
    return report
