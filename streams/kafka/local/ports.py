"""Ports of this machine: is one free, which one is."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

from converters.core.localized import localized
from streams.kafka.local.errors import PortTakenError
from streams.kafka.local.node import HOST

# Below the ports that systems hand out for outgoing connections, so that none of these takes it meanwhile.
RANGE = range(15_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """One that no other call of this user gives out until this process has ended: who is to listen there may take its time."""
    return next(port for port in random.sample(RANGE, len(RANGE)) if _reserved(port) and is_free(port))


_given: set[int] = set()
"""By this process, which holds its own locks against others alone."""


def _reserved(port: int) -> bool:
    if port in _given:
        return False
    try:
        fcntl.lockf(_locks(os.getpid()), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:  # another process has it
        return False
    _given.add(port)
    return True


@cache
def _locks(process: int) -> int:  # noqa: ARG001 - a fork has no locks, and its own are not lost when its parent's file is closed
    """A file of this user, a byte of which stands for a port; never closed, as that would give up all its locks."""
    path = Path(tempfile.gettempdir()) / f"im-relay-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def require_free(port: int, option: str) -> None:
    """Raise PortTakenError, naming the command's *option*, unless *port* can be listened on."""
    if not is_free(port):
        raise PortTakenError(
            seen=localized("{host}:{port} is taken, or may not be used", host=HOST, port=port),
            expected=localized("a free port above 1023"),
            change=localized("{option}, or stop what listens there", option=option),
        )
