"""Files of an export: JSON Lines and CSV, plain or packed with gzip or zstd, one or a folder of them."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from backports import zstd

from converters.core.localized import localized
from converters.inventory import FILES
from streams.migrate import mapping
from streams.migrate.encoding import BROKEN, NAMES, known, recognise
from streams.migrate.errors import SourceError
from streams.migrate.mapping import Table
from streams.migrate.source import Part, Read, Source

LONGEST = 1 << 20
"""Bytes of a line."""
PACKED = (".gz", ".zst")
LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
_WIDE = ("utf-16", "utf-16-le", "utf-16-be")


def opened(path: Path) -> BinaryIO:
    """*path* unpacked, whichever way it is packed. Raises OSError."""
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix == ".zst":
        return cast(BinaryIO, zstd.open(path, "rb"))
    return path.open("rb", buffering=1 << 20)


class Opened:
    """A file that is read line by line, and how far it has been read as it lies on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw: IO[bytes] | None = None
        self.size = path.stat().st_size

    def open(self) -> BinaryIO:
        if self._path.suffix == ".gz":
            self._raw = self._path.open("rb", buffering=1 << 20)
            return cast(BinaryIO, gzip.GzipFile(fileobj=self._raw))
        if self._path.suffix == ".zst":
            self._raw = self._path.open("rb", buffering=1 << 20)
            return cast(BinaryIO, zstd.ZstdFile(self._raw))
        self._raw = opened(self._path)
        return self._raw

    def done(self) -> int:
        try:
            return self._raw.tell() if self._raw is not None else 0
        except ValueError:  # it is closed: it has been read
            return self.size


class JsonLines:
    """A position is [line, byte]; in a packed file what lies before is unpacked again."""

    def __init__(self, path: Path, name: str, kind: str, encoding: str) -> None:
        self.name, self.kind, self.stamp = name, kind, stamp(path)
        self._path, self._encoding = path, encoding
        self._opened = Opened(path)
        self.size = self._opened.size

    def read(self, position: Any) -> Iterator[Read]:
        try:
            yield from self._read(position)
        except BROKEN as error:
            raise SourceError(
                localized("{name}: reading stopped: {kind}; is the file whole?", name=self.name, kind=type(error).__name__)
            ) from None

    def _read(self, position: Any) -> Iterator[Read]:
        number, offset = position or (0, 0)
        with self._opened.open() as file:
            if self._encoding in _WIDE:
                yield from self._decoded(file, number)
                return
            if offset:
                file.seek(offset)
            plain = self._encoding in ("utf-8", "utf-8-sig", "ascii")
            while line := file.readline(LONGEST):
                number += 1
                offset += len(line)
                if len(line) >= LONGEST and not line.endswith(b"\n"):
                    while (more := file.readline(LONGEST)) and not more.endswith(b"\n"):
                        offset += len(more)
                    offset += len(more)
                    yield Read(number, (number, offset), None, f"a line of more than {LONGEST} bytes")
                    continue
                text = line.strip()
                if number == 1 and text.startswith(b"\xef\xbb\xbf"):
                    text = text[3:]
                if not text:
                    continue
                if not plain:
                    try:
                        text = text.decode(self._encoding).encode()
                    except UnicodeDecodeError:
                        yield Read(number, (number, offset), None, f"no {NAMES.get(self._encoding, self._encoding)}")
                        continue
                yield Read(number, (number, offset), text)

    def _decoded(self, file: BinaryIO, behind: int) -> Iterator[Read]:
        """UTF-16 has line ends of two bytes: lines are counted again from the beginning."""
        for number, line in enumerate(text_lines(file, self._encoding), 1):
            if number > behind and line.strip():
                try:
                    yield Read(number, (number, 0), line.strip().encode())
                except UnicodeEncodeError:
                    yield Read(number, (number, 0), None, f"no {NAMES[self._encoding]}")

    def done(self) -> int:
        return self._opened.done()


