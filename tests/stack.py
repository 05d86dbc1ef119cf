"""Everything that a message meets, on this machine: real Kafka, two simulated platforms, the relay's roles as processes."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx

from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests import succeeding, warm_python
from tests.apps import APPS, USERS
from tests.children import dies_with_parent
from tests.simulators.process import SimulatorProcess
from tests.waiting import until

ROOT = Path(__file__).parents[1]
YUNXIN_GROUP, EASEMOB_GROUP = APPS["yunxin"].group, APPS["easemob"].group
NAMES = ("old", "new")
"""The app that is left, and the one that people move to."""
MEDIA = True
"""Whether files are brought over, by the role `media`."""
STORE_SECRET = "of-the-stack-and-no-other"
MARKS = {"IM_RELAY_MARKS__SECRET": "of-the-marks-of-the-tests"}
"""In the environment as well: other releases know of no such section, and pass only that over."""


class Door(NamedTuple):
    """*address* and *toml* (more of the settings) are of all, *names* gives the environment of a role or command by its name."""

    address: str
    toml: str
    names: Callable[[str], dict[str, str]]


class Role:
    """One role as a child process, its output in a file; *anew*: Python is started for it, as customers do, also in tests."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        observe: int,
        log: Path,
        environment: dict[str, str],
        code: Path = ROOT,
        *,
        anew: bool = False,
    ) -> None:
        self.name = name
        self._code = code
        self.observe = observe
        self.log = log
        self._arguments = arguments
        self._environment = {**os.environ, **MARKS, **environment, "IM_RELAY_OBSERVE__PORT": str(observe)}
        self._module = "streams"
        self._anew = anew
        self.child: subprocess.Popen[bytes] | warm_python.Begun | None = None

    def sampled(self, into: Path) -> None:
        """From the next start on, write where its time goes into that file. See `tests.benchmarks.flame`."""
        self._module = "tests.benchmarks.flame"
        self._anew = True
        self._environment["IM_RELAY_SAMPLES"] = str(into)

    def start(self) -> None:
        with self.log.open("ab") as log:
            begun = (
                None
                if self._anew or self._code != ROOT
                else warm_python.begin(self._arguments, self._environment, log.fileno(), log.fileno())
            )
            self.child = begun or subprocess.Popen(
                [sys.executable, "-m", self._module, *self._arguments],
                cwd=self._code,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_parent(),  # noqa: PLW1509
            )

    def ready(self) -> bool:
        if self.child is None or self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended; its last words:\n{self.tail()}")
        try:
            return httpx.get(f"http://127.0.0.1:{self.observe}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def says(self, *words: str) -> str:
        """Wait for a line with all of *words*: what a role does is seen elsewhere before the role has said so."""

        def said() -> str:
            lines = self.log.read_text(errors="replace").splitlines()
            return next((line for line in lines if all(word in line for word in words)), "")

        return until(said, why=self.tail)

    def counts(self, words: str) -> None:
        """Wait for *words* in its metrics: they count what was done once it is done."""
        until(lambda: words in self.metrics())

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
    """A context manager; *say* is told each step. *limits* 0 switches the simulators' rate limits off.

    The platform *source* is the app `old`, Easemob is `new`, and both hear each other. *simulators* are options of both, and
    what is given under a platform's name is its own. *settings* are of the section `[deliver]`, *media* of `[media]`, in place of
    what is usual here; None is without that role, and no file is brought over. *code* is a tree of this repository whose
    roles and commands run, where that is not this one. *anew* as in `Role`. *door* is how roles and commands come to Kafka, where it is not by *bootstrap*.
    """

    def __init__(
        self,
        directory: Path,
        *,
        source: str = "yunxin",
        bootstrap: str | None = None,
        partitions: int = 4,
        replication: int = 1,
        prefix: str = "",
        limits: int | None = None,
        settings: str = "",
        media: str | None = "" if MEDIA else None,
        simulators: dict[str, Any] | None = None,
        brief: bool = True,
        code: Path = ROOT,
        anew: bool = False,
        door: Door | None = None,
        say: Callable[[str], None] = lambda _: None,
        **options: dict[str, Any],
    ) -> None:
        if strange := options.keys() - APPS.keys():
            raise TypeError(f"no platform is named {', '.join(strange)}")
        self.directory = directory
        self.bootstrap = bootstrap or os.environ.get("KAFKA_BOOTSTRAP") or ""
        self.partitions = partitions
        self._replication = replication
        self.prefix = prefix
        self._limits = limits
        self._settings = settings
        self._media = media
        self.platforms = (source, "easemob")
        self.apps = dict(zip(self.platforms, NAMES, strict=True))
        self.sides: dict[str, SimulatorProcess] = {}
        """The simulators, by platform."""
        self._simulators, self._given = simulators or {}, options
        self._brief = brief
        self._code = code
        self._anew = anew
        self._door = door
        # The directory of a process goes before an installed package only where it is named.
        self._environment = {} if code == ROOT else {"PYTHONPATH": str(code)}
        self._say = say
        self._exit = ExitStack()
        self.roles: dict[str, Role] = {}
        self.node: LocalKafka | None = None

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
            self.node = LocalKafka(self.directory / "kafka", port, free_port(), heap_mb=512, brief=self._brief)
            self._exit.callback(self.node.stop)
            self.node.start()
            self.bootstrap = f"127.0.0.1:{port}"
        self._say(f"Kafka is ready at {self.bootstrap}")
        self.callbacks = free_port()
        self.ingress = f"http://127.0.0.1:{self.callbacks}"
        for platform in self.platforms:
            self.sides[platform] = self._exit.enter_context(self._simulator(platform))
        self.files = "" if all(APPS[name].takes_files for name in self.platforms) else f"127.0.0.1:{free_port()}"
        """Where `im-relay files` listens; empty where both platforms take files themselves."""
        self._say("simulators: " + ", ".join(f"{name} {side.url}" for name, side in self.sides.items()))
        self.config = self.directory / "relay.toml"
        self.config.write_text(self._toml(self.callbacks))
        self.create_topics()
        self.name_groups()
        self._start_roles()
        for role in self.roles.values():
            self.wait_ready(role)
        self._say("roles are ready: " + ", ".join(self.roles))

    @property
    def source(self) -> SimulatorProcess:
        return self.sides[self.platforms[0]]

    @property
    def target(self) -> SimulatorProcess:
        return self.sides[self.platforms[1]]

    @property
    def yunxin(self) -> SimulatorProcess:
        return self.sides["yunxin"]

    @property
    def easemob(self) -> SimulatorProcess:
        return self.sides["easemob"]

    @property
    def carries(self) -> bool:
        """Whether files are brought over."""
        return self._media is not None

    def _simulator(self, platform: str) -> SimulatorProcess:
        url = f"{self.ingress}/callbacks/{self.apps[platform]}"
        options: dict[str, Any] = {} if self._limits is None else {"limit_messages": self._limits, "limit_calls": self._limits}
        if platform == "rongcloud":
            options["operation_url"] = url
        users, group = list(USERS), {APPS[platform].group: list(USERS)}
        return SimulatorProcess(
            platform, callback_url=url, users=users, group=group, **options | self._simulators | self._given.get(platform, {})
        )

    def introduce(self, platform: str, name: str, target: str) -> SimulatorProcess:
        """One more app: its simulator, topics and settings; roles know it when they are started again."""
        self.apps[platform] = name
        side = self.sides[platform] = self._exit.enter_context(self._simulator(platform))
        with self.config.open("a") as file:
            file.write(self._app(platform, target))
        self.create_topics()
        return side

    def name_groups(self) -> None:
        """Write down which group is which."""
        self._command(
            "identities",
            "set",
            "group",
            *(f"{name}={APPS[name].group}" for name in self.platforms),
            "--canonical",
            "team",
            "--config",
            str(self.config),
        )

    def create_topics(self) -> None:
        self._command("topics", "create", "--replication", str(self._replication), "--config", str(self.config))

    def _start_roles(self) -> None:
        for name, arguments in {
            "ingress": ["ingress"],
            "convert": ["convert"],
            **{f"deliver-{name}": ["deliver", "--platform", name] for name in reversed(self.platforms)},
            **({"media": ["media"]} if self.carries else {}),
            **({"files": ["files"]} if self.carries and self.files else {}),
        }.items():
            self.add(name, arguments)

    def add(self, name: str, arguments: list[str], config: Path | None = None) -> Role:
        """Start a role; *config* where its settings are not those of all."""
        role = Role(
            name,
            [*arguments, "--config", str(config or self.config)],
            free_port(),
            self.directory / f"{name}.log",
            self._as(name),
            self._code,
            anew=self._anew,
        )
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

    def _as(self, who: str) -> dict[str, str]:
        """The environment of a role, or of a command."""
        return self._environment if self._door is None else self._environment | self._door.names(who)

    def _command(self, *arguments: str) -> None:
        what, environment = f"im-relay {' '.join(arguments[:2])} failed", os.environ | MARKS | self._as(arguments[0])
        if self._code != ROOT:
            succeeding.run([sys.executable, "-m", "streams", *arguments], what, cwd=self._code, env=environment)
        else:
            succeeding.said(warm_python.run(*arguments, environment=environment), what)

    def _toml(self, port: int) -> str:
        return f"""\
[kafka]
bootstrap = "{self._door.address if self._door else self.bootstrap}"
prefix = "{self.prefix}"
partitions = {self.partitions}

{self._door.toml if self._door else ""}
[ingress]
host = "127.0.0.1"
port = {port}

[observe]
host = "127.0.0.1"

{self._media_toml()}
[deliver]
state = "{self.directory / "state"}"
quotas = {"false" if self._limits == 0 else "true"}
{self._settings}
{self._marks_toml()}
""" + "".join(self._app(name, target) for name, target in zip(self.platforms, NAMES[::-1], strict=True))

    def _marks_toml(self) -> str:
        return "".join(f'[marks]\nsecret = "{secret}"\n' for secret in MARKS.values()) if self._code == ROOT else ""

    def _media_toml(self) -> str:
        """The simulators are at addresses at which nothing is fetched unless the settings allow it."""
        if self._media is None:
            return "[media]\ncarry = false\n"
        usual: dict[str, Any] = {"allow": ["127.0.0.1"], "directory": str(self.directory / "media"), "processes": 1}
        if sys.platform != "linux":
            usual["sandbox"] = "prefer"  # other kernels have none
        media = "".join(f"{name} = {json.dumps(value)}\n" for name, value in (usual | tomllib.loads(self._media)).items())
        if not self.files:
            return f"[media]\n{media}"
        return f"""\
[media]
{media}
[media.store]
kind = "files"
endpoint = "http://{self.files}"
secret = "{STORE_SECRET}"

[files]
host = "127.0.0.1"
port = {self.files.rpartition(":")[2]}
directory = "{self.directory / "files"}"
public_url = "http://{self.files}"
secret = "{STORE_SECRET}"
"""

    def _app(self, platform: str, target: str) -> str:
        name = self.apps[platform]
        account = APPS[platform].account.format(url=self.sides[platform].url)
        if self._code != ROOT:  # other releases know no such key
            account = "\n".join(line for line in account.splitlines() if not line.startswith("emoticons"))
        return f"""
[apps.{name}]
platform = "{platform}"
target = "{target}"

[apps.{name}.account]
{account}"""
