"""A migration on a real broker: topics, settings, a worker, and the command that feeds it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import msgspec

from streams.kafka.local.ports import free_port
from tests import warm_python
from tests.stack import MARKS, ROOT, Role
from tests.waiting import until

PARTITIONS = 2
SECRET = "S3cr3t-of-the-target"


class Rig:
    """A context manager. *url* is the target's; *settings* are lines of the section `[migrate]`, *deliver* of `[deliver]`, *more* whole sections."""

    def __init__(
        self,
        bootstrap: str,
        directory: Path,
        url: str,
        *,
        settings: str = "",
        deliver: str = "",
        partitions: int = PARTITIONS,
        quotas: bool = False,
        more: str = "",
    ) -> None:
        self.bootstrap = bootstrap
        self.directory = directory
        self.prefix = f"m{uuid4().hex[:8]}."
        self.partitions = partitions
        self.bundles = directory / "bundles"
        self.bundles.mkdir(parents=True, exist_ok=True)
        self.config = directory / "relay.toml"
        self.config.write_text(f"""\
kafka = {{bootstrap = "{bootstrap}", prefix = "{self.prefix}", partitions = {partitions}, session_timeout = 6}}
observe = {{host = "127.0.0.1"}}
[migrate]
directory = "{self.bundles}"
{settings}
[deliver]
state = "{directory / "state"}"
backoff = 0.02
backoff_max = 0.1
quotas = {str(quotas).lower()}
{deliver}
[apps.old]
platform = "yunxin"
target = "new"
account = {{app_key = "demo-yunxin", app_secret = "demo-yunxin-secret"}}
[apps.new]
platform = "easemob"
target = "old"
[apps.new.account]
org = "demo"
app = "relay"
client_id = "YXA6demo"
client_secret = "YXA6demosecret"
callback_secret = "demo-easemob-secret"
base_url = "{url}"
{more}""")
        self.workers: list[Role] = []

    def __enter__(self) -> Self:
        create = ["topics", "create", "--bootstrap", self.bootstrap, "--partitions", str(self.partitions), "--prefix", self.prefix]
        command(None, *create)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.stop()

    def worker(self, samples: Path | None = None) -> Role:
        """One more, started and ready; it writes where its time goes into *samples*, see `tests.benchmarks.flame`."""
        number = len(self.workers)
        arguments = ["migrate", "work", "--platform", "easemob", "--config", str(self.config)]
        role = Role("migrate", arguments, free_port(), self.directory / f"work-{number}.log", {})
        self.workers.append(role)
        if samples is not None:
            role.sampled(samples)
        role.start()
        until(role.ready, deadline=120, why=role.tail)
        return role

    def command(self, *words: str, code: int | None = 0) -> str:
        """What an `im-relay` command prints."""
        return command(self.config, *words, code=code)

    def applying(self, bundle: Path, *words: str) -> "subprocess.Popen[str]":
        """`migrate apply` as a process."""
        return start(self.config, "--bundle", str(bundle), *words)

    def apply(self, bundle: Path, *words: str, code: int = 0) -> dict[str, Any]:
        """What it says at its end."""
        return ended(self.applying(bundle, *words), code)

    def status(self) -> dict[str, Any]:
        return msgspec.json.decode(self.command("migrate", "status", "--json").splitlines()[-1], type=dict[str, Any])

    def metric(self, name: str) -> float:
        """Over all workers; *name* with its labels, in their order."""
        lines = [
            line
            for worker in self.workers
            if worker.child is not None and worker.child.poll() is None
            for line in worker.metrics().splitlines()
        ]
        return sum(float(line.removeprefix(f"{name} ")) for line in lines if line.startswith(f"{name} "))


def command(config: Path | None, *words: str, code: int | None = 0) -> str:
    """What an `im-relay` command prints; it has to end with *code*, unless that is None."""
    return _ran(config, *words, code=code)[0]


def said(config: Path | None, *words: str, code: int | None = 0) -> str:
    """The same, with what it says to the person."""
    return "".join(_ran(config, *words, code=code))


def _ran(config: Path | None, *words: str, code: int | None) -> tuple[str, str]:
    more = ["--config", str(config)] if config is not None else []
    done = warm_python.run(*words, *more, environment=_environment())
    assert code in (None, done.returncode), f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def start(config: Path, *words: str) -> "subprocess.Popen[str]":
    """`migrate apply`."""
    return subprocess.Popen(
        [sys.executable, "-m", "streams", "migrate", "apply", "--json", *words, "--config", str(config)],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(applying: "subprocess.Popen[str]", code: int = 0, patience: float = 300.0) -> dict[str, Any]:
    out, err = applying.communicate(timeout=patience)
    assert applying.returncode == code, f"apply ended with {applying.returncode}:\n{out}{err}"
    return msgspec.json.decode(out.splitlines()[-1], type=dict[str, Any])


def interrupt(applying: "subprocess.Popen[str]") -> None:
    applying.send_signal(signal.SIGINT)


def _environment() -> dict[str, str]:
    return {**os.environ, **MARKS}
