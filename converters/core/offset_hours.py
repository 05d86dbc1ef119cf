"""Hours and minutes as platforms name the files of their history: digits, in the time of their own place."""

from collections.abc import Iterator

from converters.platform import TimeRange

HOUR = 3_600_000
_DAY = 24 * HOUR


def hour_names(span: TimeRange, ahead: float) -> Iterator[str]:
    """`YYYYMMDDHH` of every hour that *span* touches, oldest first; *ahead* is in hours before UTC's."""
    shift = int(ahead * HOUR)
    for at in range((span.since + shift) // HOUR * HOUR, span.until + shift, HOUR):
        year, month, day = _date(at // _DAY)
        yield f"{year:04}{month:02}{day:02}{at % _DAY // HOUR:02}"


def moment(text: str, ahead: float) -> int | None:
    """Ms since 1970 of `YYYYMMDD`, with hour, minute, second and ms as far as they are there; None where it is no time.

    Whatever is no digit stands between.
    """
    digits = "".join(one for one in text if one in "0123456789").ljust(17, "0")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second, ms = int(digits[8:10]), int(digits[10:12]), int(digits[12:14]), int(digits[14:17])
    days = _days(year, month, day)
    if not 1 <= month <= 12 or _date(days) != (year, month, day) or hour > 23 or minute > 59 or second > 59:
        return None
    return days * _DAY + hour * HOUR + minute * 60_000 + second * 1000 + ms - int(ahead * HOUR)


# Years begin in March here: the day that some years have more is then the last one. Eras have 400 years, 146,097 days.


def _days(year: int, month: int, day: int) -> int:
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _date(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day
