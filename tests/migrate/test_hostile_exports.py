"""Exports as they come from spreadsheets, databases, half-copied disks and people who mean harm: each defect is told where it is, and costs itself alone."""

import gzip
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from converters.core.bodies import Text
from converters.core.operations import Post
from streams.migrate.bundle import Bundle
from streams.migrate.errors import SourceError
from streams.migrate.files import open_path
from streams.migrate.json_lines import byte_lines
from streams.migrate.listing import kind_of_file
from streams.migrate.passwords import given
from streams.migrate.source import Rows
from tests.migrate.exports import DAY, NOW, check, checked, places, said, user, write

USERS = b'{"id":"ann"}\n{"id":"bob"}\n'
Files = dict[str, bytes]


def lay(folder: Path, files: Files) -> Path:
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def lines(*rows: Any) -> bytes:
    return b"".join(row if isinstance(row, bytes) else (json.dumps(row) + "\n").encode() for row in rows)


def users(bundle: Bundle) -> list[str]:
    return [row.item.id for row in bundle.items("user")]  # type: ignore[union-attr]


def told(bundle: Bundle) -> list[tuple[str, str, str]]:
    return sorted((one.kind, one.where, one.text) for one in bundle.problems())


WIDE = "id,name\nann,A\n".encode("utf-16")


