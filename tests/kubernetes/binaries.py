"""The programs of a control plane of Kubernetes, built from their Go modules and kept in the user's cache directory.

Kubernetes publishes its libraries beside itself and names them by relative paths in its own go.mod, so each is pinned here to the version
of the same release. What is built once is not built again; the first time takes ten minutes or more on two cores. Of other projects only the files that describe
their kinds are taken: they lie in their modules.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

from streams.kafka.local.jars import default_cache

KUBERNETES, ETCD, KWOK = "v1.34.4", "v3.6.16", "v0.7.0"


class ProgramSource(Struct, frozen=True):
    """A Go program: *package* of *module* at *version*; *siblings*, where the module's own replacements have to be named."""

    name: str
    module: str
    version: str
    package: str
    siblings: bool = False
    flags: str = ""


def _kubernetes(name: str) -> ProgramSource:
    stamp = "".join(
        f" -X k8s.io/{library}/version.git{key}={value}"
        for library in ("component-base", "client-go/pkg")
        for key, value in (
            ("Version", KUBERNETES),
            ("Major", KUBERNETES[1:].split(".", maxsplit=1)[0]),
            ("Minor", KUBERNETES.split(".")[1]),
        )
    )
    return ProgramSource(name, "k8s.io/kubernetes", KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", siblings=True, flags=stamp)


PROGRAMS = (
    ProgramSource("etcd", "go.etcd.io/etcd/server/v3", ETCD, "go.etcd.io/etcd/server/v3"),
    *map(_kubernetes, ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
    ProgramSource("kwok", "sigs.k8s.io/kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
)


class BuildError(Exception):
    """A program could not be built; says by which command, and the end of what it said."""


def go() -> str | None:
    return shutil.which("go")


def build() -> dict[str, Path]:
    """Every program by its name; what is missing is built. Raises BuildError."""
    for source in PROGRAMS:
        if not _path(source).is_file():
            _build(source)
    return {source.name: _path(source) for source in PROGRAMS}


def _path(source: ProgramSource) -> Path:
    return default_cache() / "kubernetes" / f"{source.name}-{source.version}"


def _build(source: ProgramSource) -> None:
    folder = default_cache() / "kubernetes" / "src" / f"{source.module.replace('/', '_')}@{source.version}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["module programs", "go 1.24.0", f"require {source.module} {source.version}"]
    if source.siblings:
        minor = f"v0.{source.version.split('.', 1)[1]}"
        lines += [f"replace {name} => {name} {minor}" for name in _siblings(source)]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    imported = "\n".join(f'\t_ "{one.package}"' for one in PROGRAMS if one.module == source.module)
    (folder / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\nimport (\n{imported}\n)\n")
    _run(["go", "mod", "tidy"], folder)
    made = _path(source).with_suffix(".new")
    _run(["go", "build", "-trimpath", "-ldflags", f"-s -w{source.flags}", "-o", str(made), source.package], folder)
    made.replace(_path(source))


def module(name: str, version: str) -> Path:
    """The directory of a module's files, downloaded where it is missing. Raises BuildError."""
    return Path(_downloaded(name, version)["Dir"])


def _siblings(source: ProgramSource) -> list[str]:
    described = Path(_downloaded(source.module, source.version)["GoMod"]).read_text(encoding="utf-8")
    return re.findall(r"^\s*(k8s\.io/\S+) => \./staging/", described, re.MULTILINE)


def _downloaded(name: str, version: str) -> dict[str, str]:
    told: dict[str, str] = json.loads(_run(["go", "mod", "download", "-json", f"{name}@{version}"], Path("/")))
    return told


def _run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false"}
    done = subprocess.run(["nice", "-n", "10", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed in {folder}:\n{done.stderr[-2000:]}")
    return done.stdout
