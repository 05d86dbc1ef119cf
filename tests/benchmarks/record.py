"""Runs a benchmark and appends what it printed to a file, one JSON object a line, so that a slowdown is seen.

`python -m tests.benchmarks.record NAME [--file FILE] [arguments of the benchmark]`; exits as the benchmark does.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from time import gmtime, strftime

ROOT = Path(__file__).parents[2]


def entry(name: str, arguments: list[str], code: int, output: str) -> dict[str, object]:
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


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.benchmarks.record")
    parser.add_argument(
        "name", choices=sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "\ndef main(" in path.read_text())
    )
    parser.add_argument("--file", type=Path, default=ROOT / "benchmarks.jsonl")
    chosen, rest = parser.parse_known_args(arguments)
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{chosen.name}", *rest], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout, end="")
    with chosen.file.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry(chosen.name, rest, done.returncode, done.stdout), ensure_ascii=False) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
