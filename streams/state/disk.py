"""The disk under the local state, tried by ourselves: so full, forbidden, locked and failing are told apart by error numbers."""

import errno
import fcntl
import os
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from converters.core.localized import Localized, localized
from streams.state.errors import Kind, StateError

SPARE = 64 << 20
"""Bytes that must be free on the disk for state to be kept there."""
TRIED = 64 << 10
"""Bytes that are written to find out whether something can be."""
HANDLES = 32
"""Files that must be free to be opened."""
PIECE = 8 << 20

_KINDS: Mapping[int, tuple[Kind, Localized]] = {
    errno.ENOSPC: ("full", localized("the disk is full: make room, or a larger disk")),
    errno.EDQUOT: ("full", localized("the quota is used up: make room, or ask for more")),
    errno.EROFS: ("forbidden", localized("the disk is mounted read-only: mount it so that it can be written, or name another directory")),
    errno.ENOTDIR: ("forbidden", localized("a part of that path is a file: name another directory")),
    errno.EEXIST: ("forbidden", localized("a file has that name: name another directory")),
    errno.ELOOP: ("forbidden", localized("its links lead in a circle: name another directory")),
    errno.ENAMETOOLONG: ("forbidden", localized("the name is too long: name another directory")),
    errno.EMFILE: ("failing", localized("this process has no file handles left: raise its limit (ulimit -n)")),
    errno.ENFILE: ("failing", localized("the machine has no file handles left: raise fs.file-max")),
    errno.EFBIG: ("failing", localized("this process may not write files of that size: raise its limit (ulimit -f)")),
    errno.EIO: ("failing", localized("the disk does not work: look at the kernel's log")),
    errno.ENOLCK: ("failing", localized("the file system knows no locks: name a directory on a disk of this machine")),
    errno.EOPNOTSUPP: ("failing", localized("the file system knows no locks: name a directory on a disk of this machine")),
}


def refusal(path: Path, error: OSError) -> StateError:
    """*error* in our words."""
    kind, words = _KINDS.get(error.errno or 0, ("failing", localized("look at the disk")))
    if error.errno in (errno.EACCES, errno.EPERM):  # said of who the process is now
        kind, words = "forbidden", localized("this user (uid {uid}) may not: give it the directory and what is in it", uid=os.getuid())
    name = errno.errorcode.get(error.errno or 0, "no number")
    return StateError(
        localized("{path}: {error} ({name}); {advice}", path=path, error=os.strerror(error.errno or 0), name=name, advice=words), kind
    )


def tried(directory: Path) -> StateError | None:
    """Why nothing can be kept in *directory*, which is made if it is not there; None where something can."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        seen = os.statvfs(directory)
        free = seen.f_bavail * seen.f_frsize
        if free < SPARE:
            return StateError(
                localized(
                    "{directory}: {free} MiB are free on that disk, {spare} MiB are needed at least: make room, or a larger disk",
                    directory=directory,
                    free=free >> 20,
                    spare=SPARE >> 20,
                ),
                "full",
            )
        if seen.f_files and not seen.f_favail:
            return StateError(
                localized(
                    "{directory}: that disk has no room for one more file (inodes): make room, or a larger disk", directory=directory
                ),
                "full",
            )
        _write(directory)
        _open_some()
    except OSError as error:
        return refusal(Path(error.filename or directory), error)
    return None


def unreadable(path: Path, *, whole: bool) -> OSError | None:
    """What keeps one of the files in *path* from being opened, or, if *whole*, read; slow then. Locks are not touched."""
    try:
        for file in sorted(path.iterdir()) if path.is_dir() else ():
            if file.name == "LOCK":
                continue  # who closes a file loses all locks of his process on it
            with file.open("rb", buffering=0) as opened:
                while whole and opened.read(PIECE):
                    pass
    except FileNotFoundError:
        return None  # RocksDB takes files away by itself
    except OSError as error:
        return error
    return None


def holder(path: Path) -> str | None:
    """Which process holds the lock of the store at *path*; None where nobody does. Not for a store that this process has open."""
    try:
        with (path / "LOCK").open("rb+") as lock:
            kind, process = _asked(lock.fileno())
    except OSError:
        return None
    if kind == fcntl.F_UNLCK:
        return None
    if process <= 0:
        return localized("a process of another container or machine")
    with suppress(OSError):
        return f"process {process} ({Path(f'/proc/{process}/comm').read_text(encoding='utf-8').strip()})"
    return f"process {process}"


def _asked(handle: int) -> tuple[int, int]:
    """Kind of the lock that is in the way of ours, and whose. The layout is that of `struct flock`."""
    if sys.platform == "darwin":
        raw = fcntl.fcntl(handle, fcntl.F_GETLK, struct.pack("qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET))
        _, _, process, kind, _ = struct.unpack("qqihh", raw)
    else:
        raw = fcntl.fcntl(handle, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, _, _, _, process = struct.unpack("hhqqi4x", raw)
    return kind, process


def _write(directory: Path) -> None:
    """Raises OSError."""
    path = directory / f".tried-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        with path.open("xb", buffering=0) as file:
            left = memoryview(os.urandom(TRIED))  # some disks make nothing of zeros
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(directory)) from None
    finally:
        with suppress(OSError):  # a disk that is read-only says so of what is not there, too
            path.unlink(missing_ok=True)


def _open_some() -> None:
    """Raises OSError."""
    opened: list[int] = []
    try:
        opened += [os.open(os.devnull, os.O_RDONLY)]
        while len(opened) < HANDLES:
            opened.append(os.dup(opened[0]))
    finally:
        for handle in opened:
            os.close(handle)
