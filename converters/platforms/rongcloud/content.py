"""What lies in a message's content besides what is said: the customer's `extra`, and in it our mark."""

import json
import math
from typing import Any

from converters import mending
from converters.core import wire
from converters.core.model import Loss
from converters.routing.user_ids import fold

Content = dict[str, Any]
_BEFORE = " \t\r\n\0\ufeff"


def read(raw: object, lost: list[Loss] | None = None) -> Content | None:
    """The JSON object in *raw*, or that it is; None for anything else. What could not be kept of it goes to *lost*."""
    if isinstance(raw, dict):
        return raw
    if not isinstance(raw, str) or raw.lstrip(_BEFORE)[:1] != "{":
        return None
    try:
        value, losses = mending.load_any(raw)
    except wire.Malformed:
        return None
    if losses and lost is not None:
        lost += losses
    return value if isinstance(value, dict) else None


def listed(value: object) -> list[Any]:
    """A list, or one that is written as a JSON text; empty for anything else."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = mending.load_any(value)[0]
        except wire.Malformed:
            return []
    return value if isinstance(value, list) else []


def opened(content: Content, key: str, lost: list[Loss] | None = None) -> tuple[Any, dict[str, Any]]:
    """(what lies under the mark's *key*, the customer's part of `extra`): a text of theirs is `{"extra": text}`."""
    extra = content.get("extra")
    if not extra:
        return content.get(key), {}
    ext = read(extra, lost)
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


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def exactly(raw: str, field: str) -> Any:
    """What lies under *field* of the JSON object *raw*, its numbers as they are written, where they are read as words: 1.50, or more digits than a float has.

    None where there is nothing, or *raw* is no such object; half a surrogate pair is U+FFFD.
    """
    try:
        value = json.loads(raw, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    found = json.dumps(value.get(field) if isinstance(value, dict) else None, ensure_ascii=False)
    return json.loads(found.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def whole(value: object) -> int:
    """A number, or one that is written as a text; 0 for anything else."""
    found = number(value)
    return int(found) if found is not None and 0 < found < 1 << 53 else 0


def number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def user(value: object) -> str:
    """A user's id as everywhere, "" for what cannot be one."""
    name = fold(text(value))
    return name if name.isprintable() else ""


def users(values: object) -> tuple[str, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(name for value in listed(values) if (name := user(value))))
