"""The engine, and docker-compose.yml started on it as the page says, once for all tests."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kafka.local.jars import default_cache
from tests.compose import programs
from tests.compose.engine import Engine
from tests.compose.images import prepare
from tests.compose.page import Page
from tests.compose.project import Project
from tests.stack import ROOT


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Engine]:
    directory = tmp_path_factory.mktemp("engine")
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None

    def say(line: str) -> None:
        reporter.ensure_newline()
        reporter.write_line(line)
        reporter.flush()

    compose = programs.compose()
    with Engine(default_cache() / "compose" / "engine", directory) as made:
        made.plug_in(compose)
        made.clear()
        prepare(made, directory / "images", say)
        yield made
        made.clear()


def checkout(folder: Path) -> Path:
    """A copy of the repository as git would have it, so that nothing of a developer's own is touched."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(engine, checkout(tmp_path_factory.mktemp("repository")))
    made.typed(Page().block("start"))
    made.wait_well()
    return made
