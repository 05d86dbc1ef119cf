"""The delivery protocol in all interleavings: as built nothing is wrong, and each control finds its fault."""

from itertools import product
from typing import Any

import pytest

from streams.deliver import protocol
from streams.deliver.protocol import MOVES, EventState
from tests.model import delivery
from tests.model.delivery import Record, Rules, at_the_end, start, steps
from tests.model.search import Found, search

A, B = Record(0), Record(1)
RECORDS = {"one": (A,), "two copies": (A, A), "two events": (A, B), "the first again between": (A, B, A), "and behind": (A, A, B, B)}
IN_DOUBT, ECHO = ("resend", "hold"), ("prompt", "late", "never")


def searched(**rules: Any) -> Found:
    given = Rules(**{"owners": 4, **rules})
    return search(start(given), steps(given), at_the_end)


@pytest.mark.parametrize(("records", "in_doubt", "echo"), [*product(RECORDS, IN_DOUBT, ECHO)])
def test_as_built_nothing_is_lost_doubled_or_out_of_order(records: str, in_doubt: str, echo: str) -> None:
    found = searched(records=RECORDS[records], in_doubt=in_doubt, echo=echo)
    assert not found.wrong, found
    assert found.states > 100


@pytest.mark.parametrize(("forged", "in_doubt", "echo"), [*product(("other-app", "unkeyed"), IN_DOUBT, ECHO)])
def test_a_forged_echo_settles_nothing(forged: str, in_doubt: str, echo: str) -> None:
    found = searched(records=(A, A), in_doubt=in_doubt, echo=echo, forged=forged)
    assert not found.wrong, found
    assert found.states == searched(records=(A, A), in_doubt=in_doubt, echo=echo).states, "and changes nothing"


@pytest.mark.parametrize(("releases", "echo"), [*product((1, 2), ECHO)])
def test_what_is_held_leaves_once_for_each_word_of_a_person(releases: int, echo: str) -> None:
    found = searched(records=(A, A), in_doubt="hold", echo=echo, releases=releases)
    assert not found.wrong, found


CONTROLS: dict[str, tuple[dict[str, Any], str]] = {
    "the next owner reads only what is committed": ({"reads_committed_only": True}, "event 0 is doubled"),
    "a frozen owner sends after its lease": ({"lease_not_kept": True}, "event 0 is doubled"),
    "nobody looks at the echo between gate and socket": (
        {"echo_not_looked_at": True, "echo": "late"},
        "event 0 leaves although its echo was heard",
    ),
    "what is held counts as never sent": (
        {"hold_forgotten": True, "in_doubt": "hold", "records": (A, A)},
        "event 0 leaves although nobody has decided about it",
    ),
    "the same of one copy, after a death": (
        {"hold_forgotten": True, "in_doubt": "hold"},
        "event 0 leaves although nobody has decided about it",
    ),
    "the next of a conversation goes while one is in doubt": (
        {"next_goes_in_doubt": True, "records": (A, B)},
        "event 0 comes behind a later one",
    ),
    "an echo is believed whoever posts it": ({"all_believed": True, "forged": "other-app"}, "event 0 is lost: there"),
    "a stranger has the key of marks": ({"forged": "keyed"}, "event 0 is lost: there"),
}


@pytest.mark.parametrize(("rules", "wrong"), CONTROLS.values(), ids=CONTROLS)
def test_each_control_finds_its_fault(rules: dict[str, Any], wrong: str) -> None:
    found = searched(**rules)
    assert found.wrong == wrong, found


BESIDE = {(EventState.QUEUED, EventState.ENDED), (EventState.GATE, EventState.DOUBT), (EventState.LICENSED, EventState.DOUBT)}
"""Moves that the model leaves out: an event that needs no request, and requests that the target knows again."""


def test_events_move_in_the_model_as_they_may_and_in_every_way_that_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[tuple[EventState, EventState]] = set()

    def moved(state: EventState, to: EventState) -> EventState:
        taken.add((state, to))
        return protocol.moved(state, to)

    monkeypatch.setattr(delivery, "moved", moved)
    for in_doubt, echo in product(IN_DOUBT, ECHO):
        searched(in_doubt=in_doubt, echo=echo)
    assert taken == {(state, to) for state, ways in MOVES.items() for to in ways} - BESIDE


@pytest.mark.parametrize(
    ("state", "to"), [(EventState.QUEUED, EventState.ASKED), (EventState.GATE, EventState.ASKED), (EventState.DOUBT, EventState.ASKED)]
)
def test_no_request_leaves_but_under_a_licence(state: EventState, to: EventState) -> None:
    with pytest.raises(AssertionError):
        protocol.moved(state, to)
    assert all(to not in MOVES[other] for other in EventState if other is not EventState.LICENSED)