@pytest.mark.parametrize(
    ("files", "there", "problems"),
    [
        ({"users.jsonl": b'{"id":"a"}\r{"id":"b"}\r{"id":"c"}'}, "a b c", []),
        ({"users.jsonl": b'{"id":"a"}\r\n\r\n{"id":"b"}\n{"id":"c"}\r{"id":7}\r\r{"id":"d"}\n'}, "a b c d", [("line", "users.jsonl:5")]),
        ({"users.csv": b"id,name\ra,A\rb\rc,C\n"}, "a c", [("line", "users.csv:3")]),
        ({"users.jsonl": b'{"id":"a"}\n\xef\xbb\xbf{"id":"b"}\n'}, "a b", []),
        ({"users.csv": b"id,name\na,A\n\xef\xbb\xbfid,name\nb,B\n"}, "a b", [("line", "users.csv:3")]),
        ({"users.csv": b"id,name\na,A\n\xef\xbb\xbfb,B\n"}, "a b", []),
        ({"users.jsonl": b'{"id":"a"}\n\0\0\0\n{"id":"b\\u0000"}\n{"id":"c"}\n'}, "a c", [("line", "users.jsonl:2"), ("id", "users.jsonl:3")]),
        ({"users.csv": b"id,name\na,A\0A\nb\0,B\n"}, "a", [("control", "users.csv:2"), ("id", "users.csv:3")]),
        ({"users.csv": WIDE + b"b\0,\0\x3d\xd8\n\0c\0,\0\n\0"}, "ann c", [("encoding", "users.csv"), ("line", "users.csv:3")]),
        ({"users.csv": WIDE + b"b\0,\0B"}, "ann", [("encoding", "users.csv"), ("line", "users.csv:3")]),
        ({"users.csv": "id\nann\n".encode("utf-32")}, "ann", [("encoding", "users.csv")]),
        ({"users.csv": b"id\n" + b"u,\n" * 2 + b"\xff\n" + b"u%d\n" % 1}, "u1", [("line", f"users.csv:{n}") for n in (2, 3, 4)]),
        ({"users.csv": b"sep=;\r\nid;name\r\nann;A,B\r\n"}, "ann", []),
        ({"users.csv": b"id,name,created\nann,\\N,\\N\n"}, "ann", []),
        ({"users.csv": b'id,name\nann,5" tv\nbob,"B\ncid,C\n'}, "ann cid", [("line", "users.csv:3")]),
        ({"users.csv": b"id,created\nann,1.78E+12\nbob,1780000000000.0\n1.38E+10,\n"}, "bob", [("line", "users.csv:2"), ("line", "users.csv:4")]),
        ({"users.csv": b"id,name,name\nann,A,B\n", "users-2.csv": b"id\nbob\n"}, "bob", [("source", "users.csv")]),
        ({"user.csv": b"id\nann\n", "t_user.csv": b"id\n"}, "ann", [("unread", "t_user.csv")]),
        ({"USERS.JSONL.GZ": gzip.compress(USERS), "User.CSV.ZST": zstd.compress(b"id\ncid\n")}, "ann bob cid", []),
        ({"users.jsonl": USERS, "blocks.csv": b"", "note.txt": b"x"}, "ann bob", [("not-read", "note.txt")]),
        ({"users.jsonl": USERS, "groups.xlsx": b"PK", "rooms": b"x"}, "ann bob", [("unread", "groups.xlsx"), ("unread", "rooms")]),
        ({"users.jsonl": USERS, "users/_SUCCESS": b"", ".x/users.csv": b"id\nx\n", "users/._1.jsonl": b"\0", "__MACOSX/users.csv": b"x"}, "ann bob", [("not-read", "users/._1.jsonl"), ("not-read", "users/_SUCCESS")]),
        ({"users.jsonl": USERS, "problems.csv": b"level\n", "users.jsonl.md5": b"0\n"}, "ann bob", [("not-read", "users.jsonl.md5"), ("not-read", "problems.csv")]),
        ({"users.jsonl": USERS, "friends.json": b'[\n{"owner": "ann", "friend": "bob"}\n]\n'}, "ann bob", [("source", "friends.json")]),
        ({"users.jsonl": USERS, "friends.json": b'[{"owner": "ann", "friend": "bob"}]'}, "ann bob", [("source", "friends.json")]),
        ({"users.jsonl": USERS, "friends.json": b'{\n"owner": "ann",\n"friend": "bob"}\n'}, "ann bob", [("source", "friends.json")]),
        ({"users.jsonl": USERS + b"[1]\n"}, "ann bob", [("line", "users.jsonl:3")]),
        ({"users.jsonl.gz": gzip.compress(USERS)[:-3]}, "ann bob", [("source", "users.jsonl.gz")]),
        ({"users.jsonl.gz": gzip.compress(USERS) + b"tail"}, "ann bob", [("source", "users.jsonl.gz")]),
        ({"users.jsonl.gz": USERS}, "", [("source", "users.jsonl.gz")]),
        ({"users.jsonl.gz": gzip.compress(b'{"id":"ann"}\n') + gzip.compress(b'{"id":"bob"}\n')}, "ann bob", []),
    ],
)  # fmt: skip
def test_a_file_is_read_as_far_as_it_goes(tmp_path: Path, files: Files, there: str, problems: list[tuple[str, str]]) -> None:
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert (users(bundle), places(bundle)) == (there.split(), set(problems))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("users.csv", "user"),
        ("User-2026-01.csv", "user"),
        ("group_block.jsonl", "group-block"),
        ("messages_of_groups.jsonl", "message"),
        ("room-members-2.csv.gz", "room-member"),
        ("friends/1.csv", "friendship"),
        ("group_members.csv", None),
        ("user_messages.csv", None),
        ("message_user.csv", None),
        ("t_user.csv", None),
    ],
)
def test_a_name_says_one_kind_or_none(tmp_path: Path, name: str, kind: str | None) -> None:
    assert kind_of_file(tmp_path / name, tmp_path) == kind


def test_a_line_that_is_not_in_the_encoding_of_a_file_of_ascii_costs_itself(tmp_path: Path) -> None:
    rows = b"".join(b'{"id":"u%d"}\n' % n for n in range(300))
    with checked(lay(tmp_path / "export", {"users.jsonl": rows + b'{"id":"\xff\xfe"}\n' + USERS}), tmp_path) as bundle:
        assert (bundle.count("user"), places(bundle)) == (302, {("line", "users.jsonl:301")})


def test_a_cell_of_many_lines_forges_no_row(tmp_path: Path) -> None:
    """Whoever writes a message chooses what is in it, line ends included."""
    forged = b"hi\n" * 5000 + b"m9,bob,ann,I owe you,1780000000000\n"
    rows = b'id,sender,to,text,at\nm1,ann,bob,"' + forged + b'",1779999990000\nm2,bob,ann,x,1779999990001\n'
    with checked(lay(tmp_path / "export", {"users.jsonl": USERS, "messages.csv": rows}), tmp_path) as bundle:
        (talk,) = bundle.conversations()
        assert [(one.event.remote_id, one.event.sender) for one in bundle.messages(talk.key)] == [("m1", "ann"), ("m2", "bob")]
        assert places(bundle) == {("message-size", "messages.csv:2")}


