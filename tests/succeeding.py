"""Commands that have to succeed."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    command: Sequence[str], what: str, *, cwd: Path | None = None, env: Mapping[str, str] | None = None, patience: float | None = None
) -> str:
    """What it prints. Raises RuntimeError, with all that it said, where it fails at *what*; TimeoutExpired after *patience* seconds."""
    return said(subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=patience), what)


def said(done: "subprocess.CompletedProcess[str]", what: str) -> str:
    """What a command has printed that has ended; RuntimeError as `run`."""
    if done.returncode:
        raise RuntimeError(f"{what}:\n{done.stdout}{done.stderr}")
    return done.stdout
