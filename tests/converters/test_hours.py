"""Names of hours, against the standard library's calendar."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from converters.core import offset_hours
from converters.platform import TimeRange

TIMES = some.datetimes(datetime(1971, 1, 1), datetime(2399, 12, 30))  # noqa: DTZ001 - the zone comes beside it
ZONES = some.sampled_from([8.0, 0.0, -5.0, 5.5])


def ms(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


@given(TIMES, ZONES)
def test_a_moment_is_what_its_digits_say_in_its_zone(at: datetime, ahead: float) -> None:
    there = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(hours=ahead)))
    assert offset_hours.moment(f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03}", ahead) == ms(there)
    assert offset_hours.moment(f"{there:%Y%m%d%H%M}", ahead) == ms(there.replace(second=0, microsecond=0))


@given(TIMES, ZONES)
def test_the_hours_of_a_span_are_all_that_it_touches(at: datetime, ahead: float) -> None:
    there = at.replace(minute=20, second=0, microsecond=0, tzinfo=timezone(timedelta(hours=ahead)))
    named = list(offset_hours.hour_names(TimeRange(ms(there), ms(there + timedelta(hours=2))), ahead))
    assert named == [f"{there + timedelta(hours=more):%Y%m%d%H}" for more in range(3)]
    assert list(offset_hours.hour_names(TimeRange(ms(there), ms(there + timedelta(minutes=40))), ahead)) == named[:1]


@pytest.mark.parametrize("text", ["", "soon", "20260230", "2026133112", "2026010124", "202601011260", "2025-02-29"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert offset_hours.moment(text, 8.0) is None
