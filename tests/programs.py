"""Programs beside Python that tests run: those that are installed; else they are fetched into the cache, once.

A test is skipped where neither is possible, and says why.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from streams.kafka.local.jars import default_cache

HELM = "helm.sh/helm/v3/cmd/helm@v3.22.0"


def _helm(into: Path) -> str:
    """Built from its Go module: some minutes. Why not, or nothing."""
    if shutil.which("go") is None:
        return "Go, which builds it, is not installed"
    return _ran(["go", "install", HELM], environment={"GOBIN": str(into), "GOFLAGS": ""})


def _promtool(into: Path) -> str:
    """Out of Debian's package, which is not installed. Why not, or nothing."""
    if shutil.which("apt-get") is None:
        return "it is fetched with apt-get, which is not installed"
    with tempfile.TemporaryDirectory(dir=into) as directory:
        download = ["apt-get", "download", "prometheus"]
        if why := _ran(download, directory):
            why = _ran(["apt-get", "update"]) or _ran(download, directory)
        packages = list(Path(directory).glob("prometheus_*.deb"))
        if why or not packages:
            return why or "apt-get downloaded nothing"
        if why := _ran(["dpkg-deb", "-x", str(packages[0]), f"{directory}/all"]):
            return why
        shutil.copy2(f"{directory}/all/usr/bin/promtool", into / "promtool")
    return ""


FETCHED: Mapping[str, Callable[[Path], str]] = {"helm": _helm, "promtool": _promtool}


def _ran(command: list[str], directory: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=directory, env=os.environ | (environment or {}), capture_output=True, text=True, check=False)
    return f"{' '.join(command[:2])} ended with {done.returncode}: {done.stderr.strip()[-300:]}" if done.returncode else ""


@cache
def _found(name: str) -> tuple[str, str]:
    """Where it lies, or why nowhere."""
    if (installed := shutil.which(name)) is not None:
        return installed, ""
    into = default_cache() / "programs"
    into.mkdir(parents=True, exist_ok=True)
    with (into / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        why = "" if (into / name).is_file() else FETCHED[name](into)
    return str(into / name), why


def program(name: str) -> str:
    """Its path. Skips the test where there is none."""
    path, why = _found(name)
    if why:
        pytest.skip(f"{name} is not installed, and cannot be fetched: {why}")
    return path
