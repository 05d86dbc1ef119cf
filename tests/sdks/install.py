"""The SDKs, as ``locks/`` pins them, in ``.sdks/``: by the ordinary clients of their registries, which are set up where they run."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCKS, DRIVERS = HERE / "locks", HERE / "drivers"
PLACE = HERE.parents[1] / ".sdks"
OPENED = ("java.base/java.lang", "java.base/java.util", "java.base/java.time", "java.base/java.net")
"""What the driver's JSON library looks into, of an SDK's answers."""


class NotInstalledError(Exception):
    """Says what is missing, or differs from its lock."""


def python() -> list[str]:
    place = PLACE / "python"
    if not _fresh(place, LOCKS / "python.lock"):
        _run(sys.executable, "-m", "venv", "--clear", str(place))
        _run(str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCKS / "python.lock"))
        _done(place, LOCKS / "python.lock")
    return [str(place / "bin/python"), str(DRIVERS / "rongcloud_driver.py")]


def node() -> list[str]:
    _needed("node", "npm")
    place, lock = PLACE / "node", LOCKS / "node" / "package-lock.json"
    if not _fresh(place, lock):
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKS / "node" / name, place)
        _run("npm", "ci", "--silent", "--ignore-scripts", "--prefix", str(place))
        _done(place, lock)
    shutil.copy(DRIVERS / "rongcloud_driver.js", place)
    return ["node", str(place / "rongcloud_driver.js")]


def java(name: str, driver: str, sources: Path | None = None) -> list[str]:
    """*sources*: an SDK that is compiled here, from a checkout of its repository."""
    _needed("java", "javac", "mvn")
    place, lock = PLACE / "java" / name, LOCKS / "java" / name
    if not _fresh(place, lock / "jars.sha256"):
        shutil.rmtree(place, ignore_errors=True)
        _run(
            "mvn",
            "--batch-mode",
            "--quiet",
            "--file",
            str(lock / "pom.xml"),
            f"-Dmaven.repo.local={PLACE / 'maven'}",
            "dependency:copy-dependencies",
            f"-DoutputDirectory={place / 'jars'}",
        )
        _same(lock / "jars.sha256", digests(place / "jars"))
        _done(place, lock / "jars.sha256")
    compiled = [DRIVERS / "Driver.java", DRIVERS / f"{driver}.java"]
    if sources is not None:
        compiled += sorted(sources.rglob("*.java"))
        _same(lock / "source.sha256", [f"{tree_digest(sources)}  src/main/java"])
    listed = place / "compiled.txt"
    listed.write_text("\n".join(f'"{path}"' for path in compiled), encoding="utf-8")
    path = f"{place / 'jars'}/*:{place / 'classes'}"
    _run("javac", "-nowarn", "-encoding", "UTF-8", "-d", str(place / "classes"), "-cp", path, f"@{listed}")
    return ["java", "-Dfile.encoding=UTF-8", *(f"--add-opens={one}=ALL-UNNAMED" for one in OPENED), "-cp", path, driver]


def digests(folder: Path) -> list[str]:
    """A line for each file, as sha256sum prints it."""
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(folder.iterdir())]


def tree_digest(folder: Path) -> str:
    """Of the names and bytes of all files below *folder*."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.java"), key=lambda path: path.relative_to(folder).as_posix()):
        whole.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def _same(lock: Path, lines: list[str]) -> None:
    pinned = lock.read_text(encoding="utf-8").split("\n")[:-1]
    if pinned != lines:
        raise NotInstalledError(f"{lock.relative_to(HERE)} differs: {sorted(set(pinned) ^ set(lines))}")


def _fresh(place: Path, lock: Path) -> bool:
    mark = place / "locked"
    return mark.is_file() and mark.read_bytes() == lock.read_bytes()


def _done(place: Path, lock: Path) -> None:
    shutil.copy(lock, place / "locked")


def _needed(*programs: str) -> None:
    if missing := [program for program in programs if shutil.which(program) is None]:
        raise NotInstalledError(f"not on this machine: {', '.join(missing)}")


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise NotInstalledError(f"{command[0]} ended with {error.returncode}") from error
