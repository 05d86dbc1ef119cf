"""`make test-pythons` finds the Pythons that there are, and says why one is left out."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import pythons


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ([], "3.13"),
        (["3.12.9"], "3.13"),
        (["3.13.0rc1", "3.13-dev"], "3.13"),
        (["3.13.9", "3.13.10", "3.13.2", "3.13.11rc1"], "versions/3.13.10/bin/python"),
    ],
)
def test_of_those_that_pyenv_has_the_newest_is_taken(there: list[str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for name in there:
        (tmp_path / "versions" / name / "bin").mkdir(parents=True)
        (tmp_path / "versions" / name / "bin" / "python").touch()
    assert pythons.interpreter("3.13").removeprefix(f"{tmp_path}/") == found


def test_why_is_the_error_and_not_the_warning_around_it() -> None:
    assert pythons.why("warning: a shim\nerror: no download\n  hint: more\n") == "error: no download"
    assert pythons.why("only this\n") == "only this"
    assert pythons.why("") == "no word of it"


@pytest.mark.parametrize(
    ("environments", "code", "said"),
    [
        ({"3.12": "no such Python", "3.13": "no such Python"}, 2, ["3.12: skipped, no such Python", "3.13: skipped, no such Python"]),
        ({"3.12": "no such Python", "3.13": Path("good")}, 0, ["3.12: skipped, no such Python", "3.13: passed"]),
        ({"3.12": Path("bad"), "3.13": Path("good")}, 1, ["3.12: FAILED", "3.13: passed"]),
    ],
)
def test_one_that_fails_fails_all_and_none_is_no_success(
    environments: dict[str, Any], code: int, said: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(pythons, "environment", environments.__getitem__)
    monkeypatch.setattr("subprocess.run", lambda words, **how: subprocess.CompletedProcess(words, words[0] != "good"))
    assert pythons.main(["--version", "3.12", "--version", "3.13"]) == code
    assert capsys.readouterr().out.splitlines() == said
