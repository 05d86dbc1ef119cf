"""One control plane for all tests of this directory, and a release in a namespace of its own for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes import binaries
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.release import SECRET, Release


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if binaries.go() is None or shutil.which("helm") is None:
        pytest.skip("Go and helm are needed: the chart is NOT tried on a control plane")
    with Cluster(binaries.build(), tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def release(cluster: Cluster, tmp_path: Path) -> Iterator[Release]:
    """With its Secret; not installed yet."""
    made = Release(cluster, tmp_path)
    made.namespaced()
    made.secret(SECRET)
    yield made
    made.remove()
