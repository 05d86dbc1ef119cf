"""CSV: rows found line by line, so that a stray quote costs its own line and not the rest of the file."""

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from converters.core.localized import localized
from streams.migrate.encoding import BOM, BROKEN
from streams.migrate.errors import SourceError
from streams.migrate.escapes import DOUBTFUL, aside, back, is_doubtful
from streams.migrate.mapping import Mapper, Table, Wrong, form
from streams.migrate.opened import LONGEST, Opened, overlong, stamp, text_lines
from streams.migrate.source import Read


class CsvPart:
    """A position is the line behind which reading goes on: lines are counted again from the beginning."""

    def __init__(self, path: Path, name: str, kind: str, encoding: str, table: Table) -> None:
        self.name, self.kind, self.stamp = name, kind, f"{stamp(path)}-{kind}-{encoding}-{form(table)}"
        self._encoding, self._table = encoding, table
        self._mapper = Mapper(kind, table)
        self._escaped, self._quoted = table.escape == "\\", bool(table.quote)
        self._opened = Opened(path)
        self.size = self._opened.size

    def done(self) -> int:
        return self._opened.done()

    def read(self, position: Any) -> Iterator[Read]:
        csv.field_size_limit(LONGEST)
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
        delimiter = self._table.delimiter
        if first.lower().startswith("sep=") and len(first.strip()) == 5:  # a spreadsheet's own
            delimiter, first = delimiter or first[4], lines.next() or ""
        delimiter = delimiter or _delimiter(first)
        header = self._table.header or next(csv.reader([first], delimiter=delimiter), [])
        if self._table.header:
            lines.back([first])
        columns = self._mapper.columns(header)
        self._each_once(header, columns)
        while (line := lines.next()) is not None:
            number = lines.number
            if number <= behind and '"' not in line and not self._escaped:
                continue
            row, problem = self._row(line, lines, delimiter, len(header))
            if number <= behind or (not problem and not row):
                continue
            if row == header:
                problem = "the header once more"
            elif not problem and any("\udc80" <= char <= "\udcff" for cell in row if cell and not cell.isascii() for char in cell):
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

    def _each_once(self, header: list[str], columns: list[tuple[str, str]]) -> None:
        """Raises SourceError where it cannot be told which of several columns is meant."""
        read, times = {column for _, column in columns}, Counter(header)
        if twice := sorted(name for name, count in times.items() if count > 1 and name in read):
            raise SourceError(localized("the header has {columns} more than once", columns=", ".join(twice)))

    def _row(self, line: str, lines: "_Lines", delimiter: str, width: int) -> tuple[Sequence[str | None], str]:
        """The cells of the row that begins with *line*, or why there are none; then only that line is taken."""
        if overlong(line):
            return [], f"a line of more than {LONGEST} characters"
        more: str | None
        taken, size, text = [line], len(line), [aside(line) if self._escaped else line]
        odd = self._quoted and text[0].count('"') % 2 == 1
        if odd and len(row := _alone(text[0], delimiter)) == width:
            return self._meant(taken, row)
        while odd or (self._escaped and not text[-1].endswith(("\n", "\r"))):
            if (more := lines.next()) is not None:
                taken.append(more)
                size += len(more)
                text.append(aside(more) if self._escaped else more)
            elif not odd:
                break
            if more is None or size > LONGEST or (odd and _breaks(text[-1], delimiter)):
                lines.back(taken[1:])
                return [], "a quote that is opened and not closed" if odd else "a line end behind a backslash, and no end"
            odd ^= self._quoted and text[-1].count('"') % 2 == 1
        try:
            rows = list(
                csv.reader(
                    ["".join(text)] if self._escaped else text,
                    delimiter=delimiter,
                    strict=True,
                    quoting=csv.QUOTE_MINIMAL if self._quoted else csv.QUOTE_NONE,
                )
            )
        except csv.Error:
            rows = []
        if len(rows) == 1 and len(rows[0]) == width:
            cells, problem = self._meant(taken, rows[0])
            if problem:
                lines.back(taken[1:])
            return cells, problem
        if rows in ([], [[]]) and not "".join(taken).strip():
            return [], ""
        lines.back(taken[1:])
        seen = len(rows[0]) if len(rows) == 1 and len(taken) == 1 else 0
        return [], f"{seen} columns; the header has {width}" if seen else "quotes that do not fit"

    def _meant(self, taken: list[str], cells: list[str]) -> tuple[Sequence[str | None], str]:
        """*cells* without what stands for something else, or why that cannot be told."""
        if self._escaped:
            return back(cells), ""
        if not self._table.escape and is_doubtful(taken, cells):
            return [], DOUBTFUL
        return cells, ""


def _alone(line: str, delimiter: str) -> list[str]:
    """The cells of a line in which a quote stands within a cell that has none around it; empty where one is open at its end."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _breaks(line: str, delimiter: str) -> bool:
    """Whether *line*, within a quoted cell, has a quote that neither ends the cell nor stands for one: then the cell was none."""
    inner = line.replace('""', "")
    end = inner.find('"')
    return end >= 0 and inner[end + 1 : end + 2] not in (delimiter, "\r", "\n", "")


class _Lines:
    """Lines that can be put back. Files put together have a byte order mark in the middle."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._back = lines, deque[str]()
        self.number = 0

    def next(self) -> str | None:
        line = self._back.popleft() if self._back else next(self._lines, None)
        if line is None:
            return None
        self.number += 1
        return line.removeprefix(BOM)

    def back(self, lines: list[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)
