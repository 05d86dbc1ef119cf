"""`python -m tests.mutation [MODULE…]`: mutants of these modules, or of all that `modules.toml` names, in a copy of the tree.

Prints each that survives its tests, and is not in `survivors.toml`; each that stands there and does not survive; and the figures. Exit
code 1 for either. `--record` writes the figures into `figures.json`, from which TESTING.md is printed. `--go-on` keeps in .mutation what
was found of each, and goes on behind it where the run was stopped, as long as the module and its tests are the same. Where only new tests
have come to them, those that survived are tried again.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
KEPT = ROOT / ".mutation"


def modules() -> dict[str, list[str]]:
    """The tests of each module, by the module's path."""
    return tomllib.loads((HERE / "modules.toml").read_text())


def explained() -> dict[str, dict[str, str]]:
    """Why a mutant is no defect: by the module's path and the mutant's key."""
    return tomllib.loads((HERE / "survivors.toml").read_text())


def copied(to: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def judged(tree: Path, module: str, tests: list[str], reasons: dict[str, str], kept: Path | None = None) -> dict[str, int] | None:
    """The figures of a module; None where its tests fail as it stands. Prints what nobody has explained. *kept*: see `--go-on`."""
    figures = {"mutants": 0, "killed": 0, "explained": 0, "survived": 0, "stale": 0}
    alive = set()
    for said in _answers(tree, module, tests, kept):
        if "broken" in said:
            print(f"{module}: its tests fail as it stands\n{said['broken']}")
            return None
        figures["mutants"] += 1
        if said["by"]:
            figures["killed"] += 1
            if os.environ.get("VERBOSE"):
                print(f"killed {module}:{said['line']}: {said['key']} BY {said['by']}", flush=True)
            continue
        alive.add(said["key"])
        if said["key"] in reasons:
            figures["explained"] += 1
        else:
            figures["survived"] += 1
            print(f"{module}:{said['line']}: survives: {said['key']}", flush=True)
    for key in sorted(reasons.keys() - alive):
        figures["stale"] += 1
        print(f"{module}: in survivors.toml, and does not survive: {key}", flush=True)
    return figures


def _answers(tree: Path, module: str, tests: list[str], kept: Path | None) -> Iterator[dict[str, str]]:
    """What the server says of each mutant, and before that what an earlier one has said. `broken` where it does not come to its end."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    if kept is not None:
        of = json.dumps(state := _state(tree, module, tests))
        lines = kept.read_text().splitlines() if kept.exists() else []
        # The last line may be half a one.
        whole = [line for line in lines[1:] if line.endswith("}")]
        if not lines or not _grown(json.loads(lines[0]), state):
            whole = []
        elif lines[0] != of:
            whole = [line for line in whole if json.loads(line)["by"]]
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("".join(f"{line}\n" for line in (of, *whole)))
        yield from map(json.loads, whole)
        environment["KNOWN"] = str(kept)
    words = [sys.executable, "-m", "tests.mutation.server", module, *tests]
    with subprocess.Popen(words, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            said = json.loads(line)
            if kept is not None and "broken" not in said:
                with kept.open("a") as file:
                    file.write(line)
            yield said
    if server.returncode:
        yield {"broken": f"exit code {server.returncode}"}


def _state(tree: Path, module: str, tests: list[str]) -> dict[str, list[str]]:
    """By path: what the module is, and each statement of its tests; before that of a test that is a function stands its name."""
    state = {module: [sha256((tree / module).read_bytes()).hexdigest()]}
    for path in tests:
        state[path] = [
            (f"{node.name} " if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") else "")
            + sha256(ast.dump(node).encode()).hexdigest()
            for node in ast.parse((tree / path).read_bytes()).body
        ]
    return state


def _grown(before: dict[str, list[str]], now: dict[str, list[str]]) -> bool:
    """Whether all is as it was, but for tests that are new: what was found then is found now."""
    if before.keys() != now.keys():
        return False
    named = {one.split(" ")[0] for statements in before.values() for one in statements if " " in one}
    old = {path: [one for one in statements if " " not in one or one.split(" ")[0] in named] for path, statements in now.items()}
    return old == before


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("module", nargs="*", help="a path of modules.toml; default: all of them")
    parser.add_argument("--record", action="store_true", help="write the figures into figures.json")
    parser.add_argument("--go-on", action="store_true", help="go on behind what a run that was stopped has found")
    chosen = parser.parse_args(arguments)
    known, reasons, code = modules(), explained(), 0
    if unknown := [module for module in chosen.module if module not in known]:
        print(f"not in tests/mutation/modules.toml: {', '.join(unknown)}")
        return 2
    with TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        copied(Path(folder))
        for module in chosen.module or known:
            kept = KEPT / f"{module.replace('/', '.')}.jsonl" if chosen.go_on else None
            figures = judged(Path(folder), module, known[module], reasons.get(module, {}), kept)
            if figures is None:
                code = 1
                continue
            print(f"{module}: " + ", ".join(f"{count} {name}" for name, count in figures.items()), flush=True)
            if figures["survived"] or figures["stale"]:
                code = 1
            elif chosen.record:
                written = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
                written[module] = {name: figures[name] for name in ("mutants", "killed", "explained")}
                FIGURES.write_text(json.dumps(dict(sorted(written.items())), indent=2) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