def test_a_line_that_is_too_long_leaves_the_numbers_of_the_others(tmp_path: Path) -> None:
    long = b"x" * (3 << 20)
    files = {"users.csv": b"id,name\na,A\nb," + long + b"\nc,C\nd\n", "users-2.jsonl": b'{"id":"e"}\n"' + long + b'"\n{"id":"f"}\n{}\n'}
    files["users-3.jsonl"] = files["users-2.jsonl"].replace(b"\n", b"\r").replace(b'"e"', b'"g"').replace(b'"f"', b'"h"')
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert users(bundle) == ["a", "c", "e", "f", "g", "h"]
        where = [("users.csv", (3, 5)), ("users-2.jsonl", (2, 4)), ("users-3.jsonl", (2, 4))]
        assert places(bundle) == {("line", f"{name}:{line}") for name, numbers in where for line in numbers}


def test_lines_end_in_three_ways_wherever_a_piece_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.migrate.json_lines.LONGEST", 8)
    raw = b"1234567\r\n2\r3\r\r\n123456789abcdef\r5\n123456789\n7\r"
    (tmp_path / "x").write_bytes(raw)
    with (tmp_path / "x").open("rb") as file:
        found = list(byte_lines(file))
    assert [line for line, _ in found] == [b"1234567\r\n", b"2\r", b"3\r", b"\r\n", None, b"5\n", None, b"7\r"]
    assert sum(size for _, size in found) == len(raw)


def test_fields_that_nobody_reads_are_told(tmp_path: Path) -> None:
    image = {"op": "post", "body": {"kind": "image", "file": {"url": "https://x/1", "URL": "x"}}, "extra": {"a": 1}}
    files = {
        "users.jsonl": lines(user("ann", nick="A"), user("bob", nick="B", Sign="x", attributes={"nick": "fine"})),
        "friends.csv": b"owner,friend,note\nann,bob,\nbob,ann,friend\n",
        "messages.jsonl": lines(said(1, "ann", "bob"), {**said(2, "ann", "bob"), "operation": image}),
    }
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert told(bundle) == [
            ("fields", "friends.csv:3", "note is not read"),
            ("fields", "messages.jsonl:2", "operation.body.file.URL is not read"),
            ("fields", "messages.jsonl:2", "operation.extra is not read"),
            ("fields", "users.jsonl:1", "nick is not read"),
            ("fields", "users.jsonl:2", "Sign is not read"),
        ]
        assert (bundle.meta.stops, bundle.count("user"), bundle.count("message")) == (0, 2, 2)


def test_a_file_of_which_most_cannot_be_read_stops(tmp_path: Path) -> None:
    numbers = lines(*({"id": n} for n in range(10_000, 10_006)), *(user(f"u{n}") for n in range(5)))
    files = {"users.jsonl": numbers, "users-2.jsonl": lines(*({"id": n} for n in range(5)), *(user(f"v{n}") for n in range(5)))}
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert [one for one in told(bundle) if one[0] != "line"] == [("lines", "users.jsonl", "6 of 11")]
        assert (bundle.meta.stops, bundle.meta.problems["line"]) == (1, 11)
    with checked(tmp_path / "export", tmp_path, skipped=frozenset({"lines"})) as bundle:
        assert (bundle.meta.stops, bundle.count("user")) == (0, 10)


def test_ids_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    names = ["caf\u00e9", "cafe\u0301", "\uff41nn", "ann", " bob", "bob", "b\u200bob", "\u00c9ric", "\u00e9ric", "dan", "\u5b89\u5a1c"]
    with checked(lay(tmp_path / "export", {"users.jsonl": lines(*map(user, names))}), tmp_path) as bundle:
        assert {where for kind, where in places(bundle) if kind == "alike"} == {f"users.jsonl:{n}" for n in (2, 3, 5, 7, 8)}
        assert (bundle.count("user"), bundle.meta.stops) == (len(names), 0)


