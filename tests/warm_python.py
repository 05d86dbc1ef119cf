"""Roles and commands as processes that have imported everything already: each has most of a second of CPU less to spend before it begins.

A process that has imported and done nothing else, one for each of pytest's, forks whatever is asked for (`tests.warm_python_server`). What is forked
runs the same program as `python -m streams` does, with its own arguments, environment and files, in a session of its own.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
PROGRAM = "streams"
OURS = ("IM_RELAY_", "PYTEST_", "JDK_JAVA_OPTIONS")
"""Variables that nothing reads while it is imported: where others differ, Python is started anew."""


class Begun:
    """A forked process, with what the tests need of `subprocess.Popen`."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told, "rb", buffering=0)
        """Its id, then its exit code once it has ended; nothing more where the process that forks was killed."""
        self._lock = threading.Lock()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._waited(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._waited(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def _waited(self, timeout: float | None) -> int | None:
        end = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while self.returncode is None:
                left = None if end is None else max(0.0, end - time.monotonic())
                if not select.select([self._told], [], [], left)[0]:
                    return None
                self.returncode = int(self._told.readline() or -signal.SIGKILL)
                self._told.close()
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Server:
    def __init__(self) -> None:
        self._asked, here = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = dict(os.environ)
        self._lock = threading.Lock()
        # It ends when nobody can ask it any more, and all that it has forked with it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_python_server", str(here.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[here.fileno()],
        )
        here.close()
        self.owner = os.getpid()
        atexit.register(self.end)

    def end(self) -> None:
        if self.owner == os.getpid():
            self._asked.close()
            self._process.wait()

    def can(self, environment: Mapping[str, str]) -> bool:
        names = environment.keys() | self._environment.keys()
        return all(name.startswith(OURS) for name in names if environment.get(name) != self._environment.get(name))

    def begin(self, arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int) -> Begun:
        told, tells = os.pipe()
        asked = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        try:
            with self._lock:
                socket.send_fds(self._asked, [asked], [tells, stdout, stderr])
        finally:
            os.close(tells)
        return Begun(told)


_used = False
_server: _Server | None = None
_making = threading.Lock()


def warm_python() -> None:
    """From now on, in this process: benchmarks and demos begin what they measure or show as customers do."""
    global _used  # noqa: PLW0603
    _used = True


def begin(arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int) -> Begun | None:
    """`python -m streams` with these *arguments*; None where it has to be started anew: for what Python reads at its start, and for coverage."""
    global _server  # noqa: PLW0603
    if not _used or sys.platform != "linux" or any(name.startswith("COVERAGE_") for name in environment):
        return None
    with _making:
        if _server is None or _server.owner != os.getpid():
            _server = _Server()
    return _server.begin(arguments, environment, stdout, stderr) if _server.can(environment) else None


def run(*arguments: str, environment: Mapping[str, str] = os.environ, timeout: float | None = None) -> "subprocess.CompletedProcess[str]":
    """A command to its end, and what it has printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = begin(arguments, environment, out.fileno(), err.fileno())
        command = [sys.executable, "-m", PROGRAM, *arguments]
        if begun is None:
            code = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=err, check=False, timeout=timeout).returncode
        else:
            try:
                code = begun.wait(timeout)
            finally:
                begun.kill()
        return subprocess.CompletedProcess(command, code, _read(out), _read(err))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="surrogateescape")
