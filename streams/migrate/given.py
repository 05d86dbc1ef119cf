"""Items and messages made of what a source gives, and what of it has no place in them."""

from collections.abc import Callable
from typing import Any, cast

import msgspec
from msgspec import Struct

from converters.core import wire
from converters.inventory import FILES, KINDS, MESSAGE, AnyItem, Message, User
from converters.unread_fields import unread

LOOKED_AT, EACH = 100, 50
"""Fields within others are looked at in the first records, and in each of so many: who writes one otherwise does so all the time."""
MOST = 100
"""Names that are told of one part."""


class GivenUser(User, frozen=True, kw_only=True, tag="user", omit_defaults=True):
    """A user as a source gives it."""

    password: str = ""


class _Tag(Struct, frozen=True):
    item: str = ""


_TYPES: dict[str, Any] = {**KINDS, "user": GivenUser, MESSAGE: Message}
_STRICT: dict[str, Any] = {
    tag: msgspec.defstruct(
        f"Strict{kind.__name__}",
        [],
        bases=(kind,),
        tag=tag,
        tag_field="item",
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
    )
    for tag, kind in _TYPES.items()
}
"""The same, which take no field that they do not know."""


class Given:
    """Of one part. *names* are fields that were told before, and are added to; *tell* is called with each that is new."""

    def __init__(self, kind: str, names: list[str], tell: Callable[[str], None]) -> None:
        self._kind, self._names, self._tell = kind, names, tell
        self._all = bool(names)
        """Each record is looked at."""

    def read(self, number: int, value: bytes | dict[str, Any]) -> AnyItem | Message:
        """Raises wire.Malformed."""
        tag = self._kind or _kind_of(value)
        raw, lenient = (value, False) if isinstance(value, bytes) else (_json(value), True)
        if not self._all:
            try:
                made = wire.load(raw, _STRICT[tag], lenient=lenient)
            except wire.Malformed:
                made = wire.load(raw, _TYPES[tag], lenient=lenient)
                self._all = True
            else:
                if number <= LOOKED_AT or not number % EACH:
                    self._look(made, raw)
                return cast("AnyItem | Message", made)
        else:
            made = wire.load(raw, _TYPES[tag], lenient=lenient)
        self._look(made, raw)
        return cast("AnyItem | Message", made)

    def _look(self, made: Struct, raw: bytes) -> None:
        try:
            given = wire.load_any(raw)
        except wire.Malformed:  # what lies in it is stricter than what is read of it
            return
        for name in unread(made, given):
            if name not in self._names and len(self._names) < MOST:
                self._names.append(name)
                self._tell(name)


def _json(value: dict[str, Any]) -> bytes:
    """Raises wire.Malformed."""
    try:
        return wire.dump_any(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise wire.Malformed(f"no JSON: {type(error).__name__}") from None


def _kind_of(value: bytes | dict[str, Any]) -> str:
    """Raises wire.Malformed."""
    tag = str(value.get("item", "")) if isinstance(value, dict) else wire.load_top(value, _Tag).item
    if tag not in _TYPES:
        raise wire.Malformed(f"`item` is none of {', '.join(_TYPES)}, and the file's name is none of {', '.join(FILES)}")
    return tag
