"""What says which column of a customer's table is which field: the mapping, a TOML file, and the fields of a row by it."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from converters.core.localized import localized
from converters.inventory import FILES
from streams.migrate.encoding import known
from streams.migrate.errors import SourceError

NAME = "migration.toml"
"""A folder's mapping."""


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the mapping: where rows lie, and how they are read. One of *file* and *database*."""

    file: str = ""
    """A pattern, from the mapping's folder."""
    encoding: str = ""
    delimiter: str = ""
    escape: str = ""
    r"""`\`: what follows a backslash is meant otherwise, as MySQL writes it; `none`: it is a sign like any other; empty: rows that hang on it are refused."""
    quote: str = '"'
    """Stands around cells; empty: nothing does."""
    header: list[str] = []
    """Names of the columns, where the file has no line of them."""
    database: str = ""
    """`sqlite:PATH`, or `postgresql://…`."""
    database_file: str = ""
    """A file that holds it, where it has a password."""
    table: str = ""
    query: str = ""
    """In place of *table*; without ORDER BY and LIMIT."""
    key: str | list[str] = "id"
    """Columns that order the rows, together unique: pages begin behind them."""
    columns: dict[str, str] = {}
    """Field -> column; a field within another with a dot: `attributes.level`. Empty: each column is the field of its name."""
    constants: dict[str, Any] = {}
    """Field -> what it is in each row."""
    values: dict[str, dict[str, Any]] = {}
    """Field -> what stands in the column -> what it means."""
    times: str = ""
    """The form of times that are no numbers: `%Y-%m-%d %H:%M:%S`, or `iso`."""
    unit: str = "ms"
    """Of times that are numbers: `s`, `ms`, `us` or `ns`."""
    zone: str = ""
    """Of times that name none: `Asia/Shanghai`, `+08:00`. Those of a table that has such cannot be read without."""


UNITS = {"s": Decimal(1000), "ms": Decimal(1), "us": Decimal("0.001"), "ns": Decimal("0.000001")}
"""Milliseconds."""
TIMES = frozenset({"created", "joined", "until", "muted_until", "at"})
_NUMBERS = frozenset({"max", "duration", "width", "height", "size"})
_TRUTHS = frozenset({"public", "approval", "invites", "invite_confirm", "muted", "allowed", "everybody"})
_IDS = frozenset({"id", "owner", "friend", "blocked", "group", "user", "room", "peer", "sender", "to"})
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
"""As spreadsheets write long numbers: the last digits are lost."""
_LARGEST = 10**30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NULL = "\\N"
"""As databases write that there is nothing."""
_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "y": True,
    "t": True,
    "是": True,
    "0": False,
    "false": False,
    "no": False,
    "n": False,
    "f": False,
    "否": False,
}


def form(table: Table) -> str:
    """Digest of what is said of *table*: rows that were read as another form says are read again."""
    return blake2b(msgspec.json.encode(table, order="deterministic"), digest_size=8).hexdigest()


class Wrong(Exception):
    """A row does not give what its mapping says; the text names the field and the column, never the content."""


