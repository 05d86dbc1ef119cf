"""Moments as a person writes them."""

import re
from datetime import UTC, datetime

from converters.core.localized import localized

_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

EXPECTED = localized("expected 30s, 15m, 2h, 7d (ago), a time as 2026-03-01T12:00 (UTC if it names no zone), or ms since 1970")


def moment(text: str, now: int) -> int:
    """Milliseconds since 1970 of *text*: so long before *now*, an ISO time, or the number itself. Raises ValueError."""
    if ago := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text):
        return now - int(float(ago[1]) * _UNITS[ago[2]])
    if re.fullmatch(r"\d{12,14}", text):
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(localized("{text!r} is no time: {expected}", text=text, expected=EXPECTED)) from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def shown(at: int) -> str:
    """*at*, in ms since 1970, for a person: UTC, to the millisecond; as it is where it is no time, since it may be a stranger's word."""
    try:
        return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    except (OverflowError, ValueError, OSError):
        return f"{at} ms"


def length(seconds: float) -> str:
    """A span of time in its two largest units."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts[:2])
