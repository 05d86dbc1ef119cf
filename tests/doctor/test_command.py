"""`im-relay doctor` at two simulators, with a door of its own in place of an ingress: no Kafka."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.local.ports import free_port
from tests.children import dies_with_parent
from tests.operate.conftest import command, rows
from tests.simulation.conftest import running
from tests.simulators.client import SimulatorClient

SECRETS = (
    "demo-yunxin-secret",
    "YXA6demosecret",
    "demo-easemob-secret",
    "of-the-marks-of-the-tests",
    "demo-yunxin",
    "YXA6demo",
    "demo#relay",
)


class Ready:
    """Settings for two apps, and the simulators that they name; *door* is where they call."""

    def __init__(self, directory: Path, yunxin: SimulatorClient, easemob: SimulatorClient, door: int) -> None:
        self.config, self.report, self.yunxin, self.easemob = directory / "relay.toml", directory / "doctor.md", yunxin, easemob
        self.listen = f"127.0.0.1:{door}"
        self.config.write_text(f"""\
[kafka]
bootstrap = "127.0.0.1:1"
partitions = 3

[marks]
secret = "of-the-marks-of-the-tests"

[apps.old]
platform = "yunxin"
target = "new"
account = {{ app_key = "demo-yunxin", app_secret = "demo-yunxin-secret", base_url = "{yunxin.url}/nimserver" }}

[apps.new]
platform = "easemob"
target = "old"
account = {{ org = "demo", app = "relay", client_id = "YXA6demo", client_secret = "YXA6demosecret", callback_secret = "demo-easemob-secret", base_url = "{easemob.url}" }}
""")

    def doctor(self, *words: str) -> Any:
        return command(self.config, "doctor", *words, "--listen", self.listen, "--wait", "3", "--report", str(self.report))

    def removed(self) -> list[str]:
        """Users who were made and taken away again."""
        gone = [
            entry["user"]
            for one in (self.yunxin, self.easemob)
            for entry in one.journal("accepted")
            if entry["api"] in {"user.block", "user.delete"}
        ]
        made = [entry["user"] for one in (self.yunxin, self.easemob) for entry in one.journal("accepted") if entry["api"] == "user.create"]
        assert sorted(made) == sorted(gone)
        return gone


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Ready]:
    door = free_port()
    where = f"http://127.0.0.1:{door}/callbacks/"
    with (
        running("yunxin", callback_url=f"{where}old", users=[], group={}) as yunxin,
        running("easemob", callback_url=f"{where}new", users=[], group={}) as easemob,
    ):
        yield Ready(tmp_path, yunxin, easemob, door)


def test_each_check_is_a_line_the_settings_that_fit_are_toml_and_the_report_has_no_secret(ready: Ready) -> None:
    done = ready.doctor("--lang", "en")
    assert done.exit_code == 1, done.output  # reactions come unsigned
    lines = done.stdout.splitlines()
    assert "ok old: credentials: signature accepted" in lines
    assert [line for line in lines if line.startswith("!!")] == [
        line for line in lines if line.startswith("!! new: reaction: taken, and its callback refused: unsigned -> ")
    ]
    fitting = tomllib.loads("\n".join(lines[lines.index("Settings that fit what was seen:") + 1 :]))
    assert fitting["apps"]["new"]["account"]["unsigned_events"] is True
    assert fitting["apps"]["new"]["account"]["dissolved_by"] == "delete"
    assert len(ready.removed()) == 4
    assert ready.easemob.journal("accepted")[-1]["api"] == "user.delete"
    report = ready.report.read_text()
    assert "callback of a REST message" in report
    assert "Are 10 MB of a file" in report
    for one in (*SECRETS, "imrdoctor"):
        assert one not in report
        assert one not in done.stdout


def test_in_chinese_with_the_settings_that_fit(ready: Ready) -> None:
    ready.config.write_text(ready.config.read_text().replace('callback_secret = "', 'unsigned_events = true, callback_secret = "'))
    done = ready.doctor("new", "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "!!" not in done.stdout
    assert "ok new: 密钥: 已获得 token" in done.stdout
    assert "与结果相符的设置:" in done.stdout
    assert "群消息撤回" in ready.report.read_text(encoding="utf-8")


def test_a_dry_run_does_nothing(ready: Ready) -> None:
    done = ready.doctor("--dry-run", "--lang", "en")
    assert done.exit_code == 0
    assert "old: users: registers two users" in done.stdout.splitlines()
    assert "new: dissolution of a group: dissolves that group" in done.stdout.splitlines()
    assert [entry for one in (ready.yunxin, ready.easemob) for entry in one.journal()] == []


def test_ctrl_c_removes_what_was_made(ready: Ready) -> None:
    """While it waits for a callback that nobody sends."""
    ready.easemob.mood(lose_callbacks=1.0)
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streams",
            "doctor",
            "new",
            "--listen",
            ready.listen,
            "--wait",
            "300",
            "--json",
            "--report",
            str(ready.report),
            "--config",
            str(ready.config),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=dies_with_parent(),  # noqa: PLW1509
    )
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line)["check"] == "message":
            child.send_signal(signal.SIGINT)
            break
    _, told = child.communicate(timeout=60)
    assert child.returncode not in {0, 70}, told
    assert "Traceback" not in told
    assert len(ready.removed()) == 2


def test_a_wrong_secret_ends_it_there(ready: Ready) -> None:
    ready.config.write_text(ready.config.read_text().replace("demo-yunxin-secret", "another-secret-1"))
    done = ready.doctor("old", "--json", "--lang", "en")
    states = {row["check"]: row["state"] for row in rows(done)}
    assert (done.exit_code, states["credentials"], states["message"]) == (1, "bad", "open")
    assert "not removed" not in done.stderr


def test_what_a_killed_run_has_left_is_removed_by_its_prefix(ready: Ready) -> None:
    ready.easemob.preload(["imrdoctorabca", "imrdoctorabcb", "alice"])
    done = ready.doctor("new", "--remove", "imrdoctorabc")
    assert done.exit_code == 0, done.output
    assert [entry["user"] for entry in ready.easemob.journal("accepted") if entry["api"] == "user.delete"] == [
        "imrdoctorabca",
        "imrdoctorabcb",
    ]
    refused = ready.doctor("new", "--remove", "alic")
    assert refused.exit_code == 2
    assert "expected the prefix" in refused.output


@pytest.mark.parametrize("words", [("--user", "ann"), ("--user", "ann", "--user", "ann"), ("--user", "ann", "--user", "bob")])
def test_users_are_two_of_one_app(ready: Ready, words: tuple[str, ...]) -> None:
    done = ready.doctor(*words)
    assert done.exit_code == 2
    assert "--user" in done.output


def test_a_port_that_is_taken_is_named(ready: Ready) -> None:
    taken = ready.easemob.url.rpartition("/")[2]
    done = command(ready.config, "doctor", "--listen", taken, "--report", str(ready.report))
    assert done.exit_code == 2
    assert "--listen" in done.output
