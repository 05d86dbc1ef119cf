"""The figures of TESTING.md are those that were measured, and floors fail what is under them."""

import json
import tomllib
from typing import Any

import pytest

from tests import covered, figures
from tests.house.tree import ROOT


def test_the_tables_are_not_stale() -> None:
    text = figures.PAGE.read_text()
    assert figures.printed(text) == text, "make pages"


def test_what_was_measured_is_not_under_the_floor_and_not_far_above_it() -> None:
    if not covered.FIGURES.exists():
        assert set(covered.floors().values()) == {0}, "a floor that nobody has measured"
        return
    found: dict[str, dict[str, Any]] = json.loads(covered.FIGURES.read_text())
    assert found.keys() == covered.floors().keys() == {"converters", "streams"}
    for package, floor in covered.floors().items():
        assert floor <= found[package]["percent"] <= floor + 3, f"{package}: the floor is as good as none"


def module(path: str, lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    return {
        path: {
            "summary": {"num_statements": lines[0], "covered_lines": lines[1], "num_branches": branches[0], "covered_branches": branches[1]}
        }
    }


FILES = {
    **module("converters/a.py", (10, 10), (2, 1)),
    **module("converters/b/c.py", (5, 5), (0, 0)),
    **module("streams/a.py", (100, 1), (0, 0)),
    **module("streams/empty.py", (0, 0), (0, 0)),
}


@pytest.mark.parametrize(("floor", "faults"), [(94.1, []), (94.2, ["converters: 94.1 %, and its floor is 94.2 %"])])  # 16 of 17
def test_a_package_under_its_floor_is_named(floor: float, faults: list[str]) -> None:
    found, told = covered.judged(FILES, {"converters": floor, "streams": 1.0})
    assert told == faults
    assert found["converters"] == {"num_statements": 15, "covered_lines": 15, "num_branches": 2, "covered_branches": 1, "percent": 94.1}
    assert found["streams"]["percent"] == 1.0


def test_both_packages_are_measured_in_their_processes_too() -> None:
    run = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert run["source"] == list(covered.floors())
    assert {"subprocess", "fork"} <= set(run["patch"])
    assert run["branch"]
