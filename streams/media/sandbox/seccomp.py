"""The filter of calls: what is not named is refused, and what no reader of files has any reason to ask for ends the process.

A program of classic BPF that the kernel runs at each call. Sources: seccomp(2); Linux, "Seccomp BPF (SECure COMPuting with filters)".
"""

import ctypes
import platform
import struct
from collections.abc import Iterable, Iterator
from errno import ENOSYS, EPERM

from streams.media.sandbox.calls import MACHINES, Machine
from streams.media.sandbox.kernel import PR_SET_SECCOMP, prctl

ALLOW, KILL, ERRNO, ASK = 0x7FFF_0000, 0x8000_0000, 0x0005_0000, 0x7FC0_0000
_MODE_FILTER = 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Bytes into what the filter is shown of a call; of an argument, 8 bytes each, its lower half, little-endian."""
_PROT_EXEC, _CLONE_THREAD = 0x4, 0x0001_0000
_OF_THREADS = 0x007D_0F00
"""The flags of `clone` that C libraries make threads with, memory, files and signals shared; those of namespaces are not among them."""

ALLOWED = (
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "lseek",
    "close",
    "fstat",
    "ftruncate",  # of its own descriptors
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "futex",
    "set_robust_list",
    "rseq",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "gettimeofday",
    "nanosleep",
    "time",
    "getrandom",
    "getpid",
    "gettid",
    "getrusage",
    "sched_yield",
    "exit",
    "exit_group",
)
UNFORGIVEN = (
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "tkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "open_by_handle_at",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "reboot",
)
"""All else is refused with EPERM, and the process goes on: libraries look for files and settings that they can do without."""


class UnsupportedError(Exception):
    """No numbers of calls are known for this machine."""


def confine(pid: int, *, threads: bool = False) -> None:
    """From now on, and for good. *pid* is this process's own; with *threads* it may begin some. Needs `no_new_privs`; raises OSError, UnsupportedError."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise UnsupportedError(f"calls can be filtered on {', '.join(MACHINES)}; this is {platform.machine()}")
    prctl(PR_SET_SECCOMP, _MODE_FILTER, Program.of(program(machine, pid, threads=threads)))


class Program(ctypes.Structure):
    """As the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    @classmethod
    def of(cls, written: bytes) -> "Program":
        code = ctypes.create_string_buffer(written, len(written))
        made = cls(len(written) // 8, ctypes.addressof(code))
        made.kept = code  # for as long as this is
        return made


def program(machine: Machine, pid: int, *, threads: bool = False) -> bytes:
    """The filter for the process *pid* on *machine*: instructions of 8 bytes."""
    return _written(_instructions(machine, pid, threads=threads))


def asking(machine: Machine) -> bytes:
    """One that asks for each thread, and leaves all else to the other."""
    clone = _depending(machine.numbers["clone"], 0, (_ANY_BIT, _CLONE_THREAD), ASK, ALLOW)
    return _written([(_LOAD, 0, 0, _NUMBER), *clone, (_RETURN, 0, 0, ALLOW)])


def _written(instructions: Iterable[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("<HBBI", *one) for one in instructions)


def _instructions(machine: Machine, pid: int, *, threads: bool) -> Iterator[tuple[int, int, int, int]]:
    numbers = machine.numbers
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, machine.arch)
    yield (_RETURN, 0, 0, KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine.foreign:
        yield (_AT_LEAST, 0, 1, machine.foreign)
        yield (_RETURN, 0, 0, KILL)
    for name in ALLOWED:
        if name in numbers:
            yield from _simply(numbers[name], ALLOW)
    for name in ("mmap", "mprotect"):  # memory, but none that runs
        yield from _depending(numbers[name], 2, (_ANY_BIT, _PROT_EXEC), ERRNO | EPERM, ALLOW)
    for name in ("kill", "tgkill"):  # itself, as `abort` does
        yield from _depending(numbers[name], 0, (_EQUAL, pid), ALLOW, KILL)
    thread = (_ANY_BIT, 0, 1, _CLONE_THREAD), (_RETURN, 0, 0, ALLOW if threads else ERRNO | EPERM), (_RETURN, 0, 0, KILL)
    yield (_EQUAL, 0, 6, numbers["clone"])
    yield (_LOAD, 0, 0, _ARGUMENTS)
    yield (_ANY_BIT, 0, 1, 0xFFFF_FFFF & ~_OF_THREADS)
    yield (_RETURN, 0, 0, KILL)
    yield from thread
    yield from _simply(numbers["clone3"], ERRNO | ENOSYS)  # its flags lie in memory, where no filter looks: C libraries then take `clone`
    for name in UNFORGIVEN:
        if name in numbers:
            yield from _simply(numbers[name], KILL)
    yield (_RETURN, 0, 0, ERRNO | EPERM)


def _simply(number: int, action: int) -> Iterator[tuple[int, int, int, int]]:
    yield (_EQUAL, 0, 1, number)
    yield (_RETURN, 0, 0, action)


def _depending(number: int, argument: int, test: tuple[int, int], then: int, otherwise: int) -> Iterator[tuple[int, int, int, int]]:
    yield (_EQUAL, 0, 4, number)
    yield (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)
    yield (test[0], 0, 1, test[1])
    yield (_RETURN, 0, 0, then)
    yield (_RETURN, 0, 0, otherwise)
