"""Passwords that the source of a bundle holds: read there once more, because no bundle has them."""

from collections.abc import Iterator

import msgspec

from converters.core import wire
from converters.routing.user_ids import canonical_id
from converters.secret import Secret
from streams.migrate.bundle import Bundle
from streams.migrate.source import open_source

USER = "user"


class _User(msgspec.Struct):
    id: str
    password: str = ""


def given(bundle: Bundle) -> Iterator[tuple[str, Secret]]:
    """(canonical user, password) of those in the bundle; the last one of a user counts. Raises SourceError."""
    for part in open_source(bundle.meta.source).parts():
        if part.kind not in ("", USER):
            continue
        for read in part.read(None):
            found = _user(read.value, tagged=not part.kind)
            if found is not None and found.password and bundle.get(f"{USER}\x1f{canonical_id(found.id)}") is not None:
                yield canonical_id(found.id), Secret(found.password)


def _user(value: bytes | dict[str, object] | None, *, tagged: bool) -> _User | None:
    """None of what is no user: `check` has told of it."""
    try:
        plain = wire.load_any(value) if isinstance(value, bytes) else value
        if not isinstance(plain, dict) or (tagged and plain.get("item") != USER):
            return None
        return msgspec.convert(plain, _User, strict=False)
    except (wire.Malformed, msgspec.ValidationError):
        return None
