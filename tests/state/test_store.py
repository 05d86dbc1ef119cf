"""Rows on disk: kept for as long as they are said to be, whatever RocksDB does meanwhile, and never believed when some are gone."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.observe.metric_types import REGISTRY
from streams.state.coverage import Coverage
from streams.state.database import Database
from streams.state.errors import StateError
from streams.state.rows import GONE, RowCover, RowFamily
from streams.state.store import Store

DAY = 86_400_000
NOW = 1_790_000_000_000
FAMILIES = (
    RowFamily("known", 10 * DAY, 2 * DAY, counted=True),
    RowFamily("index", 4 * DAY, DAY, unique=True),
    RowFamily("latest", 4 * DAY, DAY),
)


def greater(key: bytes, there: bytes, comes: bytes) -> bytes | None:
    del key
    return comes if comes > there else None


def opened(path: Path) -> Store:
    return Store(path, FAMILIES, greater, stage="test")


def remade(why: str) -> float:
    return REGISTRY.get_sample_value("im_relay_state_rebuilt_total", {"stage": "test", "why": why}) or 0.0


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_RELAY_TEST_WRITE_BUFFER", "4096")


def test_rows_of_several_stores_outlive_openings_and_compactions(tmp_path: Path) -> None:
    """One process opens several stores again and again, as a worker with several partitions does; every file is compacted each time."""
    written: dict[Path, dict[bytes, bytes]] = {tmp_path / f"p{number}": {} for number in range(3)}
    for turn in range(6):
        stores = {path: opened(path) for path in written}
        for path, store in stores.items():
            rows = {b"yunxin:old:person:%d-%d:post" % (turn, n): b'{"entry":"ended","names":{"a":{}}}' for n in range(200)}
            store.put([("known", *row) for row in rows.items()], NOW - DAY * turn, RowCover("ledger", Coverage().add(0, turn, 0), turn))
            written[path] |= rows
            store.compact()
        for path, store in stores.items():
            assert all(store.get("known", key) == value for key, value in written[path].items()), (turn, path)
            store.close()
    assert remade("damaged") == 0


def test_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    script = """
import sys, os, signal
from pathlib import Path
from tests.state.test_store import *
store = opened(Path(sys.argv[1]))
for n in range(3000):
    store.put([("known", b"%d" % n, b"v" * 100)], NOW, RowCover("ledger", Coverage().add(0, n + 1, 0), n + 1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    env = os.environ | {"IM_RELAY_TEST_WRITE_BUFFER": "4096"}
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", script, str(tmp_path / "s")], env=env, check=False)
        assert ended.returncode == -signal.SIGKILL
        store = opened(tmp_path / "s")
        assert store.covered("ledger").high == 3000
        assert all(store.get("known", b"%d" % n) == b"v" * 100 for n in range(3000))
        store.compact()
        store.close()
    assert remade("damaged") == 0


def test_a_store_that_has_forgotten_is_made_anew(tmp_path: Path) -> None:
    """As one did whose rows a filter of its own library took for old: it opened well, and was empty."""
    store = opened(tmp_path / "s")
    store.put([("known", b"%d" % n, b"v") for n in range(1000)], NOW, RowCover("ledger", Coverage().add(0, 1000, 0), 1000))
    (bucket,) = [name for name in store._data.names() if name.startswith("known")]
    store.close()
    raw = Database(tmp_path / "s")
    raw.drop(bucket)
    raw.create(bucket)
    raw.close()
    before = remade("damaged")
    store = opened(tmp_path / "s")
    assert remade("damaged") == before + 1
    assert store.covered("ledger") == Coverage(), "what it had taken in, it has to take in again"
    assert store.get("known", b"1") is None
    store.close()


@pytest.mark.parametrize("what", ["CURRENT", "MANIFEST", "sst"])
def test_damaged_files_are_made_anew_and_counted(tmp_path: Path, what: str) -> None:
    store = opened(tmp_path / "s")
    store.put([("known", b"%d" % n, random.randbytes(100)) for n in range(1000)], NOW)
    store.compact()
    store.close()
    (file, *_) = [file for file in (tmp_path / "s").iterdir() if what in file.name]
    file.write_bytes(b"block checksum mismatch" * 10)
    before = remade("damaged")
    store = opened(tmp_path / "s")
    found = [store.get("known", b"%d" % n) for n in range(1000)] if remade("damaged") == before else [None]
    assert remade("damaged") == before + 1, found[:3]
    store.close()


def test_one_that_is_open_is_not_touched(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put([("known", b"a", b"v")], NOW)
    with pytest.raises(StateError, match="still open"):
        opened(tmp_path / "s")
    assert store.get("known", b"a") == b"v"
    store.close()


def test_a_full_disk_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path / "s")
    store.put([("known", b"a", b"v")], NOW)
    store.close()
    with monkeypatch.context() as full:
        full.setattr("streams.state.disk.SPARE", 1 << 60)
        with pytest.raises(StateError, match="MiB are free"):
            opened(tmp_path / "s")
    store = opened(tmp_path / "s")
    assert store.get("known", b"a") == b"v"
    store.close()


def test_another_clusters_state_is_not_believed(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.belongs_to("one")
    store.put([("known", b"a", b"v")], NOW, RowCover("ledger", Coverage().add(0, 5, 0), 5))
    store.belongs_to("one")
    assert store.get("known", b"a") == b"v"
    store.belongs_to("two")
    assert store.get("known", b"a") is None
    assert store.covered("ledger") == Coverage()
    store.close()
    store = opened(tmp_path / "s")
    store.belongs_to("two")
    assert remade("cluster") == 1
    store.remake("sample", "")
    store.close()
    store = opened(tmp_path / "s")
    store.belongs_to("three")
    assert remade("cluster") == 2, "what was made anew belongs to a cluster, too"
    store.close()


def test_a_bucket_goes_when_its_life_is_over_and_what_it_covered_is_covered_no_more(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    for day in range(30):
        at = NOW - (30 - day) * DAY
        rows = [("known", b"k%d" % day, b"v"), ("index", b"i%d" % day, b"v"), ("latest", b"l%d" % day, b"v")]
        store.put(rows, at, RowCover("ledger", store.covered("ledger").add(day * 10, day * 10 + 10, at), day * 10 + 10))
    store.expire()
    known = [day for day in range(30) if store.get("known", b"k%d" % day)]
    assert set(range(20, 30)) <= set(known) <= set(range(16, 30)), "ten days, and those that share their bucket"
    names = [day for day in range(30) if store.get("index", b"i%d" % day)]
    assert set(range(26, 30)) <= set(names) <= set(range(24, 30))
    assert names == [day for day in range(30) if store.get("latest", b"l%d" % day)]
    assert store.covered("ledger").intervals[-1].low == known[0] * 10
    store.close()


def test_a_clock_that_is_ahead_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 days: ours alone, or that of whoever wrote a record; each by itself is not enough to drop anything."""
    store = opened(tmp_path / "s")
    store.put([("known", b"a", b"v")], NOW, RowCover("ledger", Coverage().add(0, 10, NOW), 10))
    monkeypatch.setattr("time.time", lambda: (NOW + 40 * DAY) / 1000)
    store.expire()
    assert store.get("known", b"a") == b"v"
    monkeypatch.setattr("time.time", lambda: (NOW + 1000) / 1000)
    store.put([("known", b"b", b"v")], NOW + 40 * DAY, RowCover("ledger", store.covered("ledger").add(10, 11, NOW), 11))
    store.expire()
    store.compact()
    assert store.get("known", b"a") == b"v"
    # Both: then it is forgotten, and the coverage says so.
    monkeypatch.setattr("time.time", lambda: (NOW + 40 * DAY) / 1000)
    store.expire()
    assert store.get("known", b"a") is None
    assert store.covered("ledger").gaps(0, 10) == [(0, 10)]
    store.close()


def test_a_row_said_anew_by_a_slow_clock_is_not_hidden(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put([("known", b"a", b"1"), ("latest", b"a", b"1")], NOW)
    store.put([("known", b"a", b"2"), ("latest", b"a", b"2")], NOW - 3 * DAY)
    assert store.get("known", b"a") == b"2"
    assert store.get("latest", b"a") == b"2"
    store.close()


def test_a_row_that_is_taken_back_is_gone(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put([("latest", b"a", b"1")], NOW - 2 * DAY)
    store.put([("latest", b"a", GONE)], NOW)
    assert store.get("latest", b"a") is None
    store.close()


@pytest.mark.parametrize("family", ["known", "index", "latest"])
def test_a_row_that_was_looked_for_in_vain_is_found_once_it_is_there(tmp_path: Path, family: str) -> None:
    store = opened(tmp_path / "s")
    assert store.get(family, b"a") is None
    store.put([(family, b"a", b"1")], NOW)
    assert store.get(family, b"a") == b"1"
    store.put([(family, b"a", b"2")], NOW)
    assert store.get(family, b"a") == b"2"
    store.close()


@settings(max_examples=30, deadline=None)
@given(
    writes=st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=12),
    data=st.data(),
)
def test_the_order_in_which_records_are_taken_in_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[bytes, int, int]], data: st.DataObject
) -> None:
    found = []
    for order in (writes, data.draw(st.permutations(writes))):
        store = opened(tmp_path_factory.mktemp("order") / "s")
        for key, value, day in order:
            store.put([("known", key, b"%02d" % value)], NOW + day * DAY)
        found.append([store.get("known", key) for key in (b"a", b"b", b"c")])
        store.close()
    assert found[0] == found[1]


ROWS = st.tuples(st.sampled_from(["known", "index", "latest"]), st.sampled_from([b"a", b"b", b"c", b"d"]), st.integers(0, 20))


@settings(max_examples=60, deadline=None)
@given(slices=st.lists(st.tuples(st.integers(0, 9), st.lists(ROWS, max_size=8), st.booleans()), min_size=1, max_size=8))
def test_many_rows_at_once_are_as_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, slices: list[tuple[int, list[tuple[str, bytes, int]], bool]]
) -> None:
    one, many = (opened(tmp_path_factory.mktemp("many") / "s") for _ in range(2))
    for day, drawn, gone in slices:
        # A key of the family whose rows never change has one value for ever; rows of the others may be taken back.
        rows = [(family, key, key if family == "index" else b"%02d" % value) for family, key, value in drawn]
        rows += [("latest", b"a", GONE)] if gone else []
        for row in rows:
            one.put([row], NOW + day * DAY)
        one.put([], NOW + day * DAY)
        many.take(rows, NOW + day * DAY)
        for family in ("known", "index", "latest"):
            assert [many.get(family, key) for key in (b"a", b"b", b"c", b"d")] == [one.get(family, key) for key in (b"a", b"b", b"c", b"d")]
    one.close()
    many.close()
