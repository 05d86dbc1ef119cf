"""The defects are what they say; a module whose tests are weak is told, one whose tests are strong is not; what is explained is there."""

import json
import subprocess
import sys
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from tests.mutation.__main__ import FIGURES, ROOT, explained, judged, modules
from tests.mutation.imports import independent
from tests.mutation.mutants import mutants

SOURCE = '''\
"""What it is about."""

from a import b

LIMIT = 64
Both = int | str


class Bucket:
    """One."""

    size: int = 2

    def take(self, amount: int, *, now: bool = True) -> str:
        """Some of it."""
        assert amount, "why"
        if amount >= LIMIT and not now:
            raise ValueError("too much")
        self.size -= amount
        for each in (1,):
            break
        return f"{amount + 1} of {self.size}" if now else b.lower()
'''
CHANGES = {
    "module: 64 → 65",
    "Bucket: 2 → 3",
    "Bucket.take: True → False",
    "Bucket.take: amount >= LIMIT and not now → True",
    "Bucket.take: amount >= LIMIT and not now → False",
    "Bucket.take: amount >= LIMIT and not now → (amount >= LIMIT or not now)",
    "Bucket.take: amount >= LIMIT and not now → (not now)",
    "Bucket.take: amount >= LIMIT and not now → (amount >= LIMIT)",
    "Bucket.take: amount >= LIMIT → amount > LIMIT",
    "Bucket.take: amount >= LIMIT → amount <= LIMIT",
    "Bucket.take: not now → (now)",
    'Bucket.take: raise ValueError("too much") → pass',
    "Bucket.take: self.size -= amount → pass",
    "Bucket.take: self.size -= amount → self.size += amount",
    "Bucket.take: 1 → 2",
    "Bucket.take: break → pass",
    "Bucket.take: break → continue",
    'Bucket.take: return f"{amount + 1} of {self.size}" if now else b.lower() → pass',
    "Bucket.take: now → True",
    "Bucket.take: now → False",
    "Bucket.take: f\"{amount + 1} of {self.size}\" → f'{amount + 1}x of {self.size}'",
    "Bucket.take: f\"{amount + 1} of {self.size}\" → f'{amount - 1} of {self.size}'",
    "Bucket.take: f\"{amount + 1} of {self.size}\" → f'{amount + 2} of {self.size}'",
    "Bucket.take: b.lower() → b",
}


def test_each_change_is_of_what_the_program_does() -> None:
    found = {one.key.replace("{(amount - 1)}", "{amount - 1}") for one in mutants(SOURCE)}
    assert found == CHANGES


def test_each_is_one_change_that_can_be_compiled() -> None:
    lines = SOURCE.splitlines()
    for one in mutants(SOURCE):
        compile(one.source, "module", "exec")
        changed = [number for number, (old, new) in enumerate(zip(lines, one.source.splitlines(), strict=True), 1) if old != new]
        assert changed == [one.line]
        assert one.line in one.lines
        assert one.function == ("Bucket.take" if one.line > 15 else "")


def test_the_same_change_a_second_time_has_another_name() -> None:
    assert [one.key for one in mutants("def f():\n    return g(1, 1)\n")] == ["f: return g(1, 1) → pass", "f: 1 → 2", "f: 1 → 2 (2)"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a and b", ["(a or b)", "(b)", "(a)"]),
        ("min(a)", ["max(a)"]),
        ("a.partition(b)", ["a.rpartition(b)"]),
        ("a[b:c]", ["a[:c]", "a[b:]"]),
        ("f(a, b=c)", ["f(a)"]),
        ("[a for a in b if c]", ["[a for a in b if True]", "[a for a in b if False]"]),
        ("b'k'", ["b'xk'"]),
        ("-a", ["(a)"]),
        ("a << b", ["(a >> b)"]),
        ("a in b", ["a not in b"]),
    ],
)
def test_what_becomes_of_an_expression(before: str, after: list[str]) -> None:
    found = [one.source.removeprefix("def f():\n    x = ").rstrip("\n") for one in mutants(f"def f():\n    x = {before}\n")]
    assert found == after


