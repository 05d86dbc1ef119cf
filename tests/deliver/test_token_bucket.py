"""One quota, by the numbers: which slot comes next, what a window holds, and how it goes slower and faster again."""

from math import inf

import pytest

from converters.platform import RateLimit
from streams.outbound.token_bucket import QuotaPolicy, TokenBucket

TEN = RateLimit("ten", ("a",), 10)
POLICY = QuotaPolicy(used=1.0, catch_up=0.0, idle=0.5, slowed=0.5, recovery=0.1, slowest=0.2)
LATER = QuotaPolicy(used=1.0, catch_up=1.0)
"""A slot can be used for a whole window: only the count holds back."""


def bucket_of(limit: RateLimit = TEN, pace: QuotaPolicy = POLICY, owned: tuple[int, ...] = (0,), of: int = 1) -> TokenBucket:
    return TokenBucket(limit, pace, owned, of, 1000.0)


def taken(bucket: TokenBucket, count: int, now: float, amount: int = 1) -> list[float]:
    """When each of *count* may pass, taken as soon as it may."""
    found = []
    for _ in range(count):
        now = max(now, bucket.ready(amount, now))
        bucket.take(amount, now)
        found.append(round(now, 6))
    return found


def test_slots_are_as_even_as_the_quota() -> None:
    assert taken(bucket_of(), 4, 1000.0) == [1000.0, 1000.1, 1000.2, 1000.3]
    assert taken(bucket_of(RateLimit("slow", ("a",), 10, 5.0)), 3, 1000.0) == [1000.0, 1000.5, 1001.0]
    assert taken(bucket_of(pace=QuotaPolicy(used=0.5, catch_up=0.0)), 3, 1000.0) == [1000.0, 1000.2, 1000.4]


def test_the_first_slot_is_not_before_its_time() -> None:
    assert TokenBucket(TEN, POLICY, {0}, 1, 1000.04).ready(1, 1000.04) == pytest.approx(1000.1)


def test_a_call_with_many_messages_takes_as_many_slots() -> None:
    assert taken(bucket_of(), 3, 1000.0, amount=3) == [1000.0, 1000.3, 1000.6]


def test_a_slot_that_was_not_used_is_used_later_for_a_part_of_the_window() -> None:
    pace = QuotaPolicy(used=1.0, catch_up=0.25)
    assert taken(bucket_of(pace=pace), 5, 1010.0) == [1010.0, 1010.0, 1010.0, 1010.1, 1010.2]
    assert taken(bucket_of(), 2, 1010.0) == [1010.0, 1010.1], "and not without"
    assert taken(bucket_of(RateLimit("slow", ("a",), 10, 5.0), pace), 5, 1010.0) == [1010.0, 1010.0, 1010.0, 1010.5, 1011.0]


def test_a_timer_may_be_a_millisecond_late() -> None:
    assert bucket_of().ready(1, 1000.001) == 1000.0
    assert bucket_of().ready(1, 1000.0011) == pytest.approx(1000.1)


def test_a_window_holds_no_more_than_the_quota() -> None:
    bucket = bucket_of(pace=LATER)
    assert taken(bucket, 12, 1010.0) == [*[1010.0] * 10, 1011.0, 1011.0]
    narrow = bucket_of(pace=QuotaPolicy(used=0.5, catch_up=2.0))
    assert taken(narrow, 11, 1010.0)[-1] == 1012.0, "the window is longer where less than the quota is used"


def test_of_a_window_as_many_are_waited_for_as_are_in_the_way() -> None:
    bucket = bucket_of(pace=LATER)
    for at, amount in ((1010.0, 4), (1010.25, 3), (1010.5, 3)):
        bucket.take(amount, at)
    assert [bucket.ready(amount, 1010.75) for amount in (1, 4, 5, 7, 8, 10)] == [1011.0, 1011.0, 1011.25, 1011.25, 1011.5, 1011.5]
    assert bucket.ready(3, 1011.0) <= 1011.0, "the first four are out of it"
    assert bucket.ready(5, 1011.0) == 1011.25


def test_more_than_the_quota_allows_at_all_passes_alone() -> None:
    bucket = bucket_of(pace=LATER)
    assert bucket.ready(25, 1010.0) <= 1010.0
    bucket.take(1, 1010.0)
    assert bucket.ready(25, 1010.0) == 1011.0
    assert bucket.ready(9, 1010.0) <= 1010.0


