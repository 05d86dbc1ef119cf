"""Everything that a message meets, on this machine: real Kafka, both simulators, the relay's roles as processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from streams.kafka.local import LocalKafka
from streams.kafka.ports import free_port
from tests.children import dies_with_parent
from tests.simulators.process import SimulatorProcess

ROOT = Path(__file__).parents[1]
USERS = ("alice", "bob", "carol", "dave")
YUNXIN_GROUP, EASEMOB_GROUP = "6123456789", "270000000000001"
PLATFORMS = ("yunxin", "easemob")


class Role:
    """One role as a child process, its output in a file."""

    def __init__(self, name: str, arguments: list[str], observe: int, log: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.observe = observe
        self.log = log
        self._arguments = arguments
        self._environment = {**os.environ, **environment, "IM_RELAY_OBSERVE__PORT": str(observe)}
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "streams", *self._arguments],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )  # fmt: skip

    def ready(self) -> bool:
        if self.child is None or self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended; its last words:\n{self.tail()}")
        try:
            return httpx.get(f"http://127.0.0.1:{self.observe}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.observe}/metrics", timeout=5, trust_env=False).text

    def stop(self, patience: float = 25.0) -> int | None:
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(patience)
            except subprocess.TimeoutExpired:
                self.child.kill()
        return self.child.wait()


class Stack:
    """A context manager; *say* is told each step. *limits* 0 switches the simulators' rate limits off."""

    def __init__(
        self,
        directory: Path,
        *,
        bootstrap: str | None = None,
        partitions: int = 4,
        prefix: str = "",
        limits: int | None = None,
        settings: str = "",
        simulators: dict[str, Any] | None = None,
        yunxin: dict[str, Any] | None = None,
        easemob: dict[str, Any] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.directory = directory
        self.bootstrap = bootstrap or os.environ.get("KAFKA_BOOTSTRAP") or ""
        self.partitions = partitions
        self.prefix = prefix
        self._limits = limits
        self._settings = settings
        self._options = {"yunxin": {**(simulators or {}), **(yunxin or {})}, "easemob": {**(simulators or {}), **(easemob or {})}}
        self._say = say
        self._exit = ExitStack()
        self.roles: dict[str, Role] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.bootstrap:
            self._say("starts Kafka (the first time, it is fetched: about half a minute)")
            port = free_port()
            node = LocalKafka(self.directory / "kafka", port, free_port(), heap_mb=512)
            self._exit.callback(node.stop)
            node.start()
            self.bootstrap = f"127.0.0.1:{port}"
        self._say(f"Kafka is ready at {self.bootstrap}")
        self.callbacks = free_port()
        self.ingress = f"http://127.0.0.1:{self.callbacks}"
        limits = {} if self._limits is None else {"limit_messages": self._limits, "limit_calls": self._limits}
        self.yunxin = self._exit.enter_context(
            SimulatorProcess(
                "yunxin", callback_url=f"{self.ingress}/callbacks/old", users=list(USERS),
                group={YUNXIN_GROUP: list(USERS)}, **limits, **self._options["yunxin"],
            )
        )  # fmt: skip
        self.easemob = self._exit.enter_context(
            SimulatorProcess(
                "easemob", callback_url=f"{self.ingress}/callbacks/new", users=list(USERS),
                group={EASEMOB_GROUP: list(USERS)}, **limits, **self._options["easemob"],
            )
        )  # fmt: skip
        self._say(f"simulators: yunxin {self.yunxin.url}, easemob {self.easemob.url}")
        self.config = self.directory / "relay.toml"
        self.config.write_text(self._toml(self.callbacks))
        self._command("topics", "create", "--config", str(self.config))
        self._command(
            "identities", "set", "group", f"yunxin={YUNXIN_GROUP}", f"easemob={EASEMOB_GROUP}", "--canonical", "team",
            "--config", str(self.config),
        )  # fmt: skip
        self._start_roles()
        for role in self.roles.values():
            self.wait_ready(role)
        self._say("roles are ready: " + ", ".join(self.roles))

    def _start_roles(self) -> None:
        for name, arguments in {
            "ingress": ["ingress"],
            "convert": ["convert"],
            "deliver-easemob": ["deliver", "--platform", "easemob"],
            "deliver-yunxin": ["deliver", "--platform", "yunxin"],
        }.items():
            self.add(name, arguments)

    def add(self, name: str, arguments: list[str]) -> Role:
        role = Role(name, [*arguments, "--config", str(self.config)], free_port(), self.directory / f"{name}.log", {})
        self._exit.callback(role.stop)
        self.roles[name] = role
        role.start()
        return role

    def wait_ready(self, role: Role, patience: float = 60.0) -> None:
        deadline = time.monotonic() + patience
        while not role.ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{role.name} is not ready after {patience:g} s; its last words:\n{role.tail()}")
            time.sleep(0.1)

    def _command(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "streams", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"im-relay {' '.join(arguments[:2])} failed:\n{done.stdout}{done.stderr}")

    def _toml(self, port: int) -> str:
        return f"""\
[kafka]
bootstrap = "{self.bootstrap}"
prefix = "{self.prefix}"
partitions = {self.partitions}

[ingress]
host = "127.0.0.1"
port = {port}

[observe]
host = "127.0.0.1"

[deliver]
state = "{self.directory / "state"}"
quotas = {"false" if self._limits == 0 else "true"}
{self._settings}

[apps.old]
platform = "yunxin"
target = "new"

[apps.old.account]
app_key = "demo-yunxin"
app_secret = "demo-yunxin-secret"
base_url = "{self.yunxin.url}/nimserver"

[apps.new]
platform = "easemob"
target = "old"

[apps.new.account]
org = "demo"
app = "relay"
client_id = "YXA6demo"
client_secret = "YXA6demosecret"
callback_secret = "demo-easemob-secret"
base_url = "{self.easemob.url}"
"""
