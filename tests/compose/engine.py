"""A Docker engine of the test's own, with its own data and socket: started, stopped, and struck by a power cut."""

import json
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx

from tests.waiting import until

ADDRESSES = ("--bip", "10.213.0.1/24", "--default-address-pool", "base=10.214.0.0/16,size=24")
"""Of its networks: not those that an engine takes by itself, which may be somebody's here."""
BRIDGE = "docker0"


class EngineError(Exception):
    """The engine did not start, or refused."""


class Engine:
    """A context manager. *data* is kept from one run to the next, with its images; *directory* has the socket and the log."""

    def __init__(self, data: Path, directory: Path) -> None:
        self.data, self._directory = data, directory
        self._run = directory / "run"
        self._socket = directory / "engine.sock"
        self.log = directory / "engine.log"
        self._child: subprocess.Popen[bytes] | None = None
        self.environment = os.environ | {"DOCKER_HOST": f"unix://{self._socket}", "DOCKER_CONFIG": str(directory / "config")}
        """With which `docker` speaks to it."""
        self._http = httpx.Client(transport=httpx.HTTPTransport(uds=str(self._socket)), base_url="http://engine", timeout=600)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._http.close()
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, check=False)

    def plug_in(self, compose: Path) -> None:
        """So that `docker compose` is this program."""
        folder = Path(self.environment["DOCKER_CONFIG"]) / "cli-plugins"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "docker-compose").unlink(missing_ok=True)
        (folder / "docker-compose").symlink_to(compose)

    def start(self) -> None:
        """Blocks until it answers. Raises EngineError."""
        self._run.mkdir(parents=True, exist_ok=True)
        (self._directory / "engine.pid").unlink(missing_ok=True)
        places = ["--data-root", str(self.data), "--exec-root", str(self._run), "--pidfile", str(self._directory / "engine.pid")]
        with self.log.open("ab") as log:
            command = ["dockerd", *places, "--host", f"unix://{self._socket}", *ADDRESSES]
            self._child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        until(self._answers, 120)

    def stop(self) -> None:
        """Containers that run are asked to end, and are started again by the next `start`."""
        if self._child is None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(120)
        except subprocess.TimeoutExpired:
            self.lose_power()
        self._child = None

    def lose_power(self) -> None:
        """Everything of it ends at once and unasked: the engine, its helpers and every process in its containers; what is in memory is gone."""
        assert self._child is not None
        running = [self.inspect(one["Id"])["State"]["Pid"] for one in self.get("/containers/json")]
        helpers = [number for number, command in _processes().items() if str(self._run) in command]
        children = [number for number in _processes() if _parent(number) == self._child.pid]
        for number in (self._child.pid, *helpers, *children, *running):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._child.wait()
        until(lambda: not any(str(self._run) in command for command in _processes().values()))
        self._child = None
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in reversed([one for one in mounts if one.startswith((str(self._run), str(self.data)))]):
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
        shutil.rmtree(self._run)

    def _answers(self) -> bool:
        assert self._child is not None
        if self._child.poll() is not None:
            raise EngineError(f"dockerd ended; its log, {self.log}, ends:\n{self.log.read_text()[-1500:]}")
        try:
            return self._http.get("/_ping").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **query: str) -> Any:
        answer = self._http.get(path, params=query)
        if answer.is_error:
            raise EngineError(f"{path}: {answer.text[:500]}")
        return answer.json()

    def inspect(self, container: str) -> dict[str, Any]:
        return dict(self.get(f"/containers/{container}/json"))

    def docker(self, *arguments: str, folder: Path | None = None) -> str:
        """Raises EngineError with the end of what it said."""
        done = subprocess.run(["docker", *arguments], cwd=folder, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EngineError(f"docker {' '.join(arguments[:4])} …: exit code {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def clear(self) -> None:
        """Away with every container, volume and network, such as an earlier run that was killed has left; images stay."""
        for one in self.get("/containers/json", all="1"):
            self.docker("rm", "--force", "--volumes", one["Id"])
        for one in self.get("/volumes")["Volumes"] or []:
            self.docker("volume", "rm", one["Name"])
        self.docker("network", "prune", "--force")

    def name_by_digest(self, names: dict[str, str]) -> None:
        """Make the engine know images, by their ids, under names with a digest, which else only a registry gives. It is started anew."""
        self.stop()
        (listing,) = self.data.glob("image/*/repositories.json")
        known = json.loads(listing.read_text())
        for name, image in names.items():
            known["Repositories"].setdefault(name.partition("@")[0], {})[name] = image
        listing.write_text(json.dumps(known))
        self.start()


def _processes() -> dict[int, str]:
    """Command lines by the number of their process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def _parent(number: int) -> int:
    try:
        return int(Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
