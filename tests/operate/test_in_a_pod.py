"""What commands need in a pod: JSON for programs, no question, and words where a file system is mounted read-only."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli.app import app
from streams.pages import commands_of
from tests.stack import ROOT

ROLES = {"ingress", "convert", "deliver", "media", "files", "watch", "console", "kafka run"}
"""They run until they are stopped, and say what they do in their log."""
NO_JSON = ROLES | {"migrate", "console-user"}
"""What `console-user` prints is the line of a file. `migrate` is about files on the machine of the person who moves a company; its commands say for themselves which print JSON."""
UNSHARE = shutil.which("unshare")


def paths() -> dict[str, Any]:
    return {path.removeprefix("im-relay "): command for path, command in commands_of(typer.main.get_command(app), ("im-relay",))}


def options(command: Any) -> set[str]:
    return {each for parameter in command.params for each in parameter.opts}


def test_every_command_prints_json_for_programs() -> None:
    without = {path for path, command in paths().items() if "--json" not in options(command)}
    assert {path for path in without if path not in NO_JSON and path.partition(" ")[0] not in NO_JSON} == set()


LOGS = """
import sys, structlog
from streams.cli.main import main
sys.argv = ["im-relay", "--version"]
try:
    main()
except SystemExit:
    structlog.get_logger().warning("Kafka lost", why="no broker answers")
    structlog.get_logger().info("Kafka found")
"""


def test_what_is_logged_meanwhile_is_no_part_of_what_a_command_prints() -> None:
    done = subprocess.run([sys.executable, "-c", LOGS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("im-relay ")
    assert len(done.stdout.splitlines()) == 1
    assert "Kafka lost" in done.stderr
    assert "Kafka found" not in done.stderr


def test_every_command_that_asks_can_be_told_not_to_and_what_it_would_do() -> None:
    for path in ("replay", "dead replay", "dead drop", "identities set", "identities forget", "identities mark", "topics create", "erase"):
        assert "--dry-run" in options(paths()[path]), path


@pytest.fixture(scope="module")
def read_only() -> list[str]:
    """How a command is started on a file system that is mounted read-only."""
    if UNSHARE is None:
        pytest.skip("unshare is not installed: commands are NOT tried on a read-only file system")
    start = [
        UNSHARE,
        *([] if os.geteuid() == 0 else ["-r"]),
        "-m",
        "sh",
        "-c",
        'mount --make-rprivate / && mount -o remount,bind,ro / && exec "$@"',
        "sh",
    ]
    if subprocess.run([*start, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may make no mount namespace: commands are NOT tried on a read-only file system")
    return start


def test_what_makes_no_directory_says_so_in_words(read_only: list[str], tmp_path: Path) -> None:
    line = json.dumps(["kafka", "start", "--data", str(tmp_path / "kafka")]) + "\n"
    done = subprocess.run(
        [*read_only, sys.executable, "-m", "tests.operate.commands_in_a_pod"],
        cwd="/usr",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        input=line,
        check=False,
    )
    one = json.loads(done.stdout)
    assert one["code"] == 2
    assert "a directory that this user may read and write" in one["err"]
