"""What a test knows of a value and its type does not say: it fails here where that is wrong."""

from typing import TypeVar

T = TypeVar("T")


def of_kind(kind: type[T], value: object) -> T:
    """*value*, which is a *kind*."""
    assert isinstance(value, kind), f"{value!r} is no {kind.__name__}"
    return value


def required(value: T | None) -> T:
    """*value*, which is not None."""
    assert value is not None
    return value