def text_lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with their ends; bytes that cannot be decoded become surrogates. One of more than `LONGEST` characters comes in pieces."""
    import io

    errors = "replace" if encoding in _WIDE else "surrogateescape"
    reader = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    while line := reader.readline(LONGEST):
        yield line


class Files:
    """Every file of a folder that is of a known kind, by its name, or those that a mapping names."""

    def __init__(self, parts: Sequence[Part], notes: Sequence[tuple[str, str, str]]) -> None:
        self._parts, self._notes = parts, notes

    def parts(self) -> Sequence[Part]:
        return self._parts

    def notes(self) -> Sequence[tuple[str, str, str]]:
        return self._notes


def open_path(path: Path) -> Source:
    """A folder, a single file, or a mapping. Raises SourceError."""
    if path.is_dir():
        if (path / mapping.NAME).is_file():
            return _mapped(path / mapping.NAME)
        return _gathered(sorted(each for each in path.rglob("*") if each.is_file()), path)
    if path.suffix == ".toml":
        return _mapped(path)
    return _gathered([path], path.parent)


def kind_of_file(path: Path, root: Path) -> str | None:
    """The tag of what is in it, by its name or a folder's, as `messages-2026-01.jsonl.gz`; None where nothing says so."""
    names = [path.name, *(parent.name for parent in path.relative_to(root).parents if parent.name)]
    if root.name and path.parent == root:
        names.append(root.name)
    for name in names:
        word = name.lower().partition(".")[0].replace("_", "-")
        while word:
            if word in FILES:
                return FILES[word]
            word = word.rpartition("-")[0]
    return None


def _gathered(paths: list[Path], root: Path) -> Files:
    from streams.migrate.tables import CsvPart

    parts: list[Part] = []
    notes: list[tuple[str, str, str]] = []
    for path in paths:
        name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
        form = _form(path)
        kind = kind_of_file(path, root)
        if form not in (*LINES, *TABLES) or (kind is None and form in TABLES):
            notes.append(("not-read", name, "the name says neither kind nor form"))
            continue
        encoding = _encoding(path, "", notes, name)
        if form in LINES:
            parts.append(JsonLines(path, name, kind or "", encoding))
        else:
            parts.append(CsvPart(path, name, kind or "", encoding, Table(file=name, delimiter="\t" if form == ".tsv" else "")))
    if not parts:
        raise SourceError(
            localized(
                "{root}: no file to read: expected names as users.jsonl, groups.csv, messages-2026.jsonl.gz, or a {name}",
                root=root,
                name=mapping.NAME,
            )
        )
    return Files(parts, notes)


def _mapped(path: Path) -> Source:
    from streams.migrate.sql import SqlPart
    from streams.migrate.tables import CsvPart

    root = path.parent
    parts: list[Part] = []
    notes: list[tuple[str, str, str]] = []
    for kind, tables in mapping.read_mapping(path).items():
        for number, table in enumerate(tables):
            if table.database or table.database_file:
                parts.append(SqlPart(root, f"{table.table or f'{kind}-{number}'}", kind, table))
                continue
            found = sorted(root.glob(table.file))
            if not found:
                raise SourceError(localized("{path}: file = {file!r}: there is none in {root}", path=path, file=table.file, root=root))
            for each in found:
                name = str(each.relative_to(root))
                encoding = _encoding(each, table.encoding, notes, name)
                if _form(each) in LINES:
                    parts.append(JsonLines(each, name, kind, encoding))
                else:
                    parts.append(CsvPart(each, name, kind, encoding, table))
    if not parts:
        raise SourceError(localized("{path}: it has no table; expected sections as [users] with file or database", path=path))
    return Files(parts, notes)


def _encoding(path: Path, given: str, notes: list[tuple[str, str, str]], name: str) -> str:
    try:
        encoding = known(given) if given else recognise(path, opened)
    except BROKEN as error:
        raise SourceError(localized("{name}: cannot be read: {kind}", name=name, kind=type(error).__name__)) from None
    if encoding not in ("utf-8", "ascii"):
        notes.append(("encoding", name, NAMES.get(encoding, encoding)))
    return encoding


def _form(path: Path) -> str:
    return (Path(path.stem).suffix if path.suffix in PACKED else path.suffix).lower()


def stamp(path: Path) -> str:
    told = path.stat()
    return f"{told.st_size}-{told.st_mtime_ns}"
