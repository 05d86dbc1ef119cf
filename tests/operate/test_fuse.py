"""The fuse of a stage: what blows it, and what must not."""

import pytest

from streams.fuse import Fuse


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_half_of_a_hundred_blow_it_and_one_less_does_not() -> None:
    assert Fuse().note(100, ours=49) is None
    blown = Fuse().note(100, ours=50)
    assert blown is not None
    assert (blown.whose, blown.dead, blown.records) == ("ours", 50, 100)
    assert "50 of the last 100 records became dead letters (ours)" in str(blown)


def test_a_few_records_say_nothing() -> None:
    assert Fuse().note(99, theirs=99) is None


def test_ours_and_theirs_are_counted_apart() -> None:
    assert Fuse().note(200, ours=80, theirs=80) is None
    blown = Fuse().note(200, ours=80, theirs=100)
    assert blown is not None
    assert blown.whose == "theirs"


def test_small_batches_add_up() -> None:
    fuse = Fuse()
    noted = [fuse.note(1, theirs=1) for _ in range(100)]
    assert noted[98] is None
    assert noted[99] is not None


def test_what_is_older_than_the_window_is_forgotten() -> None:
    clock = Clock()
    fuse = Fuse(clock=clock)
    fuse.note(99, ours=99)
    clock.now = 60.0
    assert fuse.note(99, ours=99) is None
    clock.now = 61.0
    assert fuse.note(1, ours=1) is not None


def test_a_long_good_time_does_not_hide_a_sudden_fault() -> None:
    fuse = Fuse()
    for _ in range(1000):
        assert fuse.note(500) is None
    buried = 0
    while fuse.note(10, ours=10) is None:
        buried += 10
    assert buried < 1000, "it lets through less than the records of its window"


def test_a_single_batch_larger_than_the_window_counts_alone() -> None:
    fuse = Fuse()
    fuse.note(900)
    blown = fuse.note(5000, ours=5000)
    assert blown is not None
    assert blown.records == 5000


def test_a_blown_fuse_stays_blown() -> None:
    clock = Clock()
    fuse = Fuse(clock=clock)
    first = fuse.note(100, ours=100)
    clock.now = 1000.0
    assert fuse.note(5000) is first
    assert fuse.blown is first


@pytest.mark.parametrize("wrong", [{"share": 0}, {"share": 1.1}, {"least": 0}, {"least": 10, "most": 9}, {"window": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Fuse(**wrong)
