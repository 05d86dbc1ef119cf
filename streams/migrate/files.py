"""Files of an export: JSON Lines and CSV, plain or packed with gzip or zstd, one or a folder of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from converters.core.localized import localized
from streams.migrate import mapping
from streams.migrate.encoding import BROKEN, NAMES, known, recognise
from streams.migrate.errors import SourceError
from streams.migrate.json_lines import JsonLines
from streams.migrate.listing import LINES, Listed, Note, files_in, form_of, listed, shown
from streams.migrate.mapping import Table
from streams.migrate.opened import opened, stamp
from streams.migrate.source import Part, Read, Source


class Unreadable:
    """A file of which the first look says that it cannot be read: it stops the run, and the others are looked at all the same."""

    size = 0

    def __init__(self, path: Path, name: str, kind: str, why: SourceError) -> None:
        self.name, self.kind, self._why = name, kind, why
        try:
            self.stamp = stamp(path)
        except OSError:
            self.stamp = ""

    def read(self, position: Any) -> Iterator[Read]:  # noqa: ARG002 - as of `Part`
        raise self._why

    def done(self) -> int:
        return 0


class Files:
    """Every file of a folder that is of a known kind, by its name, or those that a mapping names."""

    def __init__(self, parts: Sequence[Part], notes: Sequence[Note]) -> None:
        self._parts, self._notes = parts, notes

    def parts(self) -> Sequence[Part]:
        return self._parts

    def notes(self) -> Sequence[Note]:
        return self._notes


def open_path(path: Path) -> Source:
    """A folder, a single file, or a mapping. Raises SourceError."""
    if path.is_dir():
        if (path / mapping.NAME).is_file():
            return _mapped(path / mapping.NAME, files_in(path))
        return _gathered(files_in(path), path)
    if path.suffix == ".toml":
        return _mapped(path, [])
    return _gathered([path], path.parent)


def _gathered(paths: Sequence[Path], root: Path) -> Files:
    notes: list[Note] = []
    parts = [_part(one, Table(file=one.name, delimiter="\t" if one.form == ".tsv" else ""), notes) for one in listed(paths, root, notes)]
    if not parts:
        raise SourceError(
            localized(
                "{root}: no file to read: expected names as users.jsonl, groups.csv, messages-2026.jsonl.gz, or a {name}",
                root=root,
                name=mapping.NAME,
            )
        )
    return Files(parts, notes)


def _mapped(path: Path, beside: Sequence[Path]) -> Source:
    """*beside*: the files of its folder, of which those are told that look as if they should be read and are not named in it."""
    from streams.migrate.sql import SqlPart

    root = path.parent
    parts: list[Part] = []
    notes: list[Note] = []
    named: set[Path] = {path}
    for kind, tables in mapping.read_mapping(path).items():
        for number, table in enumerate(tables):
            if table.database or table.database_file:
                parts.append(SqlPart(root, f"{table.table or f'{kind}-{number}'}", kind, table))
                named |= {root / table.database.removeprefix("sqlite:"), root / table.database_file}
                continue
            found = sorted(root.glob(table.file))
            if not found:
                raise SourceError(localized("{path}: file = {file!r}: there is none in {root}", path=path, file=table.file, root=root))
            named |= set(found)
            parts += [_part(Listed(each, shown(each, root), kind, form_of(each)), table, notes) for each in found]
    if not parts:
        raise SourceError(localized("{path}: it has no table; expected sections as [users] with file or database", path=path))
    passed: list[Note] = []
    left = listed([each for each in beside if each not in named], root, passed)
    return Files(parts, [*notes, *passed, *(("unread", one.name, f"{mapping.NAME} does not name it") for one in left)])


def _part(one: Listed, table: Table, notes: list[Note]) -> Part:
    from streams.migrate.tables import CsvPart

    try:
        encoding = _encoding(one, table.encoding, notes)
    except SourceError as error:
        return Unreadable(one.path, one.name, one.kind, error)
    if one.form in LINES:
        return JsonLines(one.path, one.name, one.kind, encoding)
    return CsvPart(one.path, one.name, one.kind, encoding, table)


def _encoding(one: Listed, given: str, notes: list[Note]) -> str:
    try:
        encoding = known(given) if given else recognise(one.path, opened)
    except BROKEN as error:
        raise SourceError(localized("{name}: cannot be read: {kind}", name=one.name, kind=type(error).__name__)) from None
    if encoding not in ("utf-8", "ascii"):
        notes.append(("encoding", one.name, NAMES.get(encoding, encoding)))
    return encoding
