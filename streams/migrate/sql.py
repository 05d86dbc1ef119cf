"""Tables of a customer's database, SQLite or PostgreSQL, read in pages that begin behind the last key."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from converters.core.localized import localized
from streams.migrate.errors import SourceError
from streams.migrate.mapping import Mapper, Table, Wrong, form
from streams.migrate.opened import stamp
from streams.migrate.source import UNKNOWN, Read

PAGE = 5_000
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")


class SqlPart:
    """A position is [row, [key, …]]. Rows that come in while it is read are read if their key is behind what has been read."""

    size = 0

    def __init__(self, root: Path, name: str, kind: str, table: Table) -> None:
        self.name, self.kind = name, kind
        self._table, self._mapper = table, Mapper(kind, table)
        self._keys = [table.key] if isinstance(table.key, str) else list(table.key)
        for word in (*self._keys, *([table.table] if table.table else [])):
            if not _NAME.fullmatch(word):
                raise SourceError(localized("{name}: {word!r} is no name of a table or column", name=name, word=word))
        if bool(table.table) == bool(table.query):
            raise SourceError(localized("{name}: a database needs one of `table` and `query`", name=name))
        self._database = _database(root, table)
        self.stamp = self._stamp()
        self._done = 0

    def _stamp(self) -> str:
        """Of a server's table nothing tells cheaply whether a row has changed."""
        files = (
            [Path(self._database.removeprefix("sqlite:") + more) for more in ("", "-wal")] if self._database.startswith("sqlite:") else []
        )
        said = [stamp(path) for path in files if path.is_file()]
        return "-".join([*(said or [UNKNOWN]), form(self._table)])

    def done(self) -> int:
        return self._done

    def read(self, position: Any) -> Iterator[Read]:
        number, keys = position or (0, None)
        with closing(self._connected()) as connection:
            while True:
                header, rows = self._page(connection, keys)
                if not rows:
                    return
                places = self._places(header)
                columns = self._columns(header)
                self._are_told_apart(rows, places)
                for row in rows[:PAGE]:
                    number += 1
                    keys = [_key(row[place]) for place in places]
                    if None in keys:
                        raise SourceError(
                            localized(
                                "{name}: row {number} has no {keys}: name other columns as `key`",
                                name=self.name,
                                number=number,
                                keys=", ".join(self._keys),
                            )
                        )
                    where = "/".join(str(key) for key in keys)
                    try:
                        value = self._mapper.object(columns, dict(zip(header, row, strict=True)))
                    except Wrong as error:
                        yield Read(number, (number, keys), None, str(error), where)
                        continue
                    yield Read(number, (number, keys), value, "", where)
                self._done = number
                if len(rows) <= PAGE:
                    return

    def _page(self, connection: Any, keys: Sequence[Any] | None) -> tuple[list[str], list[Sequence[Any]]]:
        mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        source = f"({self._table.query}) AS given" if self._table.query else ".".join(f'"{part}"' for part in self._table.table.split("."))
        names = ", ".join(f'"{key}"' for key in self._keys)
        behind = f" WHERE ({names}) > ({', '.join([mark] * len(self._keys))})" if keys is not None else ""
        # The names are checked above; the query is the operator's own.
        text = f"SELECT * FROM {source}{behind} ORDER BY {names} LIMIT {PAGE + 1}"  # noqa: S608
        if mark == "%s" and self._table.query:
            text = text if keys is None else text.replace(self._table.query, self._table.query.replace("%", "%%"))
        try:
            cursor = connection.cursor()
            cursor.execute(text, tuple(keys)) if keys is not None else cursor.execute(text)
            header = [column[0] for column in cursor.description]
            return header, cursor.fetchall()
        except Exception as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(
                localized(
                    "{name}: the database refuses: {kind}: {error}", name=self.name, kind=type(error).__name__, error=_first_line(error)
                )
            ) from None

    def _are_told_apart(self, rows: Sequence[Sequence[Any]], places: list[int]) -> None:
        """Raises SourceError: of two rows with one key, one could lie where a page ends, and would not be read."""
        last: list[Any] | None = None
        for row in rows:
            keys = [row[place] for place in places]
            if keys == last or any(isinstance(key, bytes | bytearray | memoryview) for key in keys):
                raise SourceError(
                    localized(
                        "{name}: {keys} cannot order the rows: two have the same, or it is binary; name other columns as `key`, together unique",
                        name=self.name,
                        keys=", ".join(self._keys),
                    )
                )
            last = keys

    def _places(self, header: list[str]) -> list[int]:
        missing = [key for key in self._keys if key not in header]
        if missing:
            raise SourceError(
                localized(
                    "{name}: no column {missing} to order by; there are: {header}",
                    name=self.name,
                    missing=", ".join(missing),
                    header=", ".join(header),
                )
            )
        return [header.index(key) for key in self._keys]

    def _columns(self, header: list[str]) -> list[tuple[str, str]]:
        try:
            return self._mapper.columns(header)
        except SourceError as error:
            raise SourceError(localized("{name}: {error}", name=self.name, error=error)) from None

    def _connected(self) -> Any:
        if self._database.startswith("sqlite:"):
            path = Path(self._database.removeprefix("sqlite:"))
            if not path.is_file():
                raise SourceError(localized("{name}: there is no file {path}", name=self.name, path=path))
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            connection.text_factory = _text
            return connection
        try:
            import psycopg
        except ImportError:
            raise SourceError(localized("a PostgreSQL database needs the extra: pip install 'im-relay[postgresql]'")) from None
        try:
            return psycopg.connect(self._database, options="-c default_transaction_read_only=on", connect_timeout=10)
        except psycopg.Error as error:
            # Its text can quote the connection string.
            raise SourceError(
                localized("{name}: PostgreSQL cannot be reached: {kind}; see `database`", name=self.name, kind=type(error).__name__)
            ) from None


def _database(root: Path, table: Table) -> str:
    text = table.database
    if table.database_file:
        try:
            text = (root / table.database_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(
                localized("database_file = {database_file!r}: {kind}", database_file=table.database_file, kind=type(error).__name__)
            ) from None
    if text.startswith("sqlite:"):
        return f"sqlite:{root / text.removeprefix('sqlite:')}"
    if text.startswith(("postgresql://", "postgres://")):
        return text
    raise SourceError(localized("database is neither sqlite:PATH nor postgresql://…"))


def _text(raw: bytes) -> str:
    """SQLite keeps whatever bytes it was given: those that are no UTF-8 cost their row, and not the table."""
    return raw.decode("utf-8", "surrogateescape")


def _key(value: Any) -> Any:
    """As it can be kept in a position."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return str(value)
    return value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
