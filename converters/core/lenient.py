"""Values as vendors send them: numbers as strings, strings as numbers, "true" for true."""

Word = str | int | float | bool | None
"""A scalar of any type; `word` reads it as text."""


def word(value: Word) -> str:
    """*value* as text; "" for nothing, "7" for 7 and 7.0, "true" for true."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def milliseconds(value: Word, otherwise: int) -> int:
    """*value* as a time in ms since 1970; *otherwise* where it is none."""
    try:
        at = int(value) if value is not None else 0
    except (ValueError, OverflowError):
        return otherwise
    return at if 0 < at < 1 << 53 else otherwise
