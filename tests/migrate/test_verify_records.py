"""What a verification notes, and finds again: also where it was stopped, or its files are damaged."""

import csv
import os
from pathlib import Path

import pytest
from msgspec import structs

from converters.differences import Difference
from streams.migrate.verify_records import HistoryResult, KindResult, Notebook, Verified
from streams.operate.topic_reader import OperateError

ONE = Difference(sort="missing", kind="user", item="user\x1fann")
TWO = Difference(sort="different", kind="member", item="member\x1fg1\x1fbob", fields=("role", "muted"), known="refused")
THREE = Difference(sort="besides", kind="user", item="user\x1feve")


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path, "new")


def verified() -> Verified:
    return Verified(app="new", bundle="b1", sha256="s1", begun=7)


def test_faults_are_what_is_not_as_it_was_to_be_and_unknown_is_what_nobody_tells() -> None:
    one = verified()
    assert (one.faults, one.unknown) == (0, 0)
    one.kinds = {
        "user": KindResult(missing=1, doubled=2, different=4, besides=8, unseen=16, left_alone=32),
        "group": KindResult(missing=64),
    }
    one.history = HistoryResult(open=128, stopped=256, missing=512, doubled=1024, broken=2048, doubts=4096)
    one.unseen = {"no answer": 3, "too old": 5}
    assert one.faults == 1 + 2 + 4 + 64 + 128 + 256
    assert one.unknown == 16 + 3 + 5


def test_whatever_is_counted_begins_with_nothing() -> None:
    assert set(structs.asdict(KindResult()).values()) == {0}
    assert set(structs.asdict(HistoryResult()).values()) == {0}
    one = verified()
    assert (one.ended, one.step, one.after, one.written, one.looks, one.notes) == (0, "", "", 0, (), ())
    assert (one.kinds, one.history, one.unseen) == ({}, HistoryResult(), {})


def test_the_result_of_a_kind_begins_with_nothing_and_is_one() -> None:
    one = verified()
    one.of("user").seen += 2
    assert one.kinds == {"user": KindResult(seen=2)}
    assert one.of("user") is one.kinds["user"]


def test_before_the_first_verification_there_is_none(notebook: Notebook) -> None:
    assert notebook.read() is None
    assert list(notebook.each()) == []


def test_what_was_kept_is_read_again_in_its_order(notebook: Notebook, tmp_path: Path) -> None:
    one = verified()
    notebook.begin(one)
    assert notebook.read() == one
    one.step = "member"
    notebook.keep(one, [ONE, TWO])
    notebook.keep(one, (THREE,))
    assert list(notebook.each()) == [ONE, TWO, THREE]
    assert notebook.read() == one
    assert one.written == (tmp_path / "verify-new.jsonl").stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["verify-new.json", "verify-new.jsonl"]


def test_both_files_are_for_their_owner_alone(notebook: Notebook, tmp_path: Path) -> None:
    """Ids of people are in both. Also where an earlier release has left a file that others may read."""
    (tmp_path / "verify-new.new").touch(0o666)
    notebook.keep(verified(), [ONE])
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600, 0o600]


def test_both_are_for_their_owner_alone_from_their_beginning(notebook: Notebook, tmp_path: Path) -> None:
    notebook.begin(verified())
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"verify-new.json": 0o600, "verify-new.jsonl": 0o600}


def test_what_was_noted_after_the_last_word_is_dropped(notebook: Notebook) -> None:
    """The process was killed between the two files: that list comes again."""
    one = verified()
    notebook.begin(one)
    notebook.keep(one, [ONE])
    before = notebook.read()
    notebook.keep(one, [TWO])
    assert before is not None
    notebook.begin(before)
    assert list(notebook.each()) == [ONE]
    assert notebook.read() == before


def test_a_new_verification_drops_what_an_earlier_one_noted(notebook: Notebook) -> None:
    one = verified()
    notebook.begin(one)
    notebook.keep(one, [ONE])
    notebook.begin(verified())
    assert list(notebook.each()) == []


def test_a_damaged_note_says_what_to_do(notebook: Notebook) -> None:
    notebook.path.write_bytes(b'{"app": 7}')
    with pytest.raises(OperateError, match=r"verify-new\.json holds no verification \(ValidationError\): delete it"):
        notebook.read()
    notebook.path.unlink()
    notebook.path.mkdir()
    with pytest.raises(OperateError, match="IsADirectoryError"):
        notebook.read()


def test_a_damaged_list_says_what_to_do(notebook: Notebook) -> None:
    notebook.differences.write_bytes(b'{"sort": "missing"\n')
    with pytest.raises(OperateError, match=r"verify-new\.jsonl: DecodeError: run im-relay migrate verify --anew"):
        list(notebook.each())


def test_where_nothing_can_be_written_the_file_and_the_reason_are_named(notebook: Notebook) -> None:
    notebook.differences.mkdir()
    with pytest.raises(OperateError, match=r"verify-new\.jsonl: Is a directory"):
        notebook.begin(verified())
    with pytest.raises(OperateError, match=r"verify-new\.json: Is a directory"):
        notebook.keep(verified(), ())
    with pytest.raises(OperateError, match=r"verify-new\.jsonl: IsADirectoryError"):
        list(notebook.each())


def test_the_table_is_for_a_spreadsheet_and_for_its_owner_alone(notebook: Notebook, tmp_path: Path) -> None:
    one = verified()
    notebook.begin(one)
    notebook.keep(one, [ONE, TWO, Difference(sort="missing", kind="user", item="user\x1f=1+1")])
    path = tmp_path / "table.csv"
    previous = os.umask(0)
    try:
        assert notebook.table(path) == 3
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "or a spreadsheet takes it for another encoding"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["sort", "kind", "item", "fields", "known"],
        ["missing", "user", "user ann", "", ""],
        ["different", "member", "member g1 bob", "role muted", "refused"],
        ["missing", "user", "user =1+1", "", ""],
    ]


def test_a_cell_is_no_formula(notebook: Notebook, tmp_path: Path) -> None:
    one = verified()
    notebook.begin(one)
    notebook.keep(one, [Difference(sort="missing", kind="user", item="=1+1")])
    notebook.table(tmp_path / "table.csv")
    assert not (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")[2].startswith("=")


def test_a_table_that_cannot_be_written_is_named(notebook: Notebook, tmp_path: Path) -> None:
    with pytest.raises(OperateError, match=r"nowhere/table\.csv: No such file or directory"):
        notebook.table(tmp_path / "nowhere" / "table.csv")
