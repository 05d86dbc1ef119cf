"""Coverage is measured in parts, too: no file twice, none left out, and nothing is judged before the last."""

import json
import os
import subprocess
import sys
from math import inf
from pathlib import Path

import pytest

from tests import covered
from tests.house.tree import ROOT

GOOD = "import pytest\n\n\n@pytest.mark.parametrize('one', [1, 2])\ndef test_it(one):\n    assert one\n"
A, B, C = "tests/one/test_a.py", "tests/one/test_b.py", "tests/two/test_c.py"
BAD = "def test_it():\n    assert False\n\n\ndef test_more():\n    assert True\n"


def ran(folder: Path, until: float, *files: str) -> dict[str, bool]:
    """What the plugin writes down of a run of *files*."""
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    told = folder / "ran.json"
    words = ["-q", "-p", "no:cacheprovider", "-p", "tests.measured_files", f"--until={until}", f"--ran={told}", *files]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "pytest", *words], cwd=folder, env=environment, check=False, capture_output=True)
    found: dict[str, bool] = json.loads(told.read_text())
    return found


def test_each_file_that_ran_is_written_down_and_whether_it_passed(tmp_path: Path) -> None:
    for name, text in (("test_a.py", GOOD), ("test_b.py", BAD), ("test_c.py", "")):
        (tmp_path / name).write_text(text)
    assert ran(tmp_path, inf, "test_a.py", "test_b.py", "test_c.py") == {"test_a.py": True, "test_b.py": False, "test_c.py": True}


def test_after_the_time_no_file_begins_and_the_one_under_way_runs_to_its_end(tmp_path: Path) -> None:
    for name, text in (("test_a.py", BAD), ("test_b.py", GOOD)):
        (tmp_path / name).write_text(text)
    assert ran(tmp_path, 0.0, "test_a.py", "test_b.py") == {"test_a.py": False}


class Tree:
    """One of its own, with three files of tests."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self._patch = root / ".coverage", monkeypatch
        self.end: tuple[int, list[str]] = (-1, [])
        for name, value in {"ROOT": root, "DATA": self.data, "PARTS": self.data / "parts.json"}.items():
            monkeypatch.setattr(covered, name, value)
        monkeypatch.setattr(covered, "floors", lambda: {"converters": 0.0})
        for path in ("converters/a.py", A, B, C):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()

    def measured(self, ends: dict[str, bool], *under: str) -> list[list[str]]:
        """Once, where files end as *ends* says and tell nothing else; the files that each pytest was told to run."""
        told: list[list[str]] = []

        def run(words: list[str]) -> int:
            told.append([word for word in words if word.startswith("tests/")])
            found = {file: ends[file] for file in told[-1] if file in ends}
            if found:
                (self.data / "ran.json").write_text(json.dumps(found))
            return 0

        self._patch.setattr(covered, "run", run)
        self.end = covered.parts(60, list(under))
        return told


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return Tree(tmp_path, monkeypatch)


def test_a_part_goes_on_behind_the_one_before_it(tree: Tree) -> None:
    assert tree.measured({A: True, C: True}) == [[A, B], [C]]
    assert tree.end == (0, [B])
    assert tree.measured({B: True}) == [[B]]
    assert tree.end == (0, [])


def test_a_part_may_be_of_some_directories_or_files(tree: Tree) -> None:
    assert tree.measured({A: True, B: True, C: True}, "tests/two") == [[C]]
    assert tree.end == (0, [A, B])
    assert tree.measured({A: True, B: True, C: True}, B, "tests/two/test_c.py") == [[B]]
    assert tree.end == (0, [A])


def test_what_failed_is_left_and_comes_last(tree: Tree) -> None:
    tree.measured({A: False})
    assert tree.end == (1, [B, C, A]), "and a run that told nothing is none"
    assert tree.measured({B: True, C: True, A: True}) == [[B], [C], [A]]
    assert tree.end == (0, [])


def test_lines_of_another_text_are_not_added_up(tree: Tree, tmp_path: Path) -> None:
    tree.measured({A: True, B: True, C: True})
    (tmp_path / ".coverage" / "data.1").touch()
    assert tree.measured({}) == []
    assert (tmp_path / ".coverage" / "data.1").exists()
    (tmp_path / "converters" / "a.py").write_text("x = 1\n")
    assert tree.measured({A: True, B: True, C: True}) == [[A, B], [C]]
    assert not (tmp_path / ".coverage" / "data.1").exists()


@pytest.mark.parametrize(
    ("words", "code", "judged"),
    [
        ([], 1, True),
        (["--report"], 1, True),
        (["tests/one"], 0, False),
        (["--add", "tests/one"], 0, False),
        (["--minutes=60"], 1, True),
        (["--minutes=0"], 0, False),
        (["--minutes=60", "tests/one"], 0, False),
        (["--minutes=60", "tests/two"], 1, True),
    ],
)
def test_the_floors_are_of_the_whole(
    words: list[str], code: int, judged: bool, tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.measured({A: True, B: True})
    figures = {"num_statements": 2, "covered_lines": 1, "num_branches": 0, "covered_branches": 0}
    monkeypatch.setattr(covered, "measured", lambda: {"converters/a.py": {"summary": figures}})
    monkeypatch.setattr(covered, "floors", lambda: {"converters": 60.0})
    monkeypatch.setattr(covered, "run", lambda words: (covered.DATA / "ran.json").write_text(json.dumps({C: True})) * 0)
    assert covered.main(words) == code
    said = capsys.readouterr().out.splitlines()
    assert ("converters: 50.0 %, and its floor is 60.0 %" in said) == judged
    assert ("a part: the floors are of the whole" in said) == (not judged)
