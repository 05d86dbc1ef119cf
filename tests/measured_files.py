"""A plugin of pytest for `tests.covered --minutes`: no file of tests begins after a time, and which have run is written down."""

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from time import monotonic

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--until", type=float, help="no file begins when the monotonic clock has more seconds")
    parser.addoption("--ran", type=Path, help="a file for a JSON object: by file that has run, whether all of it passed")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Files(config.getoption("--until"), config.getoption("--ran")))


class _Files:
    def __init__(self, until: float, ran: Path) -> None:
        self._until, self._told = until, ran
        self._left: Counter[str] = Counter()
        self._ran: list[str] = []
        self._failed: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """One of which no test is chosen has run."""
        self._left = Counter(_file(item.nodeid) for item in session.items)
        given = [Path(name).resolve() for name in session.config.args]
        self._ran = [name for path in given if not self._left[name := path.relative_to(session.config.rootpath).as_posix()]]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(_file(report.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        done = yield
        file = _file(item.nodeid)
        self._left[file] -= 1
        if not self._left[file]:
            self._ran.append(file)
            if monotonic() > self._until:
                item.session.shouldstop = "the time is over"
        return done

    def pytest_sessionfinish(self) -> None:
        self._told.write_text(json.dumps({file: file not in self._failed for file in self._ran}))


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
