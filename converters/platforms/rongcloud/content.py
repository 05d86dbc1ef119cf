"""What lies in a message's content besides what is said: the customer's `extra`, and in it our mark."""

import math
from typing import Any

from converters.core import wire
from converters.routing.user_ids import fold

Content = dict[str, Any]


def read(raw: Any) -> Content | None:
    """The JSON object in *raw*, or that it is; None for anything else."""
    if isinstance(raw, dict):
        return raw
    if not isinstance(raw, str) or raw.lstrip()[:1] != "{":
        return None
    try:
        value = wire.load_any(raw)
    except wire.Malformed:
        return None
    return value if isinstance(value, dict) else None


def opened(content: Content, key: str) -> tuple[Any, dict[str, Any]]:
    """(what lies under the mark's *key*, the customer's part of `extra`): a text of theirs is `{"extra": text}`."""
    extra = content.get("extra")
    if not extra:
        return content.get(key), {}
    ext = read(extra)
    if ext is None:
        return content.get(key), {"extra": extra}
    if key in ext:
        return ext[key], without(ext, key)
    return content.get(key), ext


def without(ext: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in ext.items() if name != key}


def sealed(content: Content, ext: dict[str, Any], key: str, mark: dict[str, Any]) -> str:
    """*content* as it is sent, *ext* and our mark in its `extra`."""
    return wire.dump_any({**content, "extra": wire.dump_any({**ext, key: mark}).decode()}).decode()


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def whole(value: Any) -> int:
    """A number, or one that is written as a text; 0 for anything else."""
    found = number(value)
    return int(found) if found is not None and 0 < found < 1 << 53 else 0


def number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def user(value: Any) -> str:
    """A user's id as everywhere, "" for what cannot be one."""
    name = fold(text(value))
    return name if name.isprintable() else ""


def users(values: Any) -> tuple[str, ...]:
    """Each once, in their order."""
    if not isinstance(values, list):
        return ()
    return tuple(dict.fromkeys(name for value in values if (name := user(value))))
