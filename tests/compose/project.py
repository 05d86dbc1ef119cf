"""docker-compose.yml on the engine of the test: its services, and what is said and heard on the two simulators that it starts."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from tests.apps import USERS
from tests.compose.engine import Engine, EngineError
from tests.demo.crossing import Said
from tests.simulators.client import SimulatorClient
from tests.waiting import until
from tests.whole.crossing import Exchange

ONCE = ("check", "topics", "group")
"""Services that do one thing and end."""
PATIENCE = 600.0
LOOK = 0.5
"""Seconds between two looks at all containers: each is a request, and they are to do their work meanwhile."""


class Service(Struct, frozen=True):
    """As the engine sees its container."""

    name: str
    id: str
    running: bool
    healthy: bool
    exit_code: int
    pid: int
    started: str
    restarts: int
    killed_for_memory: bool


class Published(SimulatorClient):
    """Files lie at names of the containers' network; each port is published here under its own number."""

    def fetch(self, lies: Mapping[str, Any]) -> bytes:
        def here(url: str) -> str:
            return str(httpx.URL(url).copy_with(host="127.0.0.1"))

        return super().fetch({**lies, "url": here(lies["url"])} if lies.get("url") else lies)


class Project:
    """*folder* is a copy of the repository."""

    platforms = ("yunxin", "easemob")
    partitions = 4

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.sides: dict[str, SimulatorClient] = {
            "yunxin": Published("http://127.0.0.1:8001"),
            "easemob": Published("http://127.0.0.1:8002"),
        }

    def compose(self, *arguments: str) -> str:
        """Raises EngineError."""
        return self.engine.docker("compose", *arguments, folder=self.folder)

    def typed(self, lines: str, answers: str = "") -> str:
        """What a shell prints to *lines*, typed in the repository by somebody who is asked for *answers*. Raises EngineError."""
        command = ["bash", "-euo", "pipefail", "-c", lines]
        done = subprocess.run(
            command, cwd=self.folder, env=self.engine.environment, input=answers, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise EngineError(f"{lines}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def services(self) -> dict[str, Service]:
        """Whatever has a container, by name of the service."""
        found = {}
        for one in self.engine.get("/containers/json", all="1", filters=json.dumps({"label": ["com.docker.compose.oneoff=False"]})):
            told = self.engine.inspect(one["Id"])
            state = told["State"]
            name = told["Config"]["Labels"]["com.docker.compose.service"]
            health = state.get("Health", {}).get("Status", "healthy")
            found[name] = Service(
                name,
                one["Id"],
                state["Running"],
                health == "healthy",
                state["ExitCode"],
                state["Pid"],
                state["StartedAt"],
                told["RestartCount"],
                state["OOMKilled"],
            )
        return found

    def volumes(self) -> list[str]:
        return [one["Name"] for one in self.engine.get("/volumes")["Volumes"] or [] if one["Name"].startswith("im-relay_")]

    def networks(self) -> list[str]:
        return [one["Name"] for one in self.engine.get("/networks") if one["Name"].startswith("im-relay_")]

    def unwell(self) -> list[Service]:
        """Those that do not do what they are for."""
        return [one for one in self.services().values() if (one.exit_code != 0 or one.running if one.name in ONCE else not one.healthy)]

    def wait_well(self, patience: float = PATIENCE) -> None:
        """Until every service is healthy, and those that end have ended well."""

        def well() -> bool:
            time.sleep(LOOK)
            return bool(self.services()) and not self.unwell()

        until(well, patience, lambda: "\n\n".join(f"{one}\n{self.log(one.name)}" for one in self.unwell()))

    def fill_gaps(self) -> None:
        """Easemob calls back twice at the most, and keeps what was lost; it is asked for that at once, and not only when `gaps` does so by itself."""
        until = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")  # a slot is asked for a second time only later than now
        command = "exec -T gaps im-relay gaps new --since 1h --fill --until"
        try:
            self.compose(*command.split(), until)
        except EngineError as error:
            if "exit code 1\n" not in str(error):  # nothing was missing
                raise

    def log(self, service: str, lines: int = 15) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", "--tail", str(lines), service)

    def kill(self, service: str) -> Service:
        """As a crash: from outside, so that the engine does not take it for wanted. Answers what it was."""
        one = self.services()[service]
        os.kill(one.pid, signal.SIGKILL)
        return one

    def wait_restarted(self, before: Service) -> None:
        def again() -> bool:
            time.sleep(LOOK)
            now = self.services()[before.name]
            return now.running and now.healthy and now.started != before.started

        until(again, PATIENCE, lambda: f"{self.services()[before.name]}\n{self.log(before.name)}")

    def exchange(self) -> "Crossing":
        return Crossing(self)


class Crossing(Exchange):
    """What was said and arrived since it was made; the canary's test messages apart."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)  # type: ignore[arg-type]  # what it asks of a stack, a project has

    def read(self) -> "Crossing":
        super().read()
        self.arrives = [one for one in self.arrives if one.sender in USERS]
        return self

    def has_arrived(self, count: int) -> None:
        until(lambda: len(self._there()) >= count, PATIENCE, lambda: f"arrived: {len(self._there())} of {count}")

    def _as_stored(self) -> list[Said]:
        return self.says  # the simulators call back in order here

    def chat(self, lines: int, word: str) -> None:
        """So many lines each way, direct and in the group."""
        for number in range(lines):
            for platform in self.stack.platforms:
                self.say(platform, "alice", "bob", f"{word} {number}")
                self.say(platform, "carol", "team", f"{word} {number}")

    def stored(self) -> None:
        """Wait until all that was said has been taken by the ingress: from there on the relay answers for it."""
        for side in self._sides.values():
            side.settled()