@pytest.mark.parametrize(("unit", "scale", "kind"), [("seconds", 0.001, "seconds"), ("micros", 1000, "micros")])
def test_times_of_another_unit_stop_and_can_be_accepted(tmp_path: Path, unit: str, scale: float, kind: str) -> None:
    at = NOW - DAY
    files = {"users.jsonl": lines(user("ann", created=int(at * scale)), user("bob")), "messages.jsonl": lines(said(1, "ann", "bob", at=int(at * scale)))}  # fmt: skip
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert (places(bundle), bundle.meta.stops) == ({(kind, "users.jsonl:1"), (kind, "messages.jsonl:1")}, 2)
    with checked(tmp_path / "export", tmp_path, accepted=frozenset({kind})) as bundle:
        (talk,) = bundle.conversations()
        row = bundle.get("user\x1fann")
        assert row is not None
        assert (talk.talk.first, row.item.created, places(bundle)) == (at, at, set())  # type: ignore[union-attr]


def test_an_accepted_time_is_looked_at_once_more(tmp_path: Path) -> None:
    far = 90_000_000_000  # in seconds it is the year 4821
    files = {"users.jsonl": lines(user("ann", created=far), user("bob")), "messages.jsonl": lines(said(1, "ann", "bob", at=far))}
    with checked(lay(tmp_path / "export", files), tmp_path, accepted=frozenset({"seconds"})) as bundle:
        assert (places(bundle), bundle.count("message")) == ({("future", "users.jsonl:1"), ("future", "messages.jsonl:1")}, 0)


def test_for_ever_is_no_time_of_another_unit(tmp_path: Path) -> None:
    year_9999 = 253_402_300_799_000
    files = {"users.jsonl": USERS, "settings.jsonl": lines({"user": "ann", "mode": "none", "until": year_9999})}
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert (places(bundle), bundle.count("setting")) == (set(), 1)


def test_what_is_in_a_message_is_looked_at(tmp_path: Path) -> None:
    def post(number: int, **body: Any) -> dict[str, Any]:
        return {**said(number, "ann", "bob"), "operation": {"op": "post", "body": body}}

    def image(number: int, **file: str) -> dict[str, Any]:
        return post(number, kind="image", file=file)

    rows = [
        image(1, url="https://files.example/1"),
        image(2, url="file:///etc/passwd"),
        image(3, url="/upload/3.jpg"),
        image(4),
        image(5, inline="AAAA"),
        image(6, url="https://files.example/6", secret="s"),
        post(7, kind="text", text=""),
        post(8, kind="text", text="a\0b\nc"),
        post(9, kind="command", name="obey"),
        {**said(10, "ann", "bob"), "operation": {"op": "edit", "message": {"id": "m1"}, "body": {"kind": "text", "text": "x" * 6000}}},
    ]
    with checked(lay(tmp_path / "export", {"users.jsonl": USERS, "messages.jsonl": lines(*rows)}), tmp_path) as bundle:
        (talk,) = bundle.conversations()
        there = {one.event.remote_id: one.event.operation for one in bundle.messages(talk.key)}
        assert sorted(there) == [f"m{n}" for n in (1, 2, 3, 4, 5, 6, 8)]
        assert there["m8"] == Post(Text("ab\nc"))
        assert places(bundle) == {
            *(("no-file", f"messages.jsonl:{n}") for n in (2, 3, 4, 5, 6)),
            ("nothing", "messages.jsonl:7"),
            ("control", "messages.jsonl:8"),
            ("operation", "messages.jsonl"),
            ("edited", "messages.jsonl:10"),
            ("message-size", "messages.jsonl:10"),
        }


def test_what_people_wrote_into_a_wrong_field_is_not_told(tmp_path: Path) -> None:
    odd = ["planted", "planted' - at `$.name`", 'planted" - at `$.name`', "planted\nplanted"]
    export = lay(tmp_path / "export", {"users.jsonl": lines(*(user(f"u{n}", gender=word) for n, word in enumerate(odd)))})
    with checked(export, tmp_path) as bundle:
        assert [text for _, _, text in told(bundle)] == ["Invalid enum value - at `$.gender`"] * len(odd)


