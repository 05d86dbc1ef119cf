"""The project's own files, as git sees them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Tracked files, and those that would be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    found = tuple(sorted(path for path in paths if path.is_file()))
    assert len(found) > 100, "this does not look like the project"
    return found


def made_and_tracked() -> list[str]:
    """Tracked files that `.gitignore` says to be made: they came in by force."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    return listed.stdout.decode().splitlines()


def modules(*packages: str) -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in packages]


def pages() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))
