"""The fuse of a stage: what makes it hold an app, what must not, and how it goes on."""

from typing import get_args

import pytest

from converters.core.causes import Cause, Evidence, evidence_of
from streams.dead_letters.dead_letter_limit import Fuse, Held
from streams.settings.root import Hold

SETTINGS = Hold(records=20, window=60, sources=5, retry=30)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched(Fuse):
    def __init__(self) -> None:
        self.clock, self.heard = Clock(), []
        super().__init__("test", SETTINGS, told=lambda held: self.heard.append(sorted(held)), clock=self.clock)

    def lose(self, count: int, cause: Cause, app: str = "a", sources: int = 1) -> None:
        for number in range(count):
            self.died(app, b"%d" % (number % sources), cause)


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.INPUT])
def test_what_people_write_never_holds_an_app(cause: Cause) -> None:
    fuse = Watched()
    fuse.lose(10_000, cause, sources=1000)
    assert not fuse.held


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.OURS])
def test_a_fault_of_settings_holds_the_app_that_has_it_and_no_other(cause: Cause) -> None:
    fuse = Watched()
    fuse.lose(19, cause)
    assert not fuse.held
    fuse.lose(1, cause)
    assert [*fuse.held] == ["a"]
    assert not fuse.admits("a", b"0")
    assert fuse.admits("b", b"0")
    assert fuse.heard == [["a"]]


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.SHARED])
def test_what_a_message_can_cause_counts_by_those_who_wrote_it(cause: Cause) -> None:
    fuse = Watched()
    fuse.lose(1000, cause, sources=4)
    assert not fuse.held, "four people are not everybody"
    fuse.lose(20, cause, sources=5)
    assert fuse.held


@pytest.mark.parametrize("cause", [one for one in get_args(Cause) if evidence_of(one) is Evidence.SHARED])
def test_one_person_with_many_conversations_is_one(cause: Cause) -> None:
    fuse = Watched()
    for number in range(5_000):
        fuse.died("a", b"direct:%d:mallory" % number, cause, b"mallory")
    assert not fuse.held
    for number in range(20):
        fuse.died("a", b"direct:%d:bob" % number, cause, b"%d" % number)
    assert fuse.held, "nor does he hide that everybody's fail"


@pytest.mark.parametrize("cause", ["defect", "app-unknown"])
def test_one_that_gets_through_says_that_it_is_not_us(cause: Cause) -> None:
    fuse = Watched()
    for _ in range(100):
        fuse.lose(19, cause, sources=19)
        fuse.passed("a")
    assert not fuse.held


def test_another_app_that_gets_through_says_nothing() -> None:
    fuse = Watched()
    for _ in range(20):
        fuse.lose(1, "target-unknown")
        fuse.passed("b")
    assert fuse.held


def test_two_causes_do_not_add_up() -> None:
    fuse = Watched()
    for _ in range(100):
        fuse.lose(1, "target-unknown")
        fuse.lose(1, "app-unknown")
    assert not fuse.held


def test_what_comes_slowly_is_left_to_the_alert() -> None:
    fuse = Watched()
    for _ in range(100):
        fuse.clock.now += 10
        fuse.lose(1, "target-unknown")
    assert not fuse.held


def test_after_a_time_one_message_tries_and_the_app_is_held_again() -> None:
    fuse = Watched()
    fuse.lose(20, "target-unknown")
    assert fuse.pause("a", b"0") == 30
    fuse.clock.now = 30
    assert fuse.pause("a", b"0") == 0
    assert fuse.admits("a", b"0")
    assert not fuse.admits("a", b"0"), "one, and no other"
    fuse.lose(1, "target-unknown")
    assert fuse.held
    assert fuse.pause("a", b"0") == 30


def test_the_one_that_tries_closes_it_where_it_gets_through() -> None:
    fuse = Watched()
    fuse.lose(20, "target-unknown")
    fuse.clock.now = 30
    assert fuse.admits("a", b"0")
    fuse.passed("a")
    assert fuse.admits("a", b"0")
    assert fuse.heard == [["a"], []]


def test_a_try_that_dies_of_its_own_input_is_no_try() -> None:
    fuse = Watched()
    fuse.lose(20, "target-unknown")
    fuse.clock.now = 30
    assert fuse.admits("a", b"0")
    fuse.lose(1, "malformed")
    assert fuse.admits("a", b"0")


def test_who_has_not_failed_may_try_at_once_where_a_message_can_be_the_cause() -> None:
    """So an app that was held by made-up senders goes on with the first honest one."""
    fuse = Watched()
    fuse.lose(20, "plugin", sources=5)
    assert not fuse.admits("a", b"0")
    assert fuse.admits("a", b"honest")
    fuse.passed("a")
    assert not fuse.held


def test_where_settings_are_the_cause_nobody_else_may() -> None:
    fuse = Watched()
    fuse.lose(20, "app-unknown")
    assert not fuse.admits("a", b"another")


def test_a_released_app_goes_on_and_can_be_held_again() -> None:
    fuse = Watched()
    fuse.lose(20, "target-unknown")
    assert fuse.release(["a", "b"], by="command") == ["a"]
    assert fuse.admits("a", b"0")
    fuse.lose(19, "target-unknown")
    assert not fuse.held
    fuse.lose(1, "target-unknown")
    assert fuse.held


def test_what_it_says_names_the_app_the_cause_and_what_to_do() -> None:
    said = str(Held("shop", "target-unknown", 20, 0, 0, set()))
    assert "shop" in said
    assert "target-unknown" in said
    assert "im-relay release" in said