@pytest.mark.parametrize(
    "text",
    [
        "assert a == 1",
        "x: int | str = y",
        "'text'",
        "import a",
        "x = Literal['a']",
        "x = md5(usedforsecurity=False)",
        "raise Exception('a')",
    ],
)
def test_what_nobody_is_promised_stays(text: str) -> None:
    assert [one.change for one in mutants(f"def f():\n    {text}\n")] == (["raise Exception('a') → pass"] if "raise" in text else [])


def tree(folder: Path, tests: str) -> Path:
    """One with a module of two promises, and *tests* of them."""
    for name in ("mutants.py", "server.py", "imports.py", "__init__.py"):
        (folder / "tests" / "mutation").mkdir(parents=True, exist_ok=True)
        (folder / "tests" / "mutation" / name).write_text((ROOT / "tests" / "mutation" / name).read_text())
    (folder / "tests" / "__init__.py").touch()
    (folder / "streams").mkdir()
    (folder / "streams" / "__init__.py").touch()
    (folder / "streams" / "grown.py").write_text("LIMIT = 18\n\n\ndef grown(age):\n    return age >= LIMIT\n")
    (folder / "tests" / "test_grown.py").write_text(f"from streams.grown import grown\n\n\n{tests}")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n")
    return folder


WEAK = "def test_it():\n    assert grown(40)\n    assert not grown(4)\n"
STRONG = "def test_it():\n    assert grown(18)\n    assert not grown(17)\n"


def test_weak_tests_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explained = {"module: 18 → 19": "as the law says", "grown: no → such": "nobody knows"}
    figures = judged(tree(tmp_path, WEAK), "streams/grown.py", ["tests/test_grown.py"], explained)
    assert figures == {"mutants": 4, "killed": 2, "explained": 1, "survived": 1, "stale": 1}
    assert capsys.readouterr().out.splitlines() == [
        "streams/grown.py:5: survives: grown: age >= LIMIT → age > LIMIT",
        "streams/grown.py: in survivors.toml, and does not survive: grown: no → such",
    ]


def test_strong_tests_leave_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = judged(tree(tmp_path, STRONG), "streams/grown.py", ["tests/test_grown.py"], {})
    assert figures == {"mutants": 4, "killed": 4, "explained": 0, "survived": 0, "stale": 0}
    assert capsys.readouterr().out == ""


def test_a_run_that_was_stopped_is_gone_on_with_while_module_and_tests_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, kept = tree(tmp_path, STRONG), tmp_path / "kept" / "one.jsonl"
    whole = {"mutants": 4, "killed": 4, "explained": 0, "survived": 0, "stale": 0}
    assert judged(root, "streams/grown.py", ["tests/test_grown.py"], {}, kept) == whole
    head, first, *_ = kept.read_text().splitlines()
    told = json.loads(first) | {"by": ""}
    kept.write_text(f"{head}\n{json.dumps(told)}\n{first[:9]}")
    assert judged(root, "streams/grown.py", ["tests/test_grown.py"], {}, kept) == whole | {"killed": 3, "survived": 1}
    assert f"survives: {told['key']}" in capsys.readouterr().out, "as it was told before the stop"
    (root / "tests" / "test_grown.py").write_text(f"from streams.grown import grown\n\nAGE = 18\n\n{STRONG}")
    assert judged(root, "streams/grown.py", ["tests/test_grown.py"], {}, kept) == whole


