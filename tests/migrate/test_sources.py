"""Exports in every form that customers have: encodings, packed files, tables, databases, plug-ins. A bad record costs itself."""

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from streams.migrate.encoding import recognise
from streams.migrate.errors import SourceError
from streams.migrate.files import open_path
from streams.migrate.opened import opened
from streams.migrate.source import Read, Rows, Source, open_source
from tests.migrate.exports import NOW, checked, places, said, user, write

TABLE = "id,name,gender\nann,安娜,female\nbob,小明,male\n"


def read(source: Source, *, behind: int = 0) -> list[Read]:
    """All records; of each part those behind the first *behind* are read in another run."""
    found: list[Read] = []
    for part in source.parts():
        first = list(part.read(None))
        again = list(part.read(first[behind - 1].position)) if behind and len(first) >= behind else first
        assert again == first[behind:] if len(first) >= behind else True
        found += first
    return found


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", None),
        ("utf-8-sig", "UTF-8 with a BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("gb18030", "GB18030"),
    ],
)
@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
def test_an_encoding_is_recognised_and_told(tmp_path: Path, encoding: str, told: str | None, name: str) -> None:
    lines = '{"id": "ann", "name": "安娜", "gender": "female"}\n{"id": "bob", "name": "小明", "gender": "male"}\n'
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / name).write_bytes((TABLE if name.endswith("csv") else lines).encode(encoding))
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert [(row.item.id, row.item.name) for row in bundle.items("user")] == [("ann", "安娜"), ("bob", "小明")]  # type: ignore[union-attr]
        assert [(one.where, one.text) for one in bundle.problems()] == ([(name, told)] if told else [])
    read(open_path(tmp_path / "export"), behind=1)


def test_chinese_far_behind_ascii_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(b"id,name\n" + b"ann,Ann\n" * 300_000 + "bob,小明\n".encode("gb18030"))
    assert recognise(path, opened) == "gb18030"


@pytest.mark.parametrize(
    "text", ["\U0001f44d\U0001f44d\U0001f44d\u597d\u7684\u2026", "\u738b\u5c0f\u660e\uff0c\u6211\u5230\u4e86", "\u674e\u709c"]
)
def test_what_people_write_in_gb18030_is_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(b"id,name\n" + f"ann,{text}\n".encode("gb18030") * 50)
    assert recognise(path, opened) == "gb18030"


@pytest.mark.parametrize("lines", [3000, 5])
def test_a_line_that_is_not_in_the_encoding_costs_itself(tmp_path: Path, lines: int) -> None:
    (tmp_path / "export").mkdir()
    rows = [f"u{n},名字\n".encode() for n in range(lines)]
    (tmp_path / "export" / "users.csv").write_bytes(b"id,name\n" + b"".join(rows) + b"bad,\xff\xfe\xfd\n" + "good,好\n".encode())
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (bundle.count("user"), places(bundle)) == (lines + 1, {("line", f"users.csv:{lines + 2}")})


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"u%d,\xff\xff\x00\n" % n for n in range(50)),
        "".join(f"u{n},\u81fa\u7063\u570b\u8a9e\u4e2d\u83ef\n" for n in range(50)).encode("big5"),
        "".join(f"u{n},\u3053\u3093\u306b\u3061\u306f\u30a2\n" for n in range(50)).encode("shift_jis"),
    ],
)
def test_what_is_in_no_encoding_that_is_known_stops_and_the_others_are_read(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "users.csv").write_bytes(b"id,name\n" + raw)
    write(tmp_path / "export" / "users-2.jsonl", [user("ann")])
    with checked(tmp_path / "export", tmp_path) as bundle:
        (problem,) = bundle.problems()
        assert (problem.kind, problem.where, bundle.meta.stops, bundle.count("user")) == ("source", "users.csv", 1, 1)
        assert "name its encoding in the mapping" in problem.text


