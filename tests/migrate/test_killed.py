"""`check` killed at any point: the same command goes on, and what it makes is what an undisturbed run makes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.migrate.bundle import Bundle
from streams.migrate.source import Rows
from tests.migrate.exports import DAY, NOW, check, said, user, write

KILLS = 4


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    write(folder / "users.csv", ["id,name\n", *(f"u{n},Nr {n}\n" for n in range(500)), '"broken\n'])
    write(folder / "groups.jsonl", [{"id": f"g{n}", "owner": f"u{n}"} for n in range(20)])
    write(folder / "members.jsonl", [{"group": f"g{n}", "user": f"u{n + k}"} for n in range(20) for k in range(9)])
    messages = [
        said(n % 2900, f"u{n % 40}", group=f"g{n % 20}", at=NOW - DAY + n) if n % 2 else said(n, f"u{n % 40}", "u7", at=NOW - DAY + n)
        for n in range(3000)
    ]
    write(folder / "messages.jsonl", messages)
    return folder


def test_a_killed_check_goes_on_and_makes_the_same(export: Path, tmp_path: Path) -> None:
    undisturbed = check(export, tmp_path / "undisturbed")
    for kill in range(KILLS):
        died = subprocess.run(
            [sys.executable, "-m", "tests.migrate.dying", str(export), str(tmp_path / "killed"), str(kill)], check=False, timeout=120
        )
        assert died.returncode == -signal.SIGKILL
    path = check(export, tmp_path / "killed")
    assert path.name == undisturbed.name
    with Bundle.open(path) as bundle, Bundle.open(undisturbed) as other:
        assert bundle.meta.counts == other.meta.counts
        assert sorted(map(repr, bundle.problems())) == sorted(map(repr, other.problems()))
        bundle.verify()


def test_what_was_read_before_a_kill_is_not_read_again(export: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.migrate.dying", str(export), str(tmp_path), "1"], check=False, timeout=120)
    from converters import PLATFORMS
    from streams.migrate.check import Check
    from streams.migrate.files import open_path
    from tests.migrate.exports import wanted

    rules = PLATFORMS["easemob"].migration
    assert rules is not None
    run = Check(tmp_path, wanted(export), open_path(export), rules, PLATFORMS["easemob"].user_ids, now=NOW + 5)
    run.run(lambda *_: None)
    assert run.resumed > 1000


def test_an_export_that_has_changed_is_read_anew(export: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.migrate.dying", str(export), str(tmp_path), "1"], check=False, timeout=120)
    write(export / "users.csv", ["id\n", *(f"u{n}\n" for n in range(60)), "new\n"])
    os.utime(export / "users.csv", ns=(1, 1))
    with Bundle.open(check(export, tmp_path)) as bundle:
        assert bundle.get("user\x1fnew") is not None
        assert bundle.count("user") == 61


def test_another_decision_joins_anew_and_does_not_read_again(export: Path, tmp_path: Path) -> None:
    with Bundle.open(check(export, tmp_path, before_group="stop")) as bundle:
        assert bundle.meta.stops > 0
        stopped = bundle.meta
    path = check(export, tmp_path, before_group="restamp", skipped=frozenset({"same-id"}), now=NOW + 7)
    with Bundle.open(path) as bundle:
        assert (bundle.meta.stops, bundle.meta.made) == (0, NOW)  # that of the reading
        assert bundle.meta.counts == stopped.counts
        assert "restamped" in bundle.meta.problems
        bundle.verify()


class Failing:
    """A source that breaks in the middle, once."""

    broken = True

    def parts(self) -> list[Rows]:
        return [Rows("people", "user", self._people), Rows("said", "message", lambda: iter([said(1, "u1", "u3")]))]

    def notes(self) -> list[tuple[str, str, str]]:
        return []

    def _people(self) -> Iterator[dict[str, Any]]:
        for number in range(1, 5):
            if number == 3 and self.broken:
                raise ConnectionError
            yield user(f"u{number}")


def test_a_source_that_broke_is_read_on_by_the_next_run(tmp_path: Path) -> None:
    source = Failing()
    with Bundle.open(check(tmp_path, tmp_path / "work", source)) as bundle:
        assert (bundle.meta.problems, bundle.meta.stops) == ({"source": 1, "conversation": 1}, 1)
    source.broken = False
    with Bundle.open(check(tmp_path, tmp_path / "work", source)) as bundle:
        assert (bundle.meta.problems, bundle.meta.stops) == ({}, 0)
        assert (bundle.count("user"), bundle.count("message")) == (4, 1)