def test_what_is_given_back_last_gives_its_slot_back() -> None:
    bucket = bucket_of()
    assert taken(bucket, 2, 1000.0) == [1000.0, 1000.1]
    bucket.give_back(1)
    assert bucket.ready(1, 1000.1) == pytest.approx(1000.1)
    bucket.give_back(1)
    assert bucket.ready(1, 1000.1) == pytest.approx(1000.1), "of the one before it, only the count"


def test_only_the_slot_of_what_was_given_back_is_free_again() -> None:
    """Those that were used before it stay used, even where they could be used this late: else more would pass than the quota."""
    bucket = bucket_of(pace=LATER)
    assert taken(bucket, 5, 1000.0) == [1000.0, 1000.1, 1000.2, 1000.3, 1000.4]
    bucket.give_back(1)
    assert taken(bucket, 2, 1000.4) == [1000.4, 1000.5]


def test_what_is_given_back_is_not_counted() -> None:
    bucket = bucket_of(pace=LATER)
    for at, amount in ((1010.0, 4), (1010.25, 3), (1010.5, 3)):
        bucket.take(amount, at)
    bucket.give_back(3)
    assert [bucket.ready(amount, 1010.75) <= 1010.75 for amount in (3, 4)] == [True, False]
    assert bucket.ready(4, 1010.75) == 1011.0, "the last three are those that were given back"
    bucket.give_back(7)
    assert bucket.ready(3, 1010.75) <= 1010.75, "nothing is given back that was not taken"
    assert bucket.ready(4, 1010.75) == 1011.0


@pytest.mark.parametrize(
    ("taken", "given_back", "free_at"),
    [
        ([4, 3, 3], 3, [1011.0, 1011.25]),  # the last of the two that are as large
        ([4, 3, 3], 4, [1011.25, 1011.5]),
        ([3, 4, 3], 4, [1011.0, 1011.5]),
        ([3, 3, 4], 4, [1011.0, 1011.25]),
        ([2, 3, 5], 2, [1011.25, 1011.5]),
    ],
)
def test_what_is_given_back_is_out_of_the_window_and_the_others_are_in_it(taken: list[int], given_back: int, free_at: list[float]) -> None:
    bucket = bucket_of(pace=LATER)
    for number, amount in enumerate(taken):
        bucket.take(amount, 1010.0 + number / 4)
    bucket.give_back(given_back)
    found = {bucket.ready(amount, 1010.75) for amount in range(given_back + 1, 11)}
    assert sorted(found) == free_at


def test_where_nothing_was_taken_nothing_is_given_back() -> None:
    bucket = bucket_of(pace=LATER)
    bucket.give_back(1)
    assert taken(bucket, 11, 1010.0) == [*[1010.0] * 10, 1011.0]


def test_what_was_given_back_makes_no_room_a_second_time() -> None:
    """It is forgotten with its number: else a window later more than the quota would pass."""
    bucket = bucket_of(pace=LATER)
    bucket.take(4, 1010.0)
    bucket.give_back(4)
    assert taken(bucket, 11, 1011.0) == [*[1011.0] * 10, 1012.0]


def test_what_is_out_of_the_window_is_not_kept() -> None:
    bucket = bucket_of(pace=LATER)
    for second in range(50):
        taken(bucket, 10, 1010.0 + second)
    assert len(bucket._log) == 10


def test_a_slot_of_before_is_not_given_back_where_partitions_have_moved_since() -> None:
    """It is another worker's by now."""
    bucket = bucket_of(owned=(0, 1), of=2)
    taken(bucket, 3, 1000.0)
    bucket.own((1,), 2, 1000.45)
    first = bucket.ready(1, 1000.45)
    bucket.give_back(1)
    assert bucket.ready(1, 1000.2) == first >= 1000.45


def test_too_much_makes_it_slower_and_it_comes_back_by_and_by() -> None:
    bucket = bucket_of()
    assert bucket.speed(1000.0) == 1.0
    bucket.slow_down(1000.0, 0.0)
    assert [bucket.speed(now) for now in (999.0, 1000.0, 1001.0, 1004.0)] == pytest.approx([0.5, 0.5, 0.6, 0.9])
    assert bucket.speed(1005.0) == 1.0
    assert bucket.speed(1000.0) == 1.0, "once it is well it is well"


def test_it_gets_slower_once_a_second_and_never_slower_than_the_least() -> None:
    bucket = bucket_of()
    bucket.slow_down(1000.0, 0.0)
    bucket.slow_down(1000.5, 0.0)
    assert bucket.speed(1000.5) == 0.5, "for others that were on their way; but until then it has not recovered"
    bucket.slow_down(1001.0, 0.0)
    assert bucket.speed(1001.0) == pytest.approx(0.275)
    bucket.slow_down(1002.0, 0.0)
    assert bucket.speed(1002.0) == pytest.approx(0.2)


