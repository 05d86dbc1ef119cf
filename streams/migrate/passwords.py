"""Passwords that the source of a bundle holds: read there once more, because no bundle has them."""

from collections.abc import Iterator

from converters.core import wire
from converters.routing.user_ids import canonical_id
from converters.secret import Secret
from streams.migrate.bundle import Bundle
from streams.migrate.given import Given, GivenUser
from streams.migrate.source import open_source

USER = "user"


def given(bundle: Bundle) -> Iterator[tuple[str, Secret]]:
    """(canonical user, password) of those in the bundle. Of several records of one user the first counts, as in the bundle: nobody gets into the account of
    whom `check` has kept with the password of whom it has left out. Raises SourceError.
    """
    seen: set[str] = set()
    for part in open_source(bundle.meta.source).parts():
        if part.kind not in ("", USER):
            continue
        reader = Given(part.kind, [], lambda _: None)
        for read in part.read(None):
            try:
                found = reader.read(read.number, read.value) if read.value is not None else None
            except wire.Malformed:  # `check` has told of it
                continue
            if not isinstance(found, GivenUser) or (name := canonical_id(found.id)) in seen:
                continue
            seen.add(name)
            if found.password and bundle.get(f"{USER}\x1f{name}") is not None:
                yield name, Secret(found.password)
