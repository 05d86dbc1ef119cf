"""Values as vendors send them: numbers as strings, strings as numbers, "true" for true."""

from converters.core import wire

Word = str | int | float | bool | None
"""A scalar of any type; `word` reads it as text."""


def word(value: Word) -> str:
    """*value* as text; "" for nothing and for what is no scalar, "7" for 7 and 7.0, "true" for true."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else ""


def words(value: object) -> str | None:
    """What people read of *value*, whatever it is: a number as it is written, an object as its JSON; None for nothing."""
    if isinstance(value, str) or value is None:
        return value
    return word(value) if isinstance(value, Word) else wire.dump_any(value).decode()


def true(value: object) -> bool:
    """Whether *value* says yes, in any of the ways in which SDKs write it."""
    return isinstance(value, Word) and word(value).lower() in {"1", "true"}


def milliseconds(value: Word, otherwise: int) -> int:
    """*value* as a time in ms since 1970; *otherwise* where it is none."""
    try:
        at = int(value) if value is not None else 0
    except (ValueError, OverflowError, TypeError):
        return otherwise
    return at if 0 < at < 1 << 53 else otherwise
