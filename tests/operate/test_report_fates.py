"""What a report decides of an event, from the rows that tell of it; and sorting beyond memory."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import structs

from streams.operate.topic_reader import OperateError
from streams.report import fates
from streams.report.fates import Fate, fate
from streams.report.reading import Period
from streams.report.rows import EndedRow, HandedRow, KeptRow, LetterRow, ReceivedRow, Row, SeenRow, SentRow
from streams.report.sorted_rows import SortedRows
from streams.report.totals import HourTotals, bucket, conversations

HOUR = 3_600_000
PERIOD = Period(HOUR, 3 * HOUR, 4 * HOUR)


def received(at: int = HOUR, **more: Any) -> ReceivedRow:
    usual = ReceivedRow(at=at, app="old", target="new", conversation="direct\x1fa\x1fb", kind="text", marked=True)
    return structs.replace(usual, **more)


def seen(remote: str = "m1", part: int = 0, how: str = "callback") -> SeenRow:
    return SeenRow("new", remote, part, how)


ANSWERED = EndedRow("delivered", "reply", HOUR)
LETTER = LetterRow("deliver", "refused", "theirs")
CASES: dict[str, tuple[list[Row], tuple[str, str]]] = {
    "shown by the target": ([received(), ANSWERED, seen()], ("confirmed", "")),
    "shown by its history": ([received(), ANSWERED, seen(how="history")], ("confirmed", "")),
    "the echo was the answer": ([received(), EndedRow("delivered", "echo", HOUR)], ("confirmed", "")),
    "the ledger does not say so yet": ([received(), HandedRow(waits=True), seen()], ("confirmed", "")),
    "accepted and not shown": ([received(), ANSWERED], ("unseen", "")),
    "one part of two is not shown": ([received(), EndedRow("delivered", "reply", HOUR, 2), seen()], ("unseen", "1/2")),
    "what bears no mark is not shown": ([received(marked=False), ANSWERED], ("accepted", "")),
    "accepted without an id": ([received(), EndedRow("delivered", "reply", HOUR, named=False)], ("accepted", "")),
    "there twice": ([received(), ANSWERED, seen(), seen("m2")], ("doubled", "m1 m2")),
    "two parts are no double": ([received(), EndedRow("delivered", "reply", HOUR, 2), seen(), seen("m2", 1)], ("confirmed", "")),
    "its callback came twice": ([received(), ANSWERED, seen(), seen()], ("confirmed", "")),
    "our own doing": ([received(), EndedRow("delivered", "ours", HOUR)], ("left-out", "own-action")),
    "recalled before it came": ([received(), EndedRow("delivered", "recalled", HOUR)], ("left-out", "recalled-before")),
    "a rule drops it": ([received(left_out="rule:quiet")], ("left-out", "rule:quiet")),
    "a rule of today drops what arrived yesterday": ([received(left_out="rule:quiet"), ANSWERED, seen()], ("confirmed", "")),
    "a dead letter": ([received(), LETTER, EndedRow("refused", "reply", HOUR)], ("dead-letter", "refused (theirs, deliver)")),
    "a letter of convert": (
        [received(letter=LetterRow("convert", "group-unmapped", "ours"))],
        ("dead-letter", "group-unmapped (ours, convert)"),
    ),
    "a person has set it aside": ([received(), LetterRow("deliver", "refused", "theirs", "dropped")], ("left-out", "set-aside")),
    "put back, and it arrived": ([received(), LetterRow("deliver", "refused", "theirs", "replayed"), ANSWERED, seen()], ("confirmed", "")),
    "put back, and it waits": (
        [received(), LetterRow("deliver", "refused", "theirs", "replayed"), HandedRow(waits=True)],
        ("waits", "deliver"),
    ),
    "no answer": ([received(), HandedRow(waits=True), SentRow(HOUR)], ("in-doubt", "")),
    "convert has not read it": ([received(waits=True)], ("waits", "convert")),
    "deliver has not settled it": ([received(), HandedRow(waits=True)], ("waits", "deliver")),
    "deliver has settled it and says nothing": ([received(), HandedRow(waits=False)], ("missing", "deliver")),
    "convert has read it, and nothing came of it": ([received()], ("missing", "convert")),
    "given up, and its letter is kept no more": (
        [received(), HandedRow(waits=False), EndedRow("not_sent", "reply", HOUR)],
        ("missing", "not_sent"),
    ),
    "never called back": ([KeptRow(HOUR, "old", "new", "direct\x1fa\x1fb", "text")], ("not-called-back", "")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_became_of_it(case: str) -> None:
    rows, expected = CASES[case]
    found = fate("e", rows, PERIOD.since, PERIOD.until, {"new"})
    assert found is not None
    assert (found.word, found.detail) == expected


def test_a_target_that_shows_nothing_is_taken_at_its_word() -> None:
    found = fate("e", [received(), ANSWERED], PERIOD.since, PERIOD.until, set())
    assert found is not None
    assert found.word == "accepted"


def test_each_event_belongs_to_the_hour_in_which_it_came_first() -> None:
    twice: list[Row] = [received(2 * HOUR + 5), received(HOUR + 5), ANSWERED, seen()]
    found = fate("e", twice, PERIOD.since, PERIOD.until, {"new"})
    assert found is not None
    assert (found.at, found.copies) == (HOUR + 5, 1)
    assert fate("e", [received(5), received(HOUR + 5), ANSWERED], PERIOD.since, PERIOD.until, {"new"}) is None, (
        "it is in the report of the hour before"
    )
    assert fate("e", [received(3 * HOUR)], PERIOD.since, PERIOD.until, {"new"}) is None
    assert fate("e", [ANSWERED, seen()], PERIOD.since, PERIOD.until, {"new"}) is None, "of a callback that came earlier"
    assert fate("e", [KeptRow(HOUR, "old", "new", "", "text"), received(5)], PERIOD.since, PERIOD.until, {"new"}) is None


def test_what_was_put_back_is_told_by_its_copy() -> None:
    put_back = received(kind="", conversation="", letter=LetterRow("convert", "malformed", "theirs", "replayed"))
    assert fate("callbacks.x:0:5", [put_back], PERIOD.since, PERIOD.until, set()) is None


def test_rows_beyond_memory_come_in_the_same_order(tmp_path: Path) -> None:
    random, expected = Random(17), dict[bytes, list[bytes]]()
    with SortedRows(tmp_path, held=100) as few, SortedRows(tmp_path) as many:
        for number in range(1050):
            name, content = b"event %d" % random.randrange(300), b"\x00\n%d" % number
            expected.setdefault(name, []).append(content)
            few.add(name, content)
            many.add(name, content)
        assert [one.is_dir() for one in tmp_path.iterdir()] == [True]
        assert list(few.groups()) == sorted(expected.items()) == list(many.groups())
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with SortedRows(tmp_path / "none", held=2) as rows:
        rows.add(b"a", b"")
        with pytest.raises(OperateError, match="--work"):
            rows.add(b"b", b"")


def summed(*words: tuple[str, str, str]) -> HourTotals:
    """Of (event, state, conversation)."""
    hours = HourTotals()
    with SortedRows() as rows:
        for event, word, conversation in words:
            one = Fate(event, HOUR + 7, "old", "new", conversation, "text", word)  # type: ignore[arg-type]
            rows.add(bucket(one, PERIOD), fates.dump(one))
        for totals, _ in conversations(rows, PERIOD):
            hours.add(totals)
    return hours


def test_two_sides_have_the_same_hash_where_they_have_the_same_events() -> None:
    (whole,) = summed(("a", "confirmed", "x"), ("b", "accepted", "x"), ("c", "left-out", "x"), ("d", "confirmed", "y")).each()
    assert (whole.received, whole.carried, whole.there, whole.equal) == (4, 3, 3, True)
    (lacking,) = summed(("a", "confirmed", "x"), ("b", "unseen", "x"), ("c", "left-out", "x"), ("d", "confirmed", "y")).each()
    assert lacking.source == whole.source, "what had to arrive is the same"
    assert (lacking.target != whole.target, lacking.there, lacking.equal) == (True, 2, False)
    (elsewhere,) = summed(("a", "confirmed", "y"), ("b", "accepted", "x"), ("c", "left-out", "x"), ("d", "confirmed", "y")).each()
    assert elsewhere.source != whole.source, "the same events in other conversations"


def test_hours_are_those_of_the_clock_that_was_asked_for() -> None:
    assert PERIOD.hour(HOUR + 7) == HOUR
    india = Period(0, HOUR, HOUR, ahead=19_800_000)
    assert india.hour(HOUR + 7) == HOUR // 2, "half an hour off UTC's"
