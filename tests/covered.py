"""How much of the two packages the tests run, in the processes of roles and commands as well.

`python -m tests.covered [arguments of pytest]`; `--report` judges what an earlier run has measured, `--add` keeps it and measures more,
`--record` writes the figures into `tests/coverage.json`. `--minutes N [path of tests…]` measures a part: as many of the files of tests (of
those under these paths) that no such run has measured as begin within N minutes; the next one goes on behind it. It begins anew where one
of the two packages has changed.

Exit code 1 where a test fails, or a package is under its floor, which pyproject.toml names. That is judged of the whole alone: where
pytest is told nothing, no file is left, or `--report` says that this is the whole. A process that is killed with SIGKILL has told nothing.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".coverage"
FIGURES = ROOT / "tests" / "coverage.json"
PARTS = DATA / "parts.json"
"""What runs with `--minutes` have measured."""
WORST = 15


def floors() -> dict[str, float]:
    floors: dict[str, float] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["im-relay"]["coverage"]
    return floors


def summed(files: dict[str, Any], package: str) -> dict[str, float]:
    """Of all modules of *package*: lines and branches, how many of them were run, and the percentage."""
    rows = [one["summary"] for path, one in files.items() if path.partition("/")[0] == package]
    found = {name: sum(row[name] for row in rows) for name in ("num_statements", "covered_lines", "num_branches", "covered_branches")}
    return {**found, "percent": percent(found)}


def percent(summary: dict[str, Any]) -> float:
    """Of lines and branches together, rounded down to a tenth."""
    there = summary["num_statements"] + summary["num_branches"]
    return (summary["covered_lines"] + summary["covered_branches"]) * 1000 // there / 10 if there else 100.0


def measured() -> dict[str, Any]:
    """By file, of all that lies in .coverage."""
    with TemporaryDirectory() as folder:
        whole, report = Path(folder) / "data", Path(folder) / "report.json"
        data = [str(path) for path in DATA.glob("data.*")]
        for words in (
            ["combine", "--quiet", "--keep", f"--data-file={whole}", *data],
            ["json", "--quiet", f"--data-file={whole}", "-o", str(report)],
        ):
            subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, check=True)
        files: dict[str, Any] = json.loads(report.read_text())["files"]
    return files


def judged(files: dict[str, Any], floors: dict[str, float]) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The figures of each package, and what is under its floor."""
    figures = {package: summed(files, package) for package in floors}
    return figures, [
        f"{package}: {figures[package]['percent']} %, and its floor is {floor} %"
        for package, floor in floors.items()
        if figures[package]["percent"] < floor
    ]


def source() -> str:
    """A digest of both packages: lines that were measured are those of one text."""
    paths = sorted(path for package in floors() for path in (ROOT / package).rglob("*.py"))
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def parts(minutes: float, under: list[str]) -> tuple[int, list[str]]:
    """Measures for so long: exit code, and the files of tests that are left, not only *under* these paths. One that failed is left, and comes last."""
    ran: dict[str, bool] = {}
    of = source()
    if PARTS.exists() and (kept := json.loads(PARTS.read_text()))["source"] == of:
        ran = kept["ran"]
    else:
        empty()
    until, code = monotonic() + 60 * minutes, 0

    def left() -> list[str]:
        files = (path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
        return sorted((file for file in files if not ran.get(file)), key=lambda file: (file in ran, file))

    chosen = [file for file in left() if not under or any(Path(file).is_relative_to(path) for path in under)]
    for _, files in groupby(chosen, key=lambda file: (file in ran, Path(file).parent)):
        if monotonic() > until:
            break
        told = DATA / "ran.json"
        told.unlink(missing_ok=True)
        run(["-n", "0", "-p", "tests.measured_files", f"--until={until}", f"--ran={told}", *files])
        found: dict[str, bool] = json.loads(told.read_text()) if told.exists() else {}
        code |= not found or not all(found.values())
        ran |= found
        PARTS.write_text(json.dumps({"source": of, "ran": ran}))
    return int(code), left()


def run(pytest: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", "run", "-m", "pytest", *pytest], cwd=ROOT, check=False).returncode


def empty() -> None:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.covered", allow_abbrev=False)
    parser.add_argument("--report", action="store_true", help="judge what was measured before")
    parser.add_argument("--add", action="store_true", help="keep what was measured before")
    parser.add_argument("--record", action="store_true", help="write the figures into tests/coverage.json")
    parser.add_argument("--minutes", type=float, help="measure files of tests that are left, for so long")
    chosen, words = parser.parse_known_args(arguments)
    left: list[str] = []
    code, whole = 0, chosen.report or not words
    if chosen.minutes is not None:
        code, left = parts(chosen.minutes, words)
        whole = not left
    elif not chosen.report:
        if not chosen.add:
            empty()
        code = run([*(["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"] if "-n" not in words else []), *words])
    files = measured()
    figures, faults = judged(files, floors())
    for path, one in sorted(files.items(), key=lambda each: (percent(each[1]["summary"]), each[0]))[:WORST]:
        print(f"{percent(one['summary']):5} %  {path}")
    for package, one in figures.items():
        print(f"{package}: {one['percent']} % of {one['num_statements']} lines and {one['num_branches']} branches")
    if left:
        print(f"{len(left)} files of tests are left, the first is {left[0]}")
    if not whole:
        print("a part: the floors are of the whole")
        return code
    print("".join(f"{fault}\n" for fault in faults), end="")
    if chosen.record:
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if faults or code else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
