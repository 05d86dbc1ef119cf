"""The kernel's calls that Python's standard library does not have. Raises OSError where the kernel refuses."""

import ctypes
import os
import sys

LINUX = sys.platform == "linux"

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: "int | ctypes.Array[ctypes.c_char] | ctypes.Structure") -> None:
    _checked(_libc.prctl(option, *map(_passed, (*arguments, 0, 0, 0, 0)[:4])))


def syscall(number: int, *arguments: "int | bytes | ctypes.Structure | None") -> int:
    return _checked(_libc.syscall(ctypes.c_long(number), *map(_passed, arguments)))


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags))


def undumpable() -> None:
    """From now on no process of the same user reads this one's memory, environment or descriptors, and it leaves no core.

    Source: prctl(2), PR_SET_DUMPABLE. It does nothing on other systems than Linux.
    """
    if LINUX:
        prctl(PR_SET_DUMPABLE, 0)


def _passed(argument: object) -> object:
    """A plain int would go as 32 bits."""
    if isinstance(argument, int):
        return ctypes.c_ulong(argument)
    return ctypes.byref(argument) if isinstance(argument, ctypes.Structure) else argument


def _checked(answer: int) -> int:
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer
