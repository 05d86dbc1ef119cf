"""Builds the wheel, installs it into an empty environment with the pinned packages, and runs what it installs.

`python -m tests.wheel [--keep DIRECTORY]`; needs a package registry, as `make command` does.
"""

import shutil
import subprocess
import sys
import venv
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
NEEDED = ("converters/py.typed", "streams/py.typed", "streams/locale/zh_CN.po")


def built(folder: Path) -> Path:
    """Into *folder*, where no other one lies."""
    subprocess.run([sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("im_relay-*.whl")
    return wheel


def check(wheel: Path, folder: Path) -> None:
    """Raises where something is missing, or does not run."""
    names = set(ZipFile(wheel).namelist())
    if missing := [name for name in NEEDED if name not in names]:
        raise AssertionError(f"the wheel lacks {missing}")
    if (
        foreign := {name.partition("/")[0] for name in names}
        - {"converters", "streams"}
        - {f"{'-'.join(wheel.stem.split('-')[:2])}.dist-info"}
    ):
        raise AssertionError(f"the wheel installs {foreign}")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), *PIP, "install", "--require-hashes", "-r", str(ROOT / "requirements" / "runtime.lock")], check=True)
    subprocess.run([str(python), *PIP, "install", "--no-deps", str(wheel)], check=True)
    version = wheel.name.split("-")[1]
    for arguments, language, expected in (
        (["--version"], "en", f"im-relay {version}"),
        (["topics", "list"], "en", "deliveries."),
        (["--help"], "zh", "命令"),
    ):
        done = subprocess.run(
            [str(folder / "bin" / "im-relay"), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            env={"IM_RELAY_LANG": language, "PYTHONUTF8": "1"},
        )
        if expected not in done.stdout:
            raise AssertionError(f"im-relay {' '.join(arguments)} printed {done.stdout!r}; expected {expected!r}")


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.wheel")
    parser.add_argument("--keep", type=Path, help="where the wheel is left, once it has run")
    keep: Path | None = parser.parse_args(arguments).keep
    with TemporaryDirectory() as folder:
        wheel = built(Path(folder) / "wheel")
        check(wheel, Path(folder) / "environment")
        print(f"{wheel.name} is whole and runs")
        if keep is not None:  # beside those of earlier releases
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy2(wheel, keep)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
