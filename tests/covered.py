"""How much of the two packages the tests run, in the processes of roles and commands as well.

`python -m tests.covered [arguments of pytest]`; `--report` judges what an earlier run has measured, `--add` keeps it and measures more,
`--record` writes the figures into `tests/coverage.json`. Exit code 1 where a package is under its floor, which pyproject.toml names, or a
test fails. A process that is killed with SIGKILL has told nothing.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".coverage"
FIGURES = ROOT / "tests" / "coverage.json"
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


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if word not in ("--report", "--add", "--record")]
    code = 0
    if "--report" not in arguments:
        if "--add" not in arguments:
            shutil.rmtree(DATA, ignore_errors=True)
        DATA.mkdir(exist_ok=True)
        pytest = ["-m", "pytest", *(["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"] if "-n" not in words else []), *words]
        code = subprocess.run([sys.executable, "-m", "coverage", "run", *pytest], cwd=ROOT, check=False).returncode
    files = measured()
    figures, faults = judged(files, floors())
    for path, one in sorted(files.items(), key=lambda each: (percent(each[1]["summary"]), each[0]))[:WORST]:
        print(f"{percent(one['summary']):5} %  {path}")
    for package, one in figures.items():
        print(f"{package}: {one['percent']} % of {one['num_statements']} lines and {one['num_branches']} branches")
    print("".join(f"{fault}\n" for fault in faults), end="")
    if "--record" in arguments:
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if faults or code else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