def test_what_a_mapping_does_not_name_is_told(tmp_path: Path) -> None:
    files = {"migration.toml": b'[users]\nfile = "u.csv"\n', "u.csv": b"id\nann\n", "messages.jsonl": lines(said(1, "ann", "ann2")), "read.me": b""}  # fmt: skip
    with checked(lay(tmp_path / "export", files), tmp_path) as bundle:
        assert told(bundle) == [
            ("not-read", "read.me", "the name says neither kind nor form"),
            ("unread", "messages.jsonl", "migration.toml does not name it"),
        ]
        assert bundle.meta.stops == 1


MAPPED = """[users]
file = "u.csv"
{more}
[users.columns]
id = "uid"
created = "{column}"
"""


def mapped(folder: Path, more: str, column: str = "born") -> Path:
    return write(folder / "migration.toml", [MAPPED.format(more=more, column=column)])


@pytest.mark.parametrize(
    ("more", "born", "expected"),
    [
        ('unit = "s"', "1780000000.123", 1_780_000_000_123),
        ('unit = "us"', "1780000000123456", 1_780_000_000_123),
        ('unit = "ns"', "1780000000123456789", 1_780_000_000_123),
        ('times = "iso"', "2026-05-28T20:26:40.123Z", 1_780_000_000_123),
        ('times = "%Y-%m-%d %H:%M:%S.%f"\nzone = "Asia/Shanghai"', "2026-05-29 04:26:40.123", 1_780_000_000_123),
        ('times = "iso"\nzone = "+08:00"', "2026-05-28T20:26:40.123Z", 1_780_000_000_123),
    ],
)
def test_times_are_exact(tmp_path: Path, more: str, born: str, expected: int) -> None:
    folder = mapped(lay(tmp_path / "export", {"u.csv": f"uid,born\nann,{born}\n".encode()}), more).parent
    with checked(folder, tmp_path, now=1_790_000_000_000) as bundle:
        row = bundle.get("user\x1fann")
        assert row is not None
        assert row.item.created == expected  # type: ignore[union-attr]


@pytest.mark.parametrize("more", ['times = "iso"', 'times = "%Y-%m-%dT%H:%M:%S"'])
def test_times_without_a_zone_are_not_guessed(tmp_path: Path, more: str) -> None:
    folder = mapped(lay(tmp_path / "export", {"u.csv": b"uid,born\nann,2026-05-28T20:26:40\n"}), more).parent
    with checked(folder, tmp_path) as bundle:
        (problem,) = bundle.problems()
        assert (problem.kind, bundle.meta.stops) == ("source", 1)
        assert problem.text == 'u.csv: born has times without a zone: name it in the mapping, as zone = "Asia/Shanghai"'


def test_a_corrected_mapping_reads_again(tmp_path: Path) -> None:
    folder = mapped(lay(tmp_path / "export", {"u.csv": b"uid,born,made\n" + b"ann,x,1780000000000\n" * 12}), 'unit = "s"').parent
    with checked(folder, tmp_path) as bundle:
        assert bundle.meta.problems["line"] == 12
    mapped(folder, 'unit = "ms"', "made")
    with checked(folder, tmp_path) as bundle:
        assert (users(bundle), bundle.meta.problems) == (["ann"], {"double": 11})


def test_a_corrected_database_is_read_again(tmp_path: Path) -> None:
    mapping = write(tmp_path / "shop.toml", ['[users]\ndatabase = "sqlite:shop.db"\ntable = "people"\nkey = "id"\n'])
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE people (id)")
        database.executemany("INSERT INTO people VALUES (?)", [("Li",), ("li",)])
    with checked(mapping, tmp_path) as bundle:
        assert bundle.meta.stops == 1
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("UPDATE people SET id = 'wang' WHERE id = 'Li'")
    database.close()
    with checked(mapping, tmp_path) as bundle:
        assert (users(bundle), bundle.meta.stops) == (["li", "wang"], 0)


