"""`python -m tests.warm_python_server FD`: imports what roles and commands import, and forks one for each question at that socket.

See `tests.warm_python`. It ends when the other end is closed, and the kernel ends what it has forked.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from typing import NamedTuple

from tests.children import dies_with_parent
from tests.warm_python import PROGRAM, ROOT

IMPORTED = (
    "streams.cli.app",
    "streams.cli.main",
    "streams.migrate.apply",
    "streams.roles.files",
    "streams.roles.gaps",
    "streams.roles.ingress",
    "streams.roles.media",
    "streams.roles.secret_watch",
    "streams.roles.stages",
    "streams.roles.watch",
    "uvicorn.lifespan.off",
    "uvloop",
)
MOST = 1 << 18
"""Bytes of a question: an environment is the most of it."""


class Asked(NamedTuple):
    arguments: list[str]
    environment: dict[str, str]
    stdout: int
    stderr: int


def main() -> None:
    gc.disable()
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    with os.scandir("/proc/self/task") as threads:
        assert len(list(threads)) == 1, "what is imported has begun a thread, which would not be in what is forked"
    asked = _forked(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        _become(asked)


def _forked(questions: socket.socket) -> Asked | None:
    """In a new process: what it is to run. None at the end of all."""
    listens = questions.fileno()
    woken, wakes = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    arrange = dies_with_parent()
    assert arrange is not None
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([listens, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            _reap(told)
        if listens not in ready:
            continue
        said, files, _, _ = socket.recv_fds(questions, MOST, 3)
        if not said:
            return None
        tells, stdout, stderr = files
        pid = os.fork()
        if pid == 0:
            arrange()
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for file in (woken, wakes, tells, *told.values()):
                os.close(file)
            questions.close()
            return Asked(**json.loads(said), stdout=stdout, stderr=stderr)
        told[pid] = tells
        os.write(tells, b"%d\n" % pid)
        os.close(stdout)
        os.close(stderr)


def _reap(told: dict[int, int]) -> None:
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        tells = told.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody asks any more
            os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(tells)


def _become(asked: Asked) -> None:
    """What `python -m` does, without coming back."""
    for file, place in ((asked.stdout, 1), (asked.stderr, 2)):
        os.dup2(file, place)
        os.close(file)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(asked.environment)
    gc.enable()
    sys.argv = [PROGRAM, *asked.arguments]
    runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
