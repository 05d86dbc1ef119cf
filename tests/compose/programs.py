"""Docker Compose and Prometheus, built from their Go modules and kept in the user's cache directory.

A module that replaces or leaves out versions of others cannot be installed by its name, so each is built from a module of its own that requires
it. The first time takes five minutes or more on two cores.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from msgspec import Struct

from streams.kafka.local.jars import default_cache

COMPOSE = "v2.39.4"


class BuildError(Exception):
    """A program could not be built; says by which command, and the end of what it said."""


class Program(Struct, frozen=True):
    """*package* of a Go *module* at *version*; *flags* are the linker's."""

    name: str
    module: str
    version: str
    package: str
    flags: str = ""


def compose() -> Path:
    """The plug-in `docker compose`. Raises BuildError."""
    module = "github.com/docker/compose/v2"
    return _built(Program("docker-compose", module, COMPOSE, f"{module}/cmd", f"-X {module}/internal.Version={COMPOSE}"))


def prometheus(version: str) -> Path:
    """*version* as Prometheus names its releases, such as `v3.5.0`; its module counts v3.5.0 as v0.305.0. Raises BuildError."""
    major, minor, patch = version.removeprefix("v").split(".")
    module = "github.com/prometheus/prometheus"
    stamp = f"-X github.com/prometheus/common/version.Version={major}.{minor}.{patch}"
    return _built(Program("prometheus", module, f"v0.{major}{int(minor):02}.{patch}", f"{module}/cmd/prometheus", stamp))


def _built(program: Program) -> Path:
    path = default_cache() / "compose" / f"{program.name}-{program.version}"
    if path.is_file():
        return path
    folder = default_cache() / "compose" / "src" / f"{program.name}@{program.version}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["module programs", "go 1.24.0", f"require {program.module} {program.version}", *_replacements(program)]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    (folder / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{program.package}"\n')
    _run(["go", "mod", "tidy"], folder)
    made = path.with_suffix(".new")
    _run(["go", "build", "-trimpath", "-ldflags", f"-s -w {program.flags}", "-o", str(made), program.package], folder)
    made.replace(path)
    return path


def _replacements(program: Program) -> list[str]:
    """What the module replaces or excludes, in force only in a build of its own."""
    told = json.loads(_run(["go", "mod", "download", "-json", f"{program.module}@{program.version}"], Path("/")))
    text = re.sub(r"//.*", "", Path(told["GoMod"]).read_text(encoding="utf-8"))
    whole = re.findall(r"^(?:replace|exclude) (?!\().+$", text, re.MULTILINE)
    for verb, block in re.findall(r"^(replace|exclude) \((.*?)^\)", text, re.MULTILINE | re.DOTALL):
        whole += [f"{verb} {line.strip()}" for line in block.splitlines() if line.strip()]
    return whole


def _run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false"}
    done = subprocess.run(["nice", "-n", "10", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed in {folder}:\n{done.stderr[-2000:]}")
    return done.stdout
