"""Runs the pure tests on each Python from 3.11 to 3.14 that this machine has, or that uv can fetch, with the pinned packages.

`python -m tests.pythons [--version 3.12]`. A Python for which a package has no wheel is named, and fails nothing.
"""

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ("tests/converters", "tests/model", "tests/locale")


def environment(version: str) -> Path | str:
    """An environment with the pinned packages; why not, where there can be none."""
    folder = ROOT / f".venv-{version}"
    python = folder / "bin" / "python"
    if not python.exists():
        made = subprocess.run(["uv", "venv", "--quiet", "--python", version, str(folder)], capture_output=True, text=True, check=False)
        if made.returncode:
            return f"no such Python: {made.stderr.strip().splitlines()[-1]}"
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
    return python if done.returncode == 0 else f"a package has no wheel: {done.stderr.strip().splitlines()[-1]}"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.pythons")
    parser.add_argument("--version", action="append", choices=VERSIONS)
    if shutil.which("uv") is None:
        print("uv is needed: it makes the environments")
        return 2
    failed = False
    for version in parser.parse_args(arguments).version or VERSIONS:
        python = environment(version)
        if isinstance(python, str):
            print(f"{version}: skipped, {python}", flush=True)
            continue
        code = subprocess.run([str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS], cwd=ROOT, check=False).returncode
        print(f"{version}: {'passed' if code == 0 else 'FAILED'}", flush=True)
        failed |= code != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
