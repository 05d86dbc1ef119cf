"""What was signed and has been used, without a broker: what is new, what is known, and what nobody can say any more."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from converters.core.localized import localized
from converters.platform import SingleUse
from streams.ingress import once
from streams.ingress.once import DAY, MARGIN, SignaturePosition, SignatureTable, UsedSignature, opened
from streams.observe import metrics
from streams.settings.root import Settings
from streams.state.database import Database
from streams.state.errors import DamagedError, StateError

FOREVER = 0
DAMAGED = {
    "event": "what was signed and used is damaged on disk: held in memory until the next start",
    "error": "a block",
    "log_level": "warning",
}


def signed(said: bytes = b"hello", at: int = 1000, until: int = 9 * DAY, name: str = "call-1") -> SingleUse:
    return SingleUse(name, said, at, until)


def used(said: bytes = b"hello", until: int = 9 * DAY, name: str = "call-1") -> UsedSignature:
    return UsedSignature.of("new", signed(said, until=until, name=name))


@pytest.fixture(params=["memory", "disk"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SignatureTable]:
    held = SignatureTable(Database(tmp_path / "once") if request.param == "disk" else None)
    yield held
    held.close()


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[SignatureTable]:
    held = SignatureTable(Database(tmp_path / "once"))
    yield held
    held.close()


# -- what a record bears


def test_a_record_bears_its_row_as_it_always_did() -> None:
    row = used(b"words")
    assert row.written().hex() == "c8f20e6b1843b1fcfb4cb563a0f54cac" + f"{9 * DAY:016x}" + b"words".hex()
    assert UsedSignature.read(row.written()) == row


@pytest.mark.parametrize("raw", [b"", b"x" * 23, b"x" * 24])
def test_what_is_no_row_is_none(raw: bytes) -> None:
    assert UsedSignature.read(raw) is None
    assert UsedSignature.read(b"x" * 24 + b"y") is not None


def test_another_apps_call_is_another_one() -> None:
    assert UsedSignature.of("a", signed()).key != UsedSignature.of("b", signed()).key
    assert UsedSignature.of("a", signed(name="1")).key != UsedSignature.of("a", signed(name="2")).key


def test_rows_lie_by_the_day_on_which_they_are_over() -> None:
    assert [used(until=until).column for until in (FOREVER, 1, DAY - 1, DAY, 20_000 * DAY)] == [
        "ever",
        "00000000",
        "00000000",
        "00000001",
        "00020000",
    ]


def test_a_row_lies_where_an_earlier_release_has_put_it() -> None:
    midnight = 1_728_000_000_000  # 2024-10-04, UTC
    assert [used(until=until).column for until in (midnight - 1, midnight)] == ["00019999", "00020000"]


# -- what is judged


def test_while_one_is_being_stored_the_same_may_come_again_and_another_may_not(table: SignatureTable) -> None:
    assert [table.judge("new", signed(said)) for said in (b"hello", b"hello", b"money", b"hello")] == ["new", "new", "replayed", "new"]
    assert [table.judge("new", signed(said, name="call-2")) for said in (b"h", b"h", b"m")] == ["new", "new", "replayed"]


def test_one_that_begins_with_the_other_is_the_same_and_the_longest_counts(table: SignatureTable) -> None:
    assert [table.judge("new", signed(said)) for said in (b"ab", b"abc", b"a", b"abx", b"abc")] == ["new", "new", "new", "replayed", "new"]


def test_what_is_stored_is_known_and_another_is_a_replay(table: SignatureTable) -> None:
    assert table.judge("new", signed(b"ab")) == "new"
    table.stored(used(b"ab"))
    assert [table.judge("new", signed(said)) for said in (b"ab", b"a", b"ax")] == ["known", "known", "replayed"]
    assert table.judge("new", signed(b"abc")) == "new", "it says more than what is stored"
    assert table.judge("new", signed(b"abd")) == "replayed", "and is waited for"
    table.stored(used(b"abc"))
    assert table.judge("new", signed(b"ab")) == "known"


def test_who_is_never_stored_leaves_the_place_to_others_at_last(table: SignatureTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "OPEN", 2)
    assert [table.judge("new", signed(name=name)) for name in ("1", "2", "1", "3")] == ["new"] * 4
    assert table.judge("new", signed(b"other", name="2")) == "replayed"
    assert table.judge("new", signed(b"other", name="1")) == "new", "the first of them is forgotten"


def test_what_was_signed_before_all_is_known_is_not_decided(table: SignatureTable) -> None:
    table.since = once.NEVER
    assert table.judge("new", signed(at=10**14)) == "undecided", "before the topics were looked at"
    table.since = 50_000
    assert table.judge("new", signed(at=349_999)) == "undecided", "the platform's clock may be five minutes ahead"
    assert table.judge("new", signed(at=350_000)) == "new"
    assert table.judge("new", signed(b"other", at=1)) == "replayed", "this one is known"
    table.since = 0
    assert table.judge("new", signed(at=1, name="call-2", until=1)) == "new"


def test_where_there_is_no_disk_the_oldest_are_forgotten_and_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST", 2)
    table = SignatureTable(None)
    for name, until in (("1", 700), ("2", 500), ("3", 600), ("4", FOREVER)):
        table.learn(used(until=until, name=name))
    assert table.judge("new", signed(until=700, name="1")) == "undecided"
    assert table.judge("new", signed(until=500, name="2")) == "undecided"
    assert table.judge("new", signed(until=700, name="5")) == "undecided", "it may have been one of them"
    assert table.judge("new", signed(until=1, name="6")) == "undecided"
    assert table.judge("new", signed(until=701, name="5")) == "new"
    assert table.judge("new", signed(until=FOREVER, name="7")) == "new", "of those that are kept for ever none is gone"
    assert [table.judge("new", signed(until=until, name=name)) for name, until in (("3", 600), ("4", FOREVER))] == ["known", "known"]


def test_the_bound_of_memory_is_none_of_the_disk(on_disk: SignatureTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST", 1)
    for name in ("1", "2", "3"):
        on_disk.learn(used(name=name))
    assert on_disk.unwritten == 3
    assert on_disk.judge("new", signed(name="1")) == "known"


def test_an_earlier_copy_takes_nothing_from_a_later_one(table: SignatureTable) -> None:
    """Read back from the topics, the copies come in their order, while the disk knows the last."""
    table.learn(used(b"abc"))
    table.learn(used(b"ab"))
    assert table.judge("new", signed(b"abx")) == "replayed"
    table.flush(0, None)
    table.learn(used(b"ab"))
    assert table.judge("new", signed(b"abx")) == "replayed"
    table.flush(0, None)
    assert table.judge("new", signed(b"abx")) == "replayed"
    assert table.judge("new", signed(b"abc")) == "known"
    table.learn(used(b"abcd"))
    table.flush(0, None)
    assert table.judge("new", signed(b"abcx")) == "replayed", "a later one goes over an earlier one"


# -- what is written


@pytest.mark.parametrize(("until", "judged"), [(1, "new"), (999, "new"), (1000, "known"), (FOREVER, "known")])
def test_in_memory_what_is_over_is_forgotten(until: int, judged: str) -> None:
    table = SignatureTable(None)
    table.learn(used(until=until))
    table.flush(1000, None)
    assert table.judge("new", signed(until=until)) == judged
    assert table.unwritten == 0, "there is nowhere to write it"


def test_what_was_learnt_is_written_once(on_disk: SignatureTable) -> None:
    on_disk.learn(used())
    on_disk.learn(used(name="call-2", until=FOREVER))
    assert on_disk.unwritten == 2
    on_disk.flush(0, None)
    assert on_disk.unwritten == 0
    assert on_disk.judge("new", signed()) == on_disk.judge("new", signed(name="call-2", until=FOREVER)) == "known"


def test_what_is_over_is_not_written(on_disk: SignatureTable) -> None:
    on_disk.learn(used(until=999))
    on_disk.flush(1000, None)
    assert on_disk._database is not None
    assert on_disk._database.names() == []


def test_a_day_is_dropped_when_it_is_over_and_not_before(on_disk: SignatureTable) -> None:
    for name, until in (("1", 2 * DAY), ("2", 3 * DAY), ("3", FOREVER)):
        on_disk.learn(used(until=until, name=name))
    on_disk.flush(0, None)
    assert on_disk._database is not None
    on_disk.flush(3 * DAY - 1, None)
    assert on_disk._database.names() == ["00000002", "00000003", "ever"]
    on_disk.flush(3 * DAY, None)
    assert on_disk._database.names() == ["00000003", "ever"]


def test_how_far_the_topics_were_read_is_written_with_what_they_said(on_disk: SignatureTable, tmp_path: Path) -> None:
    assert on_disk.place == SignaturePosition(cluster="", offsets={})
    on_disk.learn(used())
    on_disk.flush(0, SignaturePosition("cluster", {"t/0": 7}))
    on_disk.flush(0, None)
    assert on_disk._database is not None
    assert on_disk._database.get("default", b"place") == b'{"cluster":"cluster","offsets":{"t/0":7}}', "as in every release"
    on_disk.close()
    again = SignatureTable(Database(tmp_path / "once"))
    assert again.place == SignaturePosition("cluster", {"t/0": 7})
    assert again.judge("new", signed()) == "known"
    again.close()


def refused(table: SignatureTable, monkeypatch: pytest.MonkeyPatch, name: str, error: StateError) -> None:
    def refuse(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(table._database, name, refuse)


def told(kind: str) -> float:
    return float(metrics.STATE_REFUSED.labels("ingress", kind)._value.get())


def test_what_the_disk_refuses_stays_in_memory_and_is_told(on_disk: SignatureTable, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk.learn(used())
    with monkeypatch.context() as patch:
        refused(on_disk, patch, "write", StateError(localized("no room"), "full"))
        with capture_logs() as logs:
            on_disk.flush(0, None)
    assert logs == [{"event": "what was signed and used stays in memory", "kind": "full", "error": "no room", "log_level": "warning"}]
    assert (on_disk.unwritten, told("full")) == (1, 1)
    assert on_disk.judge("new", signed()) == "known"
    on_disk.flush(0, None)
    assert (on_disk.unwritten, told("full")) == (0, 0)


def test_what_is_damaged_is_taken_away_and_what_it_held_is_not_guessed_at(
    on_disk: SignatureTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_disk.learn(used())
    on_disk.flush(0, SignaturePosition("cluster"))
    on_disk.learn(used(name="call-2"))
    refused(on_disk, monkeypatch, "write", DamagedError(localized("a block")))
    with capture_logs() as logs:
        on_disk.flush(5000, None)
    assert logs == [DAMAGED]
    assert (on_disk.since, on_disk.place) == (5000, SignaturePosition())
    assert not (tmp_path / "once").exists()
    assert on_disk.judge("new", signed(at=5000 + MARGIN - 1)) == "undecided"
    assert on_disk.judge("new", signed(name="call-2")) == "known", "what was in memory is"
    Database(tmp_path / "once").close()


def test_damage_that_is_found_when_it_is_asked_is_none_of_the_callers(
    on_disk: SignatureTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_disk.learn(used())
    on_disk.flush(0, None)
    refused(on_disk, monkeypatch, "get", DamagedError(localized("a block")))
    now = time.time() * 1000
    with capture_logs() as logs:
        assert on_disk.judge("new", signed(at=int(now))) == "undecided"
    assert logs == [DAMAGED]
    assert now - 1 <= on_disk.since <= time.time() * 1000
    assert not (tmp_path / "once").exists()


def test_how_much_room_there_is_is_told_when_it_is_written(on_disk: SignatureTable) -> None:
    metrics.STATE_FREE.labels("signatures").set(-1)
    on_disk.flush(0, None)
    assert metrics.STATE_FREE.labels("signatures")._value.get() > 0


def settings(tmp_path: Path, **ingress: Any) -> Settings:
    return Settings.model_validate({"ingress": ingress, "deliver": {"state": str(tmp_path / "deliver")}})


def test_it_lies_on_the_roles_own_disk(tmp_path: Path) -> None:
    for number, given in enumerate(({}, {"state": str(tmp_path / "ingress")})):
        table = opened(settings(tmp_path, **given), "group")
        assert table._database is not None
        assert table._database.path.is_relative_to(tmp_path / ("deliver", "ingress")[number])
        assert table._database.path.name == "once"
        table.close()


def test_where_there_is_no_disk_it_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with capture_logs() as logs:
        table = opened(settings(tmp_path, state=str(tmp_path / "file" / "under")), "group")
    (said,) = logs
    assert (said["what"], said["path"]) == ("what was signed and used", str(tmp_path / "file" / "under"))
    assert said["error"].startswith("ingress.state is ")
    assert told("forbidden") == 1
    assert table.judge("new", signed()) == "new"
    assert table._database is None
