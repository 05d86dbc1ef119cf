"""Values inside Yunxin's copies: JSON within JSON, numbers as text."""

from math import isfinite
from typing import Any

from converters import mending
from converters.core import wire
from converters.core.lenient import words
from converters.core.model import Loss

_MOST = 1 << 53


def parsed(value: object, lost: list[Loss] | None = None) -> Any:
    """The JSON that *value* holds as text or is; None where it is neither. What could not be kept of it goes to *lost*."""
    if isinstance(value, str):
        try:
            found, losses = mending.load_any(value)
        except wire.Malformed:
            return None
        if losses and lost is not None:
            lost += losses
        return found
    return value


def record(value: object, lost: list[Loss] | None = None) -> dict[str, Any] | None:
    found = parsed(value, lost) if value else None
    return found if isinstance(found, dict) else None


def text(held: dict[str, Any], name: str) -> str:
    """A value that should be text; "" where it is none and no number."""
    value = held.get(name)
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else ""


def said(held: dict[str, Any], name: str) -> str:
    """What people read of a value, whatever it is."""
    return words(held.get(name)) or ""


def number(held: dict[str, Any], name: str) -> int:
    """A count, 0 where there is none."""
    found = real(held.get(name))
    return int(found) if found is not None and 0 < found < _MOST else 0


def real(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None
