"""All that the kernel offers, put together: what holds for the process that forks workers, what for each worker, and whether it does hold."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from errno import EACCES, EPERM
from pathlib import Path

from streams.media.sandbox import landlock, namespaces, seccomp
from streams.media.sandbox.kernel import LINUX, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, prctl, undumpable


class SandboxUnavailableError(Exception):
    """The kernel does not filter calls."""


def prepare(*, network: bool) -> bool:
    """What the whole family of processes has; the answer is whether it has left the machine's network, if *network*."""
    if not LINUX:
        return False
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out all the same: these processes, not the role
    alone = False
    if network:
        with suppress(OSError):
            namespaces.leave()
            alone = True
    undumpable()
    return alone


def die_with(parent: int) -> None:
    """End this process at once when the process *parent*, which started it, ends."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)


def seal(*, threads: bool = False) -> None:
    """From now on this process has its open descriptors, memory and a clock, and *threads* where a reader needs them. Raises UnsealedError; `prepare` comes before it."""
    if not LINUX:
        raise SandboxUnavailableError
    with suppress(OSError):  # it is the second lock on the same door
        landlock.confine()
    try:
        seccomp.confine(os.getpid(), threads=threads)
    except (OSError, seccomp.UnsupportedError) as error:
        raise SandboxUnavailableError from error


def seals() -> bool:
    """Whether `seal` holds on this machine, as a process finds that tries to break it."""

    def breaks() -> int:
        try:
            seal()
        except SandboxUnavailableError:
            return 1
        try:
            os.open("/", os.O_RDONLY)
        except OSError as error:
            if error.errno not in (EPERM, EACCES):
                return 2
        else:
            return 3
        socket.socket()
        return 4

    return LINUX and _forked(breaks) == -signal.SIGSYS


def landlocks() -> bool:
    """The same of Landlock by itself."""

    def breaks() -> int:
        try:
            landlock.confine()
            os.open("/", os.O_RDONLY)
        except OSError as error:
            return 0 if error.errno == EACCES else 1
        return 2

    return LINUX and _forked(breaks) == 0


def _forked(work: Callable[[], int]) -> int:
    """The exit code of *work* in a process of its own; of one thread only."""
    pid = os.fork()
    if pid == 0:
        code = 9
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