def test_slower_is_more_slots_for_each() -> None:
    bucket = bucket_of(pace=QuotaPolicy(used=1.0, catch_up=0.0, slowed=0.5, recovery=0.0))
    bucket.slow_down(1000.0, 0.0)
    assert taken(bucket, 4, 1000.0) == [1000.0, 1000.2, 1000.4, 1000.6]
    third = bucket_of(pace=QuotaPolicy(used=1.0, catch_up=0.0, slowed=0.8, recovery=0.0))
    third.slow_down(1000.0, 0.0)
    assert taken(third, 6, 1000.0) == [1000.0, 1000.1, 1000.2, 1000.3, 1000.5, 1000.6], "parts of a slot add up"
    third.give_back(1)
    assert taken(third, 1, 1000.6) == [1000.6], "and are given back"


def test_for_as_long_as_the_platform_says_nothing_passes() -> None:
    bucket = bucket_of()
    bucket.slow_down(1000.0, 10.0)
    bucket.slow_down(1000.1, 2.0)
    assert bucket.ready(1, 1000.1) == 1010.0
    assert [bucket.speed(now) for now in (1005.0, 1010.0, 1011.0)] == pytest.approx([0.5, 0.5, 0.6]), "it recovers once it is asked again"


def test_a_worker_has_the_slots_of_its_partitions() -> None:
    halves = [taken(bucket_of(owned=(part,), of=2), 50, 1000.0) for part in (0, 1)]
    whole = taken(bucket_of(), 90, 1000.0)
    assert sorted(halves[0] + halves[1])[:90] == whole
    assert not set(halves[0]) & set(halves[1])


def test_whose_a_slot_is_is_the_same_in_each_version() -> None:
    """By the multiples of the golden ratio. While workers are replaced, two of another opinion would use one slot."""
    whose = {at: part for part in range(4) for at in taken(bucket_of(owned=(part,), of=4), 5, 1000.0)}
    golden = (5**0.5 - 1) / 2
    assert [whose[1000 + slot / 10] for slot in range(12)] == [int((10_000 + slot) * golden % 1 * 4) for slot in range(12)]


def test_a_part_of_the_workers_may_be_a_little_over_their_part_in_a_window() -> None:
    bucket = bucket_of(pace=QuotaPolicy(used=1.0, catch_up=9.0), owned=(0,), of=2)
    assert taken(bucket, 8, 1010.0) == [*[1010.0] * 7, 1011.0]
    uneven = bucket_of(pace=QuotaPolicy(used=1.0, catch_up=9.0), owned=(0,), of=3)
    assert taken(uneven, 7, 1010.0) == [*[1010.0] * 6, 1011.0]


def test_a_worker_of_few_partitions_uses_a_slot_for_a_part_of_the_time_to_the_next() -> None:
    """Half of 0.2 s, which is the mean between two slots of a half: a slot is there 0.1 s later, and no more after that."""
    first = taken(bucket_of(owned=(0,), of=2), 1, 1000.0)[0]
    assert bucket_of(owned=(0,), of=2).ready(1, first + 0.0999) == pytest.approx(first)
    assert bucket_of(owned=(0,), of=2).ready(1, first + 0.1001) > first + 0.05


def test_without_partitions_nothing_passes_until_there_are_some() -> None:
    bucket = bucket_of(owned=(), of=4)
    assert bucket.ready(1, 1000.0) == inf
    bucket.own((0, 1, 2, 3), 4, 1000.05)
    assert bucket.ready(1, 1000.05) == pytest.approx(1000.1)
    bucket.own((), 4, 1000.05)
    assert bucket.ready(1, 1000.05) == inf


def test_a_speed_that_never_comes_back_is_whole_until_it_is_too_much() -> None:
    bucket = bucket_of(pace=QuotaPolicy(used=1.0, catch_up=0.0, slowed=0.5, recovery=0.0))
    assert bucket.speed(1000.0) == 1.0
    assert taken(bucket, 2, 1000.0) == [1000.0, 1000.1]
    bucket.slow_down(1000.1, 0.0)
    assert bucket.speed(1e9) == 0.5


def test_it_is_called_as_its_limit_is() -> None:
    assert bucket_of().name == "ten"


def test_the_policy_that_ships() -> None:
    """A little under each quota, as measured; figures of docs and decisions rest on it."""
    assert QuotaPolicy() == QuotaPolicy(used=0.965, catch_up=0.02, idle=0.5, slowed=0.85, recovery=0.05, slowest=0.05, backfill=0.05)
