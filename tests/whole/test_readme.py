"""The first ten minutes: what the README tells a newcomer to copy, copied and run in order."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from streams.kafka.local import process
from streams.kafka.local.data import DataDirectory
from streams.kafka.local.ports import free_port
from tests.house.tree import ROOT

PAGES = ("README.md", "README.zh-CN.md")
PATIENCE = 240
"""Seconds; only used up when something is wrong: usually it is a tenth."""
HANDED_OUT = ("Makefile", "pyproject.toml", "requirements", "converters", "streams", "tests")
OF_THE_RELAY = ("ingress", "convert", "deliver-easemob", "deliver-yunxin")
# As the broker's log has its controller at the next port, that one must be free, too.
KAFKA = "9092"


def walk(page: str) -> list[str]:
    """The blocks of commands before the settings of real platforms, without those that `tests.whole.test_demo` and this very run are."""
    before, real, _ = (ROOT / page).read_text().partition("```toml\n")
    assert real
    first, *blocks = re.findall(r"^```sh\n(.*?)^```$", before, re.MULTILINE | re.DOTALL)
    assert first == "make demo\nmake test\n"
    return blocks


def free_pair() -> int:
    while True:
        port = free_port()
        with suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port


def on_free_ports(text: str) -> str:
    """*text* with each port that it names replaced, as another program may have it here."""
    named = sorted(set(re.findall(r"127\.0\.0\.1:(\d{4})\b", text)))
    assert KAFKA in named
    ports = {name: str(free_pair() if name == KAFKA else free_port()) for name in named}
    assert len(set(ports.values())) == len(ports)
    return re.sub(rf"\b({'|'.join(named)})\b", lambda found: ports[found[0]], text)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A directory that looks as after `git clone` and a `make` whose work is done: the environment is the one that runs this."""
    for name in HANDED_OUT:
        (tmp_path / name).symlink_to(ROOT / name)
    venv = tmp_path / ".venv"
    venv.mkdir()
    for each in Path(sys.prefix).iterdir():
        if each.name != "installed":
            (venv / each.name).symlink_to(each)
    (venv / "installed").touch()
    yield tmp_path
    process.end(DataDirectory(tmp_path / ".im-relay" / "kafka"))


@pytest.mark.parametrize("page", [PAGES[0], pytest.param(PAGES[1], marks=pytest.mark.slow)])
def test_what_the_readme_says_works_when_it_is_copied(page: str, checkout: Path) -> None:
    script = on_free_ports("\n".join(walk(page)))
    script = script.replace("\nkill %", "\ntouch .im-relay/talked\nkill %")
    code, out = run(script + "wait\n", checkout)
    logs = {path.stem: path.read_text() for path in (checkout / ".im-relay").glob("*.log")}
    assert code == 0, f"{out[-6000:]}\n{logs}"
    assert re.search(r"^im-relay \d+\.\d+\.\d+", out, re.MULTILINE)
    for said in ("alice -> bob: Hello from the old app", "bob -> alice: Hello from the new app"):
        assert re.search(rf"^{said}  \(\w+\)$", out, re.MULTILINE), out[-6000:]  # said
        assert re.search(rf"^{said}$", out, re.MULTILINE), out[-6000:]  # heard
    assert (checkout / ".im-relay" / "talked").exists()
    assert process.running(DataDirectory(checkout / ".im-relay" / "kafka")) is None
    for name in OF_THE_RELAY:
        lines = logs[name].splitlines()
        assert lines, name
        assert not [line for line in lines if "[info " not in line], "a healthy start has no other lines"


def test_a_walk_that_does_not_work_is_noticed(checkout: Path) -> None:
    code, out = run(
        "im-relay kafka --port 1\ntouch after\n", checkout, PATH=f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    )
    assert code != 0
    assert "No such option" in out
    assert not (checkout / "after").exists()


def run(script: str, directory: Path, **environment: str) -> tuple[int, str]:
    """As in a person's terminal: jobs have numbers. What is left running is ended."""
    alone = {
        name: value for name, value in os.environ.items() if not name.startswith(("IM_RELAY_", "KAFKA_", "MAKE", "MFLAGS", "VIRTUAL_ENV"))
    }
    shell = subprocess.Popen(
        ["bash", "-e", "-m", "-c", script],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**alone, "PYTHONPATH": str(ROOT), **environment},
        start_new_session=True,
    )
    try:
        out, _ = shell.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        end_session(shell.pid)
        out, _ = shell.communicate()
    finally:
        end_session(shell.pid)
    return shell.returncode, out


def end_session(leader: int) -> None:
    """Jobs are process groups of their own, all of one session."""
    if Path("/proc").is_dir():
        there = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
    else:
        there = [
            int(each) for each in subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout.split()
        ]
    for pid in there:
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def test_both_languages_say_the_same_commands() -> None:
    """So that walking through one of them every time is enough."""
    one, other = (re.sub(r"'Hello[^']*'|'[^']*[\u4e00-\u9fff][^']*'", "'…'", "".join(walk(page))) for page in PAGES)
    assert one == other
