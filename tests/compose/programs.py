"""Docker Compose, built from its Go module and kept in the user's cache directory.

Its module leaves out versions of others, and so cannot be installed by its name: it is built from a module that requires it.
The first time takes five minutes or more on two cores.
"""

import os
import subprocess
from pathlib import Path

from streams.kafka.local.jars import default_cache

MODULE, VERSION = "github.com/docker/compose/v2", "v2.39.4"


class BuildError(Exception):
    """A program could not be built; says by which command, and the end of what it said."""


def compose() -> Path:
    """The plug-in `docker compose`. Raises BuildError."""
    path = default_cache() / "compose" / f"docker-compose-{VERSION}"
    if path.is_file():
        return path
    folder = path.with_name(f"src-{path.name}")
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["module programs", "go 1.24.7", f"require {MODULE} {VERSION}"]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    (folder / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{MODULE}/cmd"\n')
    _run(["go", "mod", "tidy"], folder)
    made = path.with_suffix(".new")
    flags = f"-s -w -X {MODULE}/internal.Version={VERSION}"
    _run(["go", "build", "-trimpath", "-ldflags", flags, "-o", str(made), f"{MODULE}/cmd"], folder)
    made.replace(path)
    return path


def _run(command: list[str], folder: Path) -> None:
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false"}
    done = subprocess.run(["nice", "-n", "10", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed in {folder}:\n{done.stderr[-2000:]}")
