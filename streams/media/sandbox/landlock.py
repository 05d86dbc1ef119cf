"""No file by its name, no TCP, no signal out of its own domain: beside the filter, by other code in the kernel. Source: landlock(7)."""

import ctypes
import os

from streams.media.sandbox.kernel import syscall

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""The same numbers on every machine."""
_VERSION = 1
_FILES = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From which version of the interface on there are how many rights to files."""
_TCP, _SCOPES = (4, 2), (6, 2)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def confine() -> None:
    """From now on, and for good: a set of rules that allows nothing. Needs `no_new_privs`; raises OSError where the kernel has none."""
    version = syscall(_CREATE_RULESET, None, 0, _VERSION)
    files = max(rights for since, rights in _FILES if version >= since)
    rules = _Ruleset((1 << files) - 1, _bits(_TCP, version), _bits(_SCOPES, version))
    size = 24 if version >= _SCOPES[0] else 16 if version >= _TCP[0] else 8
    descriptor = syscall(_CREATE_RULESET, rules, size, 0)
    try:
        syscall(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


def _bits(what: tuple[int, int], version: int) -> int:
    since, rights = what
    return (1 << rights) - 1 if version >= since else 0