def test_a_stray_quote_costs_its_line_and_a_quoted_line_end_does_not(tmp_path: Path) -> None:
    rows = ["id,name,sign\n", "a,A,x\n", 'b,"B,x\n', "c,C,x\n", 'd,"D ""quoted""","two\nlines"\n', "e,E\n", 'f,F,"x\n', "g,G,x\n"]
    write(tmp_path / "export" / "users.csv", rows)
    with checked(tmp_path / "export", tmp_path) as bundle:
        items = {row.item.id: row.item for row in bundle.items("user")}  # type: ignore[union-attr]
        assert (sorted(items), items["d"].name, items["d"].sign) == (["a", "c", "d", "g"], 'D "quoted"', "two\nlines")  # type: ignore[union-attr]
        assert places(bundle) == {("line", f"users.csv:{line}") for line in (3, 7, 8)}
    read(open_path(tmp_path / "export"), behind=2)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_packed_files_are_read_and_go_on_where_they_were_left(tmp_path: Path, suffix: str, form: str) -> None:
    raw = ("id\n" if form == "csv" else "").encode() + b"".join(
        b"u%d\n" % n if form == "csv" else b'{"id": "u%d"}\n' % n for n in range(2000)
    )
    packed = {"": lambda data: data, ".gz": gzip.compress, ".zst": zstd.compress}[suffix](raw)
    (tmp_path / f"users-2026.{form}{suffix}").write_bytes(packed)
    assert len(read(open_path(tmp_path), behind=1234)) == 2000


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_packed_file_that_was_cut_off_is_a_problem_that_stops(tmp_path: Path, suffix: str) -> None:
    pack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstd.compress}
    packed = pack[suffix](b"".join(b'{"id": "u%d", "sign": "%d"}\n' % (n, n * 7919) for n in range(50_000)))
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / f"users.jsonl{suffix}").write_bytes(packed[: len(packed) // 2])
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (bundle.meta.problems, bundle.meta.stops) == ({"source": 1}, 1)
        assert bundle.count("user") > 1000


def test_what_has_no_known_name_is_named_and_a_line_may_say_what_it_is(tmp_path: Path) -> None:
    write(
        tmp_path / "export" / "all.jsonl",
        [{"item": "user", "id": "ann"}, {"item": "user", "id": "bob"}, {"item": "message", **said(1, "ann", "bob")}, {"item": "cat"}, {}],
    )
    write(tmp_path / "export" / "sub" / "friends" / "1.jsonl", [{"owner": "ann", "friend": "bob"}])
    write(tmp_path / "export" / "readme.txt", ["hello"])
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (bundle.count("user"), bundle.count("message"), bundle.count("friendship")) == (2, 1, 1)
        assert places(bundle) == {("not-read", "readme.txt"), ("line", "all.jsonl:4"), ("line", "all.jsonl:5")}


def test_a_very_long_line_and_a_deep_one_cost_themselves(tmp_path: Path) -> None:
    write(
        tmp_path / "export" / "users.jsonl",
        ['{"id": "a", "name": "' + "x" * (1 << 21) + '"}\n', '{"id": "b", "attributes": ' + "[" * 5000 + "\n", {"id": "c"}],
    )
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (bundle.count("user"), places(bundle)) == (1, {("line", "users.jsonl:1"), ("line", "users.jsonl:2")})


MAPPING = """
[users]
{where}
[users.columns]
id = "uid"
name = "nick"
gender = "sex"
"attributes.level" = "lvl"
created = "born"
[users.values.gender]
"男" = "male"
"女" = "female"

[messages]
{messages}
times = "%Y-%m-%d %H:%M:%S"
zone = "Asia/Shanghai"
[messages.columns]
id = "mid"
sender = "from_user"
to = "to_user"
group = "team"
text = "content"
at = "sent"
"body.file.url" = "url"
"body.kind" = "type"
[messages.values."body.kind"]
"0" = "text"
"1" = "image"
"""
COLUMNS = {
    "shop_users": ["uid", "nick", "sex", "lvl", "born"],
    "chat": ["mid", "from_user", "to_user", "team", "content", "sent", "url", "type"],
}
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "shop_users": [("ann", "安娜", "女", 3, NOW - 5), ("bob", "小明", "男", 4, NOW - 6), ("cid", "C", "x", 5, NOW - 7)],
    "chat": [
        ("m1", "ann", "bob", "", "你好", "2026-05-28 12:00:00", "", "0"),
        ("m2", "bob", "ann", "", "", "2026-05-28 12:00:01", "https://files.example/1.jpg", "1"),
        ("m3", "bob", "ann", "", "x", "yesterday", "", "0"),
    ],
}


def as_expected(source: Path, tmp_path: Path, where: dict[str, str]) -> None:
    with checked(source, tmp_path) as bundle:
        users = [row.item for row in bundle.items("user")]
        assert [(one.id, one.gender, one.attributes, one.created) for one in users] == [  # type: ignore[union-attr]
            ("ann", "female", {"level": "3"}, NOW - 5),
            ("bob", "male", {"level": "4"}, NOW - 6),
        ]
        (talk,) = bundle.conversations()
        one, two = (said.event for said in bundle.messages(talk.key))
        assert (one.at, one.operation.body.text) == (1_779_940_800_000, "你好")  # type: ignore[union-attr]
        assert two.operation.body.file.url == "https://files.example/1.jpg"  # type: ignore[union-attr]
        assert places(bundle) == {("line", where["user"]), ("line", where["message"])}


def test_columns_are_mapped_as_a_file_says(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    for table, rows in ROWS.items():
        text = "\n".join(",".join(map(str, row)) for row in [COLUMNS[table], *rows]) + "\n"
        folder.mkdir(exist_ok=True)
        (folder / f"{table}_1.csv").write_bytes(text.encode("gb18030"))
    write(
        folder / "migration.toml",
        [MAPPING.format(where='file = "shop_*.csv"\nencoding = "gbk"', messages='file = "chat_*.csv"\nencoding = "gb18030"')],
    )
    with pytest.raises(AssertionError):  # it is told that they are not in UTF-8
        as_expected(folder, tmp_path, {"user": "shop_users_1.csv:4", "message": "chat_1.csv:4"})
    for table in ROWS:
        path = folder / f"{table}_1.csv"
        path.write_bytes(path.read_bytes().decode("gb18030").encode())
    write(folder / "migration.toml", [MAPPING.format(where='file = "shop_*.csv"', messages='file = "chat_*.csv"')])
    as_expected(folder, tmp_path / "2", {"user": "shop_users_1.csv:4", "message": "chat_1.csv:4"})


def test_a_sqlite_database_is_read_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.migrate.sql.PAGE", 2)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        for table, rows in ROWS.items():
            columns = COLUMNS[table]
            database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
    database.close()
    users = 'database = "sqlite:shop.db"\ntable = "shop_users"\nkey = "uid"'
    messages = """database = "sqlite:shop.db"\nquery = "SELECT * FROM chat WHERE content LIKE '%'"\nkey = ["sent", "mid"]"""
    mapping = write(tmp_path / "shop.toml", [MAPPING.format(where=users, messages=messages)])
    as_expected(mapping, tmp_path, {"user": "shop_users:cid", "message": "message-0:yesterday/m3"})
    assert len(read(open_path(mapping), behind=1)) == 6


@pytest.mark.parametrize(
    ("mapping", "wrong"),
    [
        ("[cats]\nfile = 'x'", r"\[cats\] is no kind of item; expected users, "),
        ("[users]", "needs one of `file` and `database`"),
        ("[users]\nfile = 'x.csv'\ncolour = 1", "colour"),
        ("[users]\nfile = 'x.csv'", "there is none in"),
        ("[users]\nfile = 'u.csv'\nzone = 'Mars'", "is no time zone; expected as Asia/Shanghai"),
        ("[users]\nfile = 'u.csv'\nunit = 'h'", "expected s, ms, us, ns"),
        ("[users]\nfile = 'u.csv'\nescape = '/'", "expected '', '"),
        ("[users]\nfile = 'u.csv'\nquote = '+'", r"\[users\]: quote = '\+'; expected"),
        ("[users]\nfile = 'u.csv'\nencoding = 'klingon'", "is none that Python knows"),
        ("[users]\ndatabase = 'oracle:x'\ntable = 'u'", "neither sqlite:PATH nor postgresql"),
        ("[users]\ndatabase = 'sqlite:x'\ntable = 'u; DROP TABLE u'", "is no name of a table or column"),
        ("[users]\ndatabase = 'sqlite:x'", "needs one of `table` and `query`"),
        ("users = [", "shop.toml: "),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_expected(tmp_path: Path, mapping: str, wrong: str) -> None:
    write(tmp_path / "u.csv", ["id\n"])
    path = write(tmp_path / "shop.toml", [mapping])
    with pytest.raises(SourceError, match=wrong):
        open_path(path)


def test_a_column_that_is_not_there_stops_that_part(tmp_path: Path) -> None:
    write(tmp_path / "u.csv", ["id\n", "ann\n"])
    path = write(tmp_path / "shop.toml", ['[users]\nfile = "u.csv"\n[users.columns]\nid = "uid"\n'])
    with checked(path, tmp_path) as bundle:
        assert [one.text for one in bundle.problems()] == ["u.csv: no column uid; there are: id"]
        assert bundle.meta.stops == 1


class Plugged:
    """What a plug-in gives."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def parts(self) -> list[Rows]:
        return [
            Rows("people", "user", self._given),
            Rows("all", "", lambda: iter([{"item": "friendship", "owner": "ann", "friend": "bob"}])),
        ]

    def notes(self) -> list[tuple[str, str, str]]:
        return []

    def _given(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            if isinstance(row, Exception):
                raise row
            yield row


def opener(text: str) -> Plugged:
    return Plugged([user("ann"), user("bob"), 7, {"id": "\ud800"}, {"id": object()}, user("cid")])


def test_a_python_object_is_a_source(tmp_path: Path) -> None:
    with checked(tmp_path, tmp_path, open_source("tests.migrate.test_sources:opener")) as bundle:
        assert (bundle.count("user"), bundle.count("friendship")) == (3, 1)
        assert places(bundle) == {("line", f"people:{row}") for row in (3, 4, 5)}


def test_a_plug_in_that_fails_says_where_and_not_what(tmp_path: Path) -> None:
    with checked(tmp_path, tmp_path, Plugged([user("ann"), user("bob"), ValueError("planted")])) as bundle:
        (problem,) = bundle.problems()
        assert (problem.kind, bundle.meta.stops) == ("source", 1)
        assert problem.text.startswith("people: reading stopped after row 2: ")
        assert "planted" not in problem.text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("nowhere", "no such file or folder"),
        ("tests.migrate.test_sources:nothing", "no such file, plug-in, or Python object"),
        ("tests.migrate.test_sources:TABLE", "expected something with `parts`"),
    ],
)
def test_what_is_no_source_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(SourceError, match=wrong):
        open_source(text)
