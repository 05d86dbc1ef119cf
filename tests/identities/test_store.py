"""The table on disk: it says what the one in memory says, is kept with its place, and is made anew where it cannot be believed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.routing.identity_table import ACCOUNTS, KINDS, IdentityTable, account_record, cohort_record, forgotten_record, record
from streams.identities.follower import IdentityFollower, write
from streams.identities.store import DAMAGED, IdentityDisk, TablePosition, agrees
from streams.kafka import admin, topics
from streams.state import damage
from streams.state import disk as disks
from streams.state.errors import DamagedError, StateError
from tests.stack import ROOT

NAMES = st.text("abC12", min_size=1, max_size=2)
PLATFORM = st.sampled_from(["p", "q"])
KIND = st.sampled_from(KINDS)
RECORDS = st.one_of(
    st.builds(record, PLATFORM, KIND, NAMES, NAMES, st.just("") | NAMES),
    st.builds(account_record, PLATFORM, NAMES, st.sampled_from(ACCOUNTS)),
    st.builds(cohort_record, NAMES, NAMES),
    st.builds(forgotten_record, PLATFORM, KIND, NAMES, NAMES),
)
CHANGES = st.lists(st.tuples(RECORDS, st.booleans(), st.sampled_from(["", "keep", "reopen"])), max_size=40)


@contextmanager
def disk(directory: Path) -> Iterator[IdentityDisk]:
    opened = IdentityDisk(directory)
    try:
        yield opened
    finally:
        opened.close()


def said(table: IdentityTable) -> Any:
    names = [a + b for a in "abc12" for b in ("", *"abc12")]
    return (
        table.entries(),
        table.people(),
        sorted(one for one in table.counts() if one[2]),
        len(table),
        list(table.each()),
        [
            (p, k, n, table.canonical(p, k, n), table.native(p, k, n), table.origin(k, n), table.forgotten(p, k, n))
            for p in "pq"
            for k in KINDS
            for n in names
        ],
        [(p, n, table.account(p, n), table.cohort(n)) for p in "pq" for n in names],
    )


@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_it_says_what_a_table_in_memory_says(changes: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    memory, directory = IdentityTable(), tmp_path_factory.mktemp("table")
    rows = IdentityDisk(directory)
    table = IdentityTable(rows)
    for number, ((key, value), deleted, then) in enumerate(changes):
        for each in (memory, table):
            assert each.apply(key, None if deleted else value) is None
        if then:
            rows.keep(TablePosition("c", "t", {0: number}, 1), table.counts())
        if then == "reopen":
            rows.close()
            rows = IdentityDisk(directory)
            table = IdentityTable(rows)
            assert rows.place == TablePosition("c", "t", {0: number}, 1)
    assert said(table) == said(memory)
    last = {key: None if deleted else value for (key, value), deleted, _ in changes}
    assert agrees(rows, last)
    rows.close()


def test_what_was_not_kept_is_read_again(tmp_path: Path) -> None:
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        table.apply(*record("p", "group", "1", "team"))
        rows.keep(TablePosition("c", "t", {0: 1}, 1), table.counts())
        table.apply(*record("p", "group", "2", "crew"))
        assert table.canonical("p", "group", "2") == "crew"
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        assert table.canonical("p", "group", "1") == "team"
        assert table.canonical("p", "group", "2") is None
        assert rows.place.offsets == {0: 1}
        assert len(table) == 1


def test_a_process_that_is_killed_leaves_a_table_and_its_place(tmp_path: Path) -> None:
    """Each batch is there with its place, or not at all."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom converters.routing.identity_table import IdentityTable, record\nfrom streams.identities.store import IdentityDisk, TablePosition\n"
        "rows = IdentityDisk(Path(sys.argv[1]))\ntable = IdentityTable(rows)\n"
        "for n in range(10**6):\n"
        "    table.apply(*record('p', 'group', str(n), f'g{n}'))\n"
        "    if n % 50 == 49:\n        rows.keep(TablePosition('c', 't', {0: n + 1}, 1), table.counts())\n        print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ)
    assert child.stdout is not None
    for _ in range(200):
        last = int(child.stdout.readline())
    child.kill()
    child.wait()
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        end = rows.place.offsets[0]
        assert end > last
        assert [table.canonical("p", "group", str(n)) for n in (0, end - 1, end)] == ["g0", f"g{end - 1}", None]
        assert len(table) == end


@pytest.mark.parametrize("harm", ["garbage", "noted", "truncated"])
def test_what_cannot_be_read_is_made_anew(tmp_path: Path, harm: str) -> None:
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        table.apply(*record("p", "group", "1", "team"))
        rows.keep(TablePosition("c", "t", {0: 1}, 1), table.counts())
    inside = tmp_path / "identities"
    if harm == "garbage":
        (inside / "CURRENT").write_bytes(b"lock: nobody has it\n")
    elif harm == "truncated":
        for path in inside.glob("MANIFEST*"):
            path.write_bytes(path.read_bytes()[:10])
    else:
        (tmp_path / DAMAGED).touch()
    with disk(tmp_path) as rows:
        assert rows.place == TablePosition()
        assert IdentityTable(rows).canonical("p", "group", "1") is None
        assert not (tmp_path / DAMAGED).exists()


