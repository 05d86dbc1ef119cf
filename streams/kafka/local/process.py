"""The broker's process: started so that it ends with us, or so that it does not; found and ended by its pid file."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from streams.kafka.local.data import DataDirectory

# Java's exit codes after SIGTERM and SIGINT, and what Popen says of a process that died of them.
ASKED_TO_END = frozenset({0, 128 + signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGTERM, -signal.SIGINT})
PR_SET_PDEATHSIG = 1


def spawn(command: Sequence[str], log: IO[bytes], *, outlive: bool) -> "subprocess.Popen[bytes]":
    """Start *command* in a session of its own, so that Ctrl-C reaches only us and we end it in good order."""
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=None if outlive else _die_with_parent(),  # noqa: PLW1509
    )


def _die_with_parent() -> Callable[[], None] | None:
    """Have the kernel send SIGTERM when the parent dies. Source: Linux manual, prctl(2)."""
    if sys.platform != "linux":
        return None  # macOS has no such call
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)

    return arrange


def running(data: DataDirectory) -> int | None:
    """The process id of the node that runs on *data*, if one does."""
    with suppress(OSError, ValueError):
        pid = int(data.pid.read_text())
        # A pid is used again after its process ended: only one that was started with our settings counts.
        if str(data.settings) in _command_line(pid):
            return pid
    return None


def end(data: DataDirectory, patience: float = 30.0) -> int | None:
    """Ask the node on *data* to end, kill it after *patience* seconds, and give its process id if there was one."""
    if (pid := running(data)) is None:
        return None
    os.kill(pid, signal.SIGTERM)
    give_up = time.monotonic() + patience
    while running(data) == pid:
        if time.monotonic() > give_up:
            os.kill(pid, signal.SIGKILL)
            give_up = float("inf")
        time.sleep(0.05)
    data.pid.unlink(missing_ok=True)
    return pid


def listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False


def _command_line(pid: int) -> str:
    """Empty for a process that is gone, or has ended and is not yet collected."""
    if sys.platform == "linux":
        shown = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    else:
        asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        shown = subprocess.run(asked, capture_output=True, check=False).stdout  # noqa: S603
    return shown.decode(errors="replace")
