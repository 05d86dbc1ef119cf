"""A network of its own, with nothing in it, where the kernel gives one to who has no privileges."""

import ctypes
import platform

from streams.media.sandbox.kernel import syscall, unshare

_NEWUSER, _NEWIPC, _NEWNET = 0x1000_0000, 0x0800_0000, 0x4000_0000
_CAPSET = {"x86_64": 126, "aarch64": 91}
_VERSION_3 = 0x2008_0522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("words", ctypes.c_uint32 * 6),)


def leave() -> None:
    """Leave the machine's network; of one thread only. Raises OSError: containers mostly refuse it, and then this process is as it was.

    The rights that a new user namespace gives within itself are laid down again. Sources: user_namespaces(7), capset(2).
    """
    if platform.machine() not in _CAPSET:
        raise OSError(f"no number of capset is known for {platform.machine()}")
    unshare(_NEWUSER | _NEWIPC | _NEWNET)
    lay_down()


def lay_down() -> None:
    """All capabilities of this process. Raises OSError."""
    syscall(_CAPSET[platform.machine()], _Header(_VERSION_3, 0), _Sets())
