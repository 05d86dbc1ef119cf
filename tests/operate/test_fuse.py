"""The fuse of a stage: what makes it hold an app, what must not, and how it goes on."""

from typing import get_args

import pytest

from converters.core.causes import Cause, Evidence, evidence_of
from streams.dead_letters.dead_letter_limit import DeadLetterLimit, HeldApp
from streams.settings.root import HoldSettings

SETTINGS = HoldSettings(records=20, window=60, sources=5, retry=30)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched(DeadLetterLimit):
    def __init__(self) -> None:
        self.clock = Clock()
        self.heard: list[list[str]] = []
        super().__init__("test", SETTINGS, told=lambda held: self.heard.append(sorted(held)), clock=self.clock)

    def lose(self, count: int, cause: Cause, app: str = "a", sources: int = 1) -> None:
        for number in range(count):
            self.died(app, b"%d" % (number % sources), cause)


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.INPUT])
def test_what_people_write_never_holds_an_app(cause: Cause) -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(10_000, cause, sources=1000)
    assert not dead_letter_limit.held


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.OURS])
def test_a_fault_of_settings_holds_the_app_that_has_it_and_no_other(cause: Cause) -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(19, cause)
    assert not dead_letter_limit.held
    dead_letter_limit.lose(1, cause)
    assert [*dead_letter_limit.held] == ["a"]
    assert not dead_letter_limit.admits("a", b"0")
    assert dead_letter_limit.admits("b", b"0")
    assert dead_letter_limit.heard == [["a"]]


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.SHARED])
def test_what_a_message_can_cause_counts_by_those_who_wrote_it(cause: Cause) -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(1000, cause, sources=4)
    assert not dead_letter_limit.held, "four people are not everybody"
    dead_letter_limit.lose(20, cause, sources=5)
    assert dead_letter_limit.held


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.SHARED])
def test_one_person_with_many_conversations_is_one(cause: Cause) -> None:
    dead_letter_limit = Watched()
    for number in range(5_000):
        dead_letter_limit.died("a", b"direct:%d:mallory" % number, cause, b"mallory")
    assert not dead_letter_limit.held
    for number in range(20):
        dead_letter_limit.died("a", b"direct:%d:bob" % number, cause, b"%d" % number)
    assert dead_letter_limit.held, "nor does he hide that everybody's fail"


@pytest.mark.parametrize("cause", ["defect", "app-unknown"])
def test_one_that_gets_through_says_that_it_is_not_us(cause: Cause) -> None:
    dead_letter_limit = Watched()
    for _ in range(100):
        dead_letter_limit.lose(19, cause, sources=19)
        dead_letter_limit.passed("a")
    assert not dead_letter_limit.held


def test_another_app_that_gets_through_says_nothing() -> None:
    dead_letter_limit = Watched()
    for _ in range(20):
        dead_letter_limit.lose(1, "target-unknown")
        dead_letter_limit.passed("b")
    assert dead_letter_limit.held


def test_two_causes_do_not_add_up() -> None:
    dead_letter_limit = Watched()
    for _ in range(100):
        dead_letter_limit.lose(1, "target-unknown")
        dead_letter_limit.lose(1, "app-unknown")
    assert not dead_letter_limit.held


def test_what_comes_slowly_is_left_to_the_alert() -> None:
    dead_letter_limit = Watched()
    for _ in range(100):
        dead_letter_limit.clock.now += 10
        dead_letter_limit.lose(1, "target-unknown")
    assert not dead_letter_limit.held


def test_after_a_time_one_message_tries_and_the_app_is_held_again() -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "target-unknown")
    assert dead_letter_limit.pause("a", b"0") == 30
    dead_letter_limit.clock.now = 30
    assert dead_letter_limit.pause("a", b"0") == 0
    assert dead_letter_limit.admits("a", b"0")
    assert not dead_letter_limit.admits("a", b"0"), "one, and no other"
    dead_letter_limit.lose(1, "target-unknown")
    assert dead_letter_limit.held
    assert dead_letter_limit.pause("a", b"0") == 30


def test_the_one_that_tries_closes_it_where_it_gets_through() -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "target-unknown")
    dead_letter_limit.clock.now = 30
    assert dead_letter_limit.admits("a", b"0")
    dead_letter_limit.passed("a")
    assert dead_letter_limit.admits("a", b"0")
    assert dead_letter_limit.heard == [["a"], []]


def test_a_try_that_dies_of_its_own_input_is_no_try() -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "target-unknown")
    dead_letter_limit.clock.now = 30
    assert dead_letter_limit.admits("a", b"0")
    dead_letter_limit.lose(1, "malformed")
    assert dead_letter_limit.admits("a", b"0")


def test_who_has_not_failed_may_try_at_once_where_a_message_can_be_the_cause() -> None:
    """So an app that was held by made-up senders goes on with the first honest one."""
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "plugin", sources=5)
    assert not dead_letter_limit.admits("a", b"0")
    assert dead_letter_limit.admits("a", b"honest")
    dead_letter_limit.passed("a")
    assert not dead_letter_limit.held


def test_where_settings_are_the_cause_nobody_else_may() -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "app-unknown")
    assert not dead_letter_limit.admits("a", b"another")


def test_a_released_app_goes_on_and_can_be_held_again() -> None:
    dead_letter_limit = Watched()
    dead_letter_limit.lose(20, "target-unknown")
    assert dead_letter_limit.release(["a", "b"], by="command") == ["a"]
    assert dead_letter_limit.admits("a", b"0")
    dead_letter_limit.lose(19, "target-unknown")
    assert not dead_letter_limit.held
    dead_letter_limit.lose(1, "target-unknown")
    assert dead_letter_limit.held


def test_what_it_says_names_the_app_the_cause_and_what_to_do() -> None:
    said = str(HeldApp("shop", "target-unknown", 20, 0, 0, set()))
    assert "shop" in said
    assert "target-unknown" in said
    assert "im-relay release" in said
