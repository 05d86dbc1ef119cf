"""Runs a benchmark and appends what it printed to a file, one JSON object a line, so that a slowdown is seen.

`python -m tests.benchmarks.record NAME [--file FILE] [arguments of the benchmark]`; exits as the benchmark does. Behind what the benchmark
prints stand the lines of which a figure is more than 10 % from that of the last such run: of the same arguments, on such a machine.
"""

import json
import os
import platform
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from time import gmtime, strftime
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "benchmarks.jsonl"
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_MOVED = 0.1
"""Of a figure: less is the machine's mood."""


def entry(name: str, arguments: list[str], code: int, output: str) -> dict[str, Any]:
    """One line of the file. The commit says `+` where the tree has changes of its own."""
    git = [
        subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
        for words in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain"))
    ]
    return {
        "at": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "commit": git[0] + ("+" if git[1] else ""),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "benchmark": name,
        "arguments": arguments,
        "exit_code": code,
        "output": [line.rstrip() for line in output.splitlines() if line.strip()],
    }


def last(file: Path, now: dict[str, Any]) -> dict[str, Any] | None:
    """The last entry of *file* that *now* can be held against."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    entries: Iterator[dict[str, Any]] = (json.loads(line) for line in reversed(lines))
    return next((one for one in entries if all(one[name] == now[name] for name in ("benchmark", "arguments", "machine"))), None)


def moved(before: list[str], now: list[str]) -> Iterator[tuple[str, str]]:
    """(before, now) of the lines that say the same of other figures, one of which is far from what it was."""
    known = {_FIGURE.sub("0", line): line for line in before}
    for line in now:
        was = known.get(_FIGURE.sub("0", line))
        if was is not None and any(abs(new - old) > _MOVED * old for old, new in zip(_figures(was), _figures(line), strict=True)):
            yield was, line


def _figures(line: str) -> list[float]:
    return [float(figure.replace(",", "")) for figure in _FIGURE.findall(line)]


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.benchmarks.record")
    parser.add_argument(
        "name", choices=sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "\ndef main(" in path.read_text())
    )
    parser.add_argument("--file", type=Path, default=FILE)
    chosen, rest = parser.parse_known_args(arguments)
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{chosen.name}", *rest], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout, end="")
    now = entry(chosen.name, rest, done.returncode, done.stdout)
    before = last(chosen.file, now)
    if before is not None:
        print(f"\nbeside the run of {before['at']}, commit {before['commit']}, Python {before['python']}:")
        found = [f"  was {was.strip()}\n  now {line.strip()}" for was, line in moved(before["output"], now["output"])]
        print("\n".join(found) or "  no figure is more than 10 % from what it was")
    with chosen.file.open("a", encoding="utf-8") as file:
        file.write(json.dumps(now, ensure_ascii=False) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
