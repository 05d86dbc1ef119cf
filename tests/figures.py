"""Prints the tables of TESTING.md: what the last runs of `make mutate` and `make coverage` with `--record` have found."""

import json
import re
from pathlib import Path

from tests import covered
from tests.mutation.__main__ import FIGURES as MUTATED
from tests.mutation.__main__ import modules

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "TESTING.md"


def mutated() -> list[str]:
    """A module that was not measured to its end has a dash."""
    rows = {module: json.loads(MUTATED.read_text()).get(module) for module in modules()}
    columns = ("mutants", "killed", "explained")
    sums = [sum(one[name] for one in rows.values() if one) for name in columns]
    return [
        "| module | defects | found | explained |",
        "| --- | --- | --- | --- |",
        *(f"| `{module}` | {' | '.join(str(one[name]) if one else '—' for name in columns)} |" for module, one in rows.items()),
        f"| all | {' | '.join(map(str, sums))} |",
    ]


def coverage() -> list[str]:
    floors = covered.floors()
    if not covered.FIGURES.exists():
        return [
            "| package | run |",
            "| --- | --- |",
            *(f"| `{package}` | not measured yet: `make coverage ARGS=--record` |" for package in floors),
        ]
    return [
        "| package | lines | run | branches | taken | both | floor |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| `{package}` | {one['num_statements']} | {one['covered_lines']} | {one['num_branches']} | {one['covered_branches']} | "
            f"{one['percent']} % | {floors[package]} % |"
            for package, one in json.loads(covered.FIGURES.read_text()).items()
        ),
    ]


def printed(text: str) -> str:
    """*text* with the tables in their places, which comments in it name."""
    for name, rows in (("mutation", mutated()), ("coverage", coverage())):
        mark = f"<!-- {name} -->\n"
        assert text.count(mark) == 1, f"no place for the table of {name}"
        text = re.sub(rf"{re.escape(mark)}(\|.*\n)*", lambda _, mark=mark, rows=rows: mark + "".join(f"{row}\n" for row in rows), text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(printed(PAGE.read_text()))
