"""Programs beside Python that tests run: those that are installed; else they are fetched into the cache, once.

A test is skipped where neither is possible, and says why.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from streams.kafka.local.jars import default_cache
from tests import succeeding
from tests.made_once import made_once

HELM = "helm.sh/helm/v3/cmd/helm@v3.22.0"


def _helm(to: Path) -> None:
    """Built from its Go module: some minutes."""
    succeeding.run(["go", "install", HELM], "it cannot be built", env=os.environ | {"GOBIN": str(to.parent), "GOFLAGS": ""})


def _promtool(to: Path) -> None:
    """Out of Debian's package, which is not installed."""
    with tempfile.TemporaryDirectory(dir=to.parent) as directory:
        folder, download = Path(directory), ["apt-get", "download", "prometheus"]
        try:
            succeeding.run(download, "it cannot be downloaded", cwd=folder)
        except RuntimeError:
            succeeding.run(["apt-get", "update"], "Debian's packages cannot be listed")
            succeeding.run(download, "it cannot be downloaded", cwd=folder)
        (package,) = folder.glob("prometheus_*.deb")
        succeeding.run(["dpkg-deb", "-x", str(package), str(folder / "all")], "it cannot be unpacked")
        shutil.copy2(folder / "all/usr/bin/promtool", to)


FETCHED: Mapping[str, Callable[[Path], None]] = {"helm": _helm, "promtool": _promtool}


@cache
def _found(name: str) -> tuple[str, str]:
    """Where it lies, or why nowhere."""
    if (installed := shutil.which(name)) is not None:
        return installed, ""
    try:
        return str(made_once(default_cache() / "programs" / name, FETCHED[name])), ""
    except (RuntimeError, FileNotFoundError) as error:  # the latter: what fetches it is not installed
        return "", str(error)


def program(name: str) -> str:
    """Its path. Skips the test where there is none."""
    path, why = _found(name)
    if why:
        pytest.skip(f"{name} is not installed, and cannot be fetched: {why}")
    return path
