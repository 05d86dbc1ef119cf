"""Docker Compose, built from its Go module and kept in the user's cache directory.

A module that replaces or leaves out versions of others cannot be installed by its name, so it is built from a module of its own that requires it.
The first time takes five minutes or more on two cores.
"""

import json
import os
import re
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
    lines = ["module programs", "go 1.24.0", f"require {MODULE} {VERSION}", *_replacements()]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    (folder / "tools.go").write_text(f'//go:build tools\n\npackage tools\n\nimport _ "{MODULE}/cmd"\n')
    _run(["go", "mod", "tidy"], folder)
    made = path.with_suffix(".new")
    flags = f"-s -w -X {MODULE}/internal.Version={VERSION}"
    _run(["go", "build", "-trimpath", "-ldflags", flags, "-o", str(made), f"{MODULE}/cmd"], folder)
    made.replace(path)
    return path


def _replacements() -> list[str]:
    """What the module replaces or excludes, in force only in a build of its own."""
    told = json.loads(_run(["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"], Path("/")))
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
