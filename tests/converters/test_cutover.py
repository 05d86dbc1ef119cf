"""How far a move is, from who speaks where."""

import pytest

from converters.core.bodies import Text
from converters.core.model import Event, Group, direct
from converters.core.operations import Operation, Post, Typing
from converters.cutover import DAY, Cutover, end_day
from converters.platform import DecodedEvent

TODAY = 20_000
HI = Post(Text("hi"))


def said(app: str, sender: str, day: int, operation: Operation = HI) -> DecodedEvent:
    return DecodedEvent(
        Event(id="e", source=app, remote_id="1", conversation=Group("g"), sender=sender, at=day * DAY + 5, operation=operation)
    )


def test_who_was_seen_where_last_and_what_crosses() -> None:
    found = Cutover("old", "new")
    pair, group = direct("ann", "bob"), Group("team")
    for app, person, day, place in (
        ("old", "ann", TODAY - 3, pair),
        ("new", "bob", TODAY - 3, pair),
        ("new", "ann", TODAY - 1, pair),  # ann has moved
        ("old", "cid", TODAY - 2, group),
        ("old", "dan", TODAY - 1, group),
        ("third", "eve", TODAY - 1, group),
    ):
        found.take(app, said(app, person, day), person, place)
    found.take("old", said("old", "ann", TODAY, Typing()), "ann", pair)  # no message
    report = found.report(TODAY)
    assert report.messages == {"old": 3, "new": 2}
    assert report.last_seen == {"new": 2, "old": 2}
    assert report.shared == pytest.approx(3 / 5)
    assert report.days == ((TODAY - 3, 0.5), (TODAY - 2, 1.0), (TODAY - 1, 0.5))
    assert report.end is None, "three days are no trend"


@pytest.mark.parametrize(
    ("shares", "end"),
    [
        ([], None),
        ([0.8, 0.7, 0.6], None),
        ([0.8, 0.7, 0.6, 0.5], 8),
        ([0.5, 0.5, 0.5, 0.5], None),
        ([0.1, 0.2, 0.3, 0.4], None),
        ([0.5, 0.3, 0.1, 0.01], 3),
        ([0.005], 0),
    ],
)
def test_the_day_on_which_the_relay_can_go(shares: list[float], end: int | None) -> None:
    assert end_day(list(enumerate(shares))) == end
