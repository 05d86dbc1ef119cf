"""CSV: rows found line by line, so that a stray quote costs its own line and not the rest of the file."""

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.core.localized import localized
from streams.migrate.encoding import BROKEN
from streams.migrate.errors import SourceError
from streams.migrate.files import Opened, stamp, text_lines
from streams.migrate.mapping import Mapper, Table, Wrong
from streams.migrate.source import Read

ROWS = 200
"""Lines that one row may have."""


class CsvPart:
    """A position is the line behind which reading goes on: lines are counted again from the beginning."""

    def __init__(self, path: Path, name: str, kind: str, encoding: str, table: Table) -> None:
        self.name, self.kind, self.stamp = name, kind, stamp(path)
        self._encoding, self._table = encoding, table
        self._mapper = Mapper(kind, table)
        self._opened = Opened(path)
        self.size = self._opened.size

    def done(self) -> int:
        return self._opened.done()

    def read(self, position: Any) -> Iterator[Read]:
        csv.field_size_limit(1 << 20)
        try:
            with self._opened.open() as file:
                yield from self._rows(_Lines(text_lines(file, self._encoding)), int(position or 0))
        except BROKEN as error:
            raise SourceError(
                localized("{name}: reading stopped: {kind}; is the file whole?", name=self.name, kind=type(error).__name__)
            ) from None
        except SourceError as error:
            raise SourceError(localized("{name}: {error}", name=self.name, error=error)) from None

    def _rows(self, lines: "_Lines", behind: int) -> Iterator[Read]:
        first = lines.next()
        if first is None:
            return
        delimiter = self._table.delimiter or _delimiter(first)
        header = next(csv.reader([first], delimiter=delimiter), [])
        header = [name.removeprefix("\ufeff") for name in header]
        columns = self._mapper.columns(header)
        while (line := lines.next()) is not None:
            number = lines.number
            if number <= behind and '"' not in line:
                continue
            row, problem = self._row(line, lines, delimiter, len(header))
            if number <= behind or (not problem and not row):
                continue
            if not problem and any("\udc80" <= char <= "\udcff" for cell in row for char in cell if not cell.isascii()):
                problem = f"not in the file's encoding ({self._encoding})"
            if problem:
                yield Read(number, lines.number, None, problem)
                continue
            try:
                value = self._mapper.object(columns, dict(zip(header, row, strict=True)))
            except Wrong as error:
                yield Read(number, lines.number, None, str(error))
                continue
            yield Read(number, lines.number, value)

    def _row(self, line: str, lines: "_Lines", delimiter: str, width: int) -> tuple[list[str], str]:
        """The cells of the row that begins with *line*, or why there are none; then only that line is taken."""
        taken = [line]
        while "".join(taken).count('"') % 2 if len(taken) < 3 else _odd(taken):
            more = lines.next() if len(taken) < ROWS else None
            if more is None:
                lines.back(taken[1:])
                return [], "a quote that is opened and not closed"
            taken.append(more)
        try:
            rows = list(csv.reader(taken, delimiter=delimiter, strict=True))
        except csv.Error:
            rows = []
        if len(rows) == 1 and len(rows[0]) == width:
            return rows[0], ""
        if rows in ([], [[]]) and not "".join(taken).strip():
            return [], ""
        lines.back(taken[1:])
        seen = len(rows[0]) if len(rows) == 1 and len(taken) == 1 else 0
        return [], f"{seen} columns; the header has {width}" if seen else "quotes that do not fit"


def _odd(taken: list[str]) -> bool:
    return sum(line.count('"') for line in taken) % 2 == 1


class _Lines:
    """Lines that can be put back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._back = lines, deque[str]()
        self.number = 0

    def next(self) -> str | None:
        line = self._back.popleft() if self._back else next(self._lines, None)
        if line is not None:
            self.number += 1
        return line

    def back(self, lines: list[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)
