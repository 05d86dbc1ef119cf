"""Files on one disk: there whole or not at all, deleted when their time is over. One process to a directory."""

import asyncio
import errno
import fcntl
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, Literal

from msgspec import Struct

from converters.core.localized import ReportedError, localized
from streams.files.naming import KEY

BLOCK = 1024 * 1024
"""Bytes written at once."""
RESERVE = 64 * 1024 * 1024
"""Bytes that stay free."""
AT_ONCE = 100
"""Files deleted before others get their turn."""
FULL = (errno.ENOSPC, errno.EDQUOT)

Outcome = Literal["stored", "differs", "full"]


class DirectoryError(ReportedError):
    """The directory cannot be used; the text names the setting."""


class SweepResult(Struct):
    """What one look at everything found."""

    files: int = 0
    bytes: int = 0
    deleted: int = 0


class FileDirectory:
    """*kept*: seconds after its last upload until a file is deleted. *clock*: seconds since 1970."""

    def __init__(self, root: Path, *, kept: float, clock: Callable[[], float] = time.time) -> None:
        self._root, self._kept_for, self._clock = root, kept, clock
        self._kept, self._coming = root / "kept", root / "coming"
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Take the directory, and remove what an earlier process left half done. Raises DirectoryError."""
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            self._coming.mkdir(exist_ok=True)
            self._lock = (self._root / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self._coming.iterdir():
                left.unlink()
        except BlockingIOError:
            self.close()
            raise DirectoryError(localized("files.directory is {root}: another process uses it", root=self._root)) from None
        except OSError as error:
            self.close()
            raise DirectoryError(localized("files.directory is {root}: {strerror}", root=self._root, strerror=error.strerror)) from None

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def where(self, key: str) -> Path:
        """The one place of a valid key. Raises ValueError for any other."""
        if not KEY.fullmatch(key):
            raise ValueError("not a key")
        folder, _, name = key.partition("/")
        return self._kept / folder / name[:2] / name

    def find(self, key: str) -> os.stat_result | None:
        """None where there is no such file, or its time is over."""
        try:
            found = self.where(key).stat()
        except FileNotFoundError:
            return None
        return found if not self._over(found) else None

    def renew(self, key: str, length: int) -> bool:
        """Count the time of *key* from now on; False where there is no such file of that length."""
        found = self.find(key)
        if found is None or found.st_size != length:
            return False
        now = self._clock()
        os.utime(self.where(key), (now, now))
        return True

    def free(self) -> int:
        """Bytes that may still be used."""
        return max(0, shutil.disk_usage(self._root).free - RESERVE)

    async def receive(self, key: str, digest: str, length: int, chunks: AsyncIterator[bytes]) -> Outcome:
        """Keep what comes as *key*, once all of it is on the disk and its SHA-256 is *digest*; what *chunks* raises is let through."""
        place, coming, seen, size = self.where(key), self._coming / token_hex(12), sha256(), 0
        try:
            file = coming.open("xb", buffering=0)
            try:
                async for block in _blocks(chunks):
                    size += len(block)
                    if size > length:
                        return "differs"
                    await _in_thread(_append, file, block, seen)
                if size != length or seen.hexdigest() != digest:
                    return "differs"
                await _in_thread(_settle, file, coming, place, self._clock())
            finally:
                file.close()
        except OSError as error:
            if error.errno not in FULL:
                raise
            return "full"
        finally:
            coming.unlink(missing_ok=True)
        return "stored"

    async def sweep(self, moved: Callable[[], None] = lambda: None) -> SweepResult:
        """Look at everything once, folder by folder, and delete what is over; *moved* is called for each folder."""
        seen = SweepResult()
        for folder in await asyncio.to_thread(_folders, self._kept):
            moved()
            for number, (path, size) in enumerate(await asyncio.to_thread(_listed, folder)):
                # Looked at again, and nothing runs in between: an upload may have renewed it since.
                if self._delete(path):
                    seen.deleted += 1
                else:
                    seen.files += 1
                    seen.bytes += size
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
        return seen

    def _delete(self, path: Path) -> bool:
        try:
            over = self._over(path.stat())
        except FileNotFoundError:
            return True
        if over:
            path.unlink(missing_ok=True)
        return over

    def _over(self, found: os.stat_result) -> bool:
        return found.st_mtime + self._kept_for <= self._clock()


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    block = bytearray()
    async for chunk in chunks:
        block += chunk
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


async def _in_thread(work: Callable[..., None], *arguments: Any) -> None:
    """As `asyncio.to_thread`, and ended when this has ended: the file it writes is closed then."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _append(file: IO[bytes], block: bytes, seen: Any) -> None:
    seen.update(block)
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _settle(file: IO[bytes], coming: Path, place: Path, now: float) -> None:
    os.utime(coming, (now, now))
    os.fsync(file.fileno())
    new = [one for one in (place.parent, place.parent.parent) if not one.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    coming.replace(place)
    for one in {place.parent, *(each.parent for each in new)}:
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _folders(kept: Path) -> list[Path]:
    return sorted(shelf for folder in kept.iterdir() for shelf in folder.iterdir())


def _listed(folder: Path) -> list[tuple[Path, int]]:
    with os.scandir(folder) as entries:
        return [(Path(entry.path), entry.stat().st_size) for entry in entries]
