"""Ids in other words: a platform's own, the canonical ones, and those of the target."""

from typing import Any, Protocol

from msgspec import Struct

from converters.identities import Identities, Kind, record
from converters.model import Conversation, Direct, Group, Room, direct
from converters.platform import Platform

NEW = "~"
"""The canonical name of a group begins with it that was made while the relay ran: its id at the target is known when it is there."""


class Side(Protocol):
    """An app, as far as ids go."""

    @property
    def platform(self) -> Platform: ...

    @property
    def user_ids(self) -> Any: ...


class Minted(Struct, frozen=True):
    """A user id was hashed or has upper case, or a group made that had no name yet: `identities` must hold it before anybody answers."""

    platform: str
    user: str
    """The id on that platform; of the group where *kind* says so."""
    canonical: str
    kind: Kind = "user"


class UnmappedError(Exception):
    """An id that no rule and no entry of `identities` knows; the text names it."""

    def __init__(self, platform: str, kind: Kind, named: str) -> None:
        super().__init__(f"{platform} {kind} {named[:128]!r} is in no entry of identities: im-relay identities set")
        self.kind = kind


def canonical(conversation: Conversation, side: Side, identities: Identities) -> Conversation:
    match conversation:
        case Direct(users=(one, other)):
            return direct(person(one, side, identities), person(other, side, identities))
        case Group(id=native):
            return Group(named(side.platform.name, "group", native, identities))
        case Room(id=native):
            return Room(named(side.platform.name, "room", native, identities))


def person(native: str, side: Side, identities: Identities) -> str:
    name = side.platform.name
    known = identities.canonical(name, "user", native) or side.user_ids.to_canonical(native)
    if known is None:
        raise UnmappedError(name, "user", native)
    return str(known)


def written(canonical: str, side: Side, identities: Identities, minted: list[Minted]) -> str:
    name = side.platform.name
    known = identities.native(name, "user", canonical)
    if known is not None:
        return known
    written = side.user_ids.write(canonical)
    if written.hashed:
        minted.append(Minted(name, written.native, canonical))
    return str(written.native)


def named(platform: str, kind: Kind, native: str, identities: Identities) -> str:
    canonical = identities.canonical(platform, kind, native)
    if canonical is None:
        raise UnmappedError(platform, kind, native)
    return canonical


def name_new(native: str, platform: Platform, identities: Identities, minted: list[Minted]) -> None:
    """A new group's name until somebody gives it another."""
    if identities.canonical(platform.name, "group", native) is None:
        made = Minted(platform.name, native, f"{NEW}{platform.name}-{native}", "group")
        # Now, and not when it is written down: the event itself is routed by it.
        identities.apply(*record(made.platform, made.kind, made.user, made.canonical))
        minted.append(made)


def spell(native: str, canonical: str, platform: Platform, identities: Identities, minted: list[Minted]) -> None:
    """Keep how somebody is spelled where there is upper case: some platforms know `Li`, and nobody called `li`."""
    if native != native.lower() and identities.native(platform.name, "user", canonical) is None:
        made = Minted(platform.name, native, canonical)
        identities.apply(*record(made.platform, made.kind, made.user, made.canonical))
        minted.append(made)


def mapped(platform: str, kind: Kind, canonical: str, identities: Identities) -> str:
    """"" for a new group, of which the delivery knows the id when its turn comes."""
    native = identities.native(platform, kind, canonical)
    if native is None and canonical.startswith(NEW):
        return ""
    if native is None:
        raise UnmappedError(platform, kind, canonical)
    return native