def test_where_tests_are_added_only_what_survived_is_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def found(tests: str) -> dict[str, int] | None:
        (root / "tests" / "test_grown.py").write_text(f"from streams.grown import grown\n\n\n{tests}")
        return judged(root, "streams/grown.py", ["tests/test_grown.py"], {}, kept)

    root, kept = tree(tmp_path, WEAK), tmp_path / "kept" / "one.jsonl"
    whole = {"mutants": 4, "killed": 4, "explained": 0, "survived": 0, "stale": 0}
    assert found(WEAK) == whole | {"killed": 2, "survived": 2}
    old = [line for line in kept.read_text().splitlines()[1:] if json.loads(line)["by"]]
    later = "async def test_of_a_loop():\n    pass\n"
    assert found(f"{WEAK}\n\n{STRONG.replace('test_it', 'test_more')}\n\n{later}") == whole
    head, *lines = kept.read_text().splitlines()
    assert lines[:2] == old, "not tried again"
    assert {json.loads(line)["by"] for line in lines[2:]} == {"tests/test_grown.py::test_more"}
    assert found(WEAK) == whole | {"killed": 2, "survived": 2}, "where one is gone all are tried"
    assert found(f"LATER = 4\n\n\n{WEAK.replace('4)', 'LATER)')}") == whole | {"killed": 2, "survived": 2}, "and where one is another"
    assert json.loads(kept.read_text().splitlines()[0]) != json.loads(head)


def test_what_a_conftest_keeps_from_the_collector_is_changed_as_well(tmp_path: Path) -> None:
    root = tree(tmp_path, STRONG)
    (root / "tests" / "conftest.py").write_text("import gc\n\n\ndef pytest_collection_finish():\n    gc.freeze()\n")
    assert judged(root, "streams/grown.py", ["tests/test_grown.py"], {}) == {
        "mutants": 4, "killed": 4, "explained": 0, "survived": 0, "stale": 0
    }  # fmt: skip


def test_what_an_earlier_test_has_left_in_a_cache_hides_no_defect(tmp_path: Path) -> None:
    root = tree(tmp_path, "def test_first():\n    grown(18)\n\n\ndef test_second():\n    assert grown(18)\n    assert not grown(17)\n")
    (root / "streams" / "grown.py").write_text("from functools import lru_cache\n\n\n@lru_cache\ndef grown(age):\n    return age >= 18\n")
    figures = judged(root, "streams/grown.py", ["tests/test_grown.py"], {})
    assert figures == {"mutants": 4, "killed": 4, "explained": 0, "survived": 0, "stale": 0}


def test_tests_that_fail_as_they_stand_judge_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(tree(tmp_path, "def test_it():\n    assert not grown(40)\n"), "streams/grown.py", ["tests/test_grown.py"], {}) is None
    assert "its tests fail as it stands" in capsys.readouterr().out


def test_what_imports_a_module_is_read_from_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    loaded = ["json", "converters", "streams.deliver.protocol", "streams.outbound.attempts", "streams.outbound.fairness", "tests.waiting"]
    assert independent(loaded, "streams.outbound.attempts") == [
        "converters",
        "json",
        "streams.deliver.protocol",
        "streams.outbound.fairness",
    ]
    loaded = ["json", "converters.text.echo_mark", "streams.outbound.fairness"]
    assert independent(loaded, "converters.core.event_id") == ["json", "streams.outbound.fairness"]


@cache
def keys(module: str) -> list[str]:
    return [one.key for one in mutants((ROOT / module).read_text())]


@pytest.mark.parametrize("module", explained())
def test_what_is_explained_is_a_mutant_and_has_a_reason(module: str) -> None:
    reasons = explained()[module]
    assert reasons.keys() <= set(keys(module))
    assert all(len(reason.split()) > 3 for reason in reasons.values())


def test_the_modules_their_tests_and_their_figures_are_there() -> None:
    known = modules()
    assert len(known) >= 10
    assert [path for path in (*known, *chain(*known.values())) if not (ROOT / path).exists()] == []
    assert explained().keys() <= known.keys()
    figures = json.loads(FIGURES.read_text())
    assert figures.keys() <= known.keys()
    for module, one in figures.items():
        assert one["mutants"] == one["killed"] + one["explained"], module
        assert one["explained"] == len(explained().get(module, {})), module
        assert one["mutants"] == len(keys(module)), f"{module} has changed: make mutate ARGS='--record {module}'"


def test_a_module_that_nobody_has_named_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "streams/nowhere.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "not in tests/mutation/modules.toml: streams/nowhere.py\n")