def test_damage_that_is_met_later_is_no_answer(tmp_path: Path) -> None:
    """A row that cannot be read is not a row that is not there."""
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        for number in range(5000):
            table.apply(*record("p", "group", str(number), f"team{number}"))
        rows.keep(TablePosition("c", "t", {0: 1}, 1), table.counts())
        rows._rows.compact()
    (largest, *_) = sorted((tmp_path / "identities").glob("*.sst"), key=lambda path: -path.stat().st_size)
    raw = bytearray(largest.read_bytes())
    raw[len(raw) // 3] ^= 0xFF
    largest.write_bytes(raw)
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        with pytest.raises(DamagedError):
            assert [table.canonical("p", "group", str(number)) for number in range(5000)] == [f"team{number}" for number in range(5000)]
    with disk(tmp_path) as rows:
        assert rows.place == TablePosition()
    (tmp_path / "identities" / "CURRENT").write_bytes(b"x")
    with pytest.raises(StateError, match="is damaged again") as caught:
        IdentityDisk(tmp_path)
    assert caught.value.kind == "damaged"
    assert damage.noted(tmp_path / "identities").remade


def test_what_a_full_disk_does_not_take_is_in_memory_and_kept_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with disk(tmp_path) as rows:
        table = IdentityTable(rows)
        table.apply(*record("p", "group", "1", "team"))
        rows.keep(TablePosition("c", "t", {0: 1}, 1), table.counts())
        table.apply(*record("p", "group", "2", "crew"))
        rows._rows._refused = True  # as a write has ended
        with monkeypatch.context() as full:
            full.setattr(disks, "SPARE", 1 << 60)
            for _ in range(2):
                with pytest.raises(StateError, match="MiB are free") as caught:
                    rows.keep(TablePosition("c", "t", {0: 2}, 2), table.counts())
                assert caught.value.kind == "full"
            assert [table.canonical("p", "group", each) for each in "12"] == ["team", "crew"]
            assert rows.place.offsets == {0: 1}
        rows.keep(TablePosition("c", "t", {0: 2}, 2), table.counts())
        assert rows._refused == ""
    with disk(tmp_path) as rows:
        assert IdentityTable(rows).canonical("p", "group", "2") == "crew"
        assert rows.place.offsets == {0: 2}


class Topic:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap, self.prefix = bootstrap, f"s{uuid4().hex[:8]}."
        self.name = f"{self.prefix}identities"
        self.make()

    def make(self) -> None:
        wanted = [one for one in topics.wanted(["yunxin"], prefix=self.prefix, partitions=3) if one.name == self.name]
        asyncio.run(admin.create(self.bootstrap, wanted))

    def put(self, *records: tuple[bytes, bytes | None]) -> None:
        asyncio.run(write(self.bootstrap, self.name, records))

    def follow(self, directory: Path) -> tuple[IdentityTable, dict[int, int], bool]:
        """The table after a start; with the offsets from which was read, and whether the rows were made anew."""

        async def run() -> tuple[IdentityTable, dict[int, int], bool]:
            with disk(directory) as rows:
                before = dict(rows.place.offsets)
                follower = IdentityFollower(self.bootstrap, self.name, disk=rows)
                table = follower.table
                try:
                    await follower.start()
                finally:
                    await follower.stop()
                copied = IdentityTable()
                for one in follower.table.each():
                    copied.apply(*record(one.platform, one.kind, one.native, one.canonical, one.origin))  # type: ignore[arg-type]
                return copied, before, follower.table is not table

        return asyncio.run(run())


@pytest.fixture
def topic(kafka: str) -> Topic:
    return Topic(kafka)


def groups(start: int, end: int, name: str = "g") -> list[tuple[bytes, bytes]]:
    return [record("p", "group", str(number), f"{name}{number}") for number in range(start, end)]


def test_a_start_reads_only_what_is_new(topic: Topic, tmp_path: Path) -> None:
    topic.put(*groups(0, 60))
    assert len(topic.follow(tmp_path)[0]) == 60
    topic.put(*groups(60, 70), (groups(3, 4)[0][0], None))
    table, before, anew = topic.follow(tmp_path)
    assert (len(table), anew) == (69, False)
    assert sum(before.values()) == 60
    assert table.canonical("p", "group", "3") is None
    assert table.canonical("p", "group", "69") == "g69"


def test_rows_of_another_topic_or_cluster_are_made_anew(topic: Topic, kafka: str, tmp_path: Path) -> None:
    topic.put(*groups(0, 30))
    topic.follow(tmp_path)
    other = Topic(kafka)
    other.put(*groups(100, 110))
    table, _, anew = other.follow(tmp_path)
    assert (anew, len(table)) == (True, 10)
    with disk(tmp_path) as rows:
        rows.keep(TablePosition("another cluster", other.name, rows.place.offsets, rows.place.at), [])
    assert other.follow(tmp_path)[2]
    with disk(tmp_path) as rows:
        rows.keep(TablePosition(rows.place.cluster, rows.place.topic, rows.place.offsets, 1), [])
    assert other.follow(tmp_path)[2], "of 1970: what was deleted since then is told by nobody"


def test_rows_ahead_of_the_topic_and_rows_that_say_something_else_are_made_anew(topic: Topic, tmp_path: Path) -> None:
    topic.put(*groups(0, 30))
    topic.follow(tmp_path)
    with disk(tmp_path) as rows:
        ahead = {number: offset + 5 for number, offset in rows.place.offsets.items()}
        rows.keep(TablePosition(rows.place.cluster, rows.place.topic, ahead, rows.place.at), [])
    assert topic.follow(tmp_path)[2]
    with disk(tmp_path) as rows:
        # The topic was made anew, and by chance is as long as it was.
        table = IdentityTable(rows)
        table.apply(*record("p", "group", "29", "somebody-else"))
        rows.keep(rows.place, table.counts())
    table, _, anew = topic.follow(tmp_path)
    assert anew
    assert table.canonical("p", "group", "29") == "g29"
