"""Runs the pure tests on each Python from 3.11 to 3.14 that this machine has, or that uv can fetch, with the pinned packages.

`python -m tests.pythons [--version 3.12]`. A Python for which a package has no wheel is named, and fails nothing. Exit code 2 where
there is none that the tests could run on.
"""

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ("tests/converters", "tests/model", "tests/locale")


def interpreter(version: str) -> str:
    """What uv is told: it does not look among those of pyenv that no shim leads to."""
    found = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/python")
    released = {int(last): str(path) for path in found if (last := path.parts[-3].rpartition(".")[2]).isdecimal()}
    return released[max(released)] if released else version


def why(output: str) -> str:
    """The error among what uv writes; warnings may stand around it."""
    lines = output.strip().splitlines()
    return next((line for line in lines if line.startswith("error: ")), lines[-1] if lines else "no word of it")


def environment(version: str) -> Path | str:
    """An environment with the pinned packages; why not, where there can be none."""
    folder = ROOT / f".venv-{version}"
    python = folder / "bin" / "python"
    if not python.exists():
        made = subprocess.run(
            ["uv", "venv", "--quiet", "--python", interpreter(version), str(folder)], capture_output=True, text=True, check=False
        )
        if made.returncode:
            return f"no such Python: {why(made.stderr)}"
    install = [
        "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python),
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        "requirements/dev.lock",
    ]
    done = subprocess.run(install, cwd=ROOT, capture_output=True, text=True, check=False)
    return python if done.returncode == 0 else f"its packages cannot be installed: {why(done.stderr)}"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.pythons")
    parser.add_argument("--version", action="append", choices=VERSIONS)
    if shutil.which("uv") is None:
        print("uv is needed: it makes the environments")
        return 2
    failed = ran = False
    for version in parser.parse_args(arguments).version or VERSIONS:
        python = environment(version)
        if isinstance(python, str):
            print(f"{version}: skipped, {python}", flush=True)
            continue
        ran = True
        code = subprocess.run([str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS], cwd=ROOT, check=False).returncode
        print(f"{version}: {'passed' if code == 0 else 'FAILED'}", flush=True)
        failed |= code != 0
    return 1 if failed else 0 if ran else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