def test_a_row_of_a_database_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    mapping = write(tmp_path / "shop.toml", ['[users]\ndatabase = "sqlite:shop.db"\ntable = "people"\nkey = "id"\nunit = "s"\n'])
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE people (id, name, created)")
        database.executemany(
            "INSERT INTO people VALUES (?, CAST(? AS TEXT), ?)", [("a", b"\xff\xfe", 1), ("b", b"B", 1_779_000_000.25), ("c", "C", "soon")]
        )
    database.close()
    with checked(mapping, tmp_path) as bundle:
        assert places(bundle) == {("line", "people:a"), ("line", "people:c")}
        (row,) = bundle.items("user")
        assert (row.item.id, row.item.created) == ("b", 1_779_000_000_250)  # type: ignore[union-attr]


@pytest.mark.parametrize("keys", [["a", "a"], [b"\x01", b"\x02"]])
def test_rows_that_a_key_does_not_tell_apart_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[Any]) -> None:
    monkeypatch.setattr("streams.migrate.sql.PAGE", 1)
    mapping = write(tmp_path / "shop.toml", ['[users]\ndatabase = "sqlite:shop.db"\ntable = "people"\nkey = "name"\n'])
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE people (id, name)")
        database.executemany("INSERT INTO people VALUES (?, ?)", [(f"u{n}", key) for n, key in enumerate(keys)])
    database.close()
    with checked(mapping, tmp_path) as bundle:
        (problem,) = bundle.problems()
        assert (problem.kind, bundle.meta.stops) == ("source", 1)
        assert "name cannot order the rows" in problem.text


def test_a_folder_that_is_a_link_is_read_once(tmp_path: Path) -> None:
    lay(tmp_path / "disk", {"part-1/users.jsonl": USERS})
    lay(tmp_path / "export", {"groups.jsonl": lines({"id": "g", "owner": "ann"})})
    (tmp_path / "export" / "big").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "round").symlink_to(tmp_path / "export")
    (tmp_path / "export" / "rooms.jsonl").symlink_to(tmp_path / "gone.jsonl")
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (users(bundle), places(bundle)) == (["ann", "bob"], {("source", "rooms.jsonl")})


def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {"users.jsonl": USERS, "messages/1.jsonl": b""})
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("messages"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="messages: cannot be read: PermissionError"):
        open_path(tmp_path)


def test_a_name_that_was_written_as_gb18030_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "export" / os.fsdecode("\u804a\u5929".encode("gb18030"))
    lay(folder, {"users.jsonl": b'{"id":"ann"}\n{"id":7}\n', os.fsdecode(b"users-\xff.jsonl"): b'{"id":"bob"}\n'})
    with checked(tmp_path / "export", tmp_path) as bundle:
        assert (users(bundle), places(bundle)) == (["ann", "bob"], {("line", "\u804a\u5929/users.jsonl:2")})


def test_the_password_of_whom_check_left_out_opens_nothing(tmp_path: Path) -> None:
    rows = lines(
        user("Li", password="first"),
        user("li", password="second"),
        {"id": "ann", "name": 7, "password": "unread"},
        user("ann", password="third"),
    )
    export = lay(tmp_path / "export", {"users.jsonl": rows})
    with Bundle.open(check(export, tmp_path, skipped=frozenset({"case"}))) as bundle:
        assert [(name, secret.reveal()) for name, secret in given(bundle)] == [("li", "first"), ("ann", "third")]


class Shop:
    """A plug-in that does not say whether what it gives has changed."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def parts(self) -> list[Rows]:
        return [Rows("people", "user", lambda: iter([{"id": name} for name in self._names]))]

    def notes(self) -> list[tuple[str, str, str]]:
        return []


def test_a_plug_in_is_read_again_once_it_was_read(tmp_path: Path) -> None:
    with checked(tmp_path, tmp_path, Shop("Li", "li")) as bundle:
        assert bundle.meta.stops == 1
    with checked(tmp_path, tmp_path, Shop("wang")) as bundle:
        assert (users(bundle), bundle.meta.stops) == (["wang"], 0)
