"""The page on migrating, walked through: its commands, in its order, on a real Kafka and simulated platforms; and the short demo."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from tests.house.tree import ROOT
from tests.migrate.exports import DAY, said, user, write
from tests.migrate.rig import Rig
from tests.simulators.process import SimulatorProcess
from tests.stack import MARKS

PAGES = ("migrating.md", "migrating.zh-CN.md")
ELSEWHERE = "--users accounts.txt"
"""In the command that reads an app: it makes a bundle of its own."""


def blocks(page: str) -> list[str]:
    """The commands of the blocks, in order."""
    found = re.findall(r"^```console\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in found for line in block.splitlines() if line.startswith("$ ")]


def named(page: str) -> list[str]:
    """Commands with all that they need that the tables and the text name."""
    inline = re.findall(r"`(im-relay (?:migrate|dead list|identities list)[^`]*)`", (ROOT / "docs" / page).read_text())
    whole = [one for one in dict.fromkeys(inline) if len(one.split()) > 3 or one.endswith((" pause", " status", " list"))]
    return [one for one in whole if one not in blocks(page)]


class Here:
    """A directory as a customer has it, with settings, an export, and the bundles where the commands put them."""

    def __init__(self, rig: Rig, yunxin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rig, self._monkeypatch = rig, monkeypatch
        for name, value in {**MARKS, "IM_RELAY_CONFIG": "relay.toml", "LANG": "C.UTF-8"}.items():
            monkeypatch.setenv(name, value)
        self.directory = rig.directory
        (self.directory / ".im-relay").mkdir()
        (self.directory / ".im-relay" / "migrate").symlink_to(rig.bundles)
        yesterday = int(time.time() * 1000) - DAY
        write(self.directory / "export" / "users.jsonl", [user("alice", password="of-alice-1"), user("bob")])
        write(self.directory / "export" / "friends.jsonl", [{"owner": "alice", "friend": "bob"}])
        write(self.directory / "export" / "groups.jsonl", [{"id": "6001", "owner": "alice", "name": "team"}])
        write(self.directory / "export" / "members.jsonl", [{"group": "6001", "user": "bob"}])
        write(self.directory / "export" / "messages.jsonl", [said(number, "alice", "bob", at=yesterday + number) for number in range(5)])
        self.other = self.directory / "other"
        self.other.mkdir()
        (self.other / "accounts.txt").write_text("alice\nbob\n")
        account = 'app_secret = "demo-yunxin-secret"'
        settings = rig.config.read_text().replace(account, f'{account}, base_url = "{yunxin}/nimserver"')
        (self.other / "relay.toml").write_text(settings)

    def run(self, line: str) -> tuple[int, str]:
        """As a person runs it, but for what only a person, or the hour, decides."""
        words = line.split()[1:]
        if "--between" in words:
            place = words.index("--between")
            del words[place : place + 2]
        more = {"probe": ["--yes"], "apply": ["--live-since", "none"], "check": ["--files", "0"]}.get(words[1], [])
        self._monkeypatch.chdir(self.other if ELSEWHERE in line else self.directory)
        done = CliRunner().invoke(app, [*words, *more])
        return done.exit_code, f"{done.output}{done.exception or ''}"


def test_both_pages_have_the_same_commands() -> None:
    one, other = PAGES
    assert blocks(one) == blocks(other)
    assert sorted(named(one)) == sorted(named(other))
    assert len(blocks(one)) >= 9
    assert len(named(one)) >= 9


def test_the_page_is_walked_through(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {"limit_calls": 0, "limit_user_calls": 0, "limit_group_calls": 0}
    with (
        SimulatorProcess("easemob", **quick) as easemob,
        SimulatorProcess("yunxin", users=["alice", "bob"], group={"6001": "alice,bob"}, limit_calls=0) as yunxin,
        Rig(kafka, tmp_path / "rig", easemob.url) as rig,
    ):
        here = Here(rig, yunxin.url, monkeypatch)
        for line in blocks(PAGES[0]):
            if line.startswith("im-relay migrate work"):
                rig.worker()
                continue
            code, told = here.run(line)
            assert code == 0, f"{line}: {code}\n{told}"
        for line in named(PAGES[0]):
            code, told = here.run(line)
            assert code in (0, 1), f"{line}: {code}\n{told}"
        imported = [one for one in easemob.journal("accepted") if one["api"] == "import" and {one["from"], one["to"]} == {"alice", "bob"}]
        assert len(imported) == 5, imported
        assert (here.directory / "report.html").stat().st_size > 1000
        assert (here.directory / "made.csv").read_text(encoding="utf-8-sig").count("\nuser,") == 2
        assert "of-alice-1" in (here.directory / "passwords.csv").read_text()
        assert (here.directory / "devices").is_dir()


@pytest.mark.slow
def test_the_demo_ends_with_a_report(kafka: str, tmp_path: Path) -> None:
    environment = {**os.environ, "SHORT": "1", "KAFKA_BOOTSTRAP": kafka, "DEMO_DIR": str(tmp_path / "demo")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo.migrate"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    report = (tmp_path / "demo" / "report.md").read_text()
    assert "# 迁移报告: old → new" in report
    assert "目标平台列出的内容没有差异" in report
    assert "GB18030" in done.stdout
    assert "您好" not in report


@pytest.mark.parametrize("page", PAGES)
def test_every_step_of_both_plans_has_a_check_and_a_way_back(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    rows = [row.strip("|").split("|") for row in re.findall(r"^\| \d+\. .*\|$", text, re.MULTILINE)]
    assert len(rows) == 18
    assert all(len(cells) == 4 and cells[2].strip() for cells in rows)