def read_mapping(path: Path) -> dict[str, list[Table]]:
    """Tables by the tag of their items. Raises SourceError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(localized("{path}: {error}", path=path, error=error)) from None
    found: dict[str, list[Table]] = {}
    for name, value in given.items():
        if name not in FILES:
            raise SourceError(
                localized("{path}: [{name}] is no kind of item; expected {files}", path=path, name=name, files=", ".join(FILES))
            )
        try:
            tables = msgspec.convert(value if isinstance(value, list) else [value], list[Table])
        except msgspec.ValidationError as error:
            raise SourceError(localized("{path}: [{name}]: {error}", path=path, name=name, error=error)) from None
        for table in tables:
            if bool(table.file) == bool(table.database or table.database_file):
                raise SourceError(localized("{path}: [{name}] needs one of `file` and `database`", path=path, name=name))
            if table.unit not in UNITS:
                raise SourceError(
                    localized(
                        "{path}: [{name}]: unit = {unit!r}; expected {units}", path=path, name=name, unit=table.unit, units=", ".join(UNITS)
                    )
                )
            for key, seen, allowed in (("escape", table.escape, ("", "\\", "none")), ("quote", table.quote, ('"', ""))):
                if seen not in allowed:
                    raise SourceError(
                        localized(
                            "{path}: [{name}]: {key} = {given!r}; expected {expected}",
                            path=path, name=name, key=key, given=seen, expected=", ".join(map(repr, allowed)),
                        )
                    )  # fmt: skip
            zone_of(table.zone, str(path))
            if table.encoding:
                known(table.encoding)
        found.setdefault(FILES[name], []).extend(tables)
    return found


class Mapper:
    """Makes a JSON object of a row, as a line of an export would have it."""

    def __init__(self, kind: str, table: Table) -> None:
        self._kind, self._table = kind, table
        self._zone = zone_of(table.zone, kind)

    def columns(self, header: list[str]) -> list[tuple[str, str]]:
        """(field, column) of what is read of rows with that header. Raises SourceError where a column is not there."""
        if not self._table.columns:
            return [(name.strip(), name) for name in header if name.strip()]
        missing = sorted(set(self._table.columns.values()) - set(header))
        if missing:
            raise SourceError(localized("no column {missing}; there are: {header}", missing=", ".join(missing), header=", ".join(header)))
        return list(self._table.columns.items())

    def object(self, columns: list[tuple[str, str]], row: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Wrong."""
        out: dict[str, Any] = {}
        for field, column in columns:
            value = row[column]
            meant = self._table.values.get(field)
            if meant is not None:
                value = meant.get(str(value), value)
            if value is None or value == "" or (value == NULL and not self._table.escape):
                continue
            _put(out, field, self._value(field, column, value))
        for field, value in self._table.constants.items():
            _put(out, field, value)
        return _message(out) if self._kind == "message" else out

    def _value(self, field: str, column: str, value: Any) -> Any:
        last = field.rpartition(".")[2]
        if last in TIMES:
            return self._time(column, value)
        if last in _NUMBERS:
            return _number(column, value)
        if last in _TRUTHS:
            if isinstance(value, str):
                if value.strip().lower() not in _WORDS:
                    raise Wrong(f"{column} is neither yes nor no")
                return _WORDS[value.strip().lower()]
            return bool(value)
        if last in _IDS and isinstance(value, str) and _ROUNDED.fullmatch(value):
            raise Wrong(f"{column} has an id in the form 1.2E+10: a spreadsheet has rounded it")
        if field.startswith(("operation.", "body.")) and isinstance(value, int | float | bool):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            raise Wrong(f"{column} is binary; expected text")
        return value if isinstance(value, str | dict | list) else str(value)

    def _time(self, column: str, value: Any) -> int:
        """Raises Wrong; and SourceError where nothing says of which zone it is, which no row is to be read without."""
        said = value if isinstance(value, datetime) else None
        form = self._table.times
        try:
            if isinstance(value, str) and form and not value.strip().isdecimal():
                text = value.strip()
                said = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - its zone follows
            if said is not None:
                return (self._zoned(column, said) - _EPOCH) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):
            raise Wrong(f"{column} is no time of the form {form}") from None
        try:
            number = _decimal(column, value)
        except Wrong as error:
            raise error if form else Wrong(f"{error}; the mapping says the form of times (times)") from None
        return int(number * UNITS[self._table.unit])

    def _zoned(self, column: str, said: datetime) -> datetime:
        if said.tzinfo is None and self._zone is None:
            raise SourceError(
                localized(
                    "{column} has times without a zone: name it in the mapping, as zone = {example}",
                    column=column,
                    example='"Asia/Shanghai"',
                )
            )
        return said if said.tzinfo else said.replace(tzinfo=self._zone)


def zone_of(name: str, where: str) -> Any:
    """The time zone, None for an empty name. Raises SourceError."""
    if not name:
        return None
    if name[0] in "+-" and name[1:].replace(":", "").isdecimal() and len(name) == 6:
        minutes = int(name[1:3]) * 60 + int(name[4:6])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SourceError(
            localized("{where}: zone = {name!r} is no time zone; expected as Asia/Shanghai or +08:00", where=where, name=name)
        ) from None


def _number(column: str, value: Any) -> int:
    return int(_decimal(column, value))


def _decimal(column: str, value: Any) -> Decimal:
    """Raises Wrong."""
    if isinstance(value, str) and _ROUNDED.fullmatch(value.strip()):
        raise Wrong(f"{column} has a number in the form 1.2E+10: a spreadsheet has rounded it")
    try:
        number = Decimal(value) if isinstance(value, int) else Decimal(str(value).strip())
        if number.is_finite() and abs(number) < _LARGEST:
            return number
    except (ValueError, OverflowError, InvalidOperation):
        pass
    raise Wrong(f"{column} is no number")


def _put(out: dict[str, Any], field: str, value: Any) -> None:
    *path, last = field.split(".")
    for name in path:
        out = out.setdefault(name, {})
        if not isinstance(out, dict):
            raise Wrong(f"{field} lies in something that is no object")
    out[last] = value


def _message(out: dict[str, Any]) -> dict[str, Any]:
    """The short forms: `to`, `group` or `room` for the conversation, `text` or `body` for the operation."""
    to, group, room, text = (out.pop(name, None) for name in ("to", "group", "room", "text"))
    body = out.pop("body", None)
    if "conversation" not in out:
        if group or room:
            out["conversation"] = {"kind": "group", "id": group} if group else {"kind": "room", "id": room}
        elif to is not None:
            out["conversation"] = {"kind": "direct", "users": [out.get("sender", ""), to]}
    if "operation" not in out:
        if body is None and text is None:
            raise Wrong("a message without `text` and without `body`")
        body = dict(body) if isinstance(body, dict) else {}
        body.setdefault("kind", "text")
        if text is not None and body["kind"] == "text":
            body["text"] = text
        out["operation"] = {"op": "post", "body": body}
    return out
