"""Values out of payloads: pages and clients write the same thing as number, string or not at all."""

from typing import Any

from converters.core.lenient import word
from converters.platforms.easemob.ids import USER_IDS, plain

_LARGEST = 1 << 53


def text(value: Any) -> str:
    """*value* as text; "" for what is no scalar."""
    return value if type(value) is str else "" if isinstance(value, dict | list) else word(value)


def number(value: object) -> float:
    """*value* as a number that is not negative; 0 where it is none."""
    found = decimal(value)
    return found if found is not None and 0 <= found < _LARGEST else 0


def decimal(value: object) -> float | None:
    """*value* as a finite number."""
    try:
        found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < float("inf") else None


def flag(value: object) -> bool | None:
    """True and False also as words; None for anything else."""
    return {"true": True, "false": False}.get(text(value).lower())


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def users(value: object) -> tuple[str, ...]:
    """The user ids of a list, or of one; each once."""
    many = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(user for user in (plain(text(one)) for one in many) if user))


def possible(user: str) -> bool:
    """Whether it is a user id at all: clients also write nicknames where an id belongs."""
    return USER_IDS.possible(user)
