"""A few threads and no more, for a reader that cannot do without: each is asked for at a process that counts.

Source: seccomp_unotify(2). The flags of `clone` lie in registers, so that nothing can change between the asking and the call.
"""

import ctypes
import fcntl
import os
import platform
import socket
import struct
from errno import EAGAIN
from pathlib import Path

from streams.media.sandbox.calls import MACHINES
from streams.media.sandbox.kernel import syscall
from streams.media.sandbox.seccomp import Program, asking

MOST = 8
"""Of one worker at a time, its first among them; where several ask at once, up to twice as many."""
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_RECEIVE, _SEND = 0xC050_2100, 0xC018_2101
_ASKED = 80
"""Bytes of what is received: the id of the question first."""
_CONTINUE = 1


def ask(counter: socket.socket) -> None:
    """From now on this process asks for each thread at the other end of *counter*. Raises OSError where the kernel has no such thing."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(f"calls can be filtered on {', '.join(MACHINES)}")
    listener = syscall(_SECCOMP[machine.name], _SET_MODE_FILTER, _NEW_LISTENER, Program.of(asking(machine)))
    try:
        socket.send_fds(counter, [b"."], [listener])
    finally:
        os.close(listener)


class ThreadCounter:
    """Of the threads of the worker *pid*. Its descriptor is readable when the worker asks for one."""

    def __init__(self, pid: int, listener: int) -> None:
        self.pid = pid
        self.listener = listener

    def answer(self) -> bool:
        """False when nobody can ask any more."""
        question = ctypes.create_string_buffer(_ASKED)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, question)
            refused = _threads(self.pid) >= MOST
            (number,) = struct.unpack_from("<Q", question.raw)
            said = struct.pack("<QqiI", number, 0, -EAGAIN if refused else 0, 0 if refused else _CONTINUE)
            fcntl.ioctl(self.listener, _SEND, bytearray(said))
        except OSError:
            return False
        return True


def _threads(pid: int) -> int:
    """That live. Source: proc_pid_stat(5), field 20."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[17])
