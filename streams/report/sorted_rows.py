"""Rows in the order of their names, more of them than memory holds: what does not fit is sorted in files and merged."""

import heapq
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from converters.core.localized import localized
from streams.operate.topic_reader import OperateError

HELD = 400_000
"""Rows in memory, some 300 bytes each."""
_HEAD = struct.Struct("<HIQ")
LONGEST = 0xFFFF
"""Bytes of a name; more are cut off."""

Row = tuple[bytes, int, bytes]
"""(name, number of the row, content)."""


class SortedRows:
    """A context manager. The files lie under *directory*, else where the system has temporary files, and are gone after it.

    Raises OperateError where they cannot be written.
    """

    def __init__(self, directory: Path | None = None, held: int = HELD) -> None:
        self._under = directory
        self._most = held
        self._rows: list[Row] = []
        self._count = 0
        self._directory: Path | None = None
        self._files: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._rows.clear()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def __len__(self) -> int:
        return self._count

    def add(self, name: bytes, content: bytes) -> None:
        self._rows.append((name[:LONGEST], self._count, content))
        self._count += 1
        if len(self._rows) >= self._most:
            self._spill()

    def groups(self) -> Iterator[tuple[bytes, list[bytes]]]:
        """Each name with the contents of its rows, in the order in which they were added."""
        self._rows.sort()
        with ExitStack() as files:
            sources: list[Iterator[Row]] = [iter(self._rows)]
            sources += [_read(files.enter_context(path.open("rb"))) for path in self._files]
            merged = heapq.merge(*sources) if len(sources) > 1 else sources[0]
            for name, rows in groupby(merged, key=itemgetter(0)):
                yield name, [content for _, _, content in rows]

    def _spill(self) -> None:
        self._rows.sort()
        try:
            if self._directory is None:
                self._directory = Path(tempfile.mkdtemp(prefix="im-relay-report-", dir=self._under))
            path = self._directory / str(len(self._files))
            with path.open("wb") as file:
                for name, number, content in self._rows:
                    file.write(_HEAD.pack(len(name), len(content), number) + name + content)
        except OSError as error:
            raise OperateError(
                localized(
                    "{strerror}: more than {most} rows need a directory for temporary files, with --work",
                    strerror=error.strerror or type(error).__name__,
                    most=self._most,
                )
            ) from None
        self._files.append(path)
        self._rows.clear()


def _read(file: BinaryIO) -> Iterator[Row]:
    while head := file.read(_HEAD.size):
        long, size, number = _HEAD.unpack(head)
        yield file.read(long), number, file.read(size)
